"""The family of losses on a user's scores of all items."""

from abc import abstractmethod
from collections.abc import Iterator

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import Batch, DifferentiableLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import Settings, narrowed


class UserBatches(Settings):
    """Batches of users with all their positives."""

    batch_size: int = Field(256, ge=1, description="users in a batch")


class UserBatchedLoss(DifferentiableLoss):
    """(1/|D|) Σ_u ℓ_u, batched by user: a user's positives share what all of them need.

    Estimated from B users as (M / (B |D|)) Σ_{u∈batch} ℓ_u with B the batch's own size, so that a short last
    batch is unbiased too. M counts the users with a positive.
    """

    family = "listwise"
    Batches = UserBatches

    @abstractmethod
    def user_losses(self, vectors: Vectors, batch: Batch) -> "torch.Tensor":
        """ℓ_u of each user of the batch, shape (B,)."""

    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> Iterator[Batch]:
        """Batches (users, rows, items, counts): positive p is ``items[p]`` of ``users[rows[p]]``. ``counts``: n_u."""
        active = train.active_users
        order = torch.randperm(len(active), generator=generator).to(train.device)
        for chosen in torch.split(order, narrowed(self.settings, UserBatches).batch_size):
            users = active[chosen]
            yield (users, *train.positives(users))

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        total = self.user_losses(vectors, batch).sum()
        return total * (len(train.active_users) / (len(batch[0]) * len(train.users)))


class ListwiseLoss(UserBatchedLoss):
    """ℓ_u is a function of the user's scores of all items. An epoch costs O(M N K)."""

    @abstractmethod
    def formula(
        self, scores: "torch.Tensor", rows: "torch.Tensor", items: "torch.Tensor", counts: "torch.Tensor"
    ) -> "torch.Tensor":
        """ℓ_u of each user, shape (B,), summed over the user's positives.

        ``scores`` (B, N). ``rows``, ``items`` (P,): positive p is item ``items[p]`` of user ``rows[p]`` of the
        batch. ``counts`` (B,): n_u.
        """

    def user_losses(self, vectors: Vectors, batch: Batch) -> "torch.Tensor":
        users, rows, items, counts = batch
        return self.formula(vectors.users(users) @ vectors.items().T, rows, items, counts)


def positive_scores(scores: "torch.Tensor", rows: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
    """Σ_{i∈I_u} o_ui of each user of a batch, shape (B,). Arguments as of `ListwiseLoss.formula`."""
    return torch.zeros_like(scores[:, 0]).index_add(0, rows, scores[rows, items])
