"""Slope One."""

from typing import Any

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise


class SlopeOne(SurpriseBaseline):
    """Mean deviation between pairs of items (Lemire and Maclachlan, SDM 2005; scikit-surprise SlopeOne)."""

    name = "slope-one"
    title = "Slope One"

    def algorithm(self) -> Any:
        return surprise.SlopeOne()
