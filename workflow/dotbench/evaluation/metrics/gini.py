"""Gini index of the items."""

from dotbench.evaluation.metrics.base import GlobalMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class Gini(GlobalMetric):
    """Σ_j (2 j − N − 1) c_j / (N Σ_j c_j), with c_1 ≤ … ≤ c_N how often each of the N items stands among the first k of
    a user: 0 if all do equally often, near 1 if a few have all places.

    It is computed as RecBole's GiniIndex. Items that are in no list count too.
    """

    name = "gini"
    title = "Gini"
    lower_is_better = True
    note = "Gini index of how often each item is in a list: lower is more equal"

    def value(self, lists: Lists) -> float:
        items = self.items(lists)
        n = lists.n_items
        counts = np.sort(np.bincount(items[items >= 0], minlength=n)).astype(np.float64)
        weights = 2 * np.arange(1, n + 1) - n - 1
        total = counts.sum()
        return float(weights @ counts / (n * total)) if total else 0.0
