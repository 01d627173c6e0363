"""T2Rec's open question of the law of the noise, and of a loss that is robust against it."""

import itertools
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from dotbench.papers.t2rec.simulations._ablation import Ablation, AblationSettings, Case, Positive
from dotbench.settings import LATER
from dotbench.simulations.base import Column, Trend

Law = Literal["gaussian", "student-t", "laplace", "outliers", "heteroscedastic", "infinite-variance"]
Loss = Literal["squared", "huber"]
TITLES = {
    "gaussian": "Gaussian",
    "student-t": "Student-t",
    "laplace": "Laplace",
    "outliers": "Outliers",
    "heteroscedastic": "Heteroscedastic",
    "infinite-variance": "Infinite variance",
}
TOLD = {
    "student-t": "Student's t has 3 degrees of freedom.",
    "outliers": "Outliers: 5 % of the ratings have ten times the standard deviation of the others.",
    "heteroscedastic": "Heteroscedastic: half of the variance grows with the square of the distance from the mean.",
    "infinite-variance": "Infinite variance: Student's t with 1.5 degrees of freedom, with the quartiles of N(0, σ²).",
}
HUBER = 1.345  # σ: has 95 % of the efficiency of the mean under Gaussian noise


class T2RecNoiseSettings(AblationSettings):
    """Settings of the simulation `t2rec-noise`."""

    laws: list[Law] = Field(["gaussian", "student-t", "laplace", "outliers"], min_length=1)
    variances: list[Positive] = Field([0.1, 2.0], min_length=1, description="σ², the same for every law")
    losses: list[Loss] = Field(["squared"], min_length=1, description="of the towers, each for every law")
    threshold: Positive = Field(HUBER, json_schema_extra=LATER, description="δ/σ of the Huber loss")


class T2RecNoise(Ablation):
    """Noise of different laws, from the paper's Gaussian to heavy tails, and towers trained on the squared error or on
    the Huber loss.

    Student's t with 3 degrees of freedom, Laplace, and a Gaussian of which a share of .05 has ten times the standard
    deviation; a Gaussian whose variance grows away from the mean rating: all of mean 0 and variance σ². Student's t
    with 1.5 degrees of freedom has no variance, and the quartiles of N(0, σ²) (`sim-t2rec`'s settings of the noise).
    """

    name = "t2rec-noise"
    title = "Noise"
    Settings = T2RecNoiseSettings
    settings: T2RecNoiseSettings
    lists = (*Ablation.lists, "laws", "variances", "losses")
    keys = {**Ablation.keys, "variance": "σ²"}
    compared = "law"
    compared_title = "Noise"
    trend = Trend("variance", "variance σ² of the noise", "excess RMSE", logarithmic="x")
    columns = {
        **Ablation.columns,
        "variance": Column("float64", "σ², of the noise"),
        "law": Column("str", "of the noise; ends on `-huber` for towers of the Huber loss"),
    }

    def cases(self) -> Iterator[Case]:
        s = self.settings
        for variance, law, loss in itertools.product(s.variances, s.laws, s.losses):
            truth = {"noise": {"law": law, "variance": variance}}
            name, title, training = str(law), TITLES[law], {}
            if loss == "huber":
                name, title = f"{law}-huber", f"{TITLES[law]}, Huber loss"
                training = {"loss": loss, "threshold": s.threshold * variance**0.5}
            facts = {"variance": variance, "law": name}
            yield Case(f"v{variance:g}-{name}", title, facts, truth=truth, training=training)

    def notes(self) -> list[str]:
        s = self.settings
        said = [TOLD[law] for law in s.laws if law in TOLD]
        notes = [f"All laws have mean 0, and variance σ² where nothing else is said. {' '.join(said)}".strip()]
        if "huber" in s.losses:
            notes.append(
                f"Huber loss: (r − r̂)² up to a distance δ = {s.threshold:g} σ, linear beyond. Learning rate and epoch "
                "are chosen by it on the held-out ratings, those of the squared error by the RMSE."
            )
        return [*notes, *super().notes()]
