"""Slope One."""

from typing import Any

from dotbench.baselines._surprise import SurpriseBaseline, inner_rows
from dotbench.lazy import np, surprise


class SlopeOne(SurpriseBaseline):
    """Mean deviation between pairs of items (Lemire and Maclachlan, SDM 2005; scikit-surprise SlopeOne)."""

    name = "slope-one"
    title = "Slope One"

    def algorithm(self) -> Any:
        return surprise.SlopeOne()

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        """μ_u + mean of dev_ij over the items j that u rated and that share a user with i; μ_u where none does, and
        the mean of all ratings where u or i is unknown. surprise loops over pairs; here over users."""
        fitted, train = self.fitted, self.fitted.trainset
        users, items = inner_rows(train, pairs)
        estimates = np.full(len(pairs), train.global_mean)
        known = (users >= 0) & (items >= 0)
        for user in np.unique(users[known]).tolist():
            of_one = np.flatnonzero(known & (users == user))
            cells = np.ix_(items[of_one], [item for item, _ in train.ur[user]])
            shared = fitted.freq[cells] > 0
            total, count = np.where(shared, fitted.dev[cells], 0.0).sum(axis=1), shared.sum(axis=1)
            estimates[of_one] = fitted.user_mean[user] + total / np.maximum(count, 1)
        return estimates
