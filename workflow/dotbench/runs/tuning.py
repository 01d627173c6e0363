"""Tuning: every point of the grid on the tuning split, and the choice by validation."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.files import digest, read_json, write_csv, write_json
from dotbench.runs.fitting import better, fit, fit_key
from dotbench.runs.hardware import Place
from dotbench.settings.method import Method

CURVE = ["trial", "epoch", "updates", "seconds", "cpu_seconds", "loss", "validation"]
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
) -> dict[str, Any]:
    """Choose among the points of the grid and write ``trials.csv``, ``trials_curves.csv`` and ``chosen.json``.

    The choice is the best validation metric on the tuning split, the first in grid order among equals. A method
    without a grid is not fitted: its settings are the choice. Finished trials are kept in ``checkpoints``
    under a name that covers all they depend on, so that an interrupted tuning continues where it was.
    """
    trials = method.trials()
    results = []
    if len(trials) > 1:
        split = load_split().without_test()
        key = fit_key(method, split, place)
        for number, hyperparameters in enumerate(trials, 1):
            name = digest([key, hyperparameters])
            kept = checkpoints / f"{name}.json"
            if not kept.exists():
                partial = checkpoints / f"{name}.pt"
                result = fit(method, hyperparameters, split, dataset, seed, seed, place, spectrum, partial)
                write_json(kept, {"record": result.record, "curve": result.curve})
            results.append(read_json(kept))
            place.say(_progress(number, len(trials), method, results[-1]["record"]))
    chosen = choose(method, trials, [result["record"] for result in results])
    rows = [
        {"trial": number, **{k: result["record"]["hyperparameters"][k] for k in method.grid}}
        | {k: result["record"][k] for k in FACTS}
        for number, result in enumerate(results)
    ]
    write_csv(folder / "trials.csv", rows, ["trial", *method.grid, *FACTS])
    curves = [
        {"trial": number, **row, "validation": row[result["record"]["validation_metric"]]}
        for number, result in enumerate(results)
        for row in result["curve"]
    ]
    write_csv(folder / "trials_curves.csv", [{k: r.get(k, "") for k in CURVE} for r in curves], CURVE)
    write_json(folder / "chosen.json", chosen)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return chosen


def choose(method: Method, trials: list[dict[str, Any]], records: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of ``chosen.json``. It holds nothing that changes when the same trials run again."""
    best = 0
    value: float | None = None
    for number, record in enumerate(records):
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
