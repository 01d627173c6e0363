"""Normalised discounted cumulative gain."""

import math

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists, Ranking, Scorer, ndcg
from dotbench.lazy import np


class NDCG(UserMetric):
    """Σ_{r ≤ k} hit_r / log₂(r + 1)  over  Σ_{r ≤ min(k, n)} 1 / log₂(r + 1), n relevant items.

    Järvelin and Kekäläinen, TOIS 2002, with relevance 0 or 1. Sums run from the last rank to the first: equal lists
    give equal bits, on any machine.
    """

    name = "ndcg"
    title = "NDCG"
    note = "NDCG discounted by log2 and normalised by min({k}, test items)"

    def of_users(self, lists: Lists) -> "np.ndarray":
        hits = self.hits(lists)
        gain, ideal = np.zeros(len(hits)), np.zeros(len(hits))
        for rank in range(self.k, 0, -1):
            discount = 1 / math.log2(rank + 1)
            if rank <= hits.shape[1]:
                gain += discount * hits[:, rank - 1]
            ideal += discount * (lists.n_relevant >= rank)
        return gain / ideal

    def watch(self, ranking: Ranking, scorer: Scorer) -> dict[str, float]:
        """On the device of the vectors."""
        hits = ranking.hits(scorer)
        return {self.key: float(ndcg(hits, ranking.n_relevant).mean()), **self.beside(hits)}
