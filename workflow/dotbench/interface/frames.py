"""Ratings in a pandas or polars frame, read as the raw files of a dataset are."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from dotbench.datasets.parsers._times import EARLIEST, LATEST
from dotbench.datasets.parsers.base import LARGEST
from dotbench.datasets.rawtable import RawTable
from dotbench.errors import DotbenchError
from dotbench.lazy import np

if TYPE_CHECKING:
    import pyarrow as pa


def read_frame(
    frame: Any, user: Hashable, item: Hashable, rating: Hashable | None, time: Hashable | None
) -> tuple[RawTable, dict[str, type]]:
    """The rows of a frame, and the types of the ids: ``users`` and ``items`` → int or str.

    ``frame``: has ``columns`` and Arrow's stream interface, as frames of pandas and polars do. The other arguments name
    its columns. Raises DotbenchError with the column, the row as counted from 0, what was found and what is allowed.
    """
    if not (hasattr(frame, "columns") and hasattr(frame, "__arrow_c_stream__")):
        raise DotbenchError(f"frame: found {type(frame).__name__}; allowed is a frame of pandas or polars")
    users, user_type = _ids(_column(frame, "user", user))
    items, item_type = _ids(_column(frame, "item", item))
    if not len(users):
        raise DotbenchError("frame: has no rows")
    raw = RawTable(
        users=users.indices.to_numpy(),
        items=items.indices.to_numpy(),
        user_ids=[str(one) for one in users.dictionary.to_pylist()],
        item_ids=[str(one) for one in items.dictionary.to_pylist()],
        rating=None if rating is None else _ratings(_column(frame, "rating", rating)),
        timestamp=None if time is None else _times(_column(frame, "time", time)),
        part=None,
        further=None,
    )
    return raw, {"users": user_type, "items": item_type}


class _Column:
    """A column without missing values. ``where``: how messages begin."""

    def __init__(self, name: Hashable, values: "pa.Array") -> None:
        self.where, self.values = f"column {name!r}", values
        if values.null_count:
            first = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
            raise DotbenchError(
                f"{self.where}: {values.null_count} of {len(values)} values are missing, row {first} first"
            )

    def refuse(self, wrong: "np.ndarray", allowed: str) -> None:
        """Raises DotbenchError if a value is ``wrong``, shape (n,)."""
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise DotbenchError(f"{self.where}: row {first} has {self.values[first].as_py()!r}; allowed is {allowed}")


def _column(frame: Any, argument: str, name: Hashable) -> _Column:
    import pyarrow as pa

    names = list(frame.columns)
    if names.count(name) != 1:
        found = f"{names.count(name)} columns {name!r}" if name in names else f"no column {name!r}"
        raise DotbenchError(f"{argument}: the frame has {found}; its columns are {', '.join(map(repr, names))}")
    try:
        values = pa.table(frame[[name]]).column(0)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DotbenchError(f"column {name!r}: values of one type are needed: {error}") from None
    if pa.types.is_dictionary(values.type):  # categories
        return _Column(name, pa.array(values.to_pylist()))
    return _Column(name, values.combine_chunks())


def _ids(column: _Column) -> tuple["pa.DictionaryArray", type]:
    """The ids as codes in order of first appearance, and their type."""
    import pyarrow as pa

    kind = column.values.type
    if pa.types.is_integer(kind):
        return column.values.dictionary_encode(), int
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.values.cast(pa.large_string()).dictionary_encode(), str
    raise DotbenchError(f"{column.where}: found {kind}; ids are text or whole numbers")


def _ratings(column: _Column) -> "np.ndarray":
    import pyarrow as pa

    kind = column.values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise DotbenchError(f"{column.where}: found {kind}; ratings are numbers")
    values = column.values.cast(pa.float64()).to_numpy()
    column.refuse(~(np.abs(values) <= LARGEST), "a finite number")
    ratings: np.ndarray = values.astype(np.float32)
    return ratings


def _times(column: _Column) -> "np.ndarray":
    import pyarrow as pa

    kind = column.values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        seconds = column.values.cast(pa.timestamp("s", zone), safe=False).cast(pa.int64())
    elif pa.types.is_integer(kind):
        seconds = column.values.cast(pa.int64())
    else:
        raise DotbenchError(f"{column.where}: found {kind}; times are dates, or whole seconds since 1970")
    values: np.ndarray = seconds.to_numpy()
    column.refuse(
        (values < EARLIEST) | (values > LATEST), "a time of the years 1 to 9999, as a date or in seconds since 1970"
    )
    return values
