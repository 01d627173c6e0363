"""T2Rec's open question of the law of the noise."""

import itertools
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Positive
from dotbench.simulations.base import Column, Trend

Law = Literal["gaussian", "student-t", "laplace", "outliers"]
TITLES = {"gaussian": "Gaussian", "student-t": "Student-t", "laplace": "Laplace", "outliers": "Outliers"}


class T2RecNoiseSettings(AblationSettings):
    """Settings of the simulation `t2rec-noise`."""

    laws: list[Law] = Field(["gaussian", "student-t", "laplace", "outliers"], min_length=1)
    variances: list[Positive] = Field([0.1, 2.0], min_length=1, description="σ², the same for every law")


class T2RecNoise(Ablation):
    """Noise of different laws and equal variance, from the paper's Gaussian to heavy tails.

    Student's t with 3 degrees of freedom, Laplace, and a Gaussian of which a share of .05 has ten times the standard
    deviation, all of mean 0 and variance σ² (`sim-t2rec`'s settings of the noise).
    """

    name = "t2rec-noise"
    title = "Noise"
    Settings = T2RecNoiseSettings
    settings: T2RecNoiseSettings
    lists = (*Ablation.lists, "laws", "variances")
    keys = {**Ablation.keys, "variance": "σ²"}
    compared = "law"
    compared_title = "Noise"
    trend = Trend("variance", "variance σ² of the noise", "excess RMSE", logarithmic="x")
    columns = {
        **Ablation.columns,
        "variance": Column("float64", "σ², of the noise"),
        "law": Column("str", "of the noise"),
    }

    def cases(self) -> Iterator[Case]:
        s = self.settings
        for variance, law in itertools.product(s.variances, s.laws):
            noise = {"law": law, "variance": variance}
            yield Case(f"v{variance:g}-{law}", TITLES[law], {"variance": variance, "law": law}, truth={"noise": noise})

    def notes(self) -> list[str]:
        return [
            "All laws have mean 0 and variance σ²; Student's t has 3 degrees of freedom; outliers: 5 % of the ratings "
            "have ten times the standard deviation of the others.",
            *super().notes(),
        ]
