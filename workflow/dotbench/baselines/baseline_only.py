"""User and item biases."""

from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings import Settings


class BaselineOnlySettings(Settings):
    """Settings of the baseline `baseline-only`."""

    user_shrinkage: float = Field(15.0, ge=0, description="reg_u")
    item_shrinkage: float = Field(10.0, ge=0, description="reg_i")
    epochs: int = Field(10, ge=1)


class BaselineOnly(SurpriseBaseline):
    """μ + b_u + b_i by alternating least squares (Koren, TKDD 2010; scikit-surprise BaselineOnly)."""

    name = "baseline-only"
    title = "Biases"
    Settings = BaselineOnlySettings
    settings: BaselineOnlySettings
    grids = {"reduced": {"user_shrinkage": [5.0, 15.0], "item_shrinkage": [2.0, 10.0]}}

    def algorithm(self) -> Any:
        return surprise.BaselineOnly(
            bsl_options={
                "method": "als",
                "reg_u": self.settings.user_shrinkage,
                "reg_i": self.settings.item_shrinkage,
                "n_epochs": self.settings.epochs,
            },
            verbose=False,
        )
