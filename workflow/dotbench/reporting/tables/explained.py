"""The table of what a dataset's properties say of the order of the methods."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.reporting.across import across
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.notes import data_notes
from dotbench.statistics.paired import holm
from dotbench.statistics.regression import MIN_POINTS, slope

DOUBLES, STEP = "doubles", 0.1  # a property of any size, and the step of a share


@dataclass(frozen=True)
class Property:
    """``of``: its value, from ``stats.json``. ``change``: the change that the table tells of."""

    of: Callable[[dict[str, Any]], float]
    change: str = DOUBLES

    def steps(self, facts: dict[str, Any]) -> float:
        """The value, in units of the change."""
        value = self.of(facts)
        return float(np.log2(value)) if self.change == DOUBLES else value / STEP


PROPERTIES = {
    "density": Property(lambda facts: facts["interactions"] / (facts["users"] * facts["items"])),
    "interactions of a user": Property(lambda facts: facts["interactions"] / facts["users"]),
    "interactions of an item": Property(lambda facts: facts["interactions"] / facts["items"]),
    "users per item": Property(lambda facts: facts["users"] / facts["items"]),
    "share of the most popular tenth of the items": Property(lambda facts: facts["popular_tenth"], f"rises by {STEP}"),
}
COLUMNS = [
    "property",
    "change",
    "method",
    "reference",
    "datasets",
    "slope",
    "low",
    "high",
    "p",
    "p_holm",
    "r2",
    "folder",
]


class Explained(TableKind):
    """What the density of a dataset, the interactions of its users and items, and the skew of popularity say of the
    order of the methods: the relative change of a method against the one with the best average rank if the property
    doubles, or a share rises by .1. One line for each property and method. The points are datasets, so the intervals
    are wide unless there are many of them.
    """

    name = "explained"
    title = "What explains the order"
    reads = ("metrics", "statistics")

    def write(self, contents: Contents, folder: Path) -> None:
        """Slopes of log₂(method / reference) on one property at a time, on its log₂ or on tenths of a share, with
        Student's intervals and with p adjusted by Holm over all lines of the table. No line with fewer than three
        datasets."""
        seen = across(contents, contents.metrics[0])
        facts = contents.datasets
        order = np.argsort(seen.ranks().average, kind="stable")
        first, *others = order
        rows: list[dict[str, Any]] = []
        unknown: list[str] = []
        for name, of in PROPERTIES.items():
            try:
                x = [of.steps(facts[dataset]) for dataset in seen.datasets]
            except KeyError:  # imported with runs of an earlier version
                unknown.append(name)
                continue
            for j in others:
                line = slope(x, np.log2(seen.values[:, j] / seen.values[:, first]))
                if line is None:
                    continue
                rows.append(
                    {
                        "property": name,
                        "change": of.change,
                        "method": seen.methods[j],
                        "reference": seen.methods[first],
                        "datasets": len(seen.datasets),
                        "slope": line.value,
                        "low": line.low,
                        "high": line.high,
                        "p": line.p,
                        "r2": line.r2,
                        "folder": seen.folders[j],
                    }
                )
        for row, adjusted in zip(rows, holm(np.array([row["p"] for row in rows])), strict=True):
            row["p_holm"] = float(adjusted)
        write_csv(folder / f"{contents.report_item}.csv", rows, COLUMNS)
        columns = [
            Column("If", lambda row: f"{row['property']} {row['change']}"),
            Column("Method", lambda row: row["method"]),
            Column(f"Change against {seen.methods[first]}", _change),
            Column("p (Holm)", lambda row: number(row["p_holm"], "{:.2g}")),
            Column("Explained", lambda row: f"{row['r2']:.0%}"),
        ]
        notes = [
            *([contents.title] if contents.title else []),
            Legend(
                f"Relative change of test {metric_title(seen.metric)} against {seen.methods[first]} if the property "
                "changes as stated, with Student's 95 % interval: the slope of one property at a time over "
                f"{len(seen.datasets)} datasets. p: that there is no change, adjusted by Holm over "
                "all lines. Explained: share of the variance between datasets."
            ),
            *([f"Not known of every dataset, and left out: {', '.join(unknown)}."] if unknown else []),
            *([] if rows else [f"No line through fewer than {MIN_POINTS} datasets that differ."]),
            *data_notes(contents, facts),
        ]
        write_table(contents, folder, rows, columns, notes)


def _change(row: Row) -> str:
    value, low, high = (2 ** row[key] - 1 for key in ("slope", "low", "high"))
    return f"{value:+.0%} [{low:+.0%}, {high:+.0%}]"
