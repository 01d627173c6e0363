"""What a parser is, and what it is given."""

import gzip
import io
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, TextIO

from dotbench.errors import DotbenchError
from dotbench.lazy import pd
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase

if TYPE_CHECKING:
    import pyarrow as pa

PAUSE = 5.0  # seconds between two words of progress
LARGEST = 3.4e38  # of float32
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999
SECONDS = "a whole number of seconds since 1970, of the years 1 to 9999"


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
    def lines(self, path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
        """The file as text, decompressed if it ends in ``.gz``; whatever reading raises becomes a DotbenchError."""
        try:
            with path.open("rb") as stream:
                self._stream = stream
                content: Any = gzip.GzipFile(fileobj=stream) if path.suffix == ".gz" else stream
                with io.TextIOWrapper(content, encoding=encoding, newline="\n") as text:
                    yield text
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise DotbenchError(f"{path}: cannot be read: {error}") from None
        finally:
            self._stream = None
        self.has_read(path)

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
