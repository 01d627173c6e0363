"""A hybrid of collaborative and content-based factorisation."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.models._inductive import InductiveSettings
from dotbench.models.base import VectorModel
from dotbench.models.two_tower import Tower, TowerVectors, TwoTowerSettings
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors


class HybridSettings(InductiveSettings):
    """Settings of the model `hybrid`."""

    embedding_size: int = Field(32, ge=3, description="K, length of a vector: K − 2 numbers, its bias and a one")
    init_std: float = Field(0.1, gt=0, description="sd of the initial values")


class Hybrid(VectorModel):
    """Score e_u · e_i + b_u + b_i, where (e_u, b_u) = E_u + Σ_f x_uf W_f + c is the sum of the embeddings of the user's
    features and of the user's own, and likewise for the item: an inner product of (e_u, b_u, 1) and (e_i, 1, b_i).

    A row without training pairs has E = 0, so features alone tell it. It is a factorisation machine of the user's, the
    item's and their features' indicators, with the interactions between the two sides alone. Kula, "Metadata embeddings
    for user and item cold-start recommendations", CBRecSys 2015 (LightFM). Features are scaled as towers scale them.
    """

    name = "hybrid"
    title = "Hybrid"
    needs_features = True
    Settings = HybridSettings

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return True

    def __init__(
        self,
        settings: HybridSettings,
        train: TrainMatrix,
        generator: "torch.Generator",
        features: Features | None = None,
    ) -> None:
        users, items = (features.users, features.items) if features is not None else (None, None)
        own = {"init_std": settings.init_std, "features": settings.features}
        sums = TwoTowerSettings(embedding_size=settings.embedding_size - 1, layers=0, ids=True, **own)
        self.sides = [
            Tower(sums, "users", users, train.counts > 0, generator, train),
            Tower(sums, "items", items, train.item_counts > 0, generator, train),
        ]
        for tower, counts in zip(self.sides, (train.counts, train.item_counts), strict=True):
            tower.parameters[1].data[counts == 0] = 0  # E; no gradient reaches these rows

    def parameters(self) -> "list[torch.Tensor]":
        return [*self.sides[0].parameters, *self.sides[1].parameters]

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Vectors:
        values, n = parameters or self.parameters(), len(self.sides[0].parameters)

        def users(rows: "torch.Tensor | None" = None) -> "torch.Tensor":
            found = self.sides[0](values[:n], rows)
            return torch.cat([found, torch.ones_like(found[:, :1])], dim=1)

        def items(rows: "torch.Tensor | None" = None) -> "torch.Tensor":
            found = self.sides[1](values[n:], rows)
            return torch.cat([found[:, :-1], torch.ones_like(found[:, :1]), found[:, -1:]], dim=1)

        return TowerVectors(users, items)
