"""What the simulations on the paper's open questions share: one thing is varied, all else is as stated."""

import itertools
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, model_validator

from dotbench.datasets.generators.covariates import CovariateGenerator
from dotbench.datasets.generators.sim_t2rec import SimT2Rec
from dotbench.evaluation.rmse import rmse
from dotbench.lazy import np
from dotbench.papers.t2rec.towers.losses import huber
from dotbench.papers.t2rec.towers.settings import Architecture
from dotbench.papers.t2rec.towers.sizing import parameters
from dotbench.settings import FirstSeed, Settings, validate
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Simulation, knows_lists, seed_packs
from dotbench.simulations.comparison import Comparison, DataSet, Protocol, Row
from dotbench.simulations.methods.base import Fitted, RatingData, finite
from dotbench.simulations.rating_methods import rating_methods

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Whole = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
COVARIATES = 50
DROPPED = ("method", "fold")  # columns of a comparison that say nothing here


class AblationSettings(Settings):
    """What every open question has: the data and the training that are the same for all values."""

    ratings: list[Whole] = Field([20_000], min_length=1, description="N, observed pairs, training and test together")
    replications: int = Field(5, ge=1, description="truths and data of each scenario")
    first: FirstSeed = Field(0, description="seed of the first replication; the others follow it")
    pack: int = Field(5, ge=1, description="replications of one job")
    users: int = Field(500, ge=1, description="and as many items")
    dimension: int = Field(5, ge=1, le=COVARIATES, description="d, intrinsic dimension of the 50 covariates")
    noise: float = Field(0.1, ge=0, description="σ², where it is not varied")
    test_share: float = Field(0.3, gt=0, lt=1, description="share of the pairs that is the test part")
    holdout: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="share of the rest that is the validation part: it ends training and chooses the settings",
    )
    learning_rates: list[Positive] = Field(
        [1e-3, 2e-3, 4e-3, 8e-3], min_length=1, description="of Adam, tuned in every fit"
    )
    weight_decay: float = Field(0.1, ge=0, description="decoupled")
    batch_size: int = Field(128, ge=1)
    epochs: int = Field(40, ge=1, description="epochs of the half cosine by which the learning rate falls")

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "AblationSettings":
        if knows_lists(info) and max(self.ratings) > self.users**2:
            raise ValueError(f"{max(self.ratings)} ratings do not fit: {self.users} users × {self.users} items")
        return self


@dataclass(frozen=True)
class Case:
    """A value, and what of the scenario is not the number of ratings.

    ``facts``: their columns. ``title``: the value in tables. ``towers``: what differs from the paper's architecture.
    ``truth``: parameters of the generator. ``training``: what differs in training.
    """

    label: str
    title: str
    facts: Row
    towers: dict[str, Any] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


class WithExcess(Comparison):
    """Errors against the noiseless truth beside the others. Towers of the Huber loss are chosen by it too."""

    reported = ("excess_rmse", *Comparison.reported)

    def validation(self, ratings: "np.ndarray", predicted: "np.ndarray") -> float:
        """√ mean ρ_δ, which is the RMSE where the loss is the squared error."""
        own = self.stated["set"]
        if own.get("loss") != "huber":
            return super().validation(ratings, predicted)
        return float(np.sqrt(huber(ratings - predicted, own["threshold"]).mean()))

    def errors(self, drawn: DataSet, data: RatingData, fitted: Fitted) -> Row:
        pairs = drawn.simulation.pairs[drawn.test]
        excess = rmse(drawn.simulation.truth(pairs), finite(fitted.predict(pairs)))
        return {"excess_rmse": excess, **super().errors(drawn, data, fitted)}


