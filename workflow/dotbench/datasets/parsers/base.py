"""What a parser is, and what it is given."""

import codecs
import gzip
import io
import time
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, TextIO

from dotbench.datasets.parsers._encoding import failing_line, without_mark
from dotbench.errors import DotbenchError
from dotbench.lazy import pd
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 21  # bytes read at a time
PAUSE = 5.0  # seconds between two words of progress
LARGEST = 3.4e38  # of float32


class RawFiles:
    """The raw files of a dataset by what they hold, and how much of them has been read.

    ``say`` is told of progress every few seconds.
    """

    def __init__(
        self,
        ratings: Sequence[Path],
        items: Sequence[Path] = (),
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.ratings, self.items = ([Path(path) for path in paths] for paths in (ratings, items))
        self._say, self._said = say, time.monotonic()
        self._read = 0
        self._stream: BinaryIO | None = None

    @contextmanager
    def lines(self, path: Path, encoding: str | None = None) -> Iterator[TextIO]:
        """The file as text, decompressed if it ends in ``.gz``, without a byte order mark.

        ``encoding``: that of the format's settings. None: UTF-8, which no setting changes. Whatever reading raises
        becomes a DotbenchError. For bytes that are not in the encoding it names the line.
        """
        name = without_mark(encoding or "utf-8")
        with self._content(path, encoding) as content, io.TextIOWrapper(content, name, newline="\n") as text:
            yield text
        self.has_read(path)

    def blocks(self, path: Path, encoding: str) -> Iterator[bytes]:
        """The same text in UTF-8, some whole lines at a time: each block but the last ends in a line feed."""
        if codecs.lookup(encoding).name != "utf-8":
            with self.lines(path, encoding) as text:
                while block := text.read(BLOCK):
                    yield (block + text.readline()).encode()
            return
        with self._content(path, encoding) as content:
            if (mark := content.read(len(codecs.BOM_UTF8))) == codecs.BOM_UTF8:
                mark = b""
            while data := mark + content.read(BLOCK):
                data += content.readline()
                if not data.isascii():
                    data.decode()  # an error where it is no UTF-8
                yield data
                mark = b""
        self.has_read(path)

    @contextmanager
    def _content(self, path: Path, encoding: str | None) -> Iterator[Any]:
        """The bytes of the file, decompressed. Errors of reading and decoding become DotbenchErrors."""
        try:
            try:
                with self._open(path) as content:
                    yield content
            except UnicodeError:
                with self._open(path) as content:
                    number, fault = failing_line(content, encoding or "utf-8")
                name = encoding or "utf-8"
                hint = f"; name the file's encoding with `encoding:`, now {name}" if encoding else ""
                raise DotbenchError(f"{path}, line {number}: cannot be read as {name}: {fault}{hint}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise DotbenchError(f"{path}: cannot be read: {error}") from None
        finally:
            self._stream = None

    @contextmanager
    def _open(self, path: Path) -> Iterator[Any]:
        with path.open("rb") as stream:
            self._stream = stream
            yield gzip.GzipFile(fileobj=stream) if path.suffix == ".gz" else stream

    def has_read(self, path: Path) -> None:
        """Say that a file has been read in another way than by `lines`."""
        self._read += path.stat().st_size

    def at_line(self, path: Path, number: int) -> None:
        """Say where reading is, unless that has been said a moment ago."""
        if time.monotonic() - self._said > PAUSE:
            self._said = time.monotonic()
            self._say(f"{path.name}: line {number:,}, {self.bytes_read() / 1e6:,.0f} MB read in all")

    def bytes_read(self) -> int:
        """Bytes of the files, as they lie on the disk, that `lines` has been through."""
        return self._read + (self._stream.tell() if self._stream and not self._stream.closed else 0)


class Parser(Component):
    """Reads raw files of one format."""

    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @property
    def has_ratings(self) -> bool:
        """Whether the format has a rating column."""
        return True

    @abstractmethod
    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        """All rows of the files, in order, some at a time.

        Columns: ``user``, ``item`` (text, exactly as in the file) and, where the format has them,
        ``rating`` (float32, finite), ``timestamp`` (int64, seconds since 1970), and further columns such as
        ``text``, which are passed on as they are.
        Raises DotbenchError with file, line, what was found and what is allowed.
        """

    def read(self, files: Sequence[Path]) -> "pd.DataFrame":
        """All rows of the files at once."""
        import pyarrow as pa

        frame: pd.DataFrame = pa.concat_tables(self.tables(RawFiles(files))).to_pandas()
        return frame


def parsers() -> dict[str, type[Any]]:
    """Parsers by name."""
    return discover("datasets.parsers", Parser)
