"""What the tables of recovery have in common."""

from collections.abc import Iterable, Sequence
from typing import Any

from dotbench.reporting.formats import Column, Row, number


def setting_column(rows: Iterable[Row]) -> list[Column]:
    """The column of the configuration's labels, where a row has one."""
    return [Column("Setting", lambda row: row["label"])] if any(row["label"] for row in rows) else []


def side_by_side(lines: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    """One row for all lines with the same ``keys``. It has these, and each line under its title."""
    rows: dict[tuple[Any, ...], Row] = {}
    for line in lines:
        same = {key: line[key] for key in keys}
        rows.setdefault(tuple(same.values()), same)[line["title"]] = line
    return list(rows.values())


def threshold_text(line: Row | None) -> str:
    """A threshold with its interval; ≤ where it is passed at the least m already."""
    if line is None or line["threshold"] is None:
        return "–"
    at_most = "≤ " if line["threshold"] == line["min_ratio"] else ""
    return f"{at_most}{line['threshold']:.2f} [{number(line['low'], '{:.2f}')}, {number(line['high'], '{:.2f}')}]"


def radius_text(line: Row | None) -> str:
    """A radius with its interval; ≥ where it is the greatest that was tried, < the least where it is below."""
    if line is None:
        return "–"
    if line["radius"] is None:
        return f"< {line['least']:.3g}"
    at_least = "≥ " if line["radius"] == line["greatest"] else ""
    low = f"< {line['least']:.3g}" if line["low"] is None else f"{line['low']:.3g}"
    return f"{at_least}{line['radius']:.3g} [{low}, {line['high']:.3g}]"
