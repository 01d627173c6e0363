"""How far a download is: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import rich.progress as rp
from rich.filesize import decimal

SECONDS_BETWEEN_LINES = 10.0

Show = Callable[[int, int | None], None]


@contextmanager
def progress(name: str, say: Callable[[str], None]) -> Iterator[Show]:
    """Yield ``show(done, total)`` in bytes: what there is of the file, and its size (None: unknown).

    It shows bytes, rate and remaining time: as a bar on standard output where that is a terminal, through ``say``
    elsewhere.
    """
    if not sys.stdout.isatty():
        yield _lines(name, say)
        return
    columns = [
        rp.TextColumn("{task.description}", markup=False),
        rp.BarColumn(),
        rp.DownloadColumn(),
        rp.TransferSpeedColumn(),
        rp.TimeRemainingColumn(),
    ]
    with rp.Progress(*columns) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(name: str, say: Callable[[str], None]) -> Show:
    began = said = time.monotonic()
    first: int | None = None

    def show(done: int, total: int | None) -> None:
        nonlocal first, said
        first = done if first is None else first
        now = time.monotonic()
        if now - said < SECONDS_BETWEEN_LINES or done == first:
            return
        said = now
        rate = (done - first) / (now - began)
        text = f"{name}: {decimal(done)}"
        if total is None:
            say(f"{text}, {decimal(int(rate))}/s")
        else:
            left = timedelta(seconds=round((total - done) / rate))
            say(f"{text} of {decimal(total)} ({done / total:.0%}), {decimal(int(rate))}/s, {left} left")

    return show
