"""Matrix factorisation."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.matrix import TrainMatrix
from dotbench.models.base import VectorModel, normal
from dotbench.settings.base import Settings
from dotbench.vectors import Tables


class MatrixFactorizationSettings(Settings):
    """Settings of the model `mf`."""

    embedding_size: int = Field(64, ge=1, description="K, length of a vector")
    init_std: float = Field(0.02, gt=0, description="sd of the normal initial values")


class MatrixFactorization(VectorModel):
    """Every user and every item has a free vector: score p_uᵀ q_i, P (n_users, K), Q (n_items, K)."""

    name = "mf"
    title = "MF"
    Settings = MatrixFactorizationSettings
    free_vectors = True

    def __init__(
        self, settings: Any, train: TrainMatrix, generator: "torch.Generator", features: Features | None = None
    ) -> None:
        shape = settings.embedding_size, settings.init_std, generator, train
        self.users = normal(train.n_users, *shape)
        self.items = normal(train.n_items, *shape)

    def parameters(self) -> "list[torch.Tensor]":
        return [self.users, self.items]

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Tables:
        return Tables(*(parameters or self.parameters()))
