"""Tuning: every point of the grid on the tuning split, and the choice by validation."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dotbench.execution.hardware import Execution
from dotbench.files import digest, read_json_if_whole, write_csv, write_json
from dotbench.runs.fitting import Inputs, Seeds, fit, fit_key, short
from dotbench.runs.method import Method
from dotbench.runs.record import FitRecord
from dotbench.solvers.base import Pause
from dotbench.tuning.choice import best, ranked
from dotbench.tuning.grid import edges
from dotbench.tuning.halving import Halving, Rung

CURVE = ["trial", "epoch", "updates", "validation"]
FACTS = ["status", "reason", "validation", "best_epoch", "epochs", "updates", "train_seconds", "cpu_seconds"]


@dataclass(frozen=True)
class Trial:
    """A point of the grid as far as it was trained. ``paused``: training could go on. ``rung``: of halving, from 1."""

    record: FitRecord
    curve: list[dict[str, Any]]
    paused: bool
    rung: int

    @property
    def rising(self) -> bool:
        """Whether training would go on from its best epoch."""
        return self.paused and self.record.ok and self.record.best_epoch == self.record.epochs


def tune(
    method: Method,
    load_inputs: Callable[[], Inputs],
    seed: int,
    execution: Execution,
    folder: Path,
    checkpoints: Path,
    halving: Halving | None = None,
) -> dict[str, Any]:
    """Choose among the points of the grid and write ``trials.csv``, ``trials_curves.csv`` and ``chosen.json``.

    The choice is the best validation metric on the tuning split, the first in grid order among equals. A method
    without a grid is not fitted: its settings are the choice. Finished trials are kept in ``checkpoints``
    under a name that covers all they depend on, so that an interrupted tuning continues where it was. With
    ``halving`` the choice is among the trials of the last rung. A trial that goes on continues where it paused.
    """
    method, settings = replace(method, refit=False), method.trials()
    trials: dict[int, Trial] = {}
    rungs: list[Rung] = []
    finalists, cut = list(range(len(settings))), 0
    going_on = finalists if len(settings) > 1 else []
    if going_on:
        inputs = load_inputs()
        inputs = replace(inputs, split=inputs.split.without_test())
        key = fit_key(method, inputs, execution)
    while going_on:
        finalists, level = going_on, len(rungs) + 1
        rung = halving.rung(level, len(finalists)) if halving else None
        pause = Pause(rung.epochs, rung.updates) if rung else None
        for number in finalists:
            if level > 1 and not trials[number].paused:  # training has ended
                trials[number] = replace(trials[number], rung=level)
                continue
            name = digest([key, settings[number]])
            finished, partial = checkpoints / f"{name}-{level}.json", checkpoints / f"{name}.pt"
            facts = read_json_if_whole(finished)
            if facts is None:
                result = fit(
                    method, settings[number], inputs, Seeds(seed, seed), execution, checkpoint=partial, pause=pause
                )
                facts = {"record": result.record.to_json(), "curve": result.curve, "paused": result.paused}
                write_json(finished, facts)
            record = FitRecord.from_json(facts["record"])
            trials[number] = Trial(record, facts["curve"], facts["paused"], level)
            execution.say((f"rung {level}, " if rung else "") + _progress(number + 1, len(settings), method, record))
        if halving is None or rung is None:
            break
        rungs.append(rung)
        order, rising = _ranked(method, trials, finalists), {n for n in finalists if trials[n].rising}
        going_on = halving.going_on(level, len(settings), order, rising)
        cut += len(rising - {*(going_on or order[:1])})
    chosen = choose(method, settings, [trials[number].record for number in sorted(trials)], finalists)
    if rungs:
        chosen |= {"rungs": [asdict(rung) for rung in rungs], "cut_while_rising": cut}
    _write(method, trials, chosen, folder)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return chosen


def choose(
    method: Method, settings: list[dict[str, Any]], records: list[FitRecord], among: Sequence[int] | None = None
) -> dict[str, Any]:
    """The content of ``chosen.json``, the best of the trials ``among`` the finalists, or of all if these failed.

    It holds nothing that changes when the same trials run again.
    """
    maximise, values = not method.watched.lower_is_better, [_value(record) for record in records]
    number = best(values, maximise, among) if records else 0
    if number is None:
        number = best(values, maximise)
    failed = sum(not record.ok for record in records)
    return {
        "status": "failed" if number is None else "ok",
        "reason": f"all {failed} trials failed; the first: {records[0].reason}" if number is None else None,
        "hyperparameters": settings[number or 0],
        "grid": method.grid,
        "on_edge": {} if number is None or not records else edges(method.grid, settings[number]),
        "trials": len(records),
        "failed_trials": failed,
    }


def _write(method: Method, trials: dict[int, Trial], chosen: dict[str, Any], folder: Path) -> None:
    """Every trial, their curves and, last, the choice."""
    rows, curves = [], []
    for number, trial in sorted(trials.items()):
        facts = trial.record.to_json()
        tuned = {key: facts["hyperparameters"][key] for key in method.grid}
        rows.append({"trial": number, "rung": trial.rung} | tuned | {key: facts[key] for key in FACTS})
        metric = trial.record.validation_metric
        points = [{"trial": number, **row, "validation": row[metric]} for row in trial.curve]
        curves += [short({key: point[key] for key in CURVE}) for point in points]
    write_csv(folder / "trials.csv", rows, ["trial", "rung", *method.grid, *FACTS])
    write_csv(folder / "trials_curves.csv", curves, CURVE)
    write_json(folder / "chosen.json", chosen)


def _ranked(method: Method, trials: dict[int, Trial], numbers: list[int]) -> list[int]:
    """These trials by their validation, the best first. Failed ones come last."""
    values = [_value(trial.record) for _, trial in sorted(trials.items())]  # every trial has been on the first rung
    return ranked(values, not method.watched.lower_is_better, numbers)


def _value(record: FitRecord) -> float | None:
    return record.validation if record.ok else None


def _progress(number: int, trials: int, method: Method, record: FitRecord) -> str:
    tuned = ", ".join(f"{key}={record.hyperparameters[key]}" for key in method.grid)
    outcome = f"{record.validation:.5f}" if record.ok else f"failed: {record.reason}"
    return f"trial {number} of {trials}: {tuned}: {record.validation_metric} {outcome}"
