"""User interest boundary."""

from collections.abc import Sequence

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import Batch
from dotbench.losses.sampled import PointwiseLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors, VectorSettings
from dotbench.settings import Settings, narrowed


class UIBSettings(Settings):
    """Settings of the loss `uib`."""

    alpha: float = Field(4.0, gt=0, description="weight of the sampled items")


class UIB(PointwiseLoss):
    """ℓ = −log σ(o⁺ − b_u) − (α/n) Σ_j log σ(b_u − o_j),  b_u = wᵀ p_u with one learned w (K,) for all users.

    Zhuo et al., WWW 2022, Eq. 3–4, with the logistic φ of their own MF and LightGCN variants. The boundary is the
    user's alone and does not change a ranking. w starts at zero: the loss starts as a weighted `bce`.
    """

    name = "uib"
    title = "UIB"
    defaults = {"sgd": {"learning_rate": 0.003, "weight_decay": 1e-5}}
    grids = {"extended": {"alpha": [1.0, 4.0, 16.0]}}
    Settings = UIBSettings
    settings: UIBSettings

    def own_parameters(self, train: TrainMatrix, generator: "torch.Generator") -> "Sequence[torch.Tensor]":
        size = narrowed(self.settings, VectorSettings).embedding_size
        self.boundary = torch.zeros(size, dtype=train.dtype, device=train.device, requires_grad=True)
        return [self.boundary]

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        positive, negative = self.scores(vectors, batch)
        bound = vectors.users(batch[0]) @ self.boundary[:, None]
        return self.formula(positive - bound, negative - bound).mean()

    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        softplus = torch.nn.functional.softplus
        losses: torch.Tensor = softplus(-positive) + self.settings.alpha * softplus(negative)
        return losses
