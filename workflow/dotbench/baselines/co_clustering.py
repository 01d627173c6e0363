"""Co-clustering of users and items."""

from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings import Settings


class CoClusteringSettings(Settings):
    """Settings of the baseline `co-clustering`."""

    user_clusters: int = Field(3, ge=1)
    item_clusters: int = Field(3, ge=1)
    epochs: int = Field(20, ge=1)


class CoClustering(SurpriseBaseline):
    """Means of co-clusters, user and item offsets (George and Merugu, ICDM 2005; scikit-surprise CoClustering)."""

    name = "co-clustering"
    title = "Co-clustering"
    Settings = CoClusteringSettings
    settings: CoClusteringSettings
    grids = {"reduced": {"user_clusters": [3, 5], "item_clusters": [3, 5]}}

    def algorithm(self) -> Any:
        return surprise.CoClustering(
            n_cltr_u=self.settings.user_clusters,
            n_cltr_i=self.settings.item_clusters,
            n_epochs=self.settings.epochs,
            random_state=self.init_seed,
        )
