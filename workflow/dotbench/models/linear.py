"""A linear function of the features of both sides."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.models._inductive import InductiveSettings, dense
from dotbench.models.base import VectorModel, normal
from dotbench.models.two_tower import TowerVectors
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors


class LinearSettings(InductiveSettings):
    """Settings of the model `linear`."""

    embedding_size: int = Field(2, ge=2, description="K, length of a vector; what is beyond the second number is 0")
    init_std: float = Field(0.01, gt=0, description="sd of the initial weights")


class Linear(VectorModel):
    """Score aᵀx_u + bᵀy_i, an inner product of (aᵀx_u, 1) and (1, bᵀy_i). a (d_u,) and b (d_i,) are learned.

    Of indicators of attributes it is the additive model of their means, so it is what a cold start of users or items
    has to beat. It has no interaction of a user with an item.
    """

    name = "linear"
    title = "Linear"
    needs_features = True
    Settings = LinearSettings

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return True

    def __init__(
        self,
        settings: LinearSettings,
        train: TrainMatrix,
        generator: "torch.Generator",
        features: Features | None = None,
    ) -> None:
        self.size = settings.embedding_size
        self.inputs = [dense(features, side, settings.features, train) for side in ("users", "items")]
        self.weights = [normal(side.shape[1], 1, settings.init_std, generator, train) for side in self.inputs]

    def parameters(self) -> "list[torch.Tensor]":
        return self.weights

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Vectors:
        values = parameters or self.weights

        def score(side: int, rows: "torch.Tensor | None") -> "torch.Tensor":
            inputs = self.inputs[side]
            chosen = inputs if rows is None else torch.nn.functional.embedding(rows, inputs)
            return chosen @ values[side]

        return TowerVectors(
            lambda rows=None: user_vectors(score(0, rows), self.size),
            lambda rows=None: item_vectors(score(1, rows), self.size),
        )


def user_vectors(scores: "torch.Tensor", size: int) -> "torch.Tensor":
    """(score, 1, 0, …) of every user, (B, ``size``). ``scores``: aᵀx_u, (B, 1)."""
    return _padded([scores, torch.ones_like(scores)], size)


def item_vectors(scores: "torch.Tensor", size: int) -> "torch.Tensor":
    """(1, score, 0, …) of every item, (B, ``size``). ``scores``: bᵀy_i, (B, 1)."""
    return _padded([torch.ones_like(scores), scores], size)


def _padded(columns: "list[torch.Tensor]", size: int) -> "torch.Tensor":
    return torch.nn.functional.pad(torch.cat(columns, dim=1), (0, size - len(columns)))
