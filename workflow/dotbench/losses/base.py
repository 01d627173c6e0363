"""The families of losses, and what each solver asks of a loss.

Notation: M users, N items, D the training pairs, n_u the positives of user u, o_ui = p_u · q_i.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from dotbench.lazy import torch
from dotbench.matrix import TrainMatrix
from dotbench.models.base import VectorModel
from dotbench.registry import Component, discover
from dotbench.settings.base import Settings


class Loss(Component):
    """A training objective. ``family`` is pointwise, pairwise or listwise, as the field groups them."""

    family: ClassVar[str]
    Settings: ClassVar[type[Any]] = Settings
    grid: ClassVar[dict[str, list[Any]]] = {}

    def __init__(self, settings: Any) -> None:
        self.settings = settings


def losses() -> dict[str, type[Any]]:
    """Losses by name."""
    return discover("dotbench.losses", Loss)


class DifferentiableLoss(Loss):
    """A loss that gradient solvers can minimise: unbiased estimates of it from batches."""

    @abstractmethod
    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> "Iterator[tuple[torch.Tensor, ...]]":
        """The batches of one epoch, in random order; everything random comes from ``generator``."""

    @abstractmethod
    def estimate(self, model: VectorModel, train: TrainMatrix, batch: "tuple[torch.Tensor, ...]") -> "torch.Tensor":
        """The loss estimated from a batch: a scalar with a gradient."""


class PairwiseSettings(Settings):
    """Settings of every pairwise loss."""

    batch_size: int = Field(2048, ge=1, description="positive pairs in a batch")
    negatives: int = Field(10, ge=1, description="sampled items for each positive")


class PairwiseLoss(DifferentiableLoss):
    """Mean over positives of the mean over n sampled items of a function of the two scores.

    (1/|D|) Σ_{(u,i)∈D} (1/n) Σ_{j∈S} ℓ(o_ui, o_uj), S drawn uniformly from all items with replacement:
    a sampled item may be a positive, as in RecStudio (RG2 paper's experiments). Scores of a batch cost O(B n K);
    the gradient and Adam's step are dense and add O((M + N) K).
    """

    family = "pairwise"
    Settings = PairwiseSettings

    @abstractmethod
    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        """ℓ for scores of shape (B, 1) and (B, n); returns shape (B, n)."""

    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> "Iterator[tuple[torch.Tensor, ...]]":
        order = torch.randperm(len(train.users), generator=generator).to(train.device)
        for chosen in order.split(self.settings.batch_size):
            shape = (len(chosen), self.settings.negatives)
            sampled = torch.randint(train.n_items, shape, generator=generator).to(train.device)
            yield train.users[chosen], train.items[chosen], sampled

    def estimate(self, model: VectorModel, train: TrainMatrix, batch: "tuple[torch.Tensor, ...]") -> "torch.Tensor":
        users, positives, negatives = batch
        items = torch.cat([positives[:, None], negatives], dim=1)
        scores = (model.item_vectors(items) * model.user_vectors(users)[:, None]).sum(-1)  # twice as fast as bmm
        return self.formula(scores[:, :1], scores[:, 1:]).mean()


class ListwiseSettings(Settings):
    """Settings of every listwise loss."""

    batch_size: int = Field(256, ge=1, description="users in a batch")


class ListwiseLoss(DifferentiableLoss):
    """A function of a user's scores of all items, batched by user: a user's positives share one row of scores.

    (1/|D|) Σ_u ℓ_u, estimated from B users as (M / (B |D|)) Σ_{u∈batch} ℓ_u with B the batch's own size, so
    that a short last batch is unbiased too. M counts the users with a positive. An epoch costs O(M N K).
    """

    family = "listwise"
    Settings = ListwiseSettings

    @abstractmethod
    def formula(
        self, scores: "torch.Tensor", rows: "torch.Tensor", items: "torch.Tensor", counts: "torch.Tensor"
    ) -> "torch.Tensor":
        """ℓ_u of each user, shape (B,), summed over the user's positives.

        ``scores`` (B, N); ``rows``, ``items`` (P,): positive p is item ``items[p]`` of user ``rows[p]`` of the
        batch; ``counts`` (B,): n_u.
        """

    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> "Iterator[tuple[torch.Tensor, ...]]":
        active = train.active_users
        order = torch.randperm(len(active), generator=generator).to(train.device)
        for chosen in order.split(self.settings.batch_size):
            users = active[chosen]
            yield (users, *train.positives(users))

    def estimate(self, model: VectorModel, train: TrainMatrix, batch: "tuple[torch.Tensor, ...]") -> "torch.Tensor":
        users, rows, items, counts = batch
        scores = model.user_vectors(users) @ model.item_vectors().T
        total = self.formula(scores, rows, items, counts).sum()
        return total * (len(train.active_users) / (len(users) * len(train.users)))


class AlternatingLoss(Loss):
    """A loss that is quadratic in the users' vectors and in the items' vectors: ALS minimises each exactly."""

    @abstractmethod
    def best_users(self, train: TrainMatrix, items: "torch.Tensor") -> "torch.Tensor":
        """The user vectors (M, K) that minimise the objective for item vectors (N, K)."""

    @abstractmethod
    def best_items(self, train: TrainMatrix, users: "torch.Tensor") -> "torch.Tensor":
        """The item vectors (N, K) that minimise the objective for user vectors (M, K)."""

    @abstractmethod
    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        """The objective, regulariser and constants included, without forming users × items."""


class SpectralLoss(Loss):
    """A loss whose global optimum is read off the singular value decomposition of one matrix."""

    @classmethod
    @abstractmethod
    def target(cls, train: TrainMatrix) -> Any:
        """The matrix as a linear map with ``shape``, ``matmul(X)``, ``rmatmul(Y)``; independent of settings."""

    @abstractmethod
    def optimum(self, train: TrainMatrix, spectrum: Any, rank: int) -> "tuple[torch.Tensor, torch.Tensor]":
        """User vectors (M, rank) and item vectors (N, rank) of the optimum among rank-``rank`` solutions."""
