"""What the parsers of files with one record a line share."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from dotbench.datasets.parsers._encoding import Encoding
from dotbench.datasets.parsers._times import ALLOWED, TIMES, Time, allowed, seconds
from dotbench.datasets.parsers.base import LARGEST, Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

TEXT = "a text that is not empty"
BLOCK = 50_000  # records held at a time


class Fields(Settings):
    """Names of the fields that hold what every dataset has."""

    user: str
    item: str
    rating: str | None = None
    timestamp: str | None = None


class RecordSettings(Settings):
    """The `format` of a dataset definition for these parsers."""

    fields: Fields
    time: Time = Field("seconds", description=f"timestamps: {TIMES}")
    encoding: Encoding = "utf-8"
    texts: dict[str, str] = Field(default={}, description="more columns with text: column → field")
    counts: dict[str, str] = Field(
        default={}, description="more columns with whole numbers: column → field; `field.0` is the first of a list"
    )

    @model_validator(mode="after")
    def _own_names(self) -> "RecordSettings":
        taken = [*Fields.model_fields, *self.texts, *self.counts]
        for name in (*self.texts, *self.counts):
            if taken.count(name) > 1:
                raise ValueError(f"two columns have the name '{name}'")
        for name, field in self.counts.items():
            _, dot, position = field.partition(".")
            if dot and not (position.isascii() and position.isdigit()):
                raise ValueError(f"count '{name}' is at '{field}'; what follows the dot must be a position, 0 or more")
        return self


class RecordLines(Parser):
    """One record with named fields a line."""

    Settings = RecordSettings
    settings: RecordSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.fields.rating is not None

    @abstractmethod
    def record(self, line: str) -> Any:
        """The record in a line. A ValueError, or another error of the reader, says what is wrong with it."""

    def wanted(self, raw: RawFiles) -> Callable[[dict[str, Any]], bool]:
        """Which records are ratings of the dataset: all of them."""
        return lambda record: True

    def records(self, raw: RawFiles, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line number, record) of every line that is not blank."""
        with raw.lines(path, self.settings.encoding) as lines:
            for number, line in enumerate(lines, 1):
                if number % 10_000 == 0:
                    raw.at_line(path, number)
                if not line.strip():
                    continue
                try:
                    record = self.record(line)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
                    text = line.strip()
                    ending = text if len(text) <= 60 else f"…{text[-60:]}"
                    raise DotbenchError(
                        f"{path}, line {number}: not a complete {self.title} record ({error}); it ends in {ending!r}"
                    ) from None
                if not isinstance(record, dict):
                    raise DotbenchError(f"{path}, line {number}: found {type(record).__name__}; allowed is a record")
                yield number, record

    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        wanted = self.wanted(raw)
        for path in raw.ratings:
            records = ((number, record) for number, record in self.records(raw, path) if wanted(record))
            empty = True
            while block := list(islice(records, BLOCK)):
                empty = False
                yield self._table(path, block)
            if empty:
                raise DotbenchError(f"{path}: found no record of a rating; allowed is one {self.title} record a line")

    def _table(self, path: Path, block: list[tuple[int, dict[str, Any]]]) -> "pa.Table":
        import pyarrow as pa

        fields, time = self.settings.fields, self.settings.time
        columns: list[tuple[str, str | None, pa.DataType, Callable[[Any], Any], str]] = [
            ("user", fields.user, pa.string(), text_of, TEXT),
            ("item", fields.item, pa.string(), text_of, TEXT),
            ("rating", fields.rating, pa.float32(), _rating, "a finite number"),
            ("timestamp", fields.timestamp, pa.int64(), partial(seconds, time=time), ALLOWED[time]),
            *((name, field, pa.large_string(), free_text, "a text") for name, field in self.settings.texts.items()),
            *((name, field, pa.int32(), _count, "a whole number") for name, field in self.settings.counts.items()),
        ]
        result = {}
        for name, field, kind, convert, needed in columns:
            if field is None:
                continue
            key, _, position = field.partition(".") if name in self.settings.counts else (field, "", "")
            values = []
            for number, record in block:
                value = record.get(key)
                try:
                    values.append(convert(value[int(position)] if position and value is not None else value))
                except (TypeError, ValueError, IndexError, KeyError, OverflowError):
                    needed = allowed(value, time) if name == "timestamp" else needed
                    raise wrong_field(path, number, record, key, needed) from None
            result[name] = pa.array(values, kind)
        return pa.table(result)


def wrong_field(path: Path, number: int, record: dict[str, Any], key: str, needed: str) -> DotbenchError:
    """The error for a field that is missing or holds another kind of value."""
    try:
        fault = f"found {record[key]!r:.80}" if key in record else "is missing"
    except (ValueError, RecursionError):  # a number of thousands of digits, or a deep nest
        fault = f"found a {type(record[key]).__name__} too large to be shown"
    return DotbenchError(f"{path}, line {number}: field '{key}' {fault}; allowed is {needed}")


def text_of(value: Any) -> str:
    """A text that is not empty, or a TypeError or ValueError."""
    if not isinstance(value, str) or not value:
        raise TypeError
    value.encode()  # a lone surrogate is no text
    return value


def free_text(value: Any) -> str:
    """A text, empty if there is none, or a TypeError. Half a surrogate pair becomes a question mark."""
    if value is not None and not isinstance(value, str):
        raise TypeError
    return (value or "").encode(errors="replace").decode()


def _rating(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError
    return float(value)


def _count(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or int(value) != value or abs(value) >= 2**31:
        raise ValueError
    return int(value)
