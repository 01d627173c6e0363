"""Precision."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class Precision(UserMetric):
    """Hits among the first k, divided by k, even if a list is shorter than k."""

    name = "precision"
    title = "Precision"

    def of_users(self, lists: Lists) -> "np.ndarray":
        shares: np.ndarray = self.hits(lists).sum(axis=1) / self.k
        return shares
