"""Files of results as plain values that fit into a page."""

from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from dotbench.lazy import pd
from dotbench.reporting.formats import Row

DIGITS = 6  # of a number that is drawn
EXACT = 17  # of a number that is printed: it must be rounded once, as in the tables


def read_rows(file: Path) -> list[Row]:
    """The rows of a csv, with all digits. None for an empty cell."""
    try:
        frame = pd.read_csv(file, keep_default_na=False, na_values=[""])
    except pd.errors.EmptyDataError:
        return []
    return [plain(row, EXACT) for row in frame.astype(object).where(frame.notna(), None).to_dict("records")]


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
