"""Nearest neighbours."""

from typing import Any, Literal

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings.base import Settings


class KNNBasicSettings(Settings):
    """Settings of the baseline `knn-basic`."""

    neighbors: int = Field(40, ge=1, description="k")
    similarity: Literal["msd", "cosine", "pearson"] = "msd"
    user_based: bool = Field(True, description="neighbours are users; else items")


class KNNBasic(SurpriseBaseline):
    """Mean of the k most similar users' (or items') ratings, weighted by similarity (scikit-surprise KNNBasic)."""

    name = "knn-basic"
    title = "KNN"
    Settings = KNNBasicSettings
    grid = {"neighbors": [20, 40], "user_based": [True, False]}

    def algorithm(self) -> Any:
        return surprise.KNNBasic(
            k=self.settings.neighbors,
            sim_options={"name": self.settings.similarity, "user_based": self.settings.user_based},
            verbose=False,
        )
