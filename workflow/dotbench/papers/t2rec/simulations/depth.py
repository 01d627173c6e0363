"""T2Rec's open question of depth, at equal numbers of parameters."""

from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import COVARIATES, Ablation, AblationSettings, Case, Whole
from dotbench.papers.t2rec.towers.settings import Architecture
from dotbench.papers.t2rec.towers.sizing import parameters, with_parameters
from dotbench.simulations.base import Column, Trend


class T2RecDepthSettings(AblationSettings):
    """Settings of the simulation `t2rec-depth`."""

    depths: list[Whole] = Field([1, 2, 3, 4, 5, 6, 7, 8], min_length=1, description="L, layers of weights of a tower")


class T2RecDepth(Ablation):
    """Towers of 1 to 8 layers with about as many parameters as the paper's: the width is solved for.

    A tower of one layer is linear and has no width: it has fewer parameters than the others.
    """

    name = "t2rec-depth"
    title = "Depth"
    Settings = T2RecDepthSettings
    settings: T2RecDepthSettings
    lists = (*Ablation.lists, "depths")
    compared = "depth"
    compared_title = "Towers"
    trend = Trend("depth", "layers of weights, at equal numbers of parameters", "RMSE")
    columns = {
        **Ablation.columns,
        "depth": Column("int64", "L, layers of weights of a tower"),
        "width": Column("int64", "units of a hidden layer; null for one layer, which has none"),
    }

    def cases(self) -> Iterator[Case]:
        wanted = parameters(Architecture(), COVARIATES)
        for depth in self.settings.depths:
            if depth == 1:
                yield Case("l1", "1 layer, linear", {"depth": 1, "width": None}, {"depth": 1})
                continue
            width = with_parameters(Architecture(depth=depth), COVARIATES, wanted).width
            towers = {"depth": depth, "width": width}
            yield Case(f"l{depth}", f"{depth} layers of {width}", towers, towers)

    def notes(self) -> list[str]:
        wanted = parameters(Architecture(), COVARIATES)
        return [
            f"Every depth from 2 on has the width at which a tower has about {wanted:,} parameters, as many as the "
            f"paper's; the linear tower of one layer has {parameters(Architecture(depth=1), COVARIATES):,}.",
            *super().notes(),
        ]
