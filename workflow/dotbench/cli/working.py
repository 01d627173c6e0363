"""Letting Snakemake work: alone in its folder, shown, and never left behind."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

from dotbench.cli import owned
from dotbench.cli.console import Display
from dotbench.cli.lock import LOCKS, Held, alone, this_command
from dotbench.cli.snakemake import THEN, full, reason_in
from dotbench.cli.told import Told
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError

LOGS = Path("logs/run")  # beside those of the jobs
PROGRAM = [sys.executable, "-m", "dotbench.cli.snakemake_child"]
OWN_WARNING = re.compile(r"^warning: (.*)$", re.MULTILINE)  # as `dotbench.errors.warn` prints it, in the rules too


@dataclass(frozen=True)
class Work:
    """The working directory, held, for a plan: ``log`` is the file that gets all of Snakemake's words."""

    plan: Plan
    config: Sequence[Path] | None
    log: Path
    held: Held
    verbose: bool = False
    warned: set[str] = field(default_factory=set)

    def make(self, arguments: list[str], then: Sequence[str] = (), quiet: bool = False) -> Told:
        """Run Snakemake and show its progress. Returns what it told, including the failed jobs. ``then``: arguments for
        a second time, after the first has succeeded. ``quiet``: show warnings and failures alone.

        Raises DotbenchError if no job failed and it ended with an error all the same.
        """
        told = Told(self.plan.labels, self.warned, self.plan.tuned_on)
        start = self.log.stat().st_size
        with Display(told, self.log, self.verbose, quiet) as display:

            def tick() -> None:
                self.held.beat()
                display.tick()

            command = full(arguments, self.config)
            command += [THEN, *full([*then], self.config)] if then else []
            status = owned.run(PROGRAM, command, self.log, display.hear, tick)
            words = self.log.read_bytes()[start:].decode(errors="replace")
            for found in OWN_WARNING.findall(words):
                display.show(told.warn(found))
        if status < 0:
            raise DotbenchError(
                f"Snakemake was killed by {Signals(-status).name}, perhaps for lack of memory (log: {self.log}); "
                f"the same command continues: {this_command()}"
            )
        if status and not told.failed:
            raise DotbenchError(_locked(told.errors) or f"{self._why(told, words)}\n(log: {self.log})")
        return told

    def _why(self, told: Told, words: str) -> str:
        """Why Snakemake failed although no job did. The words of jobs that have finished say nothing of it."""
        if told.report is not None:
            reason = reason_in(self.log.read_bytes()[told.report :].decode(errors="replace"))
            return f"tables and figures are made, the report is not: {reason}"
        return reason_in(told.errors[-1][1] if told.errors and told.total else words)


@contextmanager
def working(plan: Plan, config: Sequence[Path] | None, verbose: bool = False) -> Iterator[Work]:
    """Hold the working directory. Raises DotbenchError if another run holds it."""
    full([], config)
    with owned.interruptible(), alone() as held:
        log = LOGS / f"{plan.benchmark.name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        yield Work(plan, config, log, held, verbose)


def _locked(errors: Sequence[tuple[str, str]]) -> str | None:
    """What to do if a Snakemake that was started by hand has locked the folder."""
    if not any(exception == "LockException" for exception, _ in errors):
        return None
    return (
        f"{Path().absolute()}: locked by a `snakemake` that was started by hand. If it still runs, wait for its end. "
        f"If it was killed, remove its lock with `rm -r {LOCKS}`. Then repeat the command: {this_command()}"
    )
