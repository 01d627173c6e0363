"""Co-clustering of users and items."""

from typing import Any

from pydantic import Field

from dotbench.baselines._released import Released, ReleasedSettings
from dotbench.datasets.interactions import Split
from dotbench.lazy import np, surprise


class CoClusteringSettings(ReleasedSettings):
    """Settings of the baseline `co-clustering`."""

    user_clusters: int = Field(3, ge=1)
    item_clusters: int = Field(3, ge=1)
    epochs: int = Field(20, ge=1)


class CoClustering(Released):
    """Means of co-clusters, and offsets of users and items (George and Merugu, ICDM 2005, Algorithm 1).

    r̂_ui = μ_{g(u)h(i)} + (μ_u − μ_{g(u)}) + (μ_i − μ_{h(i)}), μ_gh the mean rating of co-cluster (g, h), μ_g and μ_h
    those of its users and of its items. An empty cluster has μ, the mean of all. Users, then items, move to the
    cluster with the least squared error, ``epochs`` times, from random clusters. μ where u or i is unknown, as in
    scikit-surprise. George and Merugu have μ_u or μ_i where the other is known.
    """

    name = "co-clustering"
    title = "Co-clustering"
    solver = "alternating"
    Settings = CoClusteringSettings
    settings: CoClusteringSettings
    grids = {"reduced": {"user_clusters": [3, 5], "item_clusters": [3, 5]}}

    def released(self) -> Any:
        return surprise.CoClustering(
            n_cltr_u=self.settings.user_clusters,
            n_cltr_i=self.settings.item_clusters,
            n_epochs=self.settings.epochs,
            random_state=self.init_seed,
        )

    def train_exactly(self, split: Split) -> None:
        """An epoch costs O(n + (M + N) k l) for n ratings, M users, N items, k × l co-clusters: with
        x_ui = r_ui − μ_u − μ_i + μ_{h(i)} and b_gh = μ_gh − μ_g, the error of u in g is Σ_i (x_ui − b_{g h(i)})², so
        that sums of x and counts for each user and item cluster suffice."""
        users, items = split.train.T
        ratings = split.ratings["train"].astype(np.float64)
        self.mean = float(ratings.mean())
        r = ratings - self.mean
        self.known = (
            np.bincount(users, minlength=split.n_users) > 0,
            np.bincount(items, minlength=split.n_items) > 0,
        )
        self.means = _means(users, r, split.n_users), _means(items, r, split.n_items)
        rng = np.random.RandomState(self.init_seed)  # users first, as scikit-surprise draws
        g = _random_clusters(users, split.n_users, self.settings.user_clusters, rng)
        h = _random_clusters(items, split.n_items, self.settings.item_clusters, rng)
        offset = r - self.means[0][users] - self.means[1][items]
        for _ in range(self.settings.epochs):
            of_users, of_items, of_both = self._averages(g[users], h[items], r)
            x = offset + of_items[h[items]]
            g = _nearest(users, h[items], x, of_both - of_users[:, None], split.n_users)
            x = offset + of_users[g[users]]
            h = _nearest(items, g[users], x, (of_both - of_items).T, split.n_items)
        self.clusters = g, h
        self.averages = self._averages(g[users], h[items], r)

    def _averages(
        self, g: "np.ndarray", h: "np.ndarray", r: "np.ndarray"
    ) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """μ_g (k,), μ_h (l,) and μ_gh (k, l) of ratings (n,) in user clusters ``g`` and item clusters ``h``, (n,)."""
        n_g, n_h = self.settings.user_clusters, self.settings.item_clusters
        return _means(g, r, n_g), _means(h, r, n_h), _means(g * n_h + h, r, n_g * n_h).reshape(n_g, n_h)

    def predict_exactly(self, pairs: "np.ndarray") -> "np.ndarray":
        users, items = pairs.T
        g, h = self.clusters[0][users], self.clusters[1][items]
        of_user, of_item = self.means[0][users], self.means[1][items]
        both = self.known[0][users] & self.known[1][items]
        of_users, of_items, of_both = self.averages
        inside = of_both[g, h] + of_user - of_users[g] + of_item - of_items[h]
        estimates: np.ndarray = self.mean + np.where(both, inside, 0.0)
        return estimates


def _random_clusters(rows: "np.ndarray", n: int, clusters: int, rng: "np.random.RandomState") -> "np.ndarray":
    """A cluster of each of n rows. Those that are there draw in the order of their first appearance."""
    present, first = np.unique(rows, return_index=True)
    drawn = np.zeros(n, np.int64)
    drawn[present[np.argsort(first)]] = rng.randint(clusters, size=len(present))
    return drawn


def _means(groups: "np.ndarray", values: "np.ndarray", n: int) -> "np.ndarray":
    """Mean of the values of each group, shape (n,); 0 for an empty one."""
    means: np.ndarray = np.bincount(groups, values, n) / np.maximum(np.bincount(groups, minlength=n), 1)
    return means


def _nearest(rows: "np.ndarray", columns: "np.ndarray", x: "np.ndarray", centres: "np.ndarray", n: int) -> "np.ndarray":
    """argmin_g Σ (x − centres[g, column])² over the entries of each row, shape (n,). The first among equals."""
    width = centres.shape[1]
    cells = rows * width + columns
    count = np.bincount(cells, minlength=n * width).reshape(n, width)
    total = np.bincount(cells, x, n * width).reshape(n, width)
    nearest: np.ndarray = np.argmin(count @ (centres**2).T - 2 * total @ centres.T, axis=1)
    return nearest
