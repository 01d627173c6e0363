"""The generated data that the speed programs share."""

import numpy as np

from dotbench.datasets.generators.sim_ratings import SimRatings, SimRatingsSettings
from dotbench.datasets.splits.per_user_random import per_user_random


def training_pairs(users: int = 6040, items: int = 3706, ratings: int = 1_000_000) -> np.ndarray:
    """Training part of generated ratings, by default of MovieLens 1M's size: user and item rows, shape (|D|, 2)."""
    frame = SimRatings(SimRatingsSettings(users=users, items=items, ratings=ratings)).generate()
    pairs = frame[["user", "item"]].astype(int).to_numpy() - 1
    return pairs[per_user_random(pairs[:, 0], 0) == 0]
