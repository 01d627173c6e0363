"""Symmetric metric learning with adaptive margins."""

from collections.abc import Sequence

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import Batch
from dotbench.losses.sampled import PairwiseLoss, SampledBatches
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import Settings


class SMLSettings(Settings):
    """Settings of the loss `sml`."""

    item_weight: float = Field(0.01, ge=0, description="λ, weight of the item-centred term")
    margin_weight: float = Field(10.0, ge=0, description="γ, how strongly margins are kept large")


class SMLBatches(SampledBatches):
    """Batches of the loss `sml`."""

    negatives: int = Field(1, ge=1, description="n, sampled items for each positive")


class SML(PairwiseLoss):
    """[d(u,i) − d(u,j) + m_u]₊ + λ [d(u,i) − d(i,j) + n_i]₊ − (γ/B) (mean m + mean n),  d(a,b) = ‖a − b‖².

    Li et al., AAAI 2020: the mean over a batch of B positives (and their n sampled items) of what the authors' code
    sums, margins averaged over the batch as there. After every update free vectors are clipped to the unit ball and the
    learned margins m (M,), n (N,) to [0, 1]. Margins start at 1. Vectors that a model computes, as LightGCN's, are
    clipped where the loss sees them, v / max(1, ‖v‖), and are ranked so. Ranked by −d², which is the inner product of
    [p, 1] and [2q, −‖q‖²] up to −‖p‖², a constant of the user.
    """

    name = "sml"
    title = "SML"
    defaults = {"sgd": {"learning_rate": 0.001, "weight_decay": 1e-5}}
    Settings = SMLSettings
    settings: SMLSettings
    Batches = SMLBatches

    def own_parameters(self, train: TrainMatrix, generator: "torch.Generator") -> "Sequence[torch.Tensor]":
        sizes = train.n_users, train.n_items
        self.margins = [torch.ones(n, dtype=train.dtype, device=train.device, requires_grad=True) for n in sizes]
        return self.margins

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        users, positives, negatives = batch
        p, q, other = vectors.users(users)[:, None], vectors.items(positives)[:, None], vectors.items(negatives)
        user_margin, item_margin = (
            torch.nn.functional.embedding(rows, margin[:, None])
            for rows, margin in zip((users, positives), self.margins, strict=True)
        )
        near = ((p - q) ** 2).sum(-1)
        hinges = torch.relu(self.formula(-near, -((p - other) ** 2).sum(-1)) + user_margin)
        symmetric = torch.relu(self.formula(-near, -((q - other) ** 2).sum(-1)) + item_margin)
        kept = self.settings.margin_weight / len(users) * (user_margin.mean() + item_margin.mean())
        total: torch.Tensor = hinges.mean() + self.settings.item_weight * symmetric.mean() - kept
        return total

    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        """By how much the positive's distance exceeds the sampled item's, for scores −d."""
        return negative - positive

    def constrain(self, free: "Sequence[torch.Tensor]") -> None:
        for table in free:
            table.div_(torch.linalg.vector_norm(table, dim=1, keepdim=True).clamp(min=1))
        for margin in self.margins:
            margin.clamp_(0, 1)

    def bounded(self, vectors: Vectors) -> Vectors:
        return InUnitBall(vectors)

    def scoring(
        self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        ones, norms = torch.ones_like(users[:, :1]), (items**2).sum(1, keepdim=True)
        return torch.cat([users, ones], dim=1), torch.cat([2 * items, -norms], dim=1)


class InUnitBall(Vectors):
    """The same vectors, those longer than 1 scaled to length 1."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def users(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return _clipped(self._vectors.users(rows))

    def items(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return _clipped(self._vectors.items(rows))

    def pair_scores(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        return (self.items(items) * self.users(users)[:, None]).sum(-1)


def _clipped(vectors: "torch.Tensor") -> "torch.Tensor":
    clipped: torch.Tensor = vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True).clamp(min=1)
    return clipped
