"""The statistics of a study's datasets, beside the published ones."""

from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.files import write_csv
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, write_table
from dotbench.reporting.kind import TableKind

COUNTS = ("users", "items", "interactions")
KEYS = (*COUNTS, "density")
COLUMNS = ["dataset", *KEYS, *(f"published_{key}" for key in KEYS), "verified", "origin", "folder"]


class Statistics(TableKind):
    """Statistics of the datasets after the threshold, the removal of duplicates and the k-core. Published values
    are in brackets.
    """

    name = "statistics"
    title = "Statistics of datasets"
    reads = ("statistics",)

    def write(self, contents: Contents, folder: Path) -> None:
        """Write ``<table>.{csv,md,tex,html}``: users, items, interactions and density =
        interactions / (users × items)."""
        facts, labels = contents.datasets, contents.labels
        rows = [_row(name, stats) for name, stats in facts.items()]
        columns = [
            Column("Dataset", lambda row: labels[row["dataset"]]),
            *(Column(key.capitalize(), _beside(key, "{:,}")) for key in COUNTS),
            Column("Density", _beside("density", "{:.3%}")),
        ]
        remarks = [
            *([contents.title] if contents.title else []),
            Legend("After threshold, duplicates and k-core. In brackets: published counts, if known."),
            Legend("Density: interactions / (users × items)."),
        ]
        write_table(contents, folder, rows, columns, remarks)
        write_csv(folder / f"{contents.report_item}.csv", rows, COLUMNS)


def _row(name: str, stats: dict[str, Any]) -> Row:
    published = stats["published"] or {}
    row: Row = {"dataset": name, "verified": stats["verified"], "folder": str(paths.data(name))}
    row["origin"] = "generated" if stats["origin"] == "generated" else "real"
    for prefix, counts in (("", stats), ("published_", published)):
        row |= {f"{prefix}{key}": counts.get(key) for key in COUNTS}
        users, items, pairs = (row[f"{prefix}{key}"] for key in COUNTS)
        row[f"{prefix}density"] = pairs / (users * items) if users else None
    return row


def _beside(key: str, form: str) -> Any:
    def show(row: Row) -> str:
        published = row[f"published_{key}"]
        return form.format(row[key]) + (f" ({form.format(published)})" if published is not None else "")

    return show
