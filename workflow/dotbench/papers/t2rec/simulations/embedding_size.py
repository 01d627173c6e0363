"""T2Rec's open question of the embedding size."""

import itertools
from collections.abc import Iterator

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Whole
from dotbench.simulations.base import Column, Trend

PAPER = 30, 0.15  # functions and amplitude of the paper's simulation


class T2RecEmbeddingSizeSettings(AblationSettings):
    """Settings of the simulation `t2rec-embedding-size`."""

    functions: list[Whole] = Field([3, 10], min_length=1, description="p of the truth")
    sizes: list[Whole] = Field([1, 3, 10, 30, 90], min_length=1, description="p of the towers")


class T2RecEmbeddingSize(Ablation):
    """Towers whose vectors are shorter than, as long as, and longer than the truth's.

    The truth is the paper's with p functions a side and the amplitude .15 (30/p)^¼, so that the variance of the ratings
    is that of p = 30. Its functions lie in the span of 3d features: p > 3d would not add to the rank of the truth.
    """

    name = "t2rec-embedding-size"
    title = "Embedding size"
    Settings = T2RecEmbeddingSizeSettings
    settings: T2RecEmbeddingSizeSettings
    lists = (*Ablation.lists, "functions", "sizes")
    keys = {**Ablation.keys, "functions": "p"}
    compared = "embedding_size"
    compared_title = "Towers"
    trend = Trend("embedding_size", "length of the towers' vectors", "RMSE", logarithmic="x")
    columns = {
        **Ablation.columns,
        "functions": Column("int64", "p of the truth"),
        "embedding_size": Column("int64", "p of the towers"),
    }

    def cases(self) -> Iterator[Case]:
        s = self.settings
        for p, size in itertools.product(s.functions, s.sizes):
            facts = {"functions": p, "embedding_size": size}
            truth = {"functions": p, "amplitude": PAPER[1] * (PAPER[0] / p) ** 0.25}
            yield Case(f"p{p}-e{size}", f"vectors of {size}", facts, {"embedding_size": size}, truth)

    def notes(self) -> list[str]:
        return [
            "p: functions a side of the truth, each rating the inner product of p of them; their amplitude keeps the "
            "variance of the ratings.",
            *super().notes(),
        ]
