"""The mean rating of an item."""

from pydantic import Field

from dotbench.baselines.base import RatingBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np
from dotbench.numerics.matrix import SHRINKAGE
from dotbench.settings import Settings


class ItemMeanSettings(Settings):
    """Settings of the baseline `item-mean`."""

    shrinkage: float = Field(SHRINKAGE, ge=0, description="k, ratings at the mean that are added to each item's own")


class ItemMean(RatingBaseline):
    """(Σ_{u∈U_i} r_ui + k μ) / (n_i + k): an item's mean shrunk to μ, the mean training rating; μ without ratings."""

    name = "item-mean"
    title = "Item mean"
    solver = "direct"
    Settings = ItemMeanSettings
    settings: ItemMeanSettings
    grids = {"reduced": {"shrinkage": [0.0, 1.0, 2.0, 5.0, 10.0, 20.0]}}

    def train(self, split: Split) -> None:
        ratings, items = split.ratings["train"].astype(np.float64), split.train[:, 1]
        mean, shrinkage = ratings.mean(), self.settings.shrinkage
        deviations = np.bincount(items, ratings - mean, split.n_items)
        counts = np.bincount(items, minlength=split.n_items)
        self.means = mean + deviations / np.maximum(counts + shrinkage, np.finfo(float).tiny)

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        means: np.ndarray = self.means[pairs[:, 1]]
        return means
