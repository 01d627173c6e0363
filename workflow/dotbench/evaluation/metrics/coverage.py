"""Coverage of the items."""

from dotbench.evaluation.metrics.base import GlobalMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class Coverage(GlobalMetric):
    """Share of all items that are among the first k of at least one user.

    Ge, Delgado-Battenfeld and Jannach, RecSys 2010. It is computed as RecBole's ItemCoverage.
    """

    name = "coverage"
    title = "Coverage"
    note = "Coverage: share of all items that are in a user's list"

    def value(self, lists: Lists) -> float:
        items = np.unique(self.items(lists))
        return float((items >= 0).sum() / lists.n_items)
