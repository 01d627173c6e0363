"""A reference of the T2Rec simulation: a bilinear model in the features that the data are made of."""

from typing import TYPE_CHECKING

from pydantic import Field

from dotbench.lazy import np
from dotbench.papers.t2rec.towers.references import bilinear
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.settings import Settings
from dotbench.simulations.methods.base import Fitted, RatingMethod, Task

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution


class BilinearSettings(Settings):
    """Settings of the method `bilinear`."""

    regularization: float = Field(3.0, gt=0, description="λ")


class BilinearMethod(RatingMethod):
    """φ(x_u)ᵀ M φ(y_i), φ the sines, cosines and products of `sim-t2rec` and a 1, by ridge regression.

    It knows the generator's features, which no other method does: what the ratings allow, not a competitor.
    """

    name = "bilinear"
    title = "Bilinear in the true features"
    Settings = BilinearSettings
    reference = True
    equivariant = frozenset({"scale"})  # λ shrinks the intercept too

    def fit(self, task: Task, execution: "Execution") -> Fitted:
        data = task.data
        sample = Sample(data.users, data.items, data.pairs, data.ratings)
        model = bilinear(sample, period(data.users), task.settings_of(BilinearSettings).regularization)
        return Fitted(lambda pairs: model.predict(data.users, data.items, pairs))


def period(x: "np.ndarray") -> int:
    """The least d with x_l = x_{l−d} for every l > d; x (n, D)."""
    columns = x.shape[1]
    return next(d for d in range(1, columns + 1) if np.array_equal(x[:, d:], x[:, : columns - d]))
