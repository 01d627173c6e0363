"""How T2Rec's towers have to grow with the ratings: one width, or that of the theorem."""

import itertools
from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._risk import SMALLEST, Case, Manifold, ManifoldSettings, Rule, Whole
from dotbench.simulations.base import Column

TITLES = {"fixed": "one width", "growing": "parameters grow", "theorem": "width grows"}


class T2RecGrowthSettings(ManifoldSettings):
    """Settings of the simulation `t2rec-growth`."""

    dimensions: list[Whole] = Field([2, 4], min_length=1, description="d, dimension of the manifold")
    rules: list[Rule] = Field(["fixed", "growing", "theorem"], min_length=1, description="how towers grow with |Ω|")


class T2RecGrowth(Manifold):
    """Towers of one width, of parameters of order |Ω|^{d/(2β+d)}, and of units of order |Ω|^{d/(2β+d)} log |Ω|.

    The last is what the paper says after Theorem 5.5.
    """

    name = "t2rec-growth"
    title = "Growing towers"
    Settings = T2RecGrowthSettings
    settings: T2RecGrowthSettings
    lists = (*Manifold.lists, "dimensions", "rules")
    keys = {"dimension": "d", **Manifold.keys}
    compared = "rule"
    compared_title = "Towers"
    columns = {**Manifold.columns, "rule": Column("str", "`fixed`, `growing` or `theorem`")}

    def cases(self) -> Iterator[Case]:
        for d, rule in itertools.product(self.settings.dimensions, self.settings.rules):
            yield Case(f"d{d}-{rule}", TITLES[rule], {"rule": rule}, {"dimension": d}, rule=rule)

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"D = {s.covariates} covariates of a manifold of dimension d. One width: {s.width} units. Parameters grow: "
            f"about {s.parameters:,} (N/{SMALLEST})^(d/(2β+d)) a tower. Width grows: {s.starting_width} "
            f"(N/{SMALLEST})^(d/(2β+d)) log N / log {SMALLEST} units.",
            *super().notes(),
        ]
