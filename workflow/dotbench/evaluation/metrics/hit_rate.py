"""Hit rate."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class HitRate(UserMetric):
    """1 if there is a hit among the first k, else 0."""

    name = "hit_rate"
    title = "Hit rate"

    def of_users(self, lists: Lists) -> "np.ndarray":
        found: np.ndarray = np.asarray(self.hits(lists).any(axis=1), np.float64)
        return found
