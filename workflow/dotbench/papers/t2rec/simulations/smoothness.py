"""T2Rec's claim that the rate tends to that of independent ratings, |Ω|⁻¹, as the truth becomes smoother."""

import itertools
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from dotbench.papers.t2rec.simulations._risk import Case, Manifold, ManifoldSettings, Whole

Beta = Annotated[float, Field(gt=0, lt=3)] | Literal["analytic"]


class T2RecSmoothnessSettings(ManifoldSettings):
    """Settings of the simulation `t2rec-smoothness`."""

    dimensions: list[Whole] = Field([1, 2], min_length=1, description="d, dimension of the manifold")
    smoothnesses: list[Beta] = Field([0.5, 1.5, 2.5, "analytic"], min_length=1, description="β, or `analytic`: β → ∞")


class T2RecSmoothness(Manifold):
    """Truths of Hölder exponent β, and an analytic one, which has every exponent: the bound's slope is −1 there."""

    name = "t2rec-smoothness"
    title = "Smoothness"
    Settings = T2RecSmoothnessSettings
    settings: T2RecSmoothnessSettings
    lists = (*Manifold.lists, "dimensions", "smoothnesses")
    keys = {"dimension": "d", **Manifold.keys}
    compared = "smoothness"
    compared_title = "Truth"

    def cases(self) -> Iterator[Case]:
        for d, beta in itertools.product(self.settings.dimensions, self.settings.smoothnesses):
            title = "analytic" if beta == "analytic" else f"β = {beta:g}"
            yield Case(f"d{d}-b{beta}", title, truth={"dimension": d, "smoothness": beta})

    def notes(self) -> list[str]:
        return [f"D = {self.settings.covariates} covariates of a manifold of dimension d.", *super().notes()]
