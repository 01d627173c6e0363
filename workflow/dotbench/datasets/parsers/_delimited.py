"""Rows of delimited text, read in two ways that agree: a fast one for plain text, and an exact one that explains.

The exact one defines what a file holds. A row is a line: a quoted field ends in the line in which it begins. The fast
one answers None wherever it is not sure to give the same rows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dotbench.datasets.parsers._formats import suggestion
from dotbench.datasets.parsers._times import Time, allowed, column_seconds, seconds
from dotbench.datasets.parsers.base import LARGEST
from dotbench.errors import DotbenchError
from dotbench.lazy import np

if TYPE_CHECKING:
    import pyarrow as pa

BLANK = " \t\v\f\r\n"
LINE_END = re.compile(r"\r\n|\r|\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
STAND_IN = b"\x1f"  # of a longer separator, for the fast way
NO_TEXT = "any text but an empty one"


@dataclass(frozen=True)
class Layout:
    """How a file's lines are divided: ``positions`` of the columns that are read, of ``n_columns``."""

    path: Path
    separator: str
    quote: str | None
    n_columns: int
    positions: dict[str, int]
    time: Time


def line_ends(data: bytes) -> int:
    """How many lines end in some bytes."""
    feeds = int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))
    return feeds + (data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else 0)


def read_fast(data: bytes, layout: Layout) -> "pa.Table | None":
    """The rows of whole lines in UTF-8. None if only the exact way can say what is in them."""
    separator = layout.separator.encode()
    quote = layout.quote.encode() if layout.quote is not None and layout.quote.encode() in data else None
    if data.startswith(BYTE_ORDER_MARK):  # it would be left out as if the file began here
        return None
    if len(separator) > 1:
        if quote is not None:
            return None
        table = _arrow(data, separator[:1], len(separator), None, layout) if separator.isascii() else None
        if table is None and STAND_IN not in data:  # half a separator in a field
            table = _arrow(data.replace(separator, STAND_IN), STAND_IN, 1, None, layout)
        return table
    if quote is not None and not _plainly_quoted(data, separator, quote):
        return None
    return _arrow(data, separator, 1, quote, layout)


