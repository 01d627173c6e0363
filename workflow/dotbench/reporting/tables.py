"""The table of a study: means with intervals over seeds, and which differences are real."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv, write_text
from dotbench.lazy import np, pd
from dotbench.reporting.formats import Column, render
from dotbench.reporting.notes import notes
from dotbench.reporting.records import SHARED, MethodRuns, dataset_facts, dataset_label, read_runs
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.paired import Comparison, compare, standings

LOWER_IS_BETTER = ("rmse", "mae")
FACTS = ("epochs", "updates", "train_seconds", "cpu_seconds", "peak_memory_bytes", "cpu_share_of_others")


def summarise(contents: dict[str, Any], folder: Path) -> None:
    """Write ``<table>.csv`` (every number), ``<table>.{md,tex,html}`` (to read and paste) and
    ``<table>_pairs.csv`` (every pair of methods compared)."""
    facts = dataset_facts(contents)
    rows, pairs = [], []
    for dataset in facts:
        runs = [run for run in read_runs(contents) if run.dataset == dataset]
        block = [
            {**_row(run, contents["metrics"], facts[dataset]), "split": contents["split"]["headline"]} for run in runs
        ]
        users = [run.per_user() for run in runs]
        for metric in contents["metrics"]:
            comparisons, compared = _compare(users, block, metric)
            for row, standing in zip(block, _standings(block, compared, comparisons, metric), strict=True):
                row[f"{metric}_standing"] = standing
            pairs += [_pair(dataset, metric, compared, pair) for pair in comparisons]
        rows += block
    table = contents["table"]
    write_csv(folder / f"{table}_pairs.csv", pairs, PAIR_COLUMNS)
    text = render(rows, _columns(contents["metrics"], facts), notes(contents, rows, facts))
    for kind, content in text.items():
        write_text(folder / f"{table}.{kind}", content)
    write_csv(folder / f"{table}.csv", rows, list(rows[0]))


def _row(run: MethodRuns, metrics: list[str], facts: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: all that the csv holds."""
    records = run.metrics()
    good = [record for record in records if record["status"] == "ok"]
    failed = [record for record in records if record["status"] != "ok"]
    chosen = run.chosen()
    row: dict[str, Any] = {
        "dataset": run.dataset,
        "method": run.label,
        **{key: records[0][key] for key in ("model", "loss", "solver")},
        "seeds": len(records),
        "failed": len(failed),
    }
    for metric in metrics:
        for part in ("test", "valid"):
            values = [record["metrics"][part][metric] for record in good]
            prefix = metric if part == "test" else f"valid_{metric}"
            interval = t_interval(values) if values else None
            for name in ("mean", "sd", "low", "high"):
                row[f"{prefix}_{name}"] = getattr(interval, name) if interval else None
    for fact in FACTS:
        values = [record[fact] for record in good]
        row[f"{fact}_mean"] = float(np.mean(values)) if values else None
    row |= {
        "device": "; ".join(sorted({record["device"] for record in records})),
        "tuned": ", ".join(f"{key}={_value(chosen['hyperparameters'][key])}" for key in chosen["grid"]),
        "on_edge": ", ".join(f"{key} ({side})" for key, side in chosen["on_edge"].items()),
        "trials": chosen["trials"],
        "verified": facts["verified"],
        "origin": "generated" if facts["origin"] == "generated" else "real",
        "failure": failed[0]["reason"] if failed else None,
        "failure_log": failed[0]["log"] if failed else None,
    }
    return row


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _compare(
    users: list[list["pd.DataFrame"]], rows: list[dict[str, Any]], metric: str
) -> tuple[list[Comparison], list[str]]:
    """Comparisons of the methods whose every seed is there, and their labels; ``users``: each method's per-user
    scores, by seed."""
    complete = [k for k, row in enumerate(rows) if row["failed"] == 0]
    labels = [rows[k]["method"] for k in complete]
    if len(complete) < 2:
        return [], labels
    frames = [[_totals(frame, metric) for frame in users[k]] for k in complete]
    everyone = frames[0][0].index
    for method in frames:
        for frame in method:
            everyone = everyone.union(frame.index)
    aligned = [[frame.reindex(everyone, fill_value=0.0) for frame in method] for method in frames]
    sums = np.array([[frame["total"].to_numpy() for frame in method] for method in aligned])
    counts = np.array([frame["n"].to_numpy() for frame in aligned[0]])
    return compare(sums, counts, root=metric == "rmse"), labels


