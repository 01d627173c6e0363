"""The tables of a study."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dotbench.files import write_csv, write_text
from dotbench.reporting.aspect_table import aspect_table
from dotbench.reporting.comparison import PAIR_COLUMNS, compared
from dotbench.reporting.cost_table import cost_table
from dotbench.reporting.curvature_table import curvature_table
from dotbench.reporting.dataset_table import dataset_table
from dotbench.reporting.descent_table import descent_table
from dotbench.reporting.distance_table import distance_table
from dotbench.reporting.formats import Column, Row, number, render
from dotbench.reporting.notes import notes
from dotbench.reporting.records import dataset_facts, dataset_label, read_runs
from dotbench.reporting.replication_table import replication_table
from dotbench.reporting.rows import cold_parts, column, seconds_text
from dotbench.reporting.slopes import slopes_table
from dotbench.reporting.starts import START_PAIR_COLUMNS, compared_by_part, shown_parts
from dotbench.reporting.tensor_table import tensor_table
from dotbench.reporting.thresholds_table import thresholds_table

PARTS = {"test": "warm", "cold": "cold", "overall": "overall"}
PARTS |= {"cold_user": "new users", "cold_item": "new items", "cold_both": "both new"}
TIES = {"tie": "≈", "second tie": "≈²"}


def summarise(contents: dict[str, Any], folder: Path) -> None:
    """Write the table that ``contents`` names: csv (every number), md, tex and html (to read and paste)."""
    TABLES[contents["kind"]](contents, folder)


def method_table(contents: dict[str, Any], folder: Path, wide: bool, second: bool) -> None:
    """Means over seeds with the differences that are real; ``<table>_pairs.csv`` has every pair of methods compared.

    ``wide``: a line for each method, with every dataset beside it; otherwise a line for each dataset × method, with
    intervals, costs and the chosen setting. ``second``: mark the second place too.
    """
    facts = dataset_facts(contents)
    rows, pairs = compared(contents, facts, second)
    remarks = notes(contents, rows, facts)
    if wide:
        text = render(_beside_each_other(rows), _wide(contents["metrics"], facts), remarks)
    else:
        text = render(rows, _long(contents["metrics"], facts, cold_parts(read_runs(contents))), remarks)
    _write(folder / contents["exhibit"], text, rows, pairs, PAIR_COLUMNS)


def start_table(contents: dict[str, Any], folder: Path) -> None:
    """Means over seeds on every part of the test, warm and cold, with the best of each; ``<table>_pairs.csv`` has every
    pair of methods compared on each part."""
    facts = dataset_facts(contents)
    rows, pairs = compared_by_part(contents, facts)
    columns = _parts(contents["metrics"], facts, shown_parts(read_runs(contents)))
    text = render(rows, columns, notes(contents, rows, facts))
    _write(folder / contents["exhibit"], text, rows, pairs, START_PAIR_COLUMNS)


def _write(table: Path, text: dict[str, str], rows: list[Row], pairs: list[Row], pair_columns: list[str]) -> None:
    write_csv(table.with_name(f"{table.name}_pairs.csv"), pairs, pair_columns)
    for kind, content in text.items():
        write_text(table.with_name(f"{table.name}.{kind}"), content)
    write_csv(table.with_name(f"{table.name}.csv"), rows, list(rows[0]))


TABLES: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "comparison": partial(method_table, wide=False, second=False),
    "intervals": partial(method_table, wide=False, second=True),
    "overview": partial(method_table, wide=True, second=True),
    "starts": start_table,
    "statistics": dataset_table,
    "aspects": aspect_table,
    "costs": cost_table,
    "replications": replication_table,
    "curvature": curvature_table,
    "descent": descent_table,
    "distance": distance_table,
    "slopes": slopes_table,
    "tensor": tensor_table,
    "thresholds": thresholds_table,
}


def _beside_each_other(rows: list[Row]) -> list[Row]:
    """One line per method: its name, and dataset → its row."""
    labels = dict.fromkeys(row["method"] for row in rows)
    return [{"method": label, **{row["dataset"]: row for row in rows if row["method"] == label}} for label in labels]


def _wide(metrics: list[str], facts: dict[str, Any]) -> list[Column]:
    def of(dataset: str, tell: Callable[[Row], Any]) -> Callable[[Row], Any]:
        return lambda line: tell(line[dataset])

    columns = [Column("Method", lambda line: line["method"])]
    for dataset in facts:
        for metric in metrics:
            header = f"{dataset_label(facts[dataset])} {_title(metric)}"
            tell = (_flagged(metric), _is(metric, "best"), _is(metric, "second"))
            columns.append(Column(header, *(of(dataset, part) for part in tell)))
    return columns


def _flagged(metric: str) -> Callable[[Row], str]:
    """The mean, with ! where the chosen setting is on an edge of its grid."""
    show = _metric(metric, intervals=False)
    return lambda row: show(row) + ("!" if row["on_edge"] else "")


def _title(metric: str) -> str:
    return metric.upper().replace("RECALL", "Recall").replace("_CLIPPED", ", clipped")


def _long(metrics: list[str], facts: dict[str, Any], cold: list[str]) -> list[Column]:
    warm = " warm" if cold else ""
    return [
        Column("Dataset", lambda row: dataset_label(facts[row["dataset"]])),
        Column("Method", lambda row: row["method"]),
        *(Column(_title(m) + warm, _metric(m), _is(m, "best"), _is(m, "second")) for m in metrics),
        *(Column(f"{_title(metrics[0])} {PARTS[part]}", _cold(f"{part}_{metrics[0]}")) for part in cold),
        Column("Epochs", lambda row: number(row["epochs_mean"], "{:.0f}")),
        Column("Updates", lambda row: number(row["updates_mean"], "{:.0f}")),
        Column("Seconds", seconds_text),
        Column("Chosen", _chosen),
    ]


def _parts(metrics: list[str], facts: dict[str, Any], parts: list[str]) -> list[Column]:
    """The first metric on every part, the others on the test part; the csv has them all."""
    shown = [(metrics[0], part) for part in parts] + [(metric, parts[0]) for metric in metrics[1:]]

    def title(metric: str, part: str) -> str:
        return f"{_title(metric)} {PARTS[part]}" if len(parts) > 1 else _title(metric)

    return [
        Column("Dataset", lambda row: dataset_label(facts[row["dataset"]])),
        Column("Method", lambda row: row["method"]),
        *(
            Column(title(metric, part), _error(column(part, metric)), _is(column(part, metric), "best"))
            for metric, part in shown
        ),
        Column("Seconds", seconds_text),
        Column("Chosen", _chosen),
    ]


def _error(name: str) -> Callable[[Row], str]:
    """Mean ± standard error over the seeds that did not fail."""

    def show(row: Row) -> str:
        mean, sd, seeds = row[f"{name}_mean"], row[f"{name}_sd"], row["seeds"] - row["failed"]
        if mean is None:
            return f"failed: {row['failure']} ({row['failure_log']})" if row["failed"] else "–"
        text = f"{mean:.4f}" + ("" if sd is None else f" ± {sd / seeds**0.5:.4f}")
        if row["failed"]:
            text += f" ({seeds} of {row['seeds']} seeds)"
        return text + TIES.get(row[f"{name}_standing"], "")

    return show


def _metric(metric: str, intervals: bool = True) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        mean, sd, low, high = (row[f"{metric}_{name}"] for name in ("mean", "sd", "low", "high"))
        if mean is None:
            return f"failed: {row['failure']} ({row['failure_log']})"
        text = f"{mean:.4f}"
        if sd is not None:
            text += f" ± {sd:.4f}" + (f" [{low:.4f}, {high:.4f}]" if intervals else "")
        if row["failed"]:
            text += f" ({row['seeds'] - row['failed']} of {row['seeds']} seeds)"
        return text + TIES.get(row[f"{metric}_standing"], "")

    return show


def _cold(prefix: str) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        mean, sd = row[f"{prefix}_mean"], row[f"{prefix}_sd"]
        return number(mean, "{:.4f}") + ("" if sd is None else f" ± {sd:.4f}")

    return show


def _is(metric: str, standing: str) -> Callable[[Row], bool]:
    return lambda row: row[f"{metric}_standing"] == standing


def _chosen(row: Row) -> str:
    """Chosen values, with ! on an edge of the grid and † where the grid is inert."""
    marks = {"!": {part.split(" ")[0] for part in row["on_edge"].split(", ")}, "†": set(row["inert"].split(", "))}
    parts = [
        part + "".join(mark for mark, keys in marks.items() if part.split("=")[0] in keys)
        for part in row["tuned"].split(", ")
        if part
    ]
    return ", ".join(parts) or "–"