def _arrow(data: bytes, separator: bytes, width: int, quote: bytes | None, layout: Layout) -> "pa.Table | None":
    """The rows of lines whose columns are apart by ``width`` separators of one byte. None if there are others."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv

    names = [f"c{k}" for k in range((layout.n_columns - 1) * width + 1)]
    at = {key: names[position * width] for key, position in layout.positions.items()}
    between = [name for k, name in enumerate(names) if k % width]  # inside a repeated separator: empty
    types = dict.fromkeys(between, pa.null()) | dict.fromkeys(at.values(), pa.string())
    if "rating" in at:
        types[at["rating"]] = pa.float64()
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(column_names=names, use_threads=False, block_size=max(len(data), 1)),
            parse_options=pacsv.ParseOptions(
                delimiter=separator.decode(), quote_char=quote.decode() if quote else False
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                null_values=[""],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = {key: table.column(name) for key, name in at.items()}
    for key in ("user", "item"):
        if pc.any(pc.equal(columns[key], "")).as_py() or pc.any(pc.ascii_is_space(columns[key])).as_py():
            return None
    if "rating" in columns:
        small = pc.less_equal(pc.abs(columns["rating"]), LARGEST)  # false for NaN
        if columns["rating"].null_count or not pc.all(small, min_count=0).as_py():
            return None
        columns["rating"] = columns["rating"].cast(pa.float32(), safe=False)
    if "timestamp" in columns:
        columns["timestamp"] = column_seconds(columns["timestamp"], layout.time)
        if columns["timestamp"].null_count:
            return None
    return pa.table(columns)


def _plainly_quoted(data: bytes, separator: bytes, quote: bytes) -> bool:
    """Whether every quote opens a whole field, closes one, or is doubled within one, and no quoted field holds a line
    end."""
    if len(quote) > 1:
        return False
    values = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(values == quote[0])
    if len(quotes) % 2:
        return False
    end = (values == ord("\n")) | (values == ord("\r"))
    if np.any(np.searchsorted(quotes, np.flatnonzero(end)) % 2):
        return False
    border = np.ones(len(values) + 2, bool)  # whether byte k - 1 ends a field
    border[1:-1] = end | (values == separator[0])
    opening, closing = quotes[::2], quotes[1::2]
    doubled = opening[1:] == closing[:-1] + 1
    opens = border[opening] | np.concatenate([[False], doubled])
    closes = border[closing + 2] | np.concatenate([doubled, [False]])
    return bool(np.all(opens) and np.all(closes))


@dataclass
class ExactReader:
    """Reads lines one by one, and raises a DotbenchError for the first that is wrong."""

    layout: Layout
    stray: int | None = field(default=None, init=False)  # the line of a quote that opened a field and did not close it

    def read(self, text: str, number: int) -> "pa.Table":
        """The rows of whole lines, of which the first is line ``number`` of the file."""
        import pyarrow as pa

        kinds = {"user": pa.string(), "item": pa.string(), "rating": pa.float64(), "timestamp": pa.int64()}
        rows = [self._row(*line) for line in lines_of(text, number)]
        columns = {key: pa.array([row[k] for row in rows], kinds[key]) for k, key in enumerate(self.layout.positions)}
        if "rating" in columns:
            columns["rating"] = columns["rating"].cast(pa.float32(), safe=False)
        return pa.table(columns)

    def _row(self, number: int, line: str) -> list[str | float | int]:
        """The values of the columns that are read."""
        layout = self.layout
        fields = self._fields(number, line)
        if len(fields) != layout.n_columns:
            raise self._error(
                number,
                f"found {len(fields)} columns; allowed are {layout.n_columns}, as in the first line{self._hint(line)}"
                f"{suggestion(layout.path, 'delimited')}",
            )
        return [self._value(number, key, fields[position]) for key, position in layout.positions.items()]

    def _fields(self, number: int, line: str) -> list[str]:
        quote = self.layout.quote
        fields = []
        for position, (text, whole) in enumerate(split(line, self.layout.separator, quote)):
            fields.append(text)
            if whole or quote is None:
                continue
            if self.stray is not None and text.endswith(quote):
                raise self._error(
                    number,
                    f"a quoted field ends here that may begin in line {self.stray}; allowed are quoted fields that "
                    f"end in the line where they begin ({_NO_QUOTES})",
                )
            if text.startswith(quote):
                if position in self.layout.positions.values():
                    raise self._error(
                        number,
                        f"the field {text!r:.60} begins with a quote and does not end with one; "
                        f"allowed are quoted fields that end in their line ({_NO_QUOTES})",
                    )
                self.stray = number
        return fields

    def _hint(self, line: str) -> str:
        if self.layout.quote is not None and self.layout.quote in line:
            return f" ({_NO_QUOTES})"
        return " (`quote: '\"'` reads quoted fields)" if self.layout.quote is None and '"' in line else ""

    def _value(self, number: int, key: str, text: str) -> str | float | int:
        try:
            if key == "rating":
                return _rating(text)
            if key == "timestamp":
                return seconds(text, self.layout.time)
            if text.strip(BLANK):
                return text
        except ValueError:
            pass
        needed = {"rating": "a finite number", "timestamp": allowed(text, self.layout.time)}.get(key, NO_TEXT)
        raise self._error(number, f"{key} is {text!r:.80}; allowed is {needed}")

    def _error(self, number: int, fault: str) -> DotbenchError:
        return DotbenchError(f"{self.layout.path}, line {number}: {fault}")


_NO_QUOTES = "`quote: null` reads quotes as text"


def lines_of(text: str, number: int) -> Iterator[tuple[int, str]]:
    """(line number, line) of every line that is not blank. The first has the number ``number``."""
    start = 0
    for end in LINE_END.finditer(text):
        line = text[start : end.start()]
        if line.strip(BLANK):
            yield number, line
        start, number = end.end(), number + 1
    if text[start:].strip(BLANK):
        yield number, text[start:]


def after(text: str, n_lines: int) -> str:
    """The text without its first lines."""
    parts = LINE_END.split(text, n_lines)
    return parts[n_lines] if len(parts) > n_lines else ""


def split(line: str, separator: str, quote: str | None) -> Iterator[tuple[str, bool]]:
    """The fields of a line, and of each whether the quotes in it are understood: it is a whole quoted field, or has
    none.

    A quoted field begins and ends with a quote and may hold separators and, doubled, quotes. Quotes elsewhere are text.
    """
    if quote is None or quote not in line:
        yield from ((text, True) for text in line.split(separator))
        return
    q, end = re.escape(quote), f"(?={re.escape(separator)}|\\Z)"
    quoted = re.compile(f"{q}((?:[^{q}]|{q}{q})*+){q}{end}")
    at = 0
    while at <= len(line):
        if found := quoted.match(line, at):
            yield found[1].replace(2 * quote, quote), True
            at = found.end()
        else:
            stop = line.find(separator, at)
            text = line[at:] if stop < 0 else line[at:stop]
            yield text, quote not in text
            at += len(text)
        at += len(separator)


def _rating(text: str) -> float:
    """A finite number of float32, as Python writes it, or a ValueError."""
    value = float(text) if text.isascii() and "_" not in text else float("nan")
    if not abs(value) <= LARGEST:
        raise ValueError
    return value
