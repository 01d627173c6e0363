"""Files out of archives: a .zip, or the one file in a .gz."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotbench.datasets._disk import room
from dotbench.datasets.definition import Member
from dotbench.datasets.verify import WrongContent
from dotbench.errors import DotbenchError
from dotbench.files import atomic

# RuntimeError: encrypted; NotImplementedError: another way of compression
_BROKEN = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
    NotImplementedError,
)


GROWTH, ALWAYS = 100, 100_000_000  # an archive may hold so many times its own bytes, and so many in any case


def unpack(archive: Path, member: Member, target: Path, check: Callable[[Path], bool]) -> bool:
    """Write a member to ``target`` and return what ``check`` says of it.

    What is at ``target`` stays until the new file is complete and ``check`` has not raised. An archive of 1 MB can hold
    1 GB of zeros: what is larger than both limits above needs its size stated in the definition.
    Raises WrongContent if the archive cannot be read or lacks the member, DotbenchError if the disk does not take it or
    the content is larger than it may be.
    """
    allowed = max(GROWTH * archive.stat().st_size, ALWAYS) if member.bytes is None else member.bytes
    with _opened(archive, member) as (stream, size), atomic(target) as temporary:
        _must_fit(archive, member, size or 0, allowed)
        with room(target, size), temporary.open("wb") as out:
            while block := _block(archive, stream):
                out.write(block)
                _must_fit(archive, member, out.tell(), allowed)
        return check(temporary)


def _must_fit(archive: Path, member: Member, size: int, allowed: int) -> None:
    if size > allowed:
        limit = "the limit of an archive of its size; if it is right, state 'bytes' of the member in the definition"
        limit = limit if member.bytes is None else "the size that the definition states"
        raise DotbenchError(f"{archive}: '{member.path}' is larger than {allowed:,} bytes, {limit}")


@contextmanager
def _opened(archive: Path, member: Member) -> Iterator[tuple[Any, int | None]]:
    """A member as a stream, and its size where the archive tells."""
    if archive.suffix == ".gz":
        with gzip.open(archive) as stream:
            yield stream, None
        return
    try:
        bundle = zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise WrongContent(f"{archive}: not a complete zip archive: {error}") from None
    with bundle:
        try:
            inside = bundle.open(member.path)
        except KeyError:
            raise WrongContent(f"{archive}: holds no file '{member.path}'") from None
        except _BROKEN as error:
            raise WrongContent(f"{archive}: '{member.path}' cannot be read: {error}") from None
        with inside:
            yield inside, bundle.getinfo(member.path).file_size


def _block(archive: Path, stream: Any) -> bytes:
    """The next bytes. A fault of the archive is told apart from a fault of the disk."""
    try:
        return bytes(stream.read(1 << 20))
    except _BROKEN as error:
        raise WrongContent(f"{archive}: not a complete {archive.suffix[1:]} archive: {error}") from None
