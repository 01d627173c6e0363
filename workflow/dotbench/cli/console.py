"""What `dotbench run` shows while it works: a line a job, a bar where there is a terminal, warnings, failures."""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column
from rich.text import Text

from dotbench.cli.owned import Interrupted
from dotbench.cli.told import Line, Told

EVERY = 30.0  # seconds between two lines of progress where there is no terminal
BEFORE, AFTER = "planning", "writing the report"
STYLES = {"done": "", "warning": "yellow", "failed": "red"}


class Display:
    """Shows a run on standard output. ``log``: the file with Snakemake's words, which ``verbose`` shows in the place of
    ours. ``quiet``: nothing but warnings and failures.

    Raises Interrupted where nobody reads any more. A terminal that is gone stops nothing: its signal does, if it may.
    """

    def __init__(self, told: Told, log: Path, verbose: bool, quiet: bool) -> None:
        self._told, self._verbose, self._quiet = told, verbose, quiet
        self._words = log.open("rb")
        self._words.seek(0, os.SEEK_END)
        console = Console()
        self._terminal = sys.stdout.isatty() and not console.is_dumb_terminal
        now = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[now]}", table_column=now, markup=False),
            console=console,
            transient=True,
            expand=True,
            refresh_per_second=4,
            disable=not self._terminal or verbose or quiet,
        )
        self._task = self._bar.add_task(BEFORE, total=None, left="", now="")
        self._shown_at = time.monotonic()

    def __enter__(self) -> "Display":
        self._bar.start()
        if not self._bar.disable:
            self._bar.console.show_cursor(True)  # which a killed run could not do
        return self

    def __exit__(self, *_: object) -> None:
        with _readers():
            self._bar.stop()
            self._repeat_words()
        self._words.close()

    def hear(self, line: str) -> None:
        """Take an event of Snakemake."""
        self.show(self._told.hear(line, time.monotonic()))

    def show(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if not (line.kind == "done" and (self._verbose or self._quiet)):
                with _readers():
                    self._print(line)

    def tick(self) -> None:
        """Bring up to date what changes by itself."""
        with _readers():
            self._tick()

    def _tick(self) -> None:
        if self._verbose:
            self._repeat_words()
        elif self._terminal:
            running = [job.label for job in self._told.running.values() if job.label]
            self._bar.update(
                self._task,
                description=self._doing(),
                completed=self._told.done,
                total=self._told.total or None,
                left=self._left(),
                now=(running[0] if running else "") + (f" and {len(running) - 1} more" if running[1:] else ""),
            )
        elif not self._quiet and self._told.total and time.monotonic() - self._shown_at > EVERY:
            left = self._left()
            print(f"{self._told.done} of {self._told.total} jobs" + (f", {left}" if left else ""), flush=True)
            self._shown_at = time.monotonic()

    def _doing(self) -> str:
        if not self._told.total:
            return BEFORE
        return AFTER if self._told.is_made else f"{self._told.done} of {self._told.total} jobs"

    def _left(self) -> str:
        left = self._told.left()
        return "" if left is None else f"about {duration(left)} left"

    def _print(self, line: Line) -> None:
        text = line.text if line.kind == "done" else f"{line.kind}: {line.text}"
        if line.seconds is not None:
            seconds = f"{line.seconds:.1f} s" if line.seconds < 59.5 else duration(line.seconds)
            text = f"{text:<{min(self._bar.console.width, 100) - 12}} {seconds:>10}"
        if self._terminal:
            self._bar.console.print(Text(text, style=STYLES[line.kind]), soft_wrap=True)
        else:
            print(text, flush=True)

    def _repeat_words(self) -> None:
        if self._verbose:
            sys.stdout.write(self._words.read().decode(errors="replace"))
            sys.stdout.flush()


@contextmanager
def _readers() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise Interrupted(signal.SIGPIPE) from None
    except OSError:
        pass


def duration(seconds: float) -> str:
    """7 s, 12:30 min or 3:05 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"
