"""LightGCN: embeddings propagated over the interaction graph."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.matrix import TrainMatrix, csr_tensor
from dotbench.models.base import EmbeddingModel
from dotbench.settings.base import Settings
from dotbench.vectors import Tables


class LightGCNSettings(Settings):
    """Settings of the model `lightgcn`."""

    embedding_size: int = Field(64, ge=1, description="K, length of a vector")
    init_std: float = Field(0.1, gt=0, description="sd of the normal initial values")
    layers: int = Field(3, ge=1, description="L, propagations")


class LightGCN(EmbeddingModel):
    """E = (1/(L+1)) Σ_{l=0..L} Aˡ E⁰, E⁰ (M + N, K) free; score e_uᵀ e_i.

    A = [[0, R̃], [R̃ᵀ, 0]] with R̃ = D_U^{-1/2} R D_I^{-1/2}, the binary training matrix scaled by the square roots
    of both degrees (He et al., SIGIR 2020, Eq. 3–8, equal weights of the layers). The propagation is computed once
    for each step, O(L |D| K); it is a symmetric linear map, so that its gradient is the same map again.
    """

    name = "lightgcn"
    title = "LightGCN"
    Settings = LightGCNSettings

    def __init__(
        self, settings: Any, train: TrainMatrix, generator: "torch.Generator", features: Features | None = None
    ) -> None:
        super().__init__(settings, train, generator, features)
        self.graph = Graph(train, settings.layers)

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Tables:
        return Tables(*_propagation().apply(*(parameters or self.parameters()), self.graph))


class Graph:
    """The normalised bipartite graph; ``propagate`` is the mean of the layers."""

    def __init__(self, train: TrainMatrix, layers: int) -> None:
        self.layers = layers
        self.forward = _scaled(train.csr)
        self.backward = _scaled(train.csr_t)

    def propagate(self, users: "torch.Tensor", items: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """(1/(L+1)) Σ_l Aˡ E for E = (``users`` (M, K), ``items`` (N, K))."""
        total = users.clone(), items.clone()
        for _ in range(self.layers):
            users, items = self.forward @ items, self.backward @ users
            total[0].add_(users)
            total[1].add_(items)
        return total[0] / (self.layers + 1), total[1] / (self.layers + 1)


def _scaled(matrix: "torch.Tensor") -> "torch.Tensor":
    """Every one of a sparse matrix divided by the square roots of its row's and its column's degree."""
    starts, columns = matrix.crow_indices(), matrix.col_indices()
    degrees = starts.diff()
    rows = torch.repeat_interleave(torch.arange(len(degrees), device=matrix.device), degrees)
    both = degrees[rows] * torch.bincount(columns, minlength=matrix.shape[1])[columns]
    values = both.to(matrix.dtype).rsqrt()
    return csr_tensor(starts.int(), columns.int(), values, matrix.shape)


@cache
def _propagation() -> Any:
    """The autograd function of `Graph.propagate`."""

    class Propagation(torch.autograd.Function):
        @staticmethod
        def forward(users: "torch.Tensor", items: "torch.Tensor", graph: Graph) -> Any:
            return graph.propagate(users, items)

        @staticmethod
        def setup_context(context: Any, inputs: Any, output: Any) -> None:
            context.graph = inputs[2]

        @staticmethod
        def backward(context: Any, users: "torch.Tensor", items: "torch.Tensor") -> Any:
            return *Propagation.apply(users, items, context.graph), None

    return Propagation
