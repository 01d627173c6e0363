"""What the parsers of files with one record a line share."""

import datetime
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from dotbench.datasets.parsers.base import EARLIEST, LARGEST, LATEST, SECONDS, Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

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
    time: Literal["seconds", "iso"] = Field("seconds", description="timestamps: seconds since 1970, or ISO 8601 (UTC)")
    texts: dict[str, str] = Field(default={}, description="further columns of text: column → field")
    counts: dict[str, str] = Field(
        default={}, description="further columns of whole numbers: column → field, `field.0` for the first of a list"
    )


class RecordLines(Parser):
    """One record with named fields a line."""

    Settings = RecordSettings
    settings: RecordSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.fields.rating is not None

    @abstractmethod
    def record(self, line: str) -> Any:
        """The record in a line; ValueError says what is wrong with it."""

    def wanted(self, raw: RawFiles) -> Callable[[dict[str, Any]], bool]:
        """Which records are ratings of the dataset: all of them."""
        return lambda record: True

    def records(self, raw: RawFiles, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line number, record) of every line that is not blank."""
        with raw.lines(path) as lines:
            for number, line in enumerate(lines, 1):
                if number % 10_000 == 0:
                    raw.at_line(path, number)
                if not line.strip():
                    continue
                try:
                    record = self.record(line)
                except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
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

        fields = self.settings.fields
        stamp = (_seconds, SECONDS) if self.settings.time == "seconds" else (_iso, "an ISO 8601 date")
        columns = [
            ("user", fields.user, pa.string(), _text, "a text that is not empty"),
            ("item", fields.item, pa.string(), _text, "a text that is not empty"),
            ("rating", fields.rating, pa.float32(), _rating, "a finite number"),
            ("timestamp", fields.timestamp, pa.int64(), *stamp),
            *((name, field, pa.large_string(), _free_text, "a text") for name, field in self.settings.texts.items()),
            *((name, field, pa.int32(), _count, "a whole number") for name, field in self.settings.counts.items()),
        ]
        result = {}
        for name, field, kind, convert, allowed in columns:
            if field is None:
                continue
            key, _, position = field.partition(".") if name in self.settings.counts else (field, "", "")
            values = []
            for number, record in block:
                value = record.get(key)
                try:
                    values.append(convert(value[int(position)] if position and value is not None else value))
                except (TypeError, ValueError, IndexError, KeyError, OverflowError):
                    fault = f"found {value!r:.80}" if key in record else "is missing"
                    raise DotbenchError(f"{path}, line {number}: field '{key}' {fault}; allowed is {allowed}") from None
            result[name] = pa.array(values, kind)
        return pa.table(result)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    value.encode()  # a lone surrogate is no text
    return value


def _free_text(value: Any) -> str:
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


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or not EARLIEST <= value <= LATEST:
        raise ValueError
    return int(value)


def _iso(value: Any) -> int:
    moment = datetime.datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp())
