"""What the adapters to scikit-surprise share."""

from abc import abstractmethod
from typing import Any

from dotbench.baselines.base import RatingBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np, surprise


class SurpriseBaseline(RatingBaseline):
    """Trains an algorithm of scikit-surprise on the rows of a split.

    Where the algorithm cannot predict (an item without training ratings), surprise falls back to the mean.
    """

    solver = "surprise"

    @abstractmethod
    def algorithm(self) -> Any:
        """The configured algorithm, seeded with ``self.init_seed`` where it is random."""

    def train(self, split: Split) -> None:
        self.fitted = self.algorithm()
        self.fitted.fit(trainset(split))

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        return predictions(self.fitted, pairs)


def predictions(fitted: Any, pairs: "np.ndarray") -> "np.ndarray":
    """Predictions of a trained algorithm of surprise for ``pairs``, shape (n, 2) → (n,), one after the other."""
    estimates = (fitted.predict(user, item, clip=False).est for user, item in pairs.tolist())
    return np.fromiter(estimates, np.float64, count=len(pairs))


def trainset(split: Split) -> Any:
    """The train part as surprise's own structure. Raw ids are the row numbers."""
    users: dict[int, int] = {}
    items: dict[int, int] = {}
    by_user: dict[int, list[tuple[int, float]]] = {}
    by_item: dict[int, list[tuple[int, float]]] = {}
    values = split.ratings["train"].tolist()
    for (user, item), rating in zip(split.train.tolist(), values, strict=True):
        u, i = users.setdefault(user, len(users)), items.setdefault(item, len(items))
        by_user.setdefault(u, []).append((i, rating))
        by_item.setdefault(i, []).append((u, rating))
    return surprise.Trainset(
        by_user, by_item, len(users), len(items), len(values), (min(values), max(values)), users, items
    )


def inner_rows(train: Any, pairs: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """surprise's own numbers of the users and items of ``pairs``, shape (n, 2) → (n,) each; −1 where unknown."""
    numberings = (train._raw2inner_id_users, train._raw2inner_id_items)
    users, items = (
        np.array([numbers.get(row, -1) for row in column], np.int64)
        for numbers, column in zip(numberings, pairs.T.tolist(), strict=True)
    )
    return users, items
