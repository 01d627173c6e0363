"""The families of losses on positives with sampled items beside them: pointwise, pairwise, sampled listwise."""

from abc import abstractmethod
from collections.abc import Iterator

from pydantic import Field

from dotbench.errors import FitFailed
from dotbench.lazy import torch
from dotbench.losses.base import Batch, DifferentiableLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import LATER, Settings, narrowed

ROUNDS = 20  # of rejection, before what is left is drawn among the items that are no positives


class SampledBatches(Settings):
    """Batches of positive pairs with sampled items."""

    batch_size: int = Field(2048, ge=1, description="positive pairs in a batch")
    negatives: int = Field(10, ge=1, description="n, sampled items for each positive")
    reject_positives: bool = Field(False, description="draw again if a sampled item is a training positive")
    batch_decay: float = Field(
        0.0, ge=0, json_schema_extra=LATER, description="λ of the L2 term of the embeddings that a batch draws"
    )


class SampledLoss(DifferentiableLoss):
    """Mean over positives of a function of the positive's score and of n sampled items' scores.

    (1/|D|) Σ_{(u,i)∈D} ℓ(o_ui, {o_uj}_{j∈S}), S drawn from all items with replacement: a sampled item may be a
    positive, as in RecStudio (RG2 paper's simulations), unless ``reject_positives``. Scores of a batch cost
    O(B n K). The gradient and Adam's step are dense and add O((M + N) K).
    """

    Batches = SampledBatches

    @property
    def batch_settings(self) -> SampledBatches:
        """The settings, as those of the batches."""
        return narrowed(self.settings, SampledBatches)

    @abstractmethod
    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        """ℓ for scores of shape (B, 1) and (B, n). Its entries, of shape (B, n) or (B, 1), are averaged."""

    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> Iterator[Batch]:
        order = torch.randperm(len(train.users), generator=generator).to(train.device)
        for chosen in torch.split(order, self.batch_settings.batch_size):
            users = train.users[chosen]
            yield users, train.items[chosen], self._negatives(train, users, generator)

    def _negatives(self, train: TrainMatrix, users: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        """Sampled items of users (B,): shape (B, n)."""
        items = self.propose(train, (len(users), self.batch_settings.negatives), generator)
        if self.batch_settings.reject_positives:
            if (train.counts[users] == train.n_items).any():
                raise FitFailed("reject_positives: a user has every item as a positive, so no negative is left")
            rows = users[:, None].expand_as(items)
            for _ in range(ROUNDS):
                again = train.contains(rows, items)
                if not again.any():
                    return items
                items[again] = self.propose(train, (int(again.sum()),), generator)
            again = train.contains(rows, items)
            items[again] = self._among_others(train, rows[again], generator)
        return items

    def _among_others(self, train: TrainMatrix, users: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
        """An item for each of users (m,) that is none of the user's positives: what endless rounds would give, at O(N)
        a user."""
        items, everything = torch.empty_like(users), torch.arange(train.n_items, device=users.device)
        weights = self.proposal_weights(train)
        for user in torch.unique(users):
            own = users == user
            allowed = weights * ~train.contains(user.expand_as(everything), everything)
            drawn = torch.multinomial(allowed.cpu(), int(own.sum()), replacement=True, generator=generator)
            items[own] = drawn.to(users.device)
        return items

    def propose(self, train: TrainMatrix, shape: tuple[int, ...], generator: "torch.Generator") -> "torch.Tensor":
        """Items drawn uniformly."""
        return torch.randint(train.n_items, shape, generator=generator).to(train.device)

    def proposal_weights(self, train: TrainMatrix) -> "torch.Tensor":
        """What the probabilities of `propose` are proportional to: shape (N,), float64."""
        return torch.ones(train.n_items, dtype=torch.float64, device=train.device)

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        return self.formula(*self.scores(vectors, batch)).mean()

    def penalty(self, embeddings: Vectors, batch: Batch) -> "torch.Tensor | float":
        """λ/(2B) Σ (‖e_u‖² + ‖e_i‖² + Σ_{j∈S} ‖e_j‖²) over the B pairs (u, i) of the batch, λ = ``batch_decay``.

        The L2 term of BPR (Rendle et al., UAI 2009, LearnBPR) and of LightGCN (He et al., SIGIR 2020, Eq. 15, and its
        code): a row is drawn to zero as often as it is drawn, so λ weighs a user by n_u. It costs O(B n K).
        """
        if not self.batch_settings.batch_decay:
            return 0.0
        users, positives, negatives = batch
        drawn = torch.cat([positives[:, None], negatives], dim=1)
        squares = embeddings.users(users).square().sum() + embeddings.items(drawn).square().sum()
        return self.batch_settings.batch_decay / (2 * len(users)) * squares

    def scores(self, vectors: Vectors, batch: Batch) -> "tuple[torch.Tensor, torch.Tensor]":
        """Scores of the positives (B, 1) and of the sampled items (B, n)."""
        users, positives, negatives = batch
        scores = vectors.pair_scores(users, torch.cat([positives[:, None], negatives], dim=1))
        return scores[:, :1], scores[:, 1:]


class PointwiseLoss(SampledLoss):
    """Positives and sampled items are judged one by one."""

    family = "pointwise"


class PairwiseLoss(SampledLoss):
    """ℓ is the mean over the sampled items of a function of two scores, ``formula`` (B, 1), (B, n) → (B, n)."""

    family = "pairwise"
