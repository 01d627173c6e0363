"""Mean average precision."""

from dotbench.evaluation.metrics.base import UserMetric
from dotbench.evaluation.topk import Lists
from dotbench.lazy import np


class MAP(UserMetric):
    """Σ_{r ≤ k} hit_r · (hits among the first r) / r  over  min(k, n), n relevant items.

    Normalised as in RecBole, so that the best list has 1, while trec_eval's ``map_cut`` divides by n.
    """

    name = "map"
    title = "MAP"
    note = "MAP normalised by min({k}, test items)"

    def of_users(self, lists: Lists) -> "np.ndarray":
        hits = self.hits(lists)
        total, found = np.zeros(len(hits)), np.zeros(len(hits))
        for rank in range(1, hits.shape[1] + 1):
            hit = hits[:, rank - 1]
            found += hit
            total += hit * found / rank
        averages: np.ndarray = total / np.minimum(lists.n_relevant, self.k)
        return averages
