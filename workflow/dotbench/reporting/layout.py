"""Methods on datasets, long or wide: a line for each method on each dataset, or the datasets side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from dotbench.reporting.formats import Column, Row

Layout = Literal["long", "wide"]


def laid_out(
    layout: Layout, rows: Sequence[Row], columns: Sequence[Column], labels: Mapping[str, str]
) -> tuple[Sequence[Row], list[Column]]:
    """(lines, columns) of a table. ``rows``: one for each dataset × method. ``columns``: what is said of a row.
    ``labels``: dataset → its name in the table."""
    method = Column("Method", lambda line: line["method"])
    if layout == "long":
        return rows, [Column("Dataset", lambda row: labels[row["dataset"]]), method, *columns]
    lines = {row["method"]: {"method": row["method"], "on": {}} for row in rows}
    for row in rows:
        lines[row["method"]]["on"][row["dataset"]] = row
    return list(lines.values()), [
        method,
        *(_on(dataset, column, label) for dataset, label in labels.items() for column in columns),
    ]


def _on(dataset: str, column: Column, label: str) -> Column:
    """A column that says of a method what ``column`` says of it on a dataset."""

    def said(tell: Callable[[Row], Any], otherwise: Any) -> Callable[[Row], Any]:
        return lambda line: tell(line["on"][dataset]) if dataset in line["on"] else otherwise

    return replace(
        column,
        show=said(column.show, "–"),
        bold=said(column.bold, False),
        underlined=said(column.underlined, False),
        group=label,
    )
