"""Starts at equal numbers of labels: trials summed up."""

from dotbench.papers.nimc.summaries._trials import counts
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry

SAME = ["label", "activation", "observations", "kind", "start", "folder"]
LINES = [*SAME[:-1], "trials", "recovered", "low", "high", "test_error_median", "direction_error_mean"]
LINES += ["norm_error_mean", "iterations_mean", "cpu_seconds_mean", "failed", "folder"]


def label_lines(entries: list[SimulationEntry]) -> list[Row]:
    """Of every activation, m and start: how many trials recover the truth, errors of the start, and what it costs."""
    lines = []
    for values, trials in labelled(entries).groupby(SAME, sort=False):
        line: Row = dict(zip(SAME, values, strict=True)) | counts(trials)
        for name in ("direction_error", "norm_error"):
            errors = trials[name].dropna()
            line[f"{name}_mean"] = errors.mean() if len(errors) else None
        line["test_error_median"] = trials["test_error"].median() if trials["test_error"].notna().any() else None
        line["iterations_mean"] = trials["iterations"].mean()
        lines.append(line | {"cpu_seconds_mean": (trials["cpu_seconds"] + trials["start_seconds"]).mean()})
    return lines
