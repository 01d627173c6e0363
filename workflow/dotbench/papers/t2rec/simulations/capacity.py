"""What limits the towers on the T2Rec simulation: their width, their training, or the ratings."""

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings
from dotbench.errors import FitFailed
from dotbench.evaluation.rmse import rmse
from dotbench.execution.attempt import Attempt, attempt
from dotbench.lazy import np
from dotbench.papers.t2rec.methods.towers import sample
from dotbench.papers.t2rec.simulations.table1 import Size
from dotbench.papers.t2rec.towers.fitted import FittedTowers, Result
from dotbench.papers.t2rec.towers.representation import represent
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.training import Fit, train
from dotbench.reporting.published import load_published
from dotbench.settings import FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, Trend, knows_lists
from dotbench.simulations.comparison import DataSet, Protocol
from dotbench.simulations.methods.base import Task
from dotbench.simulations.rating_methods import rating_methods

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

TITLES = {
    "test": "ratings, random start: test",
    "train": "ratings, random start: training",
    "regressed": "regressed on the true functions, fresh points",
    "regressed-own": "regressed on the true functions, own points",
    "start-test": "regressed at fresh points, on the ratings: test",
    "start-train": "regressed at fresh points, on the ratings: training",
    "started-test": "ratings, started there: test",
    "started-train": "ratings, started there: training",
    "bilinear": "bilinear in the true features: test",
}
MUON = Training(
    optimizer="muon", learning_rate=0.04, momentum=0.95, nesterov=True, schedule="cosine", weight_decay=0.3,
    epochs=450, patience=450,
)  # fmt: skip
PROTOCOL = Protocol(test_share=0.3, folds=1, holdout=0.2, refit=False)


class T2RecCapacitySettings(Settings):
    """Settings of the simulation `t2rec-capacity`."""

    sizes: list[Size] = Field([1500], min_length=1, description="n: users, and as many items")
    dimensions: list[Size] = Field([20], min_length=1, description="d, intrinsic dimension of the covariates")
    widths: list[Size] = Field([25, 50, 100], min_length=1, description="units of a hidden layer")
    replications: int = Field(3, ge=1, description="data sets of each scenario; a job has one")
    first: FirstSeed = Field(0, description="seed of the first replication; the others follow it")
    ratings: int = Field(100_000, ge=10, description="observed pairs, training and test together")
    training: Training = Field(MUON, description="on ratings, from a random start")
    regression: Training = Field(
        MUON.model_copy(update={"learning_rate": 0.02, "weight_decay": 0.0, "batch_size": 512}),
        description="of each tower on its noiseless true function",
    )
    steps: int = Field(20_000, ge=1, description="of the regression, on fresh covariates or on the data set's own")
    started: Training = Field(
        MUON.model_copy(update={"learning_rate": 2e-4, "weight_decay": 0.0, "epochs": 50, "patience": 50}),
        description="on ratings, from the towers of the regression",
    )

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "T2RecCapacitySettings":
        for size, dimension in itertools.product(self.sizes, self.dimensions) if knows_lists(info) else []:
            self.generator(size, dimension, 0)
        return self

    def generator(self, size: int, dimension: int, seed: int) -> SimT2Rec:
        """The generator of one data set."""
        return SimT2Rec(SimT2RecSettings(users=size, items=size, dimension=dimension, ratings=self.ratings, seed=seed))


