"""LightGCN: embeddings propagated over the interaction graph."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.models.base import EmbeddingModel, EmbeddingSettings
from dotbench.numerics.matrix import TrainMatrix, csr_tensor
from dotbench.numerics.vectors import Tables


class LightGCNSettings(EmbeddingSettings):
    """Settings of the model `lightgcn`."""

    embedding_size: int = Field(64, ge=1, description="K, length of a vector")
    init_std: float = Field(0.1, gt=0, description="sd of the normal initial values")
    layers: int = Field(3, ge=1, description="L, propagations")


class LightGCN(EmbeddingModel):
    """E = (1/(L+1)) Σ_{l=0..L} Aˡ E⁰, E⁰ (M + N, K) free. Score e_uᵀ e_i.

    A = [[0, R̃], [R̃ᵀ, 0]] with R̃ = D_U^{-1/2} R D_I^{-1/2}, the binary training matrix scaled by the square roots
    of both degrees (He et al., SIGIR 2020, Eq. 3–8, equal weights of the layers). The propagation is computed once
    for each step, O(L |D| K); it is a symmetric linear map, so that its gradient is the same map again.
    """

    name = "lightgcn"
    title = "LightGCN"
    Settings = LightGCNSettings

    def __init__(
        self,
        settings: LightGCNSettings,
        train: TrainMatrix,
        generator: "torch.Generator",
        features: Features | None = None,
    ) -> None:
        super().__init__(settings, train, generator, features)
        self.graph = Graph(train, settings.layers)

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Tables:
        return Tables(*_propagation().apply(*(parameters or self.parameters()), self.graph))


class Graph:
    """The normalised bipartite graph. ``propagate`` is the mean of the layers."""

    def __init__(self, train: TrainMatrix, layers: int) -> None:
        self.layers = layers
        self.n_users = train.n_users
        forward, backward = train.csr, train.csr_t
        starts = torch.cat((forward.crow_indices(), backward.crow_indices()[1:] + len(train.users)))
        columns = torch.cat((forward.col_indices() + train.n_users, backward.col_indices()))
        degrees = starts.diff()
        rows = torch.repeat_interleave(torch.arange(len(degrees), device=starts.device), degrees)
        values = (degrees[rows] * degrees[columns]).to(train.dtype).rsqrt()
        self.adjacency = csr_tensor(starts, columns, values, (len(degrees), len(degrees)))

    def propagate(self, users: "torch.Tensor", items: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """(1/(L+1)) Σ_l Aˡ E for E = (``users`` (M, K), ``items`` (N, K)), by Horner's scheme."""
        layer = torch.cat((users, items)) / (self.layers + 1)
        total = layer
        for _ in range(self.layers):
            total = self._neighbours(total).add_(layer)
        return total[: self.n_users], total[self.n_users :]

    def _neighbours(self, vectors: "torch.Tensor") -> "torch.Tensor":
        """A · ``vectors``. On a CPU a weighted bag of embeddings is a third faster than the sparse product."""
        if vectors.device.type != "cpu":
            return self.adjacency @ vectors
        starts, columns, values = (
            self.adjacency.crow_indices(),
            self.adjacency.col_indices(),
            self.adjacency.values(),
        )
        bags = torch.nn.functional.embedding_bag
        return bags(columns, vectors, starts[:-1], mode="sum", per_sample_weights=values)


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
            return *Propagation.apply(users, items, context.graph), None  # type: ignore[no-untyped-call]

    return Propagation
