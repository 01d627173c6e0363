"""One run at a time in a folder, and nothing else that writes results. A lock, which the system releases when its
holder dies, and a file about the holder."""

import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import read_json, refused, write_json

FOLDER = Path(".snakemake")
LOCK, OWNER = FOLDER / "dotbench.lock", FOLDER / "dotbench.json"
LOCKS = FOLDER / "locks"  # Snakemake's own, which outlive a killed one
BEAT = 10.0  # seconds between two signs of life
EXPIRED = 120.0  # seconds after the last sign of life from which a holder on another host counts as dead


@dataclass(frozen=True)
class Owner:
    """Who holds a folder. ``others``: locks of Snakemake that were there before."""

    host: str
    process: int
    since: str
    command: str
    others: Sequence[str] = ()

    @classmethod
    def here(cls, others: Sequence[str]) -> "Owner":
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        return cls(socket.gethostname(), os.getpid(), since, this_command(), others)

    def may_live(self) -> bool:
        """Whether the former holder may live. This is asked by the process that has the lock. On this host, the former
        holder is dead. On another host, which the lock of a network file system may not reach, its signs of life
        decide. Both times are those of the file system. If a time is in the future, the clock has been set back
        since."""
        os.utime(LOCK)
        age = LOCK.stat().st_mtime - OWNER.stat().st_mtime
        return self.host != socket.gethostname() and abs(age) < EXPIRED

    def refusal(self) -> str:
        """What a second run is told."""
        words = f"another run works in this folder: process {self.process} on {self.host}, since {self.since}: "
        words += f"{self.command}\nwait for its end, or end it with: kill {self.process}"
        if self.host != socket.gethostname():
            words += f" (on {self.host}); if it was killed there, this folder is free in {EXPIRED / 60:.0f} minutes"
        return f"{words}. Then repeat the command, which continues: {this_command()}"


class Held:
    """A folder that is this run's."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def beat(self) -> None:
        """Give a sign of life, if it is time."""
        if time.monotonic() - self._told > BEAT:
            self._told = time.monotonic()
            with suppress(OSError):
                os.utime(OWNER)


@contextmanager
def alone() -> Iterator[Held]:
    """Hold the working directory. Raises DotbenchError if a living run holds it. Takes over what a dead run left.

    At the end of the block no Snakemake of this run may be left: its lock is removed.
    """
    with held(LOCK, lambda: _refusal(_owner())):
        before = _owner()
        if before is not None and before.may_live():
            raise DotbenchError(before.refusal())
        if OWNER.exists():  # its run did not come to its end
            _unlock(before.others if before else ())
        others = _locks()
        write_json(OWNER, asdict(Owner.here(others)))
        try:
            yield Held()
        finally:
            _unlock(others)
            OWNER.unlink(missing_ok=True)


@contextmanager
def held(path: Path, busy: Callable[[], str]) -> Iterator[None]:
    """Hold a lock file, which stays. Raises DotbenchError with the words of ``busy`` if another process holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        raise DotbenchError(busy()) from None
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be locked: {refused(error)}; or work on another disk") from None
    try:
        yield
    finally:
        lock.release()


def refuse_beside_a_run() -> None:
    """Raises DotbenchError if a run works in this folder, for a command that would write what the run writes too.

    It takes no lock where no run is at work: two such commands do not hinder each other.
    """
    owner = _owner()
    if owner is None:
        return
    with held(LOCK, lambda: _refusal(owner)):
        if owner.may_live():
            raise DotbenchError(owner.refusal())


def _refusal(owner: Owner | None) -> str:
    return owner.refusal() if owner else "another run works in this folder; wait for its end"


def this_command() -> str:
    """This command as a shell reads it."""
    return shlex.join(["dotbench", *sys.argv[1:]])


def _owner() -> Owner | None:
    """Who holds the folder, or held it and was killed. None if no readable file says so."""
    try:
        return Owner(**read_json(OWNER))
    except (DotbenchError, TypeError):
        return None


def _locks() -> list[str]:
    return sorted(path.name for path in LOCKS.glob("*.lock"))


def _unlock(others: Sequence[str]) -> None:
    """Remove Snakemake's locks but the ``others``."""
    for name in {*_locks()} - {*others}:
        (LOCKS / name).unlink(missing_ok=True)
