"""How far the towers of the T2Rec simulation get by other optimisers."""

from pydantic import Field

from dotbench.papers.t2rec.simulations.table1 import Size, T2RecTable1, T2RecTable1Settings, shipped
from dotbench.settings import FirstSeed
from dotbench.simulations.choice import RatingChoice


class T2RecOptimizersSettings(T2RecTable1Settings):
    """Settings of the simulation `t2rec-optimizers`: those of `t2rec-table1`, with seeds that no table reports."""

    comes_with = "optimizers"
    sizes: list[Size] = Field([1500], min_length=1, description="n: users, and as many items")
    dimensions: list[Size] = Field([20], min_length=1, description="d, intrinsic dimension of the covariates")
    replications: int = Field(2, ge=1, description="data sets of each scenario")
    first: FirstSeed = Field(1000, description="seed of the first replication; the others follow it")
    pack: int = Field(1, ge=1, description="replications of one job")
    methods: list[RatingChoice] = Field(
        default_factory=lambda: [RatingChoice(**method) for method in shipped("optimizers").values()],
        min_length=1,
        description="names of the trainings that come with the simulation, or methods spelled out",
    )


class T2RecOptimizers(T2RecTable1):
    """Towers of T2Rec's shape trained by other optimisers, on replications that are not reported elsewhere.

    It serves to choose an optimiser without looking at reported seeds. A bilinear model in the true features shows what
    the ratings allow.
    """

    name = "t2rec-optimizers"
    title = "Optimisers on T2Rec's simulation"
    Settings = T2RecOptimizersSettings
    settings: T2RecOptimizersSettings

    def notes(self) -> list[str]:
        return [
            *super().notes(),
            "Seeds from 1000 on are for choosing; no other table reports them.",
        ]
