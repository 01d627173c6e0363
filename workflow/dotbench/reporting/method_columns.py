"""Columns that tables of compared methods share, and the files of such a table."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal

from dotbench.evaluation.metrics.base import parse_metric
from dotbench.files import write_csv
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.layout import Layout, laid_out
from dotbench.reporting.rows import seconds_text

PARTS = {"test": "warm", "cold": "cold", "overall": "overall"}
PARTS |= {"cold_user": "new users", "cold_item": "new items", "cold_both": "both new"}
PARTS |= {"overall_both": "warm and both new"}
TIES = {"tie": "≈", "second tie": "≈²"}
# what a table says of a method beside its means; `columns:` of a study
ColumnName = Literal["spread", "interval", "epochs", "updates", "seconds", "cpu_seconds", "memory", "trials", "chosen"]
WIDE: tuple[ColumnName, ...] = ("spread",)  # beside the means of every dataset, where a study does not say


def metric_title(metric: str) -> str:
    """A metric in a header, e.g. ``NDCG@10``."""
    header: str = parse_metric(metric).header
    return header


def metric_column(name: str, header: str, shown: Collection[str], error: bool = False) -> Column:
    """Mean of a metric over the seeds that did not fail, with ± and the interval if they are ``shown``.

    ``name``: as `dotbench.reporting.rows.column` gives it. ``error``: behind ± is the standard error, not the standard
    deviation. ``≈`` marks ties, and ``!`` a chosen setting on the edge of its grid where no column shows the settings.
    """

    def show(row: Row) -> str:
        mean, sd, low, high = (row[f"{name}_{end}"] for end in ("mean", "sd", "low", "high"))
        seeds = row["seeds"] - row["failed"]
        if mean is None:
            return "–" if seeds else f"failed: {row['failure']} ({row['failure_log']})"
        text = f"{mean:.4f}"
        if sd is not None and "spread" in shown:
            text += f" ± {sd / seeds**0.5 if error else sd:.4f}"
        if low is not None and "interval" in shown:
            text += f" [{low:.4f}, {high:.4f}]"
        if row["failed"]:
            text += f" ({seeds} of {row['seeds']} seeds)"
        edge = "!" if row["on_edge"] and "chosen" not in shown else ""
        return text + TIES.get(row.get(f"{name}_standing", ""), "") + edge

    return Column(header, show, _has_standing(name, "best"), _has_standing(name, "second"))


def _has_standing(name: str, standing: str) -> Callable[[Row], bool]:
    return lambda row: row.get(f"{name}_standing") == standing


def chosen_text(row: Row) -> str:
    """Chosen values, with ! on an edge of the grid and † where the grid is inert."""
    marks = {"!": {part.split(" ")[0] for part in row["on_edge"].split(", ")}, "†": set(row["inert"].split(", "))}
    parts = [
        part + "".join(mark for mark, keys in marks.items() if part.split("=")[0] in keys)
        for part in row["tuned"].split(", ")
        if part
    ]
    return ", ".join(parts) or "–"


def _gigabytes(row: Row) -> str:
    found = row["peak_memory_bytes_mean"]
    return number(found / 1e9 if found else None, "{:.2f}")


DETAILS = {
    "epochs": Column("Epochs", lambda row: number(row["epochs_mean"], "{:.0f}")),
    "updates": Column("Updates", lambda row: number(row["updates_mean"], "{:.0f}")),
    "seconds": Column("Seconds", seconds_text),
    "cpu_seconds": Column("CPU s", lambda row: number(row["cpu_seconds_mean"], "{:.3g}")),
    "memory": Column("Peak memory, GB", _gigabytes),
    "trials": Column("Settings tried", lambda row: str(row["trials"])),
    "chosen": Column("Chosen", chosen_text),
}


def shown_columns(contents: Contents, layout: Layout, usual: Sequence[ColumnName]) -> tuple[Layout, list[str]]:
    """The layout of a table and what it shows beside the means: as the study says, or else the ``usual`` columns of the
    kind. Wide tables usually show only the spread."""
    layout = contents.layout or layout
    if contents.columns is not None:
        return layout, list(contents.columns)
    return layout, list(WIDE if layout == "wide" else usual)


def write_compared(
    contents: Contents,
    folder: Path,
    layout: Layout,
    columns: Sequence[Column],
    notes: Sequence[str],
    rows: list[Row],
    pairs: list[Row],
    pair_columns: list[str],
) -> None:
    """Write ``<table>_pairs.csv``, every format and, last, the csv. ``columns``: what is said of a row."""
    table = folder / contents.report_item
    write_csv(table.with_name(f"{table.name}_pairs.csv"), pairs, pair_columns)
    write_table(contents, folder, *laid_out(layout, rows, columns, contents.labels), notes)
    write_csv(table.with_name(f"{table.name}.csv"), rows, list(rows[0]))
