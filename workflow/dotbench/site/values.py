"""Files of results as plain values that fit into a page."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from dotbench.reporting.formats import Row

DIGITS = 6  # of a number that is drawn
WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf", re.IGNORECASE)
TRUTH = {"True": True, "False": False}
EXACT = 17  # of a number that is printed: it must be rounded once, as in the tables


def read_rows(file: Path) -> list[Row]:
    """The rows of a csv, with all digits. None for an empty cell. A column has one type, as pandas finds it: whole
    numbers, numbers, truth values or texts. (Its import takes as long as all the rest at the end of a small run.)"""
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = [row for row in csv.reader(stream) if row] or [[]]
    columns = [_typed(column) for column in zip(*rows, strict=True)]
    return [dict(zip(header, row, strict=True)) for row in zip(*columns, strict=True)]


def _typed(texts: Sequence[str]) -> list[Any]:
    """The cells of a column as values."""
    filled = [text for text in texts if text]
    convert: Callable[[str], Any] = str
    if filled and all(map(WHOLE.fullmatch, filled)):
        convert = int if len(filled) == len(texts) else _exact
    elif filled and all(map(NUMBER.fullmatch, filled)):
        convert = _exact
    elif filled and all(text in TRUTH for text in filled):
        convert = TRUTH.__getitem__
    return [convert(text) if text else None for text in texts]


def _exact(text: str) -> float | None:
    return _rounded(float(text), EXACT)


def plain(value: Any, digits: int = DIGITS) -> Any:
    """A value with everything in it as JSON has it. None for a number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(part, digits) for key, part in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if hasattr(value, "tolist"):  # of numpy
        return plain(value.tolist(), digits)
    if isinstance(value, Iterable):
        return [plain(part, digits) for part in value]
    return _rounded(float(value), digits)


def _rounded(value: float, digits: int) -> float | None:
    return float(f"{value:.{digits}g}") if isfinite(value) else None
