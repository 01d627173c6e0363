"""Trials of one cell, counted."""

from dotbench.lazy import pd
from dotbench.reporting.formats import Row
from dotbench.statistics.intervals import wilson_interval
from dotbench.statistics.thresholds import threshold, threshold_interval


def counts(trials: "pd.DataFrame") -> Row:
    """``trials``, how many ``recovered`` the truth, Wilson's 95 % interval of the share, how many ``failed``."""
    recovered = int(trials["recovered"].sum())
    low, high = wilson_interval(recovered, len(trials))
    failed = int((trials["status"] != "ok").sum())
    return {"trials": len(trials), "recovered": recovered, "low": low, "high": high, "failed": failed}


def radius(table: "pd.DataFrame") -> Row:
    """The distance up to which half of the trials succeed, by isotonic regression and linear interpolation, with a 95 %
    bootstrap interval; ``least`` and ``greatest``: of the distances. ``table``: 0 or 1, an index of distances and a
    column for each trial. The greatest where the share is nowhere below a half; None where it is below at the least.
    """
    shown = table.dropna(axis=1).sort_index(ascending=False)
    nearness, successes = [-float(str(distance)) for distance in shown.index], shown.to_numpy()
    at, (far, near) = threshold(nearness, successes), threshold_interval(nearness, successes)
    line: Row = {"trials": successes.shape[1], "least": -nearness[-1], "greatest": -nearness[0]}
    return line | {name: x if x is None else abs(x) for name, x in (("radius", at), ("low", near), ("high", far))}
