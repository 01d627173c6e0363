"""Novelty: mean self-information."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class Novelty(UserMetric):
    """Mean of log₂(M / c_i) over the items i among the first k, in bits: c_i of M users have a training pair with i.

    Zhou et al., PNAS 2010 (self-information). An item without a training pair counts as if it had one. A user to whom
    nothing can be shown has 0.
    """

    name = "novelty"
    title = "Novelty"
    note = "Novelty: mean of log2(users / training users of an item) over a list, in bits"
    can_be_watched = False

    def of_users(self, lists: Lists) -> "np.ndarray":
        items = self.items(lists)
        assert lists.popularity is not None
        bits = np.log2(lists.n_users / np.maximum(lists.popularity, 1))
        shown = items >= 0
        total = np.zeros(len(items))
        for rank in range(items.shape[1]):
            total += np.where(shown[:, rank], bits[items[:, rank]], 0.0)
        means: np.ndarray = total / np.maximum(shown.sum(axis=1), 1)
        return means
