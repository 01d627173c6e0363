"""Mean reciprocal rank."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class MRR(UserMetric):
    """1 / rank of the first relevant item. ``mrr@k`` is 0 if that rank is above k. ``mrr`` uses the rank among all
    items.

    Voorhees, TREC-8, 1999.
    """

    name = "mrr"
    title = "MRR"
    cutoffs = "optional"

    def of_users(self, lists: Lists) -> "np.ndarray":
        if self.cutoff is None:
            first = lists.first
            assert first is not None
        else:
            hits = self.hits(lists)
            first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)
        reciprocal: np.ndarray = np.divide(1.0, first, out=np.zeros(len(first)), where=first > 0)
        return reciprocal
