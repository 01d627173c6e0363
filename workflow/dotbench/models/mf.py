"""Matrix factorisation."""

from collections.abc import Sequence

from pydantic import Field

from dotbench.lazy import torch
from dotbench.models.base import EmbeddingModel, EmbeddingSettings
from dotbench.numerics.vectors import Tables


class MatrixFactorizationSettings(EmbeddingSettings):
    """Settings of the model `mf`."""

    embedding_size: int = Field(64, ge=1, description="K, length of a vector")
    init_std: float = Field(0.02, gt=0, description="sd of the normal initial values")


class MatrixFactorization(EmbeddingModel):
    """Every user and every item has a free vector: score p_uᵀ q_i, P (n_users, K), Q (n_items, K)."""

    name = "mf"
    title = "MF"
    Settings = MatrixFactorizationSettings
    free_vectors = True

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Tables:
        return Tables(*(parameters or self.parameters()))
