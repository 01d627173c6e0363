"""A constant column of the items."""

from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.source import Source
from dotbench.lazy import np


class Constant(FeatureSet):
    """One column of ones for the items, none for the users.

    Beside other features it gives a bilinear model, x_uᵀ M y_i, a term that is linear in the user's features: an
    intercept where these are indicators that sum to a constant. Not in NIMC's Table 1.
    """

    name = "constant"
    title = "Constant column of the items"

    def compute(self, source: Source) -> Features:
        users = np.zeros((source.split.n_users, 0), np.float32)
        return Features(users, np.ones((source.split.n_items, 1), np.float32), [], ["constant"])