class T2RecCapacity(Simulation):
    """RMSE of ratings by towers of several widths, each trained in several ways on the same data.

    The first way is on ratings from a random start, as in practice. In the second, each tower is trained by itself on
    its noiseless true function f or g at fresh covariates. This shows what such towers can represent everywhere. The
    third is the same at the data set's own users and items only, to which the test pairs belong. This shows what
    suffices for those. The fourth is on ratings again, started from the towers of the second way. It shows whether
    there is a good solution of this width that a random start did not find. A bilinear model in the true features shows
    what the ratings allow.

    Jaiswal, arXiv 2403.00802, Section 6: towers of width 50; .496, .438 and .373 are its Table 1 at d = 20.
    """

    name = "t2rec-capacity"
    title = "Width of T2Rec's towers"
    study = "t2rec"
    Settings = T2RecCapacitySettings
    settings: T2RecCapacitySettings
    lists = ("sizes", "dimensions", "widths", "replications", "first")
    keys = {"users": "n", "dimension": "d", "width": "width"}
    compared = "way"
    compared_title = "Towers"
    metrics = ("rmse",)
    marks_best = False
    trend = Trend("width", "units of a hidden layer", "RMSE of ratings", "xy")
    columns = {
        "users": Column("int64", "n: users, and as many items"),
        "dimension": Column("int64", "d, intrinsic dimension of the covariates"),
        "width": Column("int64", "units of a hidden layer; null for the bilinear model"),
        "replication": Column("int64", "seed of the data set"),
        "way": Column("str", f"how they were trained and what on: {', '.join(f'`{way}`' for way in TITLES)}"),
        "title": Column("str", "the same in words"),
        **FIT_COLUMNS,
        "rmse": Column("float64", "on test or training ratings; where regressed, over all pairs of the points"),
        "user_error": Column("float64", "where regressed: E‖f̂ − f‖² / E‖f‖²"),
        "item_error": Column("float64", "the same of the items"),
        "epochs": Column("int64", "that were made on ratings"),
        "best_epoch": Column("int64", "whose towers were checkpoint, by validation error; 0: those of the start"),
        "ended": Column("str", "what ended training on ratings"),
    }  # fmt: skip

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        for size in s.sizes:
            for dimension in s.dimensions:
                for seed in range(s.first, s.first + s.replications):
                    own = {"users": size, "dimension": dimension, "seed": seed}
                    for width in s.widths:
                        yield Job(f"n{size}-d{dimension}-w{width}-r{seed}", {**own, "width": width}, gpu=True)
                    yield Job(f"n{size}-d{dimension}-bilinear-r{seed}", {**own, "width": None})

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        one = _Towers(self.settings, job, execution, checkpoint)
        if job["width"] is None:
            return checkpoint.once("bilinear", one.bilinear)
        return [
            *checkpoint.once("random", one.from_random),
            *checkpoint.once("regressed", one.from_truth),
            *checkpoint.once("regressed-own", one.at_own_points),
        ]

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        scenario = f"n = {lines[0]['users']}, d = {lines[0]['dimension']}"
        widths = [line["width"] for line in lines if line["width"] is not None]
        published = {(cell.dataset, cell.method): cell.value for cell in load_published("t2rec").cells}
        if not widths or (scenario, "T2Rec") not in published:
            return {}
        return {"T2Rec as published": [(width, published[scenario, "T2Rec"]) for width in (min(widths), max(widths))]}

    def notes(self) -> list[str]:
        s = self.settings
        trainings = {"Random start": s.training, "Started there": s.started}
        return [
            f"Generator as the paper prints it: {s.ratings:,} ratings, 56 % trained on, 14 % to choose the epoch, 30 % "
            "test. RMSE of ratings, noise included.",
            f"Regression: {s.steps:,} steps of {s.regression.batch_size} points by {s.regression.optimizer}, learning "
            f"rate {s.regression.learning_rate:g}, {s.regression.schedule}; on fresh covariates in each, or on the "
            "data set's own users and items, of which test pairs are too. Achieved points of single trainings.",
            *(f"{name}: {_described(training)}." for name, training in trainings.items()),
        ]


