"""Text files with one rating a line and a separator between columns; .gz is read as it is."""

import codecs
import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from dotbench.datasets.parsers.base import EARLIEST, LARGEST, LATEST, SECONDS, Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = {"rating": "a finite number", "timestamp": SECONDS}


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
    header: bool = Field(False, description="the first line holds the names of the columns")
    columns: Columns
    encoding: str = "utf-8"

    @field_validator("separator")
    @classmethod
    def _repeated(cls, value: str) -> str:
        if len(set(value)) > 1:
            raise ValueError("a separator is one character, or one that is repeated")
        return value

    @field_validator("encoding")
    @classmethod
    def _exists(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError:
            raise ValueError(f"no encoding '{value}'; allowed are those of Python, e.g. utf-8, latin-1") from None
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
                raise ValueError(f"column '{key}' is at {value!r}, and so is another")
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
            yield self._read_file(path)
            raw.has_read(path)

    def _read_file(self, path: Path) -> "pa.Table":
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.csv as pacsv

        first, header = self._header(path)
        positions = {key: self._position(path, header, at) for key, at in self.settings.columns.named().items()}
        width = len(self.settings.separator)
        n_columns = len(header)
        names = [f"c{k}" for k in range((n_columns - 1) * width + 1)]
        wanted = {key: f"c{position * width}" for key, position in positions.items()}
        between = [name for k, name in enumerate(names) if k % width]  # inside a repeated separator: empty
        types = {"user": pa.string(), "item": pa.string(), "rating": pa.float64(), "timestamp": pa.int64()}
        try:
            with pa.input_stream(str(path), compression="detect") as stream:
                table = pacsv.read_csv(
                    stream,
                    read_options=pacsv.ReadOptions(
                        column_names=names,
                        skip_rows=first if self.settings.header else 0,
                        encoding=self.settings.encoding,
                    ),
                    parse_options=pacsv.ParseOptions(
                        delimiter=self.settings.separator[0], quote_char='"' if width == 1 else False
                    ),
                    convert_options=pacsv.ConvertOptions(
                        include_columns=list(wanted.values()) + between,
                        column_types={wanted[key]: types[key] for key in wanted} | dict.fromkeys(between, pa.string()),
                        null_values=[],
                        strings_can_be_null=False,
                    ),
                )
        except (pa.ArrowInvalid, OSError, EOFError, UnicodeDecodeError) as error:
            self._diagnose(path, n_columns, positions)
            raise DotbenchError(f"{path}: cannot be read as {self.title}: {error}") from None
        columns = {key: table.column(column) for key, column in wanted.items()}
        bad = any(pc.any(pc.equal(columns[key], "")).as_py() for key in ("user", "item"))
        bad = bad or any(pc.any(pc.not_equal(table.column(name), "")).as_py() for name in between)
        if "timestamp" in columns:
            in_range = pc.and_(
                pc.greater_equal(columns["timestamp"], EARLIEST), pc.less_equal(columns["timestamp"], LATEST)
            )
            bad = bad or not pc.all(in_range, min_count=0).as_py()
        if "rating" in columns:
            small = pc.less_equal(pc.abs(columns["rating"]), LARGEST)  # false for NaN
            bad = bad or not pc.all(small, min_count=0).as_py()
            columns["rating"] = columns["rating"].cast(pa.float32(), safe=False)
        if len(table) == 0 or bad:
            self._diagnose(path, n_columns, positions)
        return pa.table(columns)

    def _header(self, path: Path) -> tuple[int, list[str]]:
        """Number and columns of the first line that is not blank; their number is every line's."""
        for number, fields in self._lines(path):
            return number, fields
        raise DotbenchError(f"{path}: found an empty file; allowed are lines of ratings")

    def _position(self, path: Path, header: list[str], at: int | str) -> int:
        if isinstance(at, str):
            if at not in header:
                raise DotbenchError(f"{path}, line 1: no column '{at}'; the header has {', '.join(header)}")
            return header.index(at)
        if at >= len(header):
            raise DotbenchError(
                f"{path}, line 1: found {len(header)} columns separated by {self.settings.separator!r}; "
                f"needs at least {at + 1}"
            )
        return at

    def _lines(self, path: Path) -> "Iterator[tuple[int, list[str]]]":
        """(line number, fields) of every line that is not blank; the slow and exact way to read the file."""
        encoding = "utf-8-sig" if codecs.lookup(self.settings.encoding).name == "utf-8" else self.settings.encoding
        opened: Any = gzip.open if path.suffix == ".gz" else open
        try:
            with opened(path, "rt", encoding=encoding, newline="") as stream:
                if len(self.settings.separator) > 1:
                    for number, line in enumerate(stream, 1):
                        if line.strip():
                            yield number, line.rstrip("\r\n").split(self.settings.separator)
                else:
                    reader = csv.reader(stream, delimiter=self.settings.separator)
                    for fields in reader:
                        if fields:
                            yield reader.line_num, fields
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise DotbenchError(f"{path}: cannot be read: {error}") from None

    def _diagnose(self, path: Path, n_columns: int, positions: dict[str, int]) -> None:
        """Raise for the first line that is wrong; return if every line is well formed."""
        empty: bool | None = None  # nothing seen yet
        for number, fields in self._lines(path):
            if self.settings.header and empty is None:
                empty = True
                continue
            empty = False
            if len(fields) != n_columns:
                raise DotbenchError(
                    f"{path}, line {number}: found {len(fields)} columns; allowed are {n_columns}, as in the first line"
                )
            for key, position in positions.items():
                if not _well_formed(key, fields[position]):
                    allowed = KINDS.get(key, "any text but an empty one")
                    raise DotbenchError(f"{path}, line {number}: {key} is {fields[position]!r}; allowed is {allowed}")
        if empty:
            raise DotbenchError(f"{path}: found no line after the header; allowed are lines of ratings")


def _well_formed(key: str, text: str) -> bool:
    if key in ("user", "item"):
        return text != ""
    try:
        if "_" in text:
            return False
        return abs(float(text)) <= LARGEST if key == "rating" else EARLIEST <= int(text) <= LATEST
    except ValueError:
        return False
