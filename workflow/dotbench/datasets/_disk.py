"""Room on the disk, and what is said where there is none."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal

from dotbench.errors import DotbenchError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def room(path: Path, needed: int | None, then: str = "") -> Iterator[None]:
    """Watch over a block that writes ``needed`` bytes to ``path`` (None: unknown).

    Raises DotbenchError, before the block where the disk already tells, if the system refuses to write:
    with the file, the bytes needed and free, and the words ``then``.
    """
    free = shutil.disk_usage(path.parent).free
    if needed is not None and needed > free:
        raise _full(path, "no space left", needed, then)
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_ROOM:
            raise _full(path, reason, needed, then) from error
        raise DotbenchError(f"{path}: cannot be written: {reason}") from error


def _full(path: Path, reason: str, needed: int | None, then: str) -> DotbenchError:
    need = "an unknown number of bytes is" if needed is None else f"{decimal(needed)} are"
    free = decimal(shutil.disk_usage(path.parent).free)
    return DotbenchError(f"{path}: cannot be written: {reason}: {need} needed, {free} are free there{then}")
