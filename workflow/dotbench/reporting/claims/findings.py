"""A verdict on one side of a claim, the reason in a sentence, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dotbench.reporting.claims.numbers import Number, Ours, Place, Printed, metric_titles
from dotbench.reporting.formats import Row
from dotbench.reporting.published import Published

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"
AGREES, AGAINST, UNDECIDED = "agrees", "against", "undecided"  # what a row says of a claim
NOT_RUN = "Not run"
SHOWN = 3  # rows that a reason names

ROWS = ["dataset", "part", "metric", "first", "second", "first_value", "second_value", "value", "low", "high", "p"]
ROWS += ["says", "source"]


@dataclass(frozen=True)
class Finding:
    """A verdict, the reason in a sentence, and the rows behind it, each with columns of ROWS."""

    verdict: str
    reason: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Sides:
    """A paper's numbers and ours, for claims and for the functions of `papers/<key>/arguments.py`."""

    key: str
    published: Published
    printed: Printed
    ours: Ours


def finding(holds: bool | None, reason: str, rows: Sequence[Row] = ()) -> Finding:
    """For arguments: whether a claim holds, None where that cannot be told."""
    verdict = OPEN if holds is None else HOLDS if holds else FAILS
    return Finding(verdict, reason, [dict.fromkeys(ROWS) | row for row in rows])


def not_run(what: str = "") -> Finding:
    """The finding that our numbers are not there, with what to run."""
    return Finding(OPEN, f"{NOT_RUN}: {what}." if what else f"{NOT_RUN}.")


def all_agree(rows: Sequence[Row]) -> bool:
    """Whether every row agrees with the claim."""
    return all(row["says"] == AGREES for row in rows)


def decided(rows: Sequence[Row]) -> bool | None:
    """Whether the claim holds by these rows: not if one is against it, None if one is undecided and none against."""
    return False if any(row["says"] == AGAINST for row in rows) else True if all_agree(rows) else None


def told(what: str, value: Any, agrees: bool | None, **more: Any) -> Row:
    """A row of an argument."""
    says = UNDECIDED if agrees is None else AGREES if agrees else AGAINST
    return {"first": what, "first_value": value, "says": says, **more}


def row_of(place: Place, a: Number, b: Number) -> Row:
    """Two numbers of a place, still without what they say."""
    row: Row = dict.fromkeys(ROWS) | {"dataset": place.dataset, "part": place.part, "metric": place.metric}
    source = "; ".join(dict.fromkeys((a.source, b.source)))
    return row | {"first": a.label, "second": b.label, "first_value": a.mean, "second_value": b.mean, "source": source}


def in_words(row: Row) -> str:
    """What is compared in a row, with its numbers and where."""
    where = ", ".join(filter(None, [row["dataset"], row["part"], *metric_titles(row["metric"])]))
    first, second = (f"{value:.4g}" if value is not None else "" for value in (row["first_value"], row["second_value"]))
    if row["second"] in (None, row["first"]):
        return f"{row['first']} {second and f'{second} → '}{first} ({where})"
    return f"{row['first']} {first}, {row['second']} {second} ({where})"


def few(texts: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
