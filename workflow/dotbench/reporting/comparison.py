"""The lines of a table of methods, and which of their differences are real."""

from collections.abc import Mapping
from typing import Any

from dotbench.evaluation.metrics.base import Metric, RatingMetric, UserMetric, parse_metric
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row
from dotbench.reporting.records import joined
from dotbench.reporting.rows import cold_parts, column, table_row
from dotbench.statistics.paired import Comparison, compare, runners_up, standings


def compared(contents: Contents, facts: dict[str, Any], second: bool) -> tuple[list[Row], list[Row]]:
    """(a line for every dataset × method, a line for every pair of methods). ``second``: whether the second place is
    told too. ``facts``: dataset → its ``stats.json``."""
    rows, pairs = [], []
    cold = cold_parts(contents.runs)
    for dataset in facts:
        runs = [run for run in contents.runs if run.dataset == dataset]
        block = [table_row(run, contents, facts[dataset], cold) for run in runs]
        users, folders = [run.per_user() for run in runs], {run.label: run.place for run in runs}
        for metric in contents.metrics:
            comparisons, labels = _compare(users, block, metric)
            for row, standing in zip(block, standings_of(block, labels, comparisons, metric, second), strict=True):
                row[f"{metric}_standing"] = standing
            pairs += [pair_row(dataset, metric, labels, pair, folders) for pair in comparisons]
        rows += block
    return rows, pairs


def _compare(
    users: list[list["pd.DataFrame"]], rows: list[dict[str, Any]], metric: str
) -> tuple[list[Comparison], list[str]]:
    """Comparisons of the methods whose every seed is there, and their labels. ``users``: each method's per-user
    scores, by seed."""
    complete = [k for k, row in enumerate(rows) if row["failed"] == 0]
    labels = [rows[k]["method"] for k in complete]
    parsed = parse_metric(metric)
    if len(complete) < 2 or not is_compared(parsed):
        return [], labels
    frames = [[_totals(frame, parsed) for frame in users[k]] for k in complete]
    everyone = frames[0][0].index
    for method in frames:
        for frame in method:
            everyone = everyone.union(frame.index)
    aligned = [[frame.reindex(everyone, fill_value=0.0) for frame in method] for method in frames]
    sums = np.array([[frame["total"].to_numpy() for frame in method] for method in aligned])
    counts = np.array([frame["n"].to_numpy() for frame in aligned[0]])
    return compare(sums, counts, root=isinstance(parsed, RatingMetric) and parsed.root), labels


def is_compared(metric: Metric) -> bool:
    """Whether runs keep what a metric has of each user, which a comparison needs."""
    return isinstance(metric, UserMetric) or (isinstance(metric, RatingMetric) and metric.column is not None)


def _totals(frame: "pd.DataFrame", metric: Metric) -> "pd.DataFrame":
    """Each user's total and divisor: a mean over users, or over ratings."""
    if isinstance(metric, RatingMetric):
        return pd.DataFrame({"total": frame[metric.column].to_numpy(), "n": frame["n"].to_numpy()}, index=frame["user"])
    return pd.DataFrame({"total": frame[metric.key].to_numpy(), "n": 1.0}, index=frame["user"])


def standings_of(
    rows: list[Row],
    compared: list[str],
    comparisons: list[Comparison],
    metric: str,
    second: bool = False,
    part: str = "test",
) -> list[str]:
    """Places of all methods in a metric on a part. The first and second place are given only if no method of the
    dataset lacks a seed."""
    if not comparisons:
        return ["" for _ in rows]
    sign = -1 if parse_metric(metric).lower_is_better else 1
    means = [sign * row[f"{column(part, metric)}_mean"] for row in rows if row["method"] in compared]
    places = standings(len(compared), max(range(len(compared)), key=lambda k: means[k]), comparisons)
    if len(compared) < len(rows):
        places = [place.replace("best", "") for place in places]
    elif second:
        places = runners_up(places, means, comparisons)
    place_by_method = dict(zip(compared, places, strict=True))
    return [place_by_method.get(row["method"], "") for row in rows]


PAIR_COLUMNS = ["dataset", "metric", "first", "second", "difference", "low", "high", "p", "p_holm"]
PAIR_COLUMNS += ["seeds_mean", "seeds_low", "seeds_high", "folder"]


def pair_row(dataset: str, metric: str, labels: list[str], pair: Comparison, folders: Mapping[str, str]) -> Row:
    """The line of a pair in the csv. ``folders``: label → the folder of its runs."""
    return {
        "dataset": dataset,
        "metric": metric,
        "first": labels[pair.first],
        "second": labels[pair.second],
        **{key: getattr(pair, key) for key in ("difference", "low", "high", "p", "p_holm")},
        **{f"seeds_{key}": getattr(pair.seeds, key) for key in ("mean", "low", "high")},
        "folder": joined(folders[labels[k]] for k in (pair.first, pair.second)),
    }
