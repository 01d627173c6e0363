"""Popularity."""

from collections.abc import Mapping
from typing import Any

from dotbench.baselines.base import VectorBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np


class Popularity(VectorBaseline):
    """Every user's score of an item is its number of training users: vectors of length one."""

    name = "popularity"
    title = "Popularity"
    solver = "direct"

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return True

    def train(self, split: Split) -> None:
        self.counts = np.bincount(split.train[:, 1], minlength=split.n_items)

    def vectors(self, split: Split) -> tuple["np.ndarray", "np.ndarray"]:
        return np.ones((split.n_users, 1), np.float32), self.counts[:, None].astype(np.float32)
