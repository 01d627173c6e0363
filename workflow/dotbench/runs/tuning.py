"""Tuning: every point of the grid on the tuning split, and the choice by validation."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.files import digest, read_json, write_csv, write_json
from dotbench.runs.fitting import HIGHER_IS_BETTER, better, fit, fit_key, short
from dotbench.runs.hardware import Place
from dotbench.settings.halving import Halving
from dotbench.settings.method import Method
from dotbench.solvers.base import Pause

CURVE = ["trial", "epoch", "updates", "validation"]
FACTS = ["status", "reason", "validation", "best_epoch", "epochs", "updates", "train_seconds", "cpu_seconds"]


def tune(
    method: Method,
    load_split: Callable[[], Split],
    dataset: str,
    seed: int,
    place: Place,
    folder: Path,
    checkpoints: Path,
    spectrum: Path | None = None,
    halving: Halving | None = None,
    features: Sequence[Path] = (),
) -> dict[str, Any]:
    """Choose among the points of the grid and write ``trials.csv``, ``trials_curves.csv`` and ``chosen.json``.

    The choice is the best validation metric on the tuning split, the first in grid order among equals. A method
    without a grid is not fitted: its settings are the choice. Finished trials are kept in ``checkpoints``
    under a name that covers all they depend on, so that an interrupted tuning continues where it was. With
    ``halving`` the choice is among the trials of the last rung; a trial that goes on continues where it paused.
    """
    trials = method.trials()
    rungs = halving.rungs(len(trials)) if halving else []
    results: dict[int, dict[str, Any]] = {}
    alive = list(range(len(trials)))
    if len(trials) > 1:
        split = load_split().without_test()
        key = fit_key(method, split, place, features)
        for level, rung in enumerate(rungs or [None], 1):
            pause = Pause(rung.epochs, rung.updates) if rung else None
            alive = sorted(_best(method, results, alive, rung.trials)) if rung and level > 1 else alive
            for number in alive:
                if level > 1 and not results[number]["paused"]:  # training has ended
                    results[number]["rung"] = level
                    continue
                name = digest([key, trials[number]])
                kept, partial = checkpoints / f"{name}-{level}.json", checkpoints / f"{name}.pt"
                if not kept.exists():
                    result = fit(
                        method,
                        trials[number],
                        split,
                        dataset,
                        seed,
                        seed,
                        place,
                        spectrum,
                        partial,
                        pause=pause,
                        features=features,
                    )
                    write_json(kept, {"record": result.record, "curve": result.curve, "paused": result.paused})
                results[number] = {**read_json(kept), "rung": level}
                step = f"rung {level} of {len(rungs)}, " if rungs else ""
                place.say(step + _progress(number + 1, len(trials), method, results[number]["record"]))
    chosen = choose(method, trials, [results[number]["record"] for number in sorted(results)], alive)
    if rungs:
        chosen["rungs"] = [asdict(rung) for rung in rungs]
    rows = [
        {"trial": number, "rung": result["rung"]}
        | {k: result["record"]["hyperparameters"][k] for k in method.grid}
        | {k: result["record"][k] for k in FACTS}
        for number, result in sorted(results.items())
    ]
    write_csv(folder / "trials.csv", rows, ["trial", "rung", *method.grid, *FACTS])
    curves = [
        {"trial": number, **row, "validation": row[result["record"]["validation_metric"]]}
        for number, result in sorted(results.items())
        for row in result["curve"]
    ]
    write_csv(folder / "trials_curves.csv", [short({k: r[k] for k in CURVE}) for r in curves], CURVE)
    write_json(folder / "chosen.json", chosen)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return chosen


def _best(method: Method, results: dict[int, dict[str, Any]], numbers: list[int], n: int) -> list[int]:
    """The ``n`` of these trials with the best validation, the earlier among equals; failed ones come last."""
    sign = -1 if HIGHER_IS_BETTER[method.task] else 1

    def order(number: int) -> tuple[bool, float, int]:
        record = results[number]["record"]
        failed = record["status"] != "ok"
        return failed, 0.0 if failed else sign * record["validation"], number

    return sorted(numbers, key=order)[:n]


def choose(
    method: Method, trials: list[dict[str, Any]], records: list[dict[str, Any]], among: Sequence[int] | None = None
) -> dict[str, Any]:
    """The content of ``chosen.json``, the best of the trials ``among`` the finalists, or of all if these failed.

    It holds nothing that changes when the same trials run again.
    """
    best = 0
    value: float | None = None
    alive = [number for number in among or () if records and records[number]["status"] == "ok"]
    for number, record in enumerate(records):
        if alive and number not in alive:
            continue
        if record["status"] == "ok" and better(method.task, record["validation"], value):
            best, value = number, record["validation"]
    failed = sum(record["status"] != "ok" for record in records)
    all_failed = bool(records) and failed == len(records)
    return {
        "status": "failed" if all_failed else "ok",
        "reason": f"all {failed} trials failed; the first: {records[0]['reason']}" if all_failed else None,
        "hyperparameters": trials[best],
        "grid": method.grid,
        "on_edge": {} if all_failed or not records else edges(trials[best], method.grid),
        "trials": len(records),
        "failed_trials": failed,
    }


def edges(chosen: dict[str, Any], grid: dict[str, list[Any]]) -> dict[str, str]:
    """Tuned numbers that sit on the ``low`` or ``high`` edge of their grid.

    A low edge of zero is a bound of the setting, not of the grid, and is left out.
    """
    found = {}
    for key, values in grid.items():
        if len(values) < 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            continue
        if chosen[key] == max(values):
            found[key] = "high"
        elif chosen[key] == min(values) and chosen[key] != 0:
            found[key] = "low"
    return found


def _progress(number: int, trials: int, method: Method, record: dict[str, Any]) -> str:
    tuned = ", ".join(f"{key}={record['hyperparameters'][key]}" for key in method.grid)
    outcome = f"{record['validation']:.5f}" if record["status"] == "ok" else f"failed: {record['reason']}"
    return f"trial {number} of {trials}: {tuned}: {record['validation_metric']} {outcome}"
