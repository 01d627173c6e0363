"""One line of a table: what is known of a method's reported runs on a dataset."""

from collections.abc import Sequence
from typing import Any

from dotbench.evaluation.metrics.base import RatingMetric, parse_metric
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row, number
from dotbench.reporting.records import SHARED, MethodRuns
from dotbench.statistics.intervals import overlap_factor, t_interval

INERT = 0.002  # of the validation metric of a ranking
COLD_PARTS = ("cold_user", "cold_item", "cold_both", "cold", "overall")  # of splits that set unseen rows apart
FACTS = ("epochs", "updates", "train_seconds", "cpu_seconds", "peak_memory_bytes", "cpu_share_of_others")


def cold_parts(runs: Sequence[MethodRuns]) -> list[str]:
    """Those of COLD_PARTS that any of the runs was evaluated on."""
    parts = {part for run in runs for record in run.metrics() for part in record["metrics"] or ()}
    return [part for part in COLD_PARTS if part in parts]


def column(part: str, metric: str) -> str:
    """The name of a metric of a part in the lines. On the test part it is the metric's own name."""
    return metric if part == "test" else f"{part}_{metric}"


def method_row(run: MethodRuns, metrics: list[str], facts: dict[str, Any], cold: Sequence[str] = ()) -> Row:
    """One line of the table, with everything that the csv has. ``cold``: further test parts, which a seed may lack."""
    records = run.metrics()
    is_ranking = any(not isinstance(parse_metric(metric), RatingMetric) for metric in metrics)
    good = [record for record in records if record["status"] == "ok"]
    failed = [record for record in records if record["status"] != "ok"]
    chosen = run.chosen()
    row: Row = {
        "dataset": run.dataset,
        "method": run.label,
        **{key: records[0][key] for key in ("model", "loss", "solver")},
        "seeds": len(records),
        "failed": len(failed),
    }
    for metric in metrics:
        for part in ("test", "valid", *cold):
            values = [record["metrics"][part][metric] for record in good if metric in record["metrics"].get(part, ())]
            interval = t_interval(values) if values else None
            for name in ("mean", "sd", "low", "high"):
                row[f"{column(part, metric)}_{name}"] = getattr(interval, name) if interval else None
    for fact in FACTS:
        values = [record[fact] for record in good]
        row[f"{fact}_mean"] = float(np.mean(values)) if values else None
    row |= {
        "device": "; ".join(sorted({record["device"] for record in records})),
        "tuned": ", ".join(f"{key}={value_text(chosen['hyperparameters'][key])}" for key in chosen["grid"]),
        "on_edge": ", ".join(f"{key} ({side})" for key, side in chosen["on_edge"].items()),
        "inert": ", ".join(inert_keys(run) if is_ranking else []),
        "trials": chosen["trials"],
        "tuning_cpu_seconds": float(run.trials()["cpu_seconds"].sum()),
        "verified": facts["verified"],
        "origin": "generated" if facts["origin"] == "generated" else "real",
        "failure": failed[0]["reason"] if failed else None,
        "failure_log": failed[0]["log"] if failed else None,
        "folder": run.place,
    }
    return row


def table_row(run: MethodRuns, contents: Contents, facts: dict[str, Any], cold: Sequence[str] = ()) -> Row:
    """`method_row` and, behind all else, the division of the data."""
    row = method_row(run, contents.metrics, facts, cold)
    good = row["seeds"] - row["failed"]
    factor = overlap_factor(good, contents.split.test_to_train) if good > 1 else None
    return row | {"split": contents.split.headline, "overlap_factor": factor}


def seconds_text(row: Row) -> str:
    """The seconds of training, with * where other processes took a noticeable share of the machine."""
    shared = (row["cpu_share_of_others_mean"] or 0) > SHARED
    return number(row["train_seconds_mean"], "{:.3g}") + ("*" if shared else "")


def inert_keys(run: MethodRuns) -> list[str]:
    """Tuned keys along which the validation metric varies by less than INERT over all values of the grid, the other
    keys as chosen. Only trials that came to the same rung are compared."""
    chosen, trials = run.chosen(), run.trials()
    keys = []
    for key, values in chosen["grid"].items():
        alike = trials
        for other in chosen["grid"].keys() - {key}:
            alike = alike[_equal(alike[other], chosen["hyperparameters"][other])]
        whole = len(alike) == len(values) > 1 and (alike["status"] == "ok").all() and alike["rung"].nunique() == 1
        if whole and np.ptp(alike["validation"]) < INERT:
            keys.append(key)
    return keys


def _equal(column: "pd.Series", value: Any) -> Any:
    """Where a column has the value. A number that was read may differ from it by its last bit."""
    floats = isinstance(value, float) and column.dtype == float
    return np.isclose(column, value, rtol=1e-12, atol=0) if floats else column == value


def value_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
