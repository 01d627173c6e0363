"""What a baseline is: a model that brings its own training."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from dotbench.datasets.interactions import Split
from dotbench.evaluation.scoring import VECTORS, weight_arrays
from dotbench.lazy import np
from dotbench.models.base import Model
from dotbench.settings import Settings


class Baseline(Model):
    """A reference without a loss or a solver of ours. ``solver`` names its own for the record."""

    is_baseline = True
    solver: ClassVar[str]
    settings: Settings

    def __init__(self, settings: Settings, init_seed: int) -> None:
        self.settings = settings
        self.init_seed = init_seed

    @abstractmethod
    def train(self, split: Split) -> None:
        """Learn from the train part. This is what is timed."""


class RankingBaseline(Baseline):
    """A baseline that ranks: by vectors (`VectorBaseline`), by weights of items for items (`ItemBaseline`), or both."""

    task = "ranking"

    @abstractmethod
    def arrays(self, split: Split) -> "dict[str, np.ndarray]":
        """What its scores are computed from: the arrays of `dotbench.evaluation.scoring`."""


class VectorBaseline(RankingBaseline):
    """A baseline that gives vectors: its scores are inner products."""

    @abstractmethod
    def vectors(self, split: Split) -> tuple["np.ndarray", "np.ndarray"]:
        """User vectors (n_users, K) and item vectors (n_items, K)."""

    def arrays(self, split: Split) -> "dict[str, np.ndarray]":
        return dict(zip(VECTORS, self.vectors(split), strict=True))


class ItemBaseline(RankingBaseline):
    """A baseline that gives every item a weight for every other: the score of item i is Σ_{j∈I_u} W_ji.

    ``weights``: W, shape (n_items, n_items), dense or of scipy's CSR, as training has left it.
    """

    solver = "direct"
    weights: Any

    def arrays(self, split: Split) -> "dict[str, np.ndarray]":
        return weight_arrays(self.weights)


class RatingBaseline(Baseline):
    """A baseline that predicts ratings.

    ``equivariant``: changes of the ratings that its predictions follow exactly with default settings, ``shift``
    r → r + c and ``scale`` r → s r, s > 0.
    """

    task = "rating"
    equivariant: ClassVar[frozenset[str]] = frozenset({"shift", "scale"})

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return True  # falls back to means

    @abstractmethod
    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        """Predicted ratings, shape (n,), not clipped, of pairs (n, 2) of user row and item row."""


def groups(keys: "np.ndarray", rows: "np.ndarray") -> "list[np.ndarray]":
    """``rows`` by their value of ``keys``."""
    rows = rows[np.argsort(keys[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(keys[rows])) + 1) if len(rows) else []
