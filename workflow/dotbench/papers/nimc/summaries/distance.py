"""Recovery against the distance of the start: trials summed up."""

from collections.abc import Iterable

from dotbench.lazy import pd
from dotbench.papers.nimc.summaries._trials import radius
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import wilson_interval

CELLS = ["label", "activation", "users", "observations", "ratio", "distance", "method", "title", "trials", "recovered"]
CELLS += ["share", "low", "high", "fitted", "failed", "capped", "stalled"]
CELLS += ["test_error_median", "test_error_min", "test_error_max"]
CELLS += ["train_error_median", "iterations_median", "cpu_seconds_mean", "folder"]
SAME = ["label", "folder", "activation", "users", "observations", "ratio", "distance", "method", "title"]
LINE = [name for name in SAME if name != "distance"]
RADII = [*(name for name in LINE if name != "folder"), "trials", "least", "greatest", "radius", "low", "high", "folder"]


def cells(entries: list[SimulationEntry]) -> list[Row]:
    """Of every activation, n, m, α and method: how many trials recover the truth, and the errors that are left."""
    return list(_cells(entries))


def _cells(entries: list[SimulationEntry]) -> Iterable[Row]:
    for values, trials in labelled(entries).groupby(SAME, sort=False):
        recovered, errors = int(trials["recovered"].sum()), trials["test_error"].dropna()
        low, high = wilson_interval(recovered, len(trials))
        lost = trials[trials["recovered"] == 0]
        yield {
            **dict(zip(SAME, values, strict=True)),
            "trials": len(trials),
            "recovered": recovered,
            "share": recovered / len(trials),
            "low": low,
            "high": high,
            "fitted": int(trials["fitted"].sum()),
            "failed": int((trials["status"] != "ok").sum()),
            "capped": int((lost["ended"] == "cap").sum()),
            "stalled": int((lost["ended"] == "stalled").sum()),
            "test_error_median": errors.median() if len(errors) else None,
            "test_error_min": errors.min() if len(errors) else None,
            "test_error_max": errors.max() if len(errors) else None,
            "train_error_median": trials["train_error"].median() if len(errors) else None,
            "iterations_median": trials["iterations"].median(),
            "cpu_seconds_mean": trials["cpu_seconds"].mean(),
        }


def radii(entries: list[SimulationEntry]) -> list[Row]:
    """Of every activation, n, m and method: the α up to which half of the trials recover the truth, by isotonic
    regression and linear interpolation, with a 95 % bootstrap interval. ``greatest`` where the share is nowhere below
    a half; None where it is below at the least α."""
    return list(_radii(labelled(entries)))


def _radii(table: "pd.DataFrame") -> Iterable[Row]:
    for values, rows in table.groupby(LINE, sort=False):
        shown = rows.pivot_table(index="distance", columns="replication", values="recovered", aggfunc="first")
        yield dict(zip(LINE, values, strict=True)) | radius(shown)
