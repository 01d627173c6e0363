"""Recall."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class Recall(UserMetric):
    """Hits among the first k, divided by the number of relevant items, which may be more than k."""

    name = "recall"
    title = "Recall"

    def of_users(self, lists: Lists) -> "np.ndarray":
        shares: np.ndarray = self.hits(lists).sum(axis=1) / lists.n_relevant
        return shares
