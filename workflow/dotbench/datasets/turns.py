"""One process after the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import refused


@contextmanager
def in_turn(lock: Path, waiting: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file, which stays: of two processes the second says ``waiting``, and finds what the first has made.

    Raises DotbenchError if the folder of the lock cannot be written.
    """
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=0)
        except Timeout:
            say(waiting)
            held.acquire()
    except OSError as error:
        raise DotbenchError(f"{lock.parent}: cannot be written: {refused(error)}") from error
    try:
        yield
    finally:
        held.release()
