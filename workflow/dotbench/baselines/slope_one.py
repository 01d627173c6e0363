"""Slope One."""

from typing import Any

from dotbench.baselines._released import Released, ReleasedSettings
from dotbench.baselines.base import groups
from dotbench.datasets.interactions import Split
from dotbench.lazy import np, surprise


class SlopeOne(Released):
    """Mean deviation between pairs of items (Lemire and Maclachlan, SDM 2005).

    r̂_ui = μ_u + (1/|R|) Σ_{j∈R} dev_ij, R the items j that u rated and that share a user with i;
    dev_ij = mean of r_vi − r_vj over the users v of both. μ_u, the mean of u's ratings, where R is empty; μ, that of
    all, where u or i is unknown. Two sparse products, and 9 bytes for each pair of items.
    """

    name = "slope-one"
    title = "Slope One"
    solver = "direct"
    settings: ReleasedSettings

    def released(self) -> Any:
        return surprise.SlopeOne()

    def train_exactly(self, split: Split) -> None:
        from scipy import sparse

        users, items = split.train.T
        ratings = split.ratings["train"].astype(np.float64)
        self.mean = float(ratings.mean())
        shape = (split.n_users, split.n_items)
        rated = sparse.csr_matrix((np.ones(len(users)), (users, items)), shape)
        centred = sparse.csr_matrix((ratings - self.mean, (users, items)), shape)
        n_u = np.bincount(users, minlength=split.n_users)
        self.known = n_u > 0, np.bincount(items, minlength=split.n_items) > 0
        deviations = np.bincount(users, ratings - self.mean, split.n_users)
        self.user_means = self.mean + deviations / np.maximum(n_u, 1)
        together = (rated.T @ rated).toarray()
        total = (centred.T @ rated).toarray()
        self.share_a_user = together > 0
        self.deviations = (total - total.T) / np.maximum(together, 1)
        order = np.argsort(users, kind="stable")
        self.items_of = np.split(items[order], np.cumsum(n_u)[:-1])

    def predict_exactly(self, pairs: "np.ndarray") -> "np.ndarray":
        users, items = pairs.T
        estimates = np.full(len(pairs), self.mean)
        known = np.flatnonzero(self.known[0][users] & self.known[1][items])
        for of_one in groups(users, known):
            user = users[of_one[0]]
            cells = np.ix_(items[of_one], self.items_of[user])
            count = self.share_a_user[cells].sum(axis=1)  # where no user is shared, the deviation is 0
            estimates[of_one] = self.user_means[user] + self.deviations[cells].sum(axis=1) / np.maximum(count, 1)
        return estimates
