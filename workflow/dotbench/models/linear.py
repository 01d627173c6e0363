"""A linear function of the features of both sides."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.models._inductive import dense
from dotbench.models.base import VectorModel, normal
from dotbench.models.two_tower import TowerVectors
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors, VectorSettings


class LinearSettings(VectorSettings):
    """Settings of the model `linear`."""

    embedding_size: int = Field(2, ge=2, description="K, length of a vector; what is beyond the second number is 0")
    init_std: float = Field(0.01, gt=0, description="sd of the initial weights")
    features: str = Field(
        "none", description="a name of `dotbench list features`, `<name>-leaky`, several joined by +; needed"
    )


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
        self.spare = settings.embedding_size - 2
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

        def users(rows: "torch.Tensor | None" = None) -> "torch.Tensor":
            found = score(0, rows)
            return self.padded(found, torch.ones_like(found))

        def items(rows: "torch.Tensor | None" = None) -> "torch.Tensor":
            found = score(1, rows)
            return self.padded(torch.ones_like(found), found)

        return TowerVectors(users, items)

    def padded(self, *columns: "torch.Tensor") -> "torch.Tensor":
        """The two columns (B, 1) of vectors, and zeros to the length K."""
        return torch.nn.functional.pad(torch.cat(columns, dim=1), (0, self.spare))
