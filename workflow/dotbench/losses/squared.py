"""Squared error on observed ratings."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses._rows import RowSystems
from dotbench.losses.base import Batch, DifferentiableLoss, LeastSquaresLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import Settings, narrowed


class SquaredSettings(Settings):
    """Settings of the loss `squared`."""

    regularization: float = Field(10.0, ge=0, description="λ, of vectors; of a network's weights: `weight_decay`")
    weighted: bool = Field(False, description="a row's norm counts once for each of its ratings")
    offset: Literal["mean", "item-mean", "none"] = Field(
        "mean", description="b, fixed: the mean training rating, each item's own, shrunk to it, or 0"
    )


class RatingBatches(Settings):
    """Batches of rated pairs."""

    batch_size: int = Field(2048, ge=1, description="ratings in a batch")


class Squared(DifferentiableLoss, LeastSquaresLoss):
    """(1/|D|) [ Σ_{(u,i)∈D} (r_ui − b_i − o_ui)² + λ (Σ_u w_u ‖p_u‖² + Σ_i w_i ‖q_i‖²) ].

    r_ui is predicted by b_i + o_ui, the inner product of [p, 1] and [q, b], not clipped; b_i is μ, the mean rating, for
    every item, or the item's mean as `item-mean` has it, or 0. w = 1 is the plain sum of norms of the ALS that T2Rec
    (Jaiswal, arXiv 2403.00802, Section 6) calls rSVD. With ``weighted``, w_u = n_u and w_i = n_i (Zhou et al., AAIM
    2008). A row without ratings has the minimiser 0: it is predicted by b, unless the model tells it by features alone.
    T2Rec's own J penalises the weights of its networks instead, λ_J ‖θ‖²: that is ``weight_decay`` 2 λ_J of the solver,
    with λ = 0 here.

    Estimated from B pairs by the mean of (r − b − o)² + λ (w_u ‖p_u‖² / n_u + w_i ‖q_i‖² / n_i). A row's exact
    minimiser is p_u = (Q_uᵀQ_u + λ w_u I)⁻¹ Σ_{i∈I_u} (r_ui − b_i) q_i, Q_u the rows of the items that u rated.
    """

    name = "squared"
    title = "Squared error"
    defaults = {"als": {"regularization": 20.0}}
    family = "pointwise"
    task = "rating"
    Settings = SquaredSettings
    settings: SquaredSettings
    Batches = RatingBatches
    grids = {"paper": {"regularization": [1.0, 2.154, 4.642, 10.0, 21.54, 46.42, 100.0]}}  # end of T2Rec's 10^(−6+k/3)

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return bool(settings["offset"] != "none")

    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> Iterator[Batch]:
        order = torch.randperm(len(train.users), generator=generator).to(train.device)
        for chosen in torch.split(order, narrowed(self.settings, RatingBatches).batch_size):
            yield train.users[chosen], train.items[chosen], train.ratings[chosen]

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        users, items, ratings = batch
        p, q = vectors.users(users), vectors.items(items)
        errors = ratings - self.offsets(train)[items] - (p * q).sum(1)
        user_norms, item_norms = (p**2).sum(1), (q**2).sum(1)
        if not self.settings.weighted:
            user_norms, item_norms = user_norms / train.counts[users], item_norms / train.item_counts[items]
        mean: torch.Tensor = (errors**2 + self.settings.regularization * (user_norms + item_norms)).mean()
        return mean

    def user_systems(self, train: TrainMatrix, items: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr, self.targets(train), train.counts, items)

    def item_systems(self, train: TrainMatrix, users: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr_t, train.transposed(self.targets(train)), train.item_counts, users)

    def _systems(
        self, matrix: "torch.Tensor", values: "torch.Tensor", counts: "torch.Tensor", fixed: "torch.Tensor"
    ) -> RowSystems:
        """Those of every row of ``matrix`` (n, m), its ``values`` (|D|,), for the other side's vectors (m, K)."""
        nothing = fixed.new_zeros(fixed.shape[1], fixed.shape[1])
        ridge = self.settings.regularization * (counts if self.settings.weighted else torch.ones_like(counts))
        return RowSystems(matrix, fixed, nothing, torch.ones_like(counts), ridge, 1.0, 1.0, values=values)

    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        squares = ((self.targets(train) - train.scores(users, items)) ** 2).sum()
        user_norms, item_norms = (users**2).sum(1), (items**2).sum(1)
        if self.settings.weighted:
            user_norms, item_norms = user_norms * train.counts, item_norms * train.item_counts
        norms = user_norms.sum() + item_norms.sum()
        return float(squares + self.settings.regularization * norms) / len(train.users)

    def offsets(self, train: TrainMatrix) -> "torch.Tensor":
        """b, shape (n_items,)."""
        if self.settings.offset == "item-mean":
            return train.item_means
        return train.same_means if self.settings.offset == "mean" else torch.zeros_like(train.same_means)

    def targets(self, train: TrainMatrix) -> "torch.Tensor":
        """r − b of every training pair, shape (|D|,)."""
        return train.ratings - self.offsets(train)[train.items]

    def scoring(
        self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        offsets = self.offsets(train).to(items.dtype)[:, None]
        return torch.cat([users, torch.ones_like(users[:, :1])], dim=1), torch.cat([items, offsets], dim=1)
