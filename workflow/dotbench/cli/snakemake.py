"""Starting Snakemake, what it says of a failure, and what the rules need of it."""

import inspect
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any

from dotbench import paths
from dotbench.errors import DotbenchError
from dotbench.files import REMEDIES, refused, write_text
from dotbench.reporting.kind import Kind

THEN = "then:"  # between the arguments of two runs of `dotbench.cli.snakemake_child`


def snakemake(
    arguments: list[str], config: Sequence[Path] | None, capture: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Ask Snakemake about the project's Snakefile in the working directory. What changes the directory needs
    `dotbench.cli.working`."""
    command = [sys.executable, "-m", "snakemake", *full(arguments, config)]
    encoding = sys.stdout.encoding  # which the processes inherit: `dotbench.cli.stage.print_anywhere`
    return subprocess.run(command, encoding=encoding, errors="replace", capture_output=capture, check=False)


def full(arguments: list[str], config: Sequence[Path] | None) -> list[str]:
    """Arguments of Snakemake with the project's Snakefile and the configuration, which comes last on the command line:
    ``--configfile`` would swallow targets behind it."""
    if not (paths.PROJECT / "Snakefile").is_file():
        raise DotbenchError(f"found no Snakefile in {paths.PROJECT}; install a checkout with 'pip install -e .'")
    _must_be_writable()
    named = ["--configfile", *map(str, config)] if config else []
    return [*arguments, "--snakefile", str(paths.PROJECT / "Snakefile"), *named]


def profile(name: str | None) -> list[str]:
    """The options for a profile of the project, or for a folder with a profile of the user's own. None is the default
    profile, which needs no options.

    Raises DotbenchError if there is no such profile.
    """
    if name is None:
        return []
    own, shipped = Path(name), paths.PROJECT / "profiles"
    for folder in (shipped / name, own):
        if any((folder / file).is_file() for file in ("profile.yaml", "config.yaml")):
            return ["--workflow-profile", str(folder)]
    names = sorted(path.name for path in shipped.iterdir() if path.is_dir())
    raise DotbenchError(f"--on {name}: no profile; allowed are {', '.join(names)}, or a folder with a profile.yaml")


def _must_be_writable() -> None:
    """Snakemake writes into the working directory, whatever it is asked for."""
    for folder in (Path(), Path(".snakemake"), paths.RESULTS):
        try:
            if folder.exists():
                TemporaryFile(dir=folder).close()
        except OSError as error:
            reason = f"{folder.absolute()}: cannot be written: {error.strerror or error}"
            raise DotbenchError(f"{reason}; work in a folder of your own, and name configurations with -c") from None


NO_REASON = (
    "Using workflow specific profile",
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Config file",
    "host:",
)


# of a traceback: the system refuses to write
REFUSAL = re.compile(r"^\s*\w*Error: \[Errno (?P<number>\d+)\] [^:\n]+(?:: '(?P<file>[^'\n]+)')?", re.MULTILINE)


def reason_in(output: str) -> str:
    """The part of Snakemake's output that says why it failed. The rest says what Snakemake uses and does."""
    if refusals := [found for found in REFUSAL.finditer(output) if int(found["number"]) in REMEDIES]:
        why, file = refused(OSError(int(refusals[-1]["number"]), "")), refusals[-1]["file"]
        return f"{file}: {why}" if file else why
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith(NO_REASON)]
    if lines and lines[0].startswith("usage:"):
        lines = lines[-1:]
    if traces := [number for number, line in enumerate(lines) if line.startswith("Traceback")]:
        lines = [line for line in lines[traces[-1] + 1 :] if not line.startswith(" ")][:1]
    if lines and lines[0].startswith("DotbenchError in file"):  # of a rule: what it says stands between two places
        lines = [line for line in lines[1:] if not line.startswith('  File "')]
    return "\n".join(lines).removeprefix("error: ") or "Snakemake failed and gave no reason"


def outputs_of(kind: type[Kind], stem: str, labels: dict[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name → (file, what Snakemake's report is told of it or nothing) of a table or figure of a kind."""
    outputs = {}
    for ending in kind.files:
        shown: dict[str, Any] = {}
        if ending in kind.in_report:
            own = labels | kind.in_report[ending]
            shown = {"caption": caption_file(kind), "category": kind.category, "labels": own}
        outputs[re.sub(r"\W", "_", ending.lstrip(".-"))] = (stem + ending, shown)
    return outputs


def caption_file(kind: type[Kind]) -> str:
    """The file of a kind's caption, which is the kind's docstring. The file is written if its content differs."""
    path = paths.CODE / "captions" / f"{kind.__module__}.{kind.name}.rst"
    text = (inspect.getdoc(kind) or "") + "\n"
    if not path.is_file() or path.read_text("utf-8") != text:
        write_text(path, text)
    return str(path.absolute())


def keep_one_clock(scheduler: Any) -> None:
    """Let the scheduler class look for free slots once in a timespan, however many jobs have finished.

    Snakemake 9 limits how many jobs start in a timespan (`--max-jobs-per-timespan`, by default 100 a second) and looks
    again after it. Every look that finds jobs waiting starts a further timer, those that finished jobs prompt among
    them, and no timer ends: after n jobs it looks n times a second, each time at the inputs of all waiting jobs.
    """

    def look_again(self: Any, delay: float) -> None:
        if getattr(self, "_clock_is_set", False):
            return
        self._clock_is_set = True

        def ring() -> None:
            self._clock_is_set = False  # before the look that sets it again
            self._open_jobs.release()

        timer = Timer(delay, ring)
        timer.daemon = True
        timer.start()

    if hasattr(scheduler, "_schedule_reevalutation"):  # sic; a version without it has no such timers
        scheduler._schedule_reevalutation = look_again


def accept_any_date(dag: Any) -> None:
    """Let the DAG class take what a job made although an input of the job is dated later.

    Snakemake stops there, because the job would run again. Here it would not: own files and big arrays count as old
    while their content is the same, and what is dated in the future gets the present time before the next plan.
    """

    async def accept(*_: Any) -> None:
        """It is right, whatever its date."""

    if hasattr(dag, "check_output_mtime"):  # a version without it does not stop
        dag.check_output_mtime = accept
