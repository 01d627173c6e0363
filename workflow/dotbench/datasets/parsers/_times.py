"""Times as files give them, and what a table holds: whole seconds since 1970, in UTC."""

import datetime
import math
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Time: TypeAlias = Literal["seconds", "milliseconds", "float-seconds", "iso"]

EARLIEST, LATEST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999
SECONDS = "a whole number of seconds since 1970, of the years 1 to 9999"
ALLOWED: dict[Time, str] = {
    "seconds": SECONDS,
    "milliseconds": "a whole number of milliseconds since 1970, of the years 1 to 9999",
    "float-seconds": "a number of seconds since 1970, of the years 1 to 9999",
    "iso": "an ISO 8601 date, with or without a time, of the years 1 to 9999",
}
TIMES = "seconds, milliseconds or float-seconds since 1970, or iso: ISO 8601 (UTC where it names no zone)"

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_PLAUSIBLE = range(-2_208_988_800, 4_102_444_800)  # the years 1900 to 2099


def seconds(value: Any, time: Time) -> int:
    """Whole seconds since 1970 of a number or a text. Fractions are rounded down.

    Spaces around a text do not matter. Raises ValueError for what is not allowed. `allowed` has the message.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    if time == "iso":
        moment = datetime.datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if moment is None:
            raise ValueError
        since = (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) - _EPOCH
        result = since.days * 86_400 + since.seconds
    else:
        number = _number(value, whole=time != "float-seconds")
        result = math.floor(number if time != "milliseconds" else number // 1000)
    if not EARLIEST <= result <= LATEST:
        raise ValueError
    return int(result)


def _number(value: int | float | str, whole: bool) -> int | float:
    if isinstance(value, str):
        text = value.strip()
        if not (_WHOLE if whole else _NUMBER).fullmatch(text):
            raise ValueError
        value = int(text) if whole else float(text)
    if isinstance(value, float) and not (math.isfinite(value) and (value.is_integer() or not whole)):
        raise ValueError
    return int(value) if whole else value


def allowed(value: Any, time: Time) -> str:
    """What is allowed where ``value`` was found, for an error message. And the setting that reads it, if one does."""
    for other in ALLOWED:
        try:
            if other != time and seconds(value, other) in _PLAUSIBLE:
                return f"{ALLOWED[time]}; `time: {other}` reads what was found"
        except ValueError:
            continue
    return ALLOWED[time]


def column_seconds(column: "pa.ChunkedArray | pa.Array", time: Time) -> "pa.ChunkedArray | pa.Array":
    """`seconds` of every value of a column, as int64. Null where a value is null or not allowed.

    ``column``: texts, whole numbers, floats, or moments and dates, which say by their type what they are. Each
    distinct text is converted once, unless all are plain numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_timestamp(kind):
        return _in_range(_floor_division(column.cast(pa.int64()), _TICKS[kind.unit]))
    if pa.types.is_date(kind):
        return _in_range(column.cast(pa.timestamp("s")).cast(pa.int64()))
    if pa.types.is_floating(kind) and time in ("seconds", "milliseconds", "float-seconds"):
        unit = 1000.0 if time == "milliseconds" else 1.0
        values = column.cast(pa.float64())
        good = pc.less_equal(pc.abs(values), LATEST * unit)  # false for NaN
        if time != "float-seconds":
            good = pc.and_(good, pc.equal(pc.floor(values), values))
        values = pc.if_else(good, values, None)
        return _in_range(pc.floor(pc.divide(values, unit)).cast(pa.int64()))
    if pa.types.is_integer(kind) and time in ("seconds", "milliseconds", "float-seconds"):
        whole = column.cast(pa.int64()) if kind != pa.uint64() else _of_unsigned(column)
        return _in_range(_floor_division(whole, 1000) if time == "milliseconds" else whole)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return pa.nulls(len(column), pa.int64())
    numbers = pa.float64() if time == "float-seconds" else pa.int64()
    if time == "float-seconds" or (time != "iso" and pc.all(pc.ascii_is_decimal(column), min_count=0).as_py()):
        try:
            return column_seconds(column.cast(numbers), time)
        except pa.ArrowInvalid:  # not all are numbers, or one has more than 64 bits
            pass
    coded = column.dictionary_encode()
    chunks = coded.chunks if isinstance(coded, pa.ChunkedArray) else [coded]
    parts = [
        pa.array([_or_none(text, time) for text in chunk.dictionary.to_pylist()], pa.int64()).take(chunk.indices)
        for chunk in chunks
    ]
    return pa.chunked_array(parts, pa.int64())


def _or_none(value: Any, time: Time) -> int | None:
    try:
        return seconds(value, time)
    except ValueError:
        return None


def _of_unsigned(column: "pa.ChunkedArray | pa.Array") -> "pa.ChunkedArray | pa.Array":
    """uint64 as int64. Null where it is too large for any time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.less_equal(column, pa.scalar(LATEST * 1000 + 999, pa.uint64())), column, None).cast(pa.int64())


def _floor_division(values: "pa.ChunkedArray | pa.Array", unit: int) -> "pa.ChunkedArray | pa.Array":
    """Arrow divides towards zero."""
    import pyarrow.compute as pc

    quotient = pc.divide(values, unit)
    below = pc.less(values, pc.multiply(quotient, unit))
    return pc.subtract(quotient, below.cast("int64"))


def _in_range(values: "pa.ChunkedArray | pa.Array") -> "pa.ChunkedArray | pa.Array":
    """The values, and null for those outside of the years 1 to 9999."""
    import pyarrow.compute as pc

    ends = pc.min_max(values)
    if ends["min"].is_valid and ends["min"].as_py() >= EARLIEST and ends["max"].as_py() <= LATEST:
        return values
    return pc.if_else(pc.and_(pc.greater_equal(values, EARLIEST), pc.less_equal(values, LATEST)), values, None)
