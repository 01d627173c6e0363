"""Biased matrix factorisation with implicit feedback, by SGD."""

from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings.base import Settings


class SVDppSettings(Settings):
    """Settings of the baseline `svdpp`."""

    embedding_size: int = Field(20, ge=1)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.007, gt=0)
    regularization: float = Field(0.02, ge=0)


class SVDpp(SurpriseBaseline):
    """SVD plus the items that a user rated as implicit feedback (Koren, KDD 2008; scikit-surprise SVDpp)."""

    name = "svdpp"
    title = "SVD++"
    Settings = SVDppSettings
    grid = {"embedding_size": [10, 20], "regularization": [0.02, 0.1]}

    def algorithm(self) -> Any:
        return surprise.SVDpp(
            n_factors=self.settings.embedding_size,
            n_epochs=self.settings.epochs,
            lr_all=self.settings.learning_rate,
            reg_all=self.settings.regularization,
            random_state=self.init_seed,
            cache_ratings=True,
        )
