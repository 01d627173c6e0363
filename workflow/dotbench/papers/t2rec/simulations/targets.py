"""How long T2Rec's towers train until they explain a share of the truth: vectors, depth, width."""

import math
from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field

from dotbench.evaluation.rmse import rmse
from dotbench.files import canonical_json
from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Whole, WithExcess
from dotbench.papers.t2rec.simulations.depth import T2RecDepth, T2RecDepthSettings
from dotbench.papers.t2rec.simulations.embedding_size import T2RecEmbeddingSize, T2RecEmbeddingSizeSettings
from dotbench.papers.t2rec.simulations.width import T2RecWidth, T2RecWidthSettings
from dotbench.simulations.base import Column
from dotbench.simulations.comparison import DataSet, Row
from dotbench.simulations.methods.base import Fitted, RatingData

FUNCTIONS = 10  # p of the truth, where the length of the towers' vectors is varied


class T2RecTargetsSettings(AblationSettings):
    """Settings of the simulation `t2rec-targets`."""

    sizes: list[Whole] = Field([1, 3, 10, 30, 90], min_length=1, description="p of the towers")
    depths: list[Whole] = Field([1, 2, 3, 5, 8], min_length=1, description="L, layers, at equal numbers of parameters")
    widths: list[Whole] = Field([6, 12, 25, 50, 100], min_length=1, description="units of a hidden layer")


class WithCurve(WithExcess):
    """The curve of a fit, and what its target is made from, beside the errors."""

    reported = ("noise_rmse", "truth_sd", "curve", *WithExcess.reported)

    def errors(self, drawn: DataSet, data: RatingData, fitted: Fitted) -> Row:
        truth = drawn.simulation.truth(data.valid_pairs)
        curve = [(row["cpu_seconds"], row["validation"]) for row in fitted.curve or ()]
        return {
            "noise_rmse": rmse(data.valid_ratings, truth),
            "truth_sd": float(truth.std()),
            "curve": canonical_json([pair for pair in curve if math.isfinite(pair[1])]),
            **super().errors(drawn, data, fitted),
        }


class T2RecTargets(Ablation):
    """Towers with one thing varied, the length of their vectors, their layers or their width, and the curve of their
    training. The learning rate is tuned for the best epoch, not for the fastest."""

    name = "t2rec-targets"
    title = "Time to a target"
    Settings = T2RecTargetsSettings
    settings: T2RecTargetsSettings
    lists = (*Ablation.lists, "sizes", "depths", "widths")
    keys = {**Ablation.keys, "varied": "varied"}
    compared = "title"
    compared_title = "Towers"
    comparison = WithCurve
    columns = {
        **Ablation.columns,
        "varied": Column("str", "`vectors`, `depth` or `width`"),
        "noise_rmse": Column("float64", "of a reported fit: √ mean (r − R*)² on the held-out pairs"),
        "truth_sd": Column("float64", "of a reported fit: standard deviation of R* over the held-out pairs"),
        "curve": Column("str", "of a reported fit, as JSON: CPU seconds and RMSE on the held-out pairs by epoch"),
    }

    def cases(self) -> Iterator[Case]:
        s = self.settings
        of = {
            "vectors": T2RecEmbeddingSize(T2RecEmbeddingSizeSettings(functions=[FUNCTIONS], sizes=s.sizes)),
            "depth": T2RecDepth(T2RecDepthSettings(depths=s.depths)),
            "width": T2RecWidth(T2RecWidthSettings(widths=s.widths)),
        }
        for varied, simulation in of.items():
            for case in simulation.cases():
                yield replace(case, facts={"varied": varied})

    def notes(self) -> list[str]:
        return [
            f"Vectors: of a truth with p = {FUNCTIONS} functions a side. Depth: at equal numbers of parameters, but "
            "one layer is linear and has fewer. Width: of five layers.",
            *super().notes(),
        ]
