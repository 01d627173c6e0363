"""Starts from moments beside random ones: trials summed up."""

from collections.abc import Sequence

from dotbench.lazy import np
from dotbench.papers.nimc.summaries._trials import counts
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval

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


def direction_slopes(entries: list[SimulationEntry]) -> list[Row]:
    """Of every label, activation and law: the slope of the logarithm of the mean error of a start's directions against
    that of the number of pairs, between the two greatest numbers, with a 95 % interval over the instances."""
    lines: list[Row] = []
    if not entries:
        return lines
    table = labelled(entries)
    for (label, activation, law), rows in table[table["pairs"] > 0].groupby(["label", "activation", "law"], sort=False):
        errors = rows.pivot_table(index="replication", columns="pairs", values="direction_error", aggfunc="first")
        if errors.shape[1] < 2 or not len(errors.dropna()):
            continue
        few, many = (int(str(pairs)) for pairs in errors.columns[-2:])
        both = errors.dropna()
        found = t_interval(list(np.log(both[many] / both[few]) / np.log(many / few)))
        line: Row = {"label": label, "activation": activation, "law": law, "pairs": f"N = {few:,} to {many:,}"}
        lines.append(line | {"slope": found.mean, "low": found.low, "high": found.high})
    return lines


def least_pairs(entries: list[SimulationEntry], accuracies: Sequence[float]) -> list[Row]:
    """Of every label, activation, law, m and method: the least number of pairs with which half of the trials or more
    reach each error at fresh rows, None where none does. Without those that reach none of the errors."""
    lines: list[Row] = []
    if not entries:
        return lines
    table = labelled(entries)
    same = ["label", "activation", "law", "observations", "method"]
    for values, rows in table[table["pairs"] > 0].groupby(same, sort=False):
        enough = {}
        for epsilon in accuracies:
            shares = (rows["test_error"] <= epsilon).groupby(rows["pairs"]).mean()
            reached = shares.index[shares >= 0.5]
            enough[epsilon] = float(reached.min()) if len(reached) else None
        if any(enough.values()):
            label, activation, law, m, _ = values
            lines.append({"label": label, "activation": activation, "law": law, "m": m, "pairs": enough})
    return lines
