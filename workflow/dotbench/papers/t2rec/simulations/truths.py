"""T2Rec's open question of truths outside Hölder classes."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from dotbench.datasets.generators.sim_irregular import SimIrregular
from dotbench.papers.t2rec.simulations._ablation import COVARIATES, Ablation, AblationSettings, Case, Whole
from dotbench.simulations.base import Column, Trend

Law = Literal["smooth", "cusp", "logarithm", "jumps"]
TITLES = {"smooth": "Smooth", "cusp": "Cusp", "logarithm": "Logarithm", "jumps": "Jumps"}


class T2RecTruthsSettings(AblationSettings):
    """Settings of the simulation `t2rec-truths`."""

    ratings: list[Whole] = Field([5000, 20_000], min_length=1, description="N, training and test together")
    dimension: int = Field(3, ge=1, le=COVARIATES, description="d, intrinsic dimension of the 50 covariates")
    functions: int = Field(5, ge=1, description="p of the truth")
    laws: list[Law] = Field(["smooth", "cusp", "logarithm", "jumps"], min_length=1)


class T2RecTruths(Ablation):
    """Truths with jumps, a logarithmic singularity or a cusp along hyperplanes, and a smooth one, of equal variance.

    The generator is `sim-irregular`, whose laws differ only in the profile of the waves.
    """

    name = "t2rec-truths"
    title = "Truths outside Hölder classes"
    Settings = T2RecTruthsSettings
    settings: T2RecTruthsSettings
    generator = SimIrregular
    lists = (*Ablation.lists, "laws")
    compared = "law"
    compared_title = "Truth"
    trend = Trend("ratings", "ratings N", "excess RMSE", logarithmic="xy")
    columns = {**Ablation.columns, "law": Column("str", "of the truth")}

    def cases(self) -> Iterator[Case]:
        for law in self.settings.laws:
            yield Case(law, TITLES[law], {"law": law}, truth={"law": law, "functions": self.settings.functions})

    def notes(self) -> list[str]:
        return [
            "Each function of the truth is a sum of two waves in random directions of all d coordinates "
            "(`sim-irregular`); the laws differ in its profile: a cosine, |t|^0.1, log |t|, sign t. All have the same "
            "variance.",
            *super().notes(),
        ]
