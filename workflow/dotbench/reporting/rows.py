"""One line of a table: what is known of a method's reported runs on a dataset."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dotbench.evaluation.metrics.base import RatingMetric, parse_metric
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row, number
from dotbench.reporting.records import SHARED, MethodRuns, Tuning
from dotbench.statistics.intervals import overlap_factor, t_interval

INERT = 0.002  # of the validation metric of a ranking
COLD_PARTS = (
    "cold_user",
    "cold_item",
    "cold_both",
    "cold",
    "overall",
    "overall_both",
)  # of splits that set unseen rows apart
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
    tunings = run.tunings
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
        "tuned": tuned_text(tunings),
        "on_edge": edge_text(tunings),
        "inert": ", ".join(inert_in_all(tunings) if is_ranking else []),
        "trials": max(tuning.chosen["trials"] for tuning in tunings),
        "tuning_cpu_seconds": sum(float(tuning.trials["cpu_seconds"].sum()) for tuning in tunings),
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


def tuned_text(tunings: Sequence[Tuning]) -> str:
    """The chosen values, e.g. ``alpha=2, regularization=0.1 (3 of 5) or 0.2 (2 of 5)``."""
    return ", ".join(f"{key}={chosen_shares(tunings, key)}" for key in tunings[0].chosen["grid"])


def chosen_shares(tunings: Sequence[Tuning], key: str) -> str:
    """The chosen value of a key; where the seeds' choices differ, every value with the number of its seeds, the most
    frequent first."""
    seeds: Counter[str] = Counter()
    for tuning in tunings:
        seeds[value_text(tuning.chosen["hyperparameters"][key])] += len(tuning.seeds)
    found = seeds.most_common()
    if len(found) == 1:
        return found[0][0]
    return " or ".join(f"{value} ({count} of {seeds.total()})" for value, count in found)


def edge_text(tunings: Sequence[Tuning]) -> str:
    """The keys whose chosen value is on the edge of its grid, e.g. ``alpha (high), regularization (low: 2 of 5)``."""
    return ", ".join(f"{key} ({sides})" for key, sides in edge_shares(tunings).items())


def edge_shares(tunings: Sequence[Tuning]) -> dict[str, str]:
    """Key whose chosen value is on the edge of its grid → ``low`` or ``high``; with the number of seeds where not all
    of them chose it."""
    total = sum(len(tuning.seeds) for tuning in tunings)
    sides: dict[str, Counter[str]] = {}
    for tuning in tunings:
        for key, side in tuning.chosen["on_edge"].items():
            sides.setdefault(key, Counter())[side] += len(tuning.seeds)
    return {
        key: "; ".join(
            side if count == total else f"{side}: {count} of {total}" for side, count in counted.most_common()
        )
        for key, counted in sides.items()
    }


def inert_in_all(tunings: Sequence[Tuning]) -> list[str]:
    """The tuned keys that are inert in every tuning."""
    found = [inert_keys(tuning) for tuning in tunings]
    return [key for key in found[0] if all(key in keys for keys in found)]


def inert_keys(tuning: Tuning) -> list[str]:
    """Tuned keys along which the validation metric varies by less than INERT over all values of the grid, the other
    keys as chosen. Only trials that came to the same rung are compared."""
    chosen, trials = tuning.chosen, tuning.trials
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
