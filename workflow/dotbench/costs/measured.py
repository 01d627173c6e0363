"""The measurements behind a prediction: ``measured.csv``, which ``tools/costs.py`` writes."""

import csv
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("measured.csv")


@dataclass(frozen=True)
class Cell:
    """What was measured of one kind of job on one dataset, or of one job of a simulation.

    ``what``: ``fit``, ``short fit`` (of two epochs, to measure their cost), ``trial`` (one setting of a tuning),
    ``stage`` (any other rule) or ``simulation``. ``name``: ``<model>-<loss>-<solver>``, the rule, or
    ``<simulation>-<digest>``. ``where``: the dataset, or the label of the simulation's job. ``jobs``: how many were
    measured. ``cpu_seconds``: their geometric mean. ``spread``: the standard deviation of its natural logarithm.
    ``memory_bytes``: the largest peak, 0 where none was recorded.
    """

    what: str
    name: str
    where: str
    users: int
    items: int
    interactions: int
    jobs: int
    cpu_seconds: float
    spread: float
    memory_bytes: int


KINDS = {field.name: field.type for field in fields(Cell)}


@cache
def cells(file: Path = FILE) -> tuple[Cell, ...]:
    """Every cell of the file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Cell(**{name: KINDS[name](value) for name, value in line.items()})  # type: ignore[operator]
            for line in csv.DictReader(lines)
        )
