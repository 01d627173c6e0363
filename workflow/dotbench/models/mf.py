"""Matrix factorisation."""

from typing import Any

from pydantic import Field

from dotbench.lazy import torch
from dotbench.models.base import VectorModel
from dotbench.settings.base import Settings


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

    def __init__(self, settings: Any, n_users: int, n_items: int, generator: "torch.Generator", device: str) -> None:
        def normal(rows: int) -> "torch.Tensor":
            values = torch.randn(rows, settings.embedding_size, generator=generator) * settings.init_std
            return values.to(device).requires_grad_()

        self.users = normal(n_users)
        self.items = normal(n_items)

    def parameters(self) -> "list[torch.Tensor]":
        return [self.users, self.items]

    def user_vectors(self, users: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self.users if users is None else torch.nn.functional.embedding(users, self.users)

    def item_vectors(self, items: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self.items if items is None else torch.nn.functional.embedding(items, self.items)
