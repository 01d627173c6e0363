"""Columns that tables of compared methods share, and the files of such a table."""

from collections.abc import Callable
from pathlib import Path

from dotbench.evaluation.metrics.base import parse_metric
from dotbench.files import write_csv, write_text
from dotbench.reporting.formats import Row

PARTS = {"test": "warm", "cold": "cold", "overall": "overall"}
PARTS |= {"cold_user": "new users", "cold_item": "new items", "cold_both": "both new"}
TIES = {"tie": "≈", "second tie": "≈²"}


def metric_title(metric: str) -> str:
    """A metric in a header, e.g. ``NDCG@10``."""
    header: str = parse_metric(metric).header
    return header


def has_standing(metric: str, standing: str) -> Callable[[Row], bool]:
    """Whether a row is ``best``, or ``second``, in a metric."""
    return lambda row: row[f"{metric}_standing"] == standing


def chosen_text(row: Row) -> str:
    """Chosen values, with ! on an edge of the grid and † where the grid is inert."""
    marks = {"!": {part.split(" ")[0] for part in row["on_edge"].split(", ")}, "†": set(row["inert"].split(", "))}
    parts = [
        part + "".join(mark for mark, keys in marks.items() if part.split("=")[0] in keys)
        for part in row["tuned"].split(", ")
        if part
    ]
    return ", ".join(parts) or "–"


def write_compared(
    table: Path, text: dict[str, str], rows: list[Row], pairs: list[Row], pair_columns: list[str]
) -> None:
    """Write ``<table>_pairs.csv``, every format and, last, the csv."""
    write_csv(table.with_name(f"{table.name}_pairs.csv"), pairs, pair_columns)
    for kind, content in text.items():
        write_text(table.with_name(f"{table.name}.{kind}"), content)
    write_csv(table.with_name(f"{table.name}.csv"), rows, list(rows[0]))
