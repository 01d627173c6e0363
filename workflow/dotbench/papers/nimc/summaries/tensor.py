"""Starts from moments beside random ones: trials summed up."""

from dotbench.papers.nimc.summaries._trials import counts
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry

SAME = ["label", "activation", "law", "observations", "pairs", "start", "folder"]
ERRORS = ["direction_error", "greatest_direction_error", "norm_error"]
LINES = [*SAME[:-1], "trials", "recovered", "low", "high", "iterations_median", "iterations_min", "iterations_max"]
LINES += [f"{name}_{end}" for name in ERRORS for end in ("mean", "max")]
LINES += ["test_error_median", "moment_seconds_mean", "failed", "capped", "stalled", "folder"]


def start_lines(entries: list[SimulationEntry]) -> list[Row]:
    """Of every activation, law, m and start: errors of the start, and what came of it."""
    lines = []
    for values, trials in labelled(entries).groupby(SAME, sort=False):
        line: Row = dict(zip(SAME, values, strict=True)) | counts(trials)
        lost = trials.loc[trials["recovered"] == 0, "ended"]
        line |= {"capped": int((lost == "cap").sum()), "stalled": int((lost == "stalled").sum())}
        good = trials.loc[trials["recovered"] == 1, "iterations"]
        for end, value in (("median", good.median()), ("min", good.min()), ("max", good.max())):
            line[f"iterations_{end}"] = value if len(good) else None
        for name in ERRORS:
            errors = trials[name].dropna()
            line |= {f"{name}_mean": errors.mean() if len(errors) else None}
            line |= {f"{name}_max": errors.max() if len(errors) else None}
        line["test_error_median"] = trials["test_error"].median() if trials["test_error"].notna().any() else None
        lines.append(line | {"moment_seconds_mean": trials["moment_seconds"].mean()})
    return lines
