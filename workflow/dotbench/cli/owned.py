"""A program that never outlives the process that starts it, and takes the programs that it started with it.

The program leads a session of its own, so that its process group has whatever it starts. A pipe leads from this process
to a guard that the program forks. The pipe ends when this process does, by `kill -9` too. Then the guard kills the
group.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

TICK = 0.25  # seconds
PATIENCE = 20.0  # seconds that an interrupted program has to tidy up before it is killed
GRACE = 1.0  # seconds that what a program leaves at its end has to end by itself
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asks this process to end. No `except Exception` holds it up."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """In the block, a signal to end raises Interrupted, so that everything is tidied up. A signal that is ignored, as
    by `nohup`, stays ignored."""

    def interrupt(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(
    program: Sequence[str],
    arguments: Sequence[str],
    output: Path,
    hear: Callable[[str], None],
    tick: Callable[[], None],
) -> int:
    """Run ``program`` with its two pipes and ``arguments``. Returns the exit status, negative for the signal that
    killed it.

    The program calls `follow` with its first pipe and writes lines to its second, each of which ``hear`` gets. What it
    prints is added to the file ``output``. ``tick`` is called some times a second. When this returns or raises, neither
    the program nor anything that it started is left. If it raises, the group got SIGINT and time to tidy up before.
    """
    (alive, end), (lines, told) = os.pipe(), os.pipe()
    descriptors = [end, alive, lines, told]
    sys.stdout.flush()
    try:
        with output.open("ab") as stream:
            child = subprocess.Popen(
                [*program, str(alive), str(told), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                pass_fds=(alive, told),
                start_new_session=True,
            )
        descriptors.remove(told)
        os.close(told)
        try:
            with _suspended_together(child.pid):
                _listen(lines, hear, tick)
                status = child.wait()
                _await_rest(child.pid)
                return status
        except BaseException:
            _interrupt(child)
            raise
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _listen(lines: int, hear: Callable[[str], None], tick: Callable[[], None]) -> None:
    """Pass on what comes until the other side has closed."""
    rest = b""
    while True:
        if select.select([lines], [], [], TICK)[0]:
            block = os.read(lines, 1 << 16)
            if not block:
                return
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                hear(line.decode())
        tick()


def _interrupt(child: "subprocess.Popen[bytes]") -> None:
    """Ask the group to end. Kill it after a time, or after a second signal."""
    with suppress(OSError):
        os.killpg(child.pid, signal.SIGINT)
    try:
        child.wait(PATIENCE)
        _await_rest(child.pid)
    except (subprocess.TimeoutExpired, Interrupted, KeyboardInterrupt):
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _await_rest(group: int) -> None:
    """Wait a moment until a group whose leader has ended is empty."""
    end = time.monotonic() + GRACE
    with suppress(OSError):
        while time.monotonic() < end:
            os.killpg(group, 0)
            time.sleep(0.01)


@contextmanager
def _suspended_together(group: int) -> Iterator[None]:
    """In the block Ctrl-Z suspends the group as well, and `fg` continues it."""

    def suspend(*_: object) -> None:
        os.killpg(group, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.killpg(group, signal.SIGCONT)

    before = signal.getsignal(signal.SIGTSTP)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, suspend)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def follow(alive: int) -> None:
    """Have the group of this process killed as soon as the other end of the pipe is closed. For the program itself,
    before it has threads."""
    group = os.getpgrp()
    if os.fork():
        os.close(alive)
        for number in ENDING:  # a shell starts what is in the background with SIGINT ignored
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        return
    os.setsid()
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor, source in enumerate((nothing, nothing, nothing, alive)):
        os.dup2(source, descriptor)
    os.closerange(4, os.sysconf("SC_OPEN_MAX") if sys.platform != "linux" else 1024)
    os.read(3, 1)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    os._exit(0)
