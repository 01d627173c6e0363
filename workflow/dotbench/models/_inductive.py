"""What models of features share: inductive matrix completion above all."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from dotbench.errors import FitFailed
from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.models.base import VectorModel, normal
from dotbench.models.two_tower import TowerVectors, dense_rows
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import VectorSettings


class InductiveSettings(VectorSettings):
    """Settings of models whose vectors are functions of features alone, or of features and rows."""

    embedding_size: int = Field(50, ge=1, description="k, length of a vector")
    init_std: float = Field(0.1, gt=0, description="sd of the initial weights")
    features: str = Field(
        "none", description="a name of `dotbench list features`, `<name>-leaky`, several joined by +; needed"
    )


class InductiveModel(VectorModel):
    """p_u = φ(Uᵀx_u), q_i = φ(Vᵀy_i): U (d_u, k) and V (d_i, k) are learned, the features are as they are."""

    needs_features = True
    settings: InductiveSettings

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return True

    def __init__(
        self,
        settings: InductiveSettings,
        train: TrainMatrix,
        generator: "torch.Generator",
        features: Features | None = None,
    ) -> None:
        self.settings = settings
        self.inputs = [dense(features, side, settings.features, train) for side in ("users", "items")]
        shape = settings.embedding_size, settings.init_std, generator, train
        self.weights = [normal(side.shape[1], *shape) for side in self.inputs]

    def activate(self, values: "torch.Tensor") -> "torch.Tensor":
        """φ."""
        return values

    def parameters(self) -> "list[torch.Tensor]":
        return self.weights

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> TowerVectors:
        u, v = parameters or self.weights

        def side(inputs: "torch.Tensor", weight: "torch.Tensor", rows: "torch.Tensor | None") -> "torch.Tensor":
            chosen = inputs if rows is None else torch.nn.functional.embedding(rows, inputs)
            return self.activate(chosen @ weight)

        return TowerVectors(
            lambda rows=None: side(self.inputs[0], u, rows),
            lambda rows=None: side(self.inputs[1], v, rows),
        )


def dense(features: Features | None, side: str, label: str, train: TrainMatrix) -> "torch.Tensor":
    """Features of one side, (n, d), as a dense tensor. Raises FitFailed where there is none."""
    matrix = None if features is None else getattr(features, side)
    if matrix is None or matrix.shape[1] == 0:
        raise FitFailed(f"features '{label}': have no column for {side}; needed is one")
    return dense_rows(matrix, train)
