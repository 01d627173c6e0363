"""One method on simulated data sets: tuned within the training part, reported on the test part."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dotbench.evaluation.rmse import rmse
from dotbench.execution.attempt import attempt
from dotbench.files import canonical_json
from dotbench.lazy import np
from dotbench.simulations.choice import settings_of
from dotbench.simulations.methods.base import Fitted, Outcome, RatingData, Task, finite
from dotbench.simulations.rating_methods import rating_methods
from dotbench.tuning.choice import best
from dotbench.tuning.grid import edges, edges_text, points

if TYPE_CHECKING:
    from dotbench.datasets.generators.covariates import SimulatedData
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Row = dict[str, Any]
SPLIT = 5  # number of the stream of randomness that splits; the generator's own are 0 to 4


@dataclass(frozen=True)
class Protocol:
    """``test_share`` of the pairs is tested on. Of the rest, ``holdout`` is held out to choose by, or each of ``folds``
    > 1 in turn. If ``refit``, the chosen setting is fitted again to the whole training part."""

    test_share: float
    folds: int
    holdout: float
    refit: bool


class DataSet:
    """A simulated data set in parts that are drawn with its seed, the same for every method.

    ``test``, ``train`` and the parts of ``train`` in ``held``: rows of the simulation's pairs.
    """

    def __init__(self, simulation: "SimulatedData", seed: int, protocol: Protocol) -> None:
        self.simulation = simulation
        n = len(simulation.pairs)
        order = np.random.default_rng([seed, SPLIT]).permutation(n)
        self.test, self.train = np.split(order, [round(protocol.test_share * n)])
        self.held = np.array_split(self.train, protocol.folds)
        if protocol.folds == 1:
            self.held = [self.train[: round(protocol.holdout * len(self.train))]]

    def data(self, held: "np.ndarray") -> RatingData:
        """Mask of the training part without what is ``held`` out, shape (n,)."""
        sim, rest = self.simulation, self.train[~np.isin(self.train, held)]
        return RatingData(sim.users, sim.items, sim.pairs[rest], sim.ratings[rest], sim.pairs[held], sim.ratings[held])


@dataclass(frozen=True)
class _Fit:
    """A fit to be made: of which replication, at which point of the grid, beside which part of the training pairs."""

    seed: int
    point: dict[str, Any]
    held: "np.ndarray"
    role: str
    fold: int | None = None

    @property
    def name(self) -> str:
        return canonical_json([self.role, self.seed, self.fold, self.point])


class Comparison:
    """The fits of one method on data sets that are drawn anew for every replication.

    ``draws``: seed of a replication → its data. ``stated``: the method as `RatingChoice.stated`. All replications are
    tuned first, then the chosen settings fitted: each time a method may train all of them as one program.
    ``reported``: columns of the errors that a reported fit alone has. `errors` computes them.
    """

    reported: ClassVar[tuple[str, ...]] = ("train_rmse", "test_rmse")

    def __init__(
        self,
        draws: "Mapping[int, Callable[[], SimulatedData]]",
        stated: dict[str, Any],
        protocol: Protocol,
        execution: "Execution",
        checkpoint: "Checkpoint",
    ) -> None:
        self.stated, self.execution, self.checkpoint = stated, execution, checkpoint
        self.method = rating_methods()[stated["method"]]
        self.points = points(stated["grid"])
        self.refit = protocol.refit and not self.method.stops_early
        folds = 1 if self.method.stops_early else protocol.folds
        protocol = Protocol(protocol.test_share, folds, protocol.holdout, self.refit)
        self.sets = {seed: DataSet(draw(), seed, protocol) for seed, draw in draws.items()}

    def rows(self) -> list[Row]:
        """A row for every fit. The choice is the least mean validation RMSE over the folds, the first in grid order
        among equals. A point of which a fit failed is not chosen."""
        tuning: list[Row] = []
        if not self.refit or len(self.points) > 1:
            tuning = self._make(
                [
                    _Fit(seed, point, held, "tuning", fold)
                    for seed, data in self.sets.items()
                    for fold, held in enumerate(data.held)
                    for point in self.points
                ]
            )
        chosen = {seed: self._choose([row for row in tuning if row["replication"] == seed]) for seed in self.sets}
        failed = [self._failed(seed, tuning) for seed, (point, _) in chosen.items() if point is None]
        if self.refit:
            none = np.zeros(0, np.int64)
            chosen_points = {seed: point for seed, (point, _) in chosen.items() if point is not None}
            reported = self._make([_Fit(seed, point, none, "reported") for seed, point in chosen_points.items()])
            for row in reported:
                row["valid_rmse"] = chosen[row["replication"]][1]
        else:
            reported = [row for row in tuning if json.loads(row["hyperparameters"]) == chosen[row["replication"]][0]]
            for row in tuning:
                row |= {"role": "reported"} if row in reported else dict.fromkeys(self.reported)
            tuning = [row for row in tuning if row not in reported]
        for row in reported:
            row["on_edge"] = edges_text(edges(self.stated["grid"], json.loads(row["hyperparameters"])))
        return [*tuning, *reported, *failed]

    def _choose(self, tuning: list[Row]) -> tuple[dict[str, Any] | None, float | None]:
        """(point, its mean validation RMSE); (None, None) if every point has a fit that failed."""
        if not tuning:
            return self.points[0], None
        means = [self._mean(point, tuning) for point in self.points]
        number = best(means, maximise=False)
        return (None, None) if number is None else (self.points[number], means[number])

    def _mean(self, point: dict[str, Any], tuning: list[Row]) -> float | None:
        """Mean validation RMSE of a point over the folds. None if one of its fits failed."""
        values = [row["valid_rmse"] for row in tuning if json.loads(row["hyperparameters"]) == point]
        return None if None in values else float(np.mean(values))

    def _make(self, fits: list[_Fit]) -> list[Row]:
        """A row for each fit. Rows that are kept are not computed again."""
        missing = [fit for fit in fits if fit.name not in self.checkpoint]
        tasks = [
            Task(settings_of(self.stated, fit.point), self.sets[fit.seed].data(fit.held), fit.seed, self._state(fit))
            for fit in missing
        ]
        for fit, task, outcome in zip(missing, tasks, self.method.fit_all(tasks, self.execution), strict=True):
            row = self._row(fit, task.data, outcome)
            self.checkpoint.add(fit.name, [row])
            done = sum(fit.name in self.checkpoint for fit in fits)
            self.execution.say(f"{fit.role} {done} of {len(fits)}: {_progress(row)}")
        return [dict(self.checkpoint.rows[fit.name][0]) for fit in fits]

    def _state(self, fit: _Fit) -> Path:
        return self.checkpoint.file(f"{fit.role}-{fit.seed}-{fit.fold}-{self.points.index(fit.point)}")

    def _row(self, fit: _Fit, data: RatingData, outcome: Outcome) -> Row:
        row = self._empty(fit.seed) | {"role": fit.role, "fold": fit.fold, "hyperparameters": canonical_json(fit.point)}
        row |= {key: getattr(outcome, key) for key in ("reason", "seconds", "cpu_seconds")}
        if outcome.fitted is not None:
            fitted = outcome.fitted
            scored = attempt(lambda: self._scores(fit, data, fitted), self.execution.say)
            row |= {"epochs": fitted.epochs, "ended": fitted.ended, "reason": scored.reason, **(scored.result or {})}
        return row | {"status": "ok" if row["reason"] is None else "failed"}

    def _scores(self, fit: _Fit, data: RatingData, fitted: Fitted) -> Row:
        """Validation RMSE, and the other errors where the fit may be reported."""
        scores = {}
        if len(data.valid_pairs):
            scores["valid_rmse"] = self.validation(data.valid_ratings, finite(fitted.predict(data.valid_pairs)))
        if fit.role == "reported" or not self.refit:
            scores |= self.errors(self.sets[fit.seed], data, fitted)
        return scores

    def validation(self, ratings: "np.ndarray", predicted: "np.ndarray") -> float:
        """What a setting is chosen by, on the held-out ratings: their RMSE."""
        return rmse(ratings, predicted)

    def errors(self, drawn: DataSet, data: RatingData, fitted: Fitted) -> Row:
        """RMSE on the training pairs that are in ``data`` and on the test pairs of the data set that was drawn."""
        sim, test = drawn.simulation, drawn.test
        return {
            "train_rmse": rmse(data.ratings, finite(fitted.predict(data.pairs))),
            "test_rmse": rmse(sim.ratings[test], finite(fitted.predict(sim.pairs[test]))),
        }

    def _failed(self, seed: int, tuning: list[Row]) -> Row:
        """The row of a replication in which nothing could be chosen."""
        reason = next(row["reason"] for row in tuning if row["replication"] == seed and row["reason"])
        facts = {"status": "failed", "reason": f"every setting failed: {reason}", "seconds": 0.0, "cpu_seconds": 0.0}
        return self._empty(seed) | {"role": "reported", "hyperparameters": "{}", **facts}

    def _empty(self, seed: int) -> Row:
        absent = ("fold", "on_edge", "valid_rmse", *self.reported, "epochs", "ended")
        facts = {"replication": seed, "method": self.stated["name"], "title": self.stated["title"]}
        return facts | dict.fromkeys(absent)


def _progress(row: Row) -> str:
    """Replication, tuned values, errors and seconds of a fit."""
    errors = [f"{part} RMSE {row[f'{part}_rmse']:.4f}" for part in ("valid", "test") if row[f"{part}_rmse"] is not None]
    outcome = ", ".join(errors) or f"failed: {row['reason']}"
    return f"replication {row['replication']}, {row['hyperparameters']}: {outcome}, {row['seconds']:.3g} s"
