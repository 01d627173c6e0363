"""Vectors of users and items while a model trains, and the scores of chosen pairs."""

from abc import ABC, abstractmethod
from functools import cache
from typing import Any

from pydantic import Field

from dotbench.lazy import torch
from dotbench.numerics.matrix import csr_tensor
from dotbench.settings import Settings


class VectorSettings(Settings):
    """What the settings of every model with vectors have."""

    embedding_size: int = Field(ge=1, description="K, length of a vector")


class Vectors(ABC):
    """User vectors P (M, K) and item vectors Q (N, K) as differentiable functions of a model's parameters.

    A loss asks for the rows that a batch needs. What the model has to compute once for all of them
    (a propagation over the graph, say) it computes when it makes this object, one for each step.
    """

    @abstractmethod
    def users(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Vectors of user rows, shape (B, K). Of all users for None."""

    @abstractmethod
    def items(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Vectors of item rows, shape rows.shape + (K,). Of all items for None."""

    @abstractmethod
    def pair_scores(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        """p_u · q_i of user rows (B,) with the item rows (B, n) beside each: shape (B, n)."""


class Tables(Vectors):
    """Vectors that are there in full: ``users`` (M, K), ``items`` (N, K)."""

    def __init__(self, users: "torch.Tensor", items: "torch.Tensor") -> None:
        self._users, self._items = users, items

    def users(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self._users if rows is None else torch.nn.functional.embedding(rows, self._users)

    def items(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self._items if rows is None else torch.nn.functional.embedding(rows, self._items)

    def pair_scores(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        if items.shape[1] >= len(self._items):
            return (self.users(users) @ self._items.T).gather(1, items)
        if self._users.device.type == "cpu" and torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
            scores: torch.Tensor = _sampled_product().apply(self._users, self._items, users, items)
            return scores
        return (self.items(items) * self.users(users)[:, None]).sum(-1)


@cache
def _sampled_product() -> Any:
    """The autograd function of `Tables.pair_scores` on a CPU."""

    class SampledProduct(torch.autograd.Function):
        """Scores of B users with n items each as a sampled product of dense matrices: O(B n K) operations and
        O(B n) memory, where gathering the item vectors takes O(B n K). With G (B, N) the sparse gradient of the
        scores, dP = G Q and dQ = Gᵀ P. At n = 100 it is ten times as fast as gathering (speed/losses.py)."""

        @staticmethod
        def forward(context: Any, p: "torch.Tensor", q: "torch.Tensor", rows: Any, columns: Any) -> "torch.Tensor":
            context.save_for_backward(p, q, rows, columns)
            size, n = columns.shape
            starts = torch.arange(0, size * n + 1, n)
            pattern = csr_tensor(starts, columns.reshape(-1), p.new_zeros(size * n), (size, len(q)))
            product = torch.sparse.sampled_addmm(pattern, p[rows], q.T, beta=0.0)
            scores: torch.Tensor = product.values().view(size, n)
            return scores

        @staticmethod
        def backward(context: Any, gradient: "torch.Tensor") -> Any:
            from scipy.sparse import csr_array

            p, q, rows, columns = context.saved_tensors
            size, n = columns.shape
            flat, starts = columns.reshape(-1), torch.arange(0, size * n, n)
            values = gradient.reshape(-1)
            bags = torch.nn.functional.embedding_bag(flat, q, starts, mode="sum", per_sample_weights=values)
            users = torch.zeros_like(p).index_add_(0, rows, bags)
            indptr = torch.arange(0, size * n + 1, n).numpy()
            sparse = csr_array((values.numpy(), flat.numpy(), indptr), shape=(size, len(q)))
            items = torch.from_numpy(sparse.T @ p[rows].numpy())
            return users, items, None, None

    return SampledProduct
