"""The mean rating."""

from dotbench.baselines.base import RatingBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np


class Constant(RatingBaseline):
    """μ, the mean training rating, for every pair."""

    name = "constant"
    title = "Mean rating"
    solver = "direct"

    def train(self, split: Split) -> None:
        self.mean = float(split.ratings["train"].mean(dtype=np.float64))

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        return np.full(len(pairs), self.mean)
