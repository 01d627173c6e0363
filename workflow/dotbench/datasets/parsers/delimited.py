"""Text files with one rating a line and a separator between columns. A file that ends in .gz is decompressed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from dotbench.datasets.parsers._delimited import ExactReader, Layout, after, line_ends, lines_of, read_fast, split
from dotbench.datasets.parsers._encoding import Encoding
from dotbench.datasets.parsers._formats import SEPARATORS
from dotbench.datasets.parsers._times import TIMES, Time
from dotbench.datasets.parsers.base import Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

S = TypeVar("S")
T = TypeVar("T")
THREADS = 2  # that parse blocks while the next are read
QUOTED = (",", ";")  # separators of files whose fields are usually quoted where they hold one


class Columns(Settings):
    """Where each column stands: a position from 0, or a name where the file has a header."""

    user: int | str
    item: int | str
    rating: int | str | None = None
    timestamp: int | str | None = None

    def named(self) -> dict[str, int | str]:
        return {key: value for key, value in self.model_dump().items() if value is not None}


class DelimitedSettings(Settings):
    """The `format` of a dataset definition for this parser."""

    separator: str = Field(",", min_length=1, description="one character, or one repeated as in '::'")
    quote: str | None = Field(
        default_factory=lambda settings: '"' if settings.get("separator") in QUOTED else None,
        description="character around fields that contain the separator; null: quotes are text",
    )
    header: bool = Field(False, description="the first line holds the names of the columns")
    columns: Columns
    time: Time = Field("seconds", description=f"timestamps: {TIMES}")
    encoding: Encoding = "utf-8"

    @field_validator("separator")
    @classmethod
    def _repeated(cls, value: str) -> str:
        if len(set(value)) > 1 or value[0] in "\r\n":
            raise ValueError("a separator must be one character, or one character repeated, and not a line end")
        return value

    @field_validator("quote")
    @classmethod
    def _one(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and (len(value) != 1 or value in "\r\n" or value in info.data.get("separator", "")):
            raise ValueError("a quote must be one character other than the separator and a line end, or null")
        return value

    @model_validator(mode="after")
    def _positions(self) -> "DelimitedSettings":
        for key, value in self.columns.named().items():
            if isinstance(value, str) and not self.header:
                raise ValueError(f"column '{key}' has the name '{value}', but 'header' is false; give its position")
            if isinstance(value, int) and value < 0:
                raise ValueError(f"column '{key}' is at {value}; positions begin at 0")
        taken = list(self.columns.named().values())
        for key, value in self.columns.named().items():
            if taken.count(value) > 1:
                raise ValueError(f"column '{key}' is at {value!r}, where another column is too")
        return self


class Delimited(Parser):
    """Separated columns, with or without a header (MovieLens, CSV, TSV)."""

    name = "delimited"
    title = "delimited text"
    Settings = DelimitedSettings
    settings: DelimitedSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.columns.rating is not None

    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        for path in raw.ratings:
            yield from self._tables(raw, path)

    def _tables(self, raw: RawFiles, path: Path) -> "Iterator[pa.Table]":
        blocks = self._blocks(raw, path)
        for number, data in blocks:
            if first := next(lines_of(data.decode(), number), None):
                break
        else:
            raise DotbenchError(f"{path}: found an empty file; allowed are lines of ratings")
        reader = ExactReader(self._layout(path, *first))
        if self.settings.header:
            number, data = first[0] + 1, after(data.decode(), first[0] - number + 1).encode()
        empty = True
        rest = chain([(number, data)], blocks)
        for (number, data), fast in _ahead(rest, lambda block: read_fast(block[1], reader.layout)):
            table = reader.read(data.decode(), number) if fast is None else fast
            if len(table):
                empty = False
                yield table
        if empty:
            raise DotbenchError(f"{path}: found no line after the header; allowed are lines of ratings")

    def _blocks(self, raw: RawFiles, path: Path) -> Iterator[tuple[int, bytes]]:
        """(number of its first line, text in UTF-8) of some whole lines at a time."""
        number = 1
        for data in raw.blocks(path, self.settings.encoding):
            yield number, data
            number += line_ends(data)
            raw.at_line(path, number)

    def _layout(self, path: Path, number: int, line: str) -> Layout:
        """The columns of the first line that is not blank, which every line has."""
        settings = self.settings
        header = [text for text, _ in split(line, settings.separator, settings.quote)]
        positions = {}
        for key, at in settings.columns.named().items():
            if isinstance(at, str) and header.count(at) != 1:
                found = f"{header.count(at)} columns" if at in header else "no column"
                raise DotbenchError(f"{path}, line {number}: {found} '{at}'; the header has {', '.join(header)}")
            positions[key] = header.index(at) if isinstance(at, str) else at
        if (needed := max(positions.values()) + 1) > len(header):
            others = [repr(other) for other in SEPARATORS if len(line.split(other)) >= max(needed, 2)]
            hint = f"; {' or '.join(others)} separates more" if others else ""
            raise DotbenchError(
                f"{path}, line {number}: found {len(header)} columns separated by {settings.separator!r}; "
                f"needs at least {needed}{hint}"
            )
        return Layout(path, settings.separator, settings.quote, len(header), positions, settings.time)


def _ahead(items: Iterable[S], work: Callable[[S], T]) -> Iterator[tuple[S, T]]:
    """(item, work of it) in order. Threads work on the next items in the meantime."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[S, Future[T]]] = deque()
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > THREADS:
                done, result = waiting.popleft()
                yield done, result.result()
        for done, result in waiting:
            yield done, result.result()
