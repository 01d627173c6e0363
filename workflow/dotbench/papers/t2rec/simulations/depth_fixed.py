"""T2Rec's open question of depth, at one width."""

from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Whole
from dotbench.papers.t2rec.towers.settings import Architecture
from dotbench.simulations.base import Column, Trend


class T2RecDepthFixedSettings(AblationSettings):
    """Settings of the simulation `t2rec-depth-fixed`."""

    depths: list[Whole] = Field([2, 3, 5, 8], min_length=1, description="L, layers of weights of a tower")


class T2RecDepthFixed(Ablation):
    """Towers of 2 to 8 layers, all of the paper's 50 units: deeper ones have more parameters.

    `t2rec-depth` keeps the number of parameters instead, so that deeper towers are narrower.
    """

    name = "t2rec-depth-fixed"
    title = "Depth at one width"
    Settings = T2RecDepthFixedSettings
    settings: T2RecDepthFixedSettings
    lists = (*Ablation.lists, "depths")
    compared = "depth"
    compared_title = "Towers"
    trend = Trend("depth", "layers of weights, at one width", "RMSE")
    columns = {**Ablation.columns, "depth": Column("int64", "L, layers of weights of a tower")}

    def cases(self) -> Iterator[Case]:
        for depth in self.settings.depths:
            title = "1 layer, linear" if depth == 1 else f"{depth} layers of {Architecture().width}"
            yield Case(f"l{depth}", title, {"depth": depth}, {"depth": depth})

    def notes(self) -> list[str]:
        return [
            f"Every depth has the paper's {Architecture().width} units in each hidden layer, so that deeper towers "
            "have more parameters.",
            *super().notes(),
        ]
