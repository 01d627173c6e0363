"""Occupation, age and gender of MovieLens users, and nothing of the movies."""

from dotbench.features.arrays import Features
from dotbench.features.movielens import MovieLens
from dotbench.features.source import Source
from dotbench.lazy import np


class Demographics(MovieLens):
    """The users' columns of `movielens`, and no columns for the items.

    Beside `constant` they make a bilinear model a regression on the user's features alone.
    """

    name = "demographics"
    title = "Demographics"

    def compute(self, source: Source) -> Features:
        features = super().compute(source)
        return Features(features.users, np.zeros((len(features.items), 0), np.float32), features.user_names, [])