class Ablation(Simulation):
    """T2Rec's towers on simulated ratings, with one thing varied. The learning rate is tuned in the same way in every
    fit.

    A job is one scenario, one value and ``pack`` replications. A subclass says its cases, and adds the columns of what
    it varies.
    """

    study = "t2rec"
    Settings: ClassVar[type[Any]] = AblationSettings
    settings: AblationSettings
    lists: ClassVar[tuple[str, ...]] = ("ratings", "replications", "first", "pack")
    keys: ClassVar[dict[str, str]] = {"ratings": "N"}
    metrics = ("excess_rmse", "test_rmse", "train_rmse")
    reported: ClassVar[dict[str, str]] = {"role": "reported"}
    generator: ClassVar[type[CovariateGenerator]] = SimT2Rec
    comparison: ClassVar[type[WithExcess]] = WithExcess
    columns = {
        "ratings": Column("int64", "N: observed pairs, training and test together"),
        "replication": Column("int64", "seed of truth, data and training"),
        "title": Column("str", "the value in tables"),
        "parameters": Column("int64", "of one tower"),
        "role": Column("str", "`tuning`, or `reported`: the fit of the chosen learning rate"),
        "hyperparameters": Column("str", "tuned settings of this fit, as JSON"),
        "on_edge": Column("str", "of a reported fit: tuned numbers at the edge of their grid"),
        **FIT_COLUMNS,
        "valid_rmse": Column("float64", "on the held-out pairs; √ mean ρ_δ for towers of the Huber loss"),
        "excess_rmse": Column("float64", "of a reported fit: √ mean (R̂ − R*)² over the test pairs, R* without noise"),
        "test_rmse": Column("float64", "of a reported fit: on the ratings of the test pairs, predictions not clipped"),
        "train_rmse": Column("float64", "of a reported fit: on the pairs that it was trained on"),
        "epochs": Column("int64", "that were made"),
        "ended": Column("str", "what ended training"),
    }

    @abstractmethod
    def cases(self) -> Iterator[Case]:
        """What is fitted at every number of ratings."""

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for n, case, pack in itertools.product(s.ratings, self.cases(), packs):
            size = parameters(Architecture(**case.towers), COVARIATES)
            facts = {"ratings": n, "title": case.title, "parameters": size, **case.facts}
            label = f"n{n}-{case.label}-r{pack[0]}to{pack[-1]}".replace(".", "-")
            own = {"facts": facts, "towers": case.towers, "truth": case.truth, "seeds": pack}
            own |= {"training": case.training} if case.training else {}
            yield Job(label, own, rating_methods()["towers"].modules, gpu=True)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        s = self.settings
        shape = {"users": s.users, "items": s.users, "ratings": job["facts"]["ratings"]}
        shape |= {"dimension": s.dimension, "covariates": COVARIATES, "noise": {"variance": s.noise}}
        shape |= job["truth"]
        schema, place = self.generator.Settings, f"simulation '{self.name}'"
        drawn = [validate(schema, {**shape, "seed": seed}, place) for seed in job["seeds"]]
        draws = {settings.seed: self.generator(settings).simulate for settings in drawn}
        fixed = {"optimizer": "adam", "schedule": "cosine", "weight_decay": s.weight_decay, "batch_size": s.batch_size}
        method = {
            "name": "towers",
            "title": job["facts"]["title"],
            "method": "towers",
            "set": {**fixed, "epochs": s.epochs, "patience": s.epochs, **job["towers"], **job.get("training", {})},
            "grid": {"learning_rate": s.learning_rates},
        }
        rows = self.comparison(draws, method, Protocol(s.test_share, 1, s.holdout, False), execution, checkpoint).rows()
        return [{k: v for k, v in row.items() if k not in DROPPED} | job["facts"] for row in rows]

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"{s.users} users and as many items, {COVARIATES} covariates of intrinsic dimension {s.dimension}; "
            f"{1 - s.test_share:.0%} of the N ratings for training, {s.test_share:.0%} for the test. Shown is √ of the "
            "excess risk: the RMSE against the noiseless truth on the test pairs; the csv has the other RMSEs.",
            "Where nothing is varied, towers are the paper's: 5 layers, 50 units, vectors of 30. Adam down a half "
            f"cosine of {s.epochs} epochs, {s.batch_size} pairs a batch, weight decay {s.weight_decay:g}; learning "
            f"rate among {', '.join(f'{rate:g}' for rate in s.learning_rates)} and epoch are chosen on "
            f"{s.holdout:.0%} of the training part, in the same way for every value.",
        ]
