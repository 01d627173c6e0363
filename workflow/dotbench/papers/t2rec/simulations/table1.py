"""The simulation of the T2Rec paper, Table 1."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings
from dotbench.files import digest
from dotbench.registry import unknown
from dotbench.settings import LATER, FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, knows_lists, seed_packs
from dotbench.simulations.choice import RatingChoice
from dotbench.simulations.comparison import Comparison, Protocol
from dotbench.simulations.rating_methods import rating_methods
from dotbench.tuning.grid import GridName
from dotbench.yaml_lines import read_yaml

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Size = Annotated[int, Field(ge=1)]
PAPERS_NOISE = 0.1


@cache
def shipped(simulation: str = "table1") -> dict[str, dict[str, Any]]:
    """Methods by name, as the file beside a simulation's says them."""
    return {method["name"]: method for method in read_yaml(Path(__file__).with_name(f"{simulation}.yaml"))["methods"]}


class T2RecTable1Settings(Settings):
    """Settings of the simulation `t2rec-table1`. Sizes, noise and number of ratings are the paper's."""

    comes_with: ClassVar[str] = "table1"  # whose methods can be named
    sizes: list[Size] = Field([1500, 2000, 3000], min_length=1, description="n: users, and as many items")
    dimensions: list[Size] = Field([20, 30, 40], min_length=1, description="d, intrinsic dimension of the covariates")
    replications: int = Field(5, ge=1, description="data sets of each scenario")
    first: FirstSeed = Field(0, description="seed of the first replication; the others follow it")
    pack: int = Field(5, ge=1, description="replications of one job")
    methods: list[RatingChoice] = Field(
        default_factory=lambda: [RatingChoice(**method) for method in shipped().values()],
        min_length=1,
        description="names of the methods that come with the simulation, or methods spelled out",
    )
    grid: GridName = Field("reduced", description="grid of the methods: `reduced`, for two cores, or the paper's")
    ratings: int = Field(100_000, ge=10, description="observed pairs, training and test together")
    noise: float = Field(PAPERS_NOISE, ge=0, json_schema_extra=LATER, description="σ² of the Gaussian noise")
    popularity_skew: float = Field(0.0, ge=0, description="Zipf exponent of users and items in the choice of pairs")
    test_share: float = Field(0.3, gt=0, lt=1, description="share of the pairs that is the test part")
    folds: int = Field(
        1, ge=1, description="number of folds of cross-validation on the training part; 1: a single hold-out"
    )
    holdout: float = Field(0.2, gt=0, lt=1, description="size of the hold-out, as a share of the training part")
    refit: bool = Field(
        True,
        description="true: fit the chosen setting again to the whole training part; false: report its fit "
        "without the hold-out",
    )

    @field_validator("methods", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        shipped_methods = shipped(cls.comes_with)
        for name in value:
            if isinstance(name, str) and name not in shipped_methods:
                raise ValueError(str(unknown("method of the simulation", name, shipped_methods)))
        return [shipped_methods[item] if isinstance(item, str) else item for item in value]

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "T2RecTable1Settings":
        names = [choice.name for choice in self.methods]
        if len(set(names)) < len(names):
            raise ValueError("two of 'methods' have the same name")
        if self.folds > 1 and not self.refit:
            raise ValueError("cross-validation leaves no fit to report: 'refit: false' needs 'folds: 1'")
        if knows_lists(info):
            for size in self.sizes:
                for dimension in self.dimensions:
                    self.simulation(size, dimension, 0)
        return self

    def simulation(self, size: int, dimension: int, seed: int) -> SimT2Rec:
        """The generator of one data set."""
        shared: dict[str, Any] = {"ratings": self.ratings, "popularity_skew": self.popularity_skew, "seed": seed}
        shared |= {"noise": {"variance": self.noise}}
        return SimT2Rec(SimT2RecSettings(users=size, items=size, dimension=dimension, **shared))


class T2RecTable1(Simulation):
    """Test RMSE of rating methods on the T2Rec simulation: nine scenarios. Methods with a grid are tuned in every
    replication.

    A job is one scenario, one method, and ``pack`` replications. Jaiswal, Towards a Theoretical Understanding of
    Two-Stage Recommender Systems, arXiv 2403.00802, Section 6, Table 1.
    """

    name = "t2rec-table1"
    title = "T2Rec's simulation"
    study = "t2rec"
    Settings = T2RecTable1Settings
    settings: T2RecTable1Settings
    lists = ("sizes", "dimensions", "replications", "first", "pack", "methods", "grid")
    keys = {"users": "n", "dimension": "d"}
    metrics = ("test_rmse", "train_rmse")
    reported = {"role": "reported"}
    columns = {
        "users": Column("int64", "n: users, and as many items"),
        "dimension": Column("int64", "d, intrinsic dimension of the covariates"),
        "replication": Column("int64", "seed of the data set"),
        "method": Column("str", "name of the method"),
        "title": Column("str", "the method in tables"),
        "role": Column("str", "`tuning`, or `reported`: the fit of the chosen setting"),
        "fold": Column("int64", "of a tuning fit: which part of the training pairs it was validated on, from 0"),
        "hyperparameters": Column("str", "tuned settings of this fit, as JSON"),
        "on_edge": Column("str", "of a reported fit: tuned numbers at the edge of their grid"),
        **FIT_COLUMNS,
        "valid_rmse": Column("float64", "on the held-out pairs; for a reported fit: the mean by which it was chosen"),
        "train_rmse": Column("float64", "of a reported fit: on the pairs that it was trained on"),
        "test_rmse": Column("float64", "of a reported fit: on the test pairs, predictions not clipped"),
        "epochs": Column("int64", "that were made, for methods that tell"),
        "ended": Column("str", "what ended training, for methods that tell"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for choice in s.methods:
            method, uses = choice.stated(s.grid), rating_methods()[choice.method]
            name = f"{choice.name}-{digest(method, 6)}"
            for size in s.sizes:
                for dimension in s.dimensions:
                    for pack in packs:
                        label = f"n{size}-d{dimension}-{name}-r{pack[0]}to{pack[-1]}"
                        own = {"users": size, "dimension": dimension, "seeds": pack, "method": method}
                        yield Job(label, own, uses.modules, uses.gpu)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        s, size, dimension = self.settings, job["users"], job["dimension"]
        protocol = Protocol(s.test_share, s.folds, s.holdout, s.refit)
        draws = {seed: s.simulation(size, dimension, seed).simulate for seed in job["seeds"]}
        rows = Comparison(draws, job["method"], protocol, execution, checkpoint).rows()
        return [{"users": size, "dimension": dimension, **row} for row in rows]

    @property
    def references(self) -> frozenset[str]:
        methods = rating_methods()
        return frozenset(choice.name for choice in self.settings.methods if methods[choice.method].reference)

    def notes(self) -> list[str]:
        s = self.settings
        tuned = f"{s.folds}-fold cross-validation" if s.folds > 1 else f"one hold-out of {s.holdout:.0%}"
        after = "fitted again to the whole training part" if s.refit else "its fit without the hold-out is reported"
        skew = f"popularity skew {s.popularity_skew:g}" if s.popularity_skew else "pairs drawn uniformly"
        if s.noise != PAPERS_NOISE:
            skew = f"noise of variance {s.noise:g}, {skew}"
        notes = [
            f"Generator as the paper prints it, coefficients redrawn in every replication: {s.ratings:,} ratings, "
            f"{skew}; {1 - s.test_share:.0%} training, {s.test_share:.0%} test. RMSE, predictions not clipped."
        ]
        if any(choice.stated(s.grid)["grid"] for choice in s.methods):
            notes.append(
                f"Methods with a grid ({s.grid}) are tuned in every replication by {tuned} of the training part; the "
                f"chosen setting is then {after}."
            )
        else:
            notes.append("Every method has one setting; nothing is tuned.")
        if any(rating_methods()[choice.method].stops_early for choice in s.methods):
            notes.append(f"Methods that stop early do so by a hold-out of {s.holdout:.0%} and are not refitted.")
        return notes
