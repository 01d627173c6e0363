"""Matrix factorisation of ratings by SGD."""

from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import surprise
from dotbench.settings import LATER, Settings


class SVDSettings(Settings):
    """Settings of the baseline `svd`."""

    embedding_size: int = Field(100, ge=1)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.005, gt=0)
    regularization: float = Field(0.02, ge=0)
    biased: bool = Field(True, json_schema_extra=LATER, description="false: p_uᵀq_i alone, without μ, b_u and b_i")


class SVD(SurpriseBaseline):
    """μ + b_u + b_i + p_uᵀq_i by SGD on squared error with L2 (scikit-surprise SVD). What is unknown adds nothing.

    Unbiased, a pair of which either is unknown is predicted by μ.
    """

    name = "svd"
    title = "SVD"
    equivariant = frozenset({"shift"})  # the step of SGD knows no unit
    Settings = SVDSettings
    settings: SVDSettings
    grids = {"reduced": {"embedding_size": [20, 100], "regularization": [0.02, 0.1]}}

    def algorithm(self) -> Any:
        return surprise.SVD(
            n_factors=self.settings.embedding_size,
            n_epochs=self.settings.epochs,
            lr_all=self.settings.learning_rate,
            reg_all=self.settings.regularization,
            biased=self.settings.biased,
            random_state=self.init_seed,
        )
