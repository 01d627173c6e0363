"""Methods that scikit-surprise computes on ratings without their decimals, and that are exact here."""

from abc import abstractmethod
from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import predictions, trainset
from dotbench.baselines.base import RatingBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np
from dotbench.settings import Settings


class ReleasedSettings(Settings):
    """Settings that the baselines `co-clustering` and `slope-one` share."""

    as_released: bool = Field(
        False, description="as scikit-surprise 1.1.5 computes it: ratings are cut to whole numbers, 4.5 counts as 4"
    )


class Released(RatingBaseline):
    """Exact, by our own code. With ``as_released``, scikit-surprise computes it, and declares a rating as a whole
    number."""

    Settings = ReleasedSettings
    settings: ReleasedSettings

    @abstractmethod
    def released(self) -> Any:
        """The configured algorithm of scikit-surprise."""

    @abstractmethod
    def train_exactly(self, split: Split) -> None:
        """`train` without rounding."""

    @abstractmethod
    def predict_exactly(self, pairs: "np.ndarray") -> "np.ndarray":
        """`predict` after `train_exactly`."""

    def train(self, split: Split) -> None:
        if self.settings.as_released:
            self.fitted = self.released()
            self.fitted.fit(trainset(split))
        else:
            self.train_exactly(split)

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        return predictions(self.fitted, pairs) if self.settings.as_released else self.predict_exactly(pairs)
