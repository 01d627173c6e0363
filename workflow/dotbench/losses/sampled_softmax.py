"""Softmax over a positive and sampled items."""

from typing import Literal

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import Batch
from dotbench.losses.sampled import SampledBatches, SampledLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import narrowed


class SampledSoftmaxBatches(SampledBatches):
    """Batches of the loss `sampled-softmax`."""

    negatives: int = Field(100, ge=1, description="n, sampled items for each positive")
    proposal: Literal["uniform", "popularity"] = Field(
        "uniform", description="items are drawn with equal probability, or in proportion to their training pairs"
    )


class SampledSoftmax(SampledLoss):
    """ℓ = −log[ e^{o'_i} / (e^{o'_i} + Σ_{j∈S} e^{o'_j}) ],  o' = o − log q, q the proposal's probability.

    RG2 paper, Section 4.1.2 (where the log is missing). The correction by log q makes it the full softmax in the
    limit of many samples (Bengio and Senécal, IEEE TNN 2008). Uniform q is a constant and cancels. The popularity
    proposal is q_j = (c_j + 1) / (|D| + N), c_j the training pairs of the item: one is added so that every item
    can be drawn.
    """

    name = "sampled-softmax"
    title = "Sampled Softmax"
    defaults = {"sgd": {"learning_rate": 0.003, "weight_decay": 1e-5}}
    family = "listwise"
    Batches = SampledSoftmaxBatches

    @property
    def batch_settings(self) -> SampledSoftmaxBatches:
        return narrowed(self.settings, SampledSoftmaxBatches)

    def propose(self, train: TrainMatrix, shape: tuple[int, ...], generator: "torch.Generator") -> "torch.Tensor":
        if self.batch_settings.proposal == "uniform":
            return super().propose(train, shape, generator)
        total = len(train.users) + train.n_items
        drawn = torch.randint(total, shape, generator=generator).to(train.device)
        # below |D|: the item of a random training pair; above: an item drawn uniformly
        return torch.where(drawn < len(train.users), train.items[drawn % len(train.users)], drawn - len(train.users))

    def proposal_weights(self, train: TrainMatrix) -> "torch.Tensor":
        if self.batch_settings.proposal == "uniform":
            return super().proposal_weights(train)
        return (train.item_counts + 1).double()

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        positive, negative = self.scores(vectors, batch)
        if self.batch_settings.proposal == "popularity":
            log_q = ((train.item_counts + 1) / (len(train.users) + train.n_items)).log()
            positive, negative = positive - log_q[batch[1]][:, None], negative - log_q[batch[2]]
        return self.formula(positive, negative).mean()

    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        return torch.logsumexp(torch.cat([positive, negative], dim=1), dim=1, keepdim=True) - positive
