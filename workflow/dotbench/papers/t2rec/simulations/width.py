"""T2Rec's open question of width."""

from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Whole
from dotbench.simulations.base import Column, Trend


class T2RecWidthSettings(AblationSettings):
    """Settings of the simulation `t2rec-width`."""

    ratings: list[Whole] = Field([5000, 20_000], min_length=1, description="N, training and test together")
    widths: list[Whole] = Field([6, 12, 25, 50, 100], min_length=1, description="units of a hidden layer")


class T2RecWidth(Ablation):
    """Towers of five layers, from a few units a layer to more than the paper's 50."""

    name = "t2rec-width"
    title = "Width"
    Settings = T2RecWidthSettings
    settings: T2RecWidthSettings
    lists = (*Ablation.lists, "widths")
    compared = "width"
    compared_title = "Width"
    trend = Trend("width", "units of a hidden layer", "RMSE", logarithmic="x")
    columns = {**Ablation.columns, "width": Column("int64", "units of a hidden layer")}

    def cases(self) -> Iterator[Case]:
        for width in self.settings.widths:
            yield Case(f"w{width}", f"{width} units", {"width": width}, {"width": width})
