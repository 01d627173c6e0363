"""What the nearest-neighbour adapters share."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings.base import Settings


class NeighborsSettings(Settings):
    """Settings of the baselines `knn-basic` and `knn-with-means`."""

    neighbors: int = Field(40, ge=1, description="k")
    similarity: Literal["msd", "cosine", "pearson"] = "msd"
    user_based: bool = Field(True, description="neighbours are users; else items")


class NeighborsBaseline(SurpriseBaseline):
    """``kind``: scikit-surprise's name of the algorithm."""

    kind: ClassVar[str]
    Settings = NeighborsSettings
    grid = {"neighbors": [20, 40], "user_based": [True, False]}

    def algorithm(self) -> Any:
        return getattr(surprise, self.kind)(
            k=self.settings.neighbors,
            sim_options={"name": self.settings.similarity, "user_based": self.settings.user_based},
            verbose=False,
        )
