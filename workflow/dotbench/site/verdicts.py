"""Published numbers beside ours, and what the paper claims, as ``paper_vs_ours.csv``, ``paper_vs_ours_order.csv``,
``claims.csv`` and ``claims_rows.csv`` of a study have them."""

from math import sqrt
from pathlib import Path
from typing import Any

from dotbench.reporting.claims.numbers import metric_titles
from dotbench.reporting.formats import Row
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.published import Published, load_published
from dotbench.site.values import read_rows

# verdict → what it means; the page shows them in this order
VERDICTS = {
    "reproduces": "ours and the published number differ by no more than the tolerance",
    "differs: higher": "ours is higher than the published number by more than the tolerance",
    "differs: lower": "ours is lower than the published number by more than the tolerance",
    "suspect cell": "the published number contradicts itself or another one",
    "too few seeds": "fewer than three seeds of ours",
    "failed": "every fit of ours failed",
    "not run": "the dataset, the method or the metric was not run",
}


# verdict of a claim → what it means; the page shows them in this order
CLAIMS = {
    "holds": "every comparison agrees with the claim",
    "does not hold": "some comparison contradicts the claim",
    "cannot be told": "nothing contradicts it, but part of it is not known, was not run, or cannot be distinguished",
}


def verdicts(folder: Path, key: str) -> dict[str, Any] | None:
    """The published numbers of a paper with ours. None if the comparison is not there.

    A line has what the csv has, ``published_low``, ``published_high``: the interval that the tolerance allows the
    published number, and ``derived``: whether it is a difference or a gain of numbers.
    """
    file = folder / "paper_vs_ours.csv"
    if not file.is_file():
        return None
    published, orders = load_published(key), folder / "paper_vs_ours_order.csv"
    lines = [line | _interval(line) | {"title": ", ".join(metric_titles(line["metric"]))} for line in read_rows(file)]
    tables = {cell.table for cell in published.cells}
    for line in lines:
        line["derived"] = line["table"] not in tables
    return {
        "key": key,
        "paper": published.paper,
        "source": published.source,
        "lines": lines,
        "counts": {name: n for name in VERDICTS if (n := sum(line["verdict"] == name for line in lines))},
        "orders": [
            {**order, "title": metric_title(order["metric"])}
            for order in (read_rows(orders) if orders.is_file() else [])
        ],
        "remarks": remarks(published),
    }


def claims(folder: Path) -> dict[str, Any] | None:
    """The claims of a paper. None if they are not there. ``lines``: as the csv has them, each with the ``rows`` of ours
    behind it. ``printed``: claim → the rows in print, the same for every configuration."""
    file = folder / "claims.csv"
    if not file.is_file():
        return None
    rows: dict[str, dict[str, list[Row]]] = {"print": {}, "ours": {}}
    for row in read_rows(folder / "claims_rows.csv"):
        known = {name: value for name, value in row.items() if value is not None and name not in ("claim", "side")}
        known["title"] = ", ".join(metric_titles(row["metric"]))
        rows[row["side"]].setdefault(row["claim"], []).append(known)
    lines = [line | {"rows": rows["ours"].get(line["claim"], [])} for line in read_rows(file)]
    return {"lines": lines, "printed": rows["print"]}


def remarks(published: Published) -> list[str]:
    """How the paper's protocol differs, and what it prints that is not known here."""
    return [*published.protocol, *(f"Not known here: {note}" for note in published.missing)]


def _interval(line: Row) -> Row:
    """The part of the tolerance that is the published number's: √(tolerance² − h²), h the half width of ours."""
    if line["tolerance"] is None or line["ours_low"] is None:
        return {"published_low": None, "published_high": None}
    half = (line["ours_high"] - line["ours_low"]) / 2
    own = sqrt(max(line["tolerance"] ** 2 - half**2, 0.0))
    return {"published_low": line["published"] - own, "published_high": line["published"] + own}
