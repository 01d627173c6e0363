"""Trials of one cell, counted."""

from dotbench.lazy import pd
from dotbench.reporting.formats import Row
from dotbench.statistics.intervals import wilson_interval


def counts(trials: "pd.DataFrame") -> Row:
    """``trials``, how many ``recovered`` the truth, Wilson's 95 % interval of the share, how many ``failed``."""
    recovered = int(trials["recovered"].sum())
    low, high = wilson_interval(recovered, len(trials))
    failed = int((trials["status"] != "ok").sum())
    return {"trials": len(trials), "recovered": recovered, "low": low, "high": high, "failed": failed}