class _Towers:
    """The fits of one job."""

    def __init__(
        self, settings: T2RecCapacitySettings, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint"
    ) -> None:
        self.settings, self.job, self.execution, self.checkpoint = settings, job, execution, checkpoint
        self.generator = settings.generator(job["users"], job["dimension"], job["seed"])
        self.set = DataSet(self.generator.simulate(), job["seed"], PROTOCOL)
        self.data = self.set.data(self.set.held[0])

    def bilinear(self) -> list[Row]:
        method = rating_methods()["bilinear"]
        task = Task(method.Settings(), self.data, self.job["seed"], self.checkpoint.file("bilinear"))
        done = attempt(lambda: method.fit(task, self.execution), self.execution.say)
        predict = done.result.predict if done.result else None
        return [self._row("bilinear", done, {"rmse": self._test(predict)} if predict else {})]

    def from_random(self) -> list[Row]:
        return self._on_ratings("", self.settings.training, None)

    def from_truth(self) -> list[Row]:
        row, towers = self._regressed("regressed", "fresh")
        if towers is None:
            return [row]
        return [row, *self._start(towers), *self._on_ratings("started-", self.settings.started, towers)]

    def _start(self, towers: FittedTowers) -> list[Row]:
        """Rows of the errors of towers that have seen no rating. The regression's row has the time."""
        data = self.data
        errors = {
            "test": self._test(lambda pairs: towers.predict(data.users, data.items, pairs)),
            "train": rmse(data.ratings, towers.predict(data.users, data.items, data.pairs)),
        }
        regressed: Attempt[None] = Attempt(None, None, 0.0, 0.0)
        rows = [self._row(f"start-{end}", regressed, {"rmse": error}) for end, error in errors.items()]
        return [row | {"seconds": None, "cpu_seconds": None} for row in rows]

    def at_own_points(self) -> list[Row]:
        return [self._regressed("regressed-own", "own")[0]]

    def _regressed(self, way: str, points: Literal["fresh", "own"]) -> tuple[Row, FittedTowers | None]:
        s, architecture = self.settings, Architecture(width=self.job["width"])
        done = attempt(
            lambda: represent(self.generator, architecture, s.regression, s.steps, points, self.job["seed"]),
            self.execution.say,
        )
        if done.result is None:
            return self._row(way, done, {}), None
        reached, towers = done.result
        facts = {"rmse": reached.direct_rmse, "user_error": reached.user_error, "item_error": reached.item_error}
        return self._row(way, done, facts), towers

    def _on_ratings(self, prefix: str, training: Training, start: FittedTowers | None) -> list[Row]:
        """Rows of the errors on test and on training pairs. The second has no time of its own."""
        done = attempt(lambda: self._trained(prefix, training, start), self.execution.say)
        facts_by_end: dict[str, dict[str, Any]] = {"test": {}, "train": {}}
        if done.result is not None:
            towers, data = done.result.towers, self.data
            test = self._test(lambda pairs: towers.predict(data.users, data.items, pairs))
            training_facts = {
                "epochs": len(done.result.curve),
                "ended": done.result.ended,
                "best_epoch": done.result.best_epoch,
            }
            facts_by_end = {
                "test": {**training_facts, "rmse": test},
                "train": {**training_facts, "rmse": done.result.train_rmse},
            }
        rows = {end: self._row(f"{prefix}{end}", done, facts) for end, facts in facts_by_end.items()}
        return [rows["test"], rows["train"] | {"seconds": None, "cpu_seconds": None}]

    def _trained(self, prefix: str, training: Training, start: FittedTowers | None) -> Result:
        fit = Fit(sample(self.data), Architecture(width=self.job["width"]), training, self.job["seed"], start)
        [result] = train([fit], self.execution.device, self.checkpoint.file(f"{prefix}ratings"), self.execution.say)
        if result.failure:
            raise FitFailed(result.failure)
        return result

    def _test(self, predict: "Callable[[np.ndarray], np.ndarray]") -> float:
        sim, test = self.set.simulation, self.set.test
        return rmse(sim.ratings[test], predict(sim.pairs[test]))

    def _row(self, way: str, done: Attempt[Any], facts: dict[str, Any]) -> Row:
        job = self.job
        common_facts = {"users": job["users"], "dimension": job["dimension"], "width": job["width"]}
        common_facts |= {"replication": job["seed"], "way": way, "title": TITLES[way]}
        common_facts |= {"status": "ok" if done.reason is None else "failed", "reason": done.reason}
        common_facts |= {"seconds": done.seconds, "cpu_seconds": done.cpu_seconds}
        row = (
            common_facts | dict.fromkeys(("rmse", "user_error", "item_error", "epochs", "ended", "best_epoch")) | facts
        )
        errors = f"RMSE {row['rmse']:.4f}" if done.reason is None else f"failed: {done.reason}"
        self.execution.say(f"width {job['width']}, {TITLES[way]}: {errors}, {done.seconds:.3g} s")
        return row


def _described(training: Training) -> str:
    """The settings that matter to a reader, and those that are not at their defaults."""
    main_keys = ("optimizer", "learning_rate", "schedule", "weight_decay", "regularization", "batch_size", "epochs")
    values = training.model_dump()
    keys = [key for key in values if key in main_keys or values[key] != Training.model_fields[key].default]
    return ", ".join(f"{key} {values[key]}" for key in keys)
