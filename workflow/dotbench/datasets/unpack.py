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


def unpack(archive: Path, member: Member, target: Path, check: Callable[[Path], bool]) -> bool:
    """Write a member to ``target`` and return what ``check`` says of it.

    What is at ``target`` stays until the new file is complete and ``check`` has not raised.
    Raises WrongContent if the archive cannot be read or lacks the member, DotbenchError if the disk does not take it.
    """
    with _opened(archive, member) as (stream, size), atomic(target) as temporary:
        with room(target, size), temporary.open("wb") as out:
            while block := _block(archive, stream):
                out.write(block)
        return check(temporary)


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
    """The next bytes; what is wrong with the archive is told apart from what is wrong with the disk."""
    try:
        return bytes(stream.read(1 << 20))
    except _BROKEN as error:
        raise WrongContent(f"{archive}: not a complete {archive.suffix[1:]} archive: {error}") from None
