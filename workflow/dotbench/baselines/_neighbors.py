"""What the nearest-neighbour adapters share."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline, inner_rows
from dotbench.baselines.base import groups
from dotbench.lazy import np, surprise
from dotbench.settings import Settings


class NeighborsSettings(Settings):
    """Settings of the baselines `knn-basic` and `knn-with-means`."""

    neighbors: int = Field(40, ge=1, description="k")
    similarity: Literal["msd", "cosine", "pearson"] = "msd"
    user_based: bool = Field(True, description="true: neighbours are users; false: items")


class NeighborsBaseline(SurpriseBaseline):
    """``kind``: scikit-surprise's name of the algorithm."""

    kind: ClassVar[str]
    equivariant = frozenset({"shift"})  # a similarity is 1 / (1 + msd), whatever the unit
    Settings = NeighborsSettings
    settings: NeighborsSettings
    grids = {"reduced": {"neighbors": [20, 40], "user_based": [True, False]}}

    def algorithm(self) -> Any:
        return getattr(surprise, self.kind)(
            k=self.settings.neighbors,
            sim_options={"name": self.settings.similarity, "user_based": self.settings.user_based},
            verbose=False,
        )

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        """A side x, that of the neighbours, and a side y. For x and y of a pair, N the at most k most similar to x of
        those that rated y, with similarity s > 0, the first rated first among equals:

        Σ_N s r / Σ_N s.  About means:  m_x + Σ_N s (r − m) / Σ_N s.

        If N is empty, the prediction is the mean of all ratings, or m_x about means. surprise sorts in a loop over
        pairs. Here all pairs of one y are sorted at once.
        """
        fitted, train = self.fitted, self.fitted.trainset
        sides = inner_rows(train, pairs)
        x, y = sides if self.settings.user_based else sides[::-1]
        means = getattr(fitted, "means", None)
        estimates = np.full(len(pairs), train.global_mean)
        known = np.flatnonzero((x >= 0) & (y >= 0))
        for of_one in groups(y, known):
            raters, ratings = (np.array(column) for column in zip(*fitted.yr[int(y[of_one[0]])], strict=True))
            similar = fitted.sim[np.ix_(x[of_one], raters)]
            best = np.argsort(-similar, axis=1, kind="stable")[:, : self.settings.neighbors]
            weights = np.maximum(np.take_along_axis(similar, best, axis=1), 0.0)
            values = (ratings if means is None else ratings - means[raters])[best]
            total, weighted = weights.sum(axis=1), (weights * values).sum(axis=1)
            mean = np.divide(weighted, total, out=np.zeros_like(total), where=total > 0)
            if means is None:
                estimates[of_one] = np.where(total > 0, mean, train.global_mean)
            else:
                estimates[of_one] = means[x[of_one]] + mean
        return estimates