def _totals(frame: "pd.DataFrame", metric: str) -> "pd.DataFrame":
    """Each user's total and divisor: a mean over users, or over ratings."""
    if metric in ("rmse", "mae"):
        column = "squared_error" if metric == "rmse" else "absolute_error"
        return pd.DataFrame({"total": frame[column].to_numpy(), "n": frame["n"].to_numpy()}, index=frame["user"])
    return pd.DataFrame({"total": frame[metric].to_numpy(), "n": 1.0}, index=frame["user"])


def _standings(
    rows: list[dict[str, Any]], compared: list[str], comparisons: list[Comparison], metric: str
) -> list[str]:
    if not comparisons:
        return ["" for _ in rows]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    means = {row["method"]: sign * row[f"{metric}_mean"] for row in rows if row["method"] in compared}
    best = max(range(len(compared)), key=lambda k: means[compared[k]])
    found = dict(zip(compared, standings(len(compared), best, comparisons), strict=True))
    return [found.get(row["method"], "") for row in rows]


PAIR_COLUMNS = ["dataset", "metric", "first", "second", "difference", "low", "high", "p", "p_holm"]
PAIR_COLUMNS += ["seeds_mean", "seeds_low", "seeds_high"]


def _pair(dataset: str, metric: str, labels: list[str], pair: Comparison) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "metric": metric,
        "first": labels[pair.first],
        "second": labels[pair.second],
        **{key: getattr(pair, key) for key in ("difference", "low", "high", "p", "p_holm")},
        **{f"seeds_{key}": getattr(pair.seeds, key) for key in ("mean", "low", "high")},
    }


def _columns(metrics: list[str], facts: dict[str, Any]) -> list[Column]:
    return [
        Column("Dataset", lambda row: dataset_label(facts[row["dataset"]])),
        Column("Method", lambda row: row["method"]),
        *(Column(metric.upper().replace("RECALL", "Recall"), _metric(metric), _bold(metric)) for metric in metrics),
        Column("Epochs", lambda row: _number(row["epochs_mean"], "{:.0f}")),
        Column("Updates", lambda row: _number(row["updates_mean"], "{:.0f}")),
        Column("Seconds", _seconds),
        Column("Chosen", _chosen),
    ]


def _metric(metric: str) -> Any:
    def show(row: dict[str, Any]) -> str:
        mean, sd, low, high = (row[f"{metric}_{name}"] for name in ("mean", "sd", "low", "high"))
        if mean is None:
            return f"failed: {row['failure']} ({row['failure_log']})"
        text = f"{mean:.4f}"
        if sd is not None:
            text += f" ± {sd:.4f} [{low:.4f}, {high:.4f}]"
        if row["failed"]:
            text += f" ({row['seeds'] - row['failed']} of {row['seeds']} seeds)"
        return text + ("≈" if row[f"{metric}_standing"] == "tie" else "")

    return show


def _bold(metric: str) -> Any:
    return lambda row: row[f"{metric}_standing"] == "best"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _seconds(row: dict[str, Any]) -> str:
    shared = row["cpu_share_of_others_mean"] or 0
    return _number(row["train_seconds_mean"], "{:.3g}") + ("*" if shared > SHARED else "")


def _chosen(row: dict[str, Any]) -> str:
    edges = {part.split(" ")[0] for part in row["on_edge"].split(", ")}
    parts = [part + ("!" if part.split("=")[0] in edges else "") for part in row["tuned"].split(", ") if part]
    return ", ".join(parts) or "–"
