"""What Snakemake would run, and why. It is asked without a message for each job, because these take longer than the
plan."""

import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from dotbench.cli.snakemake import full, reason_in
from dotbench.cli.snakemake_quick import import_without_pandas, quicken_plan
from dotbench.cli.traces import no_traces
from dotbench.costs.estimate import Job
from dotbench.errors import DotbenchError
from dotbench.sources import edited, is_code_file

LONGEST = 160  # letters of a reason


@dataclass(frozen=True)
class PlannedJob:
    """A job that would run: its stage, what it does, its reasons in Snakemake's words, code as modules, and its rule
    with the wildcards."""

    kind: str
    message: str
    reasons: Sequence[str]
    job: Job


def planned_jobs(
    targets: list[str], config: Sequence[Path] | None, messages: bool = False
) -> Callable[[], list[PlannedJob]]:
    """Begin a dry run; what is returned waits for its jobs. Their messages are empty if they are not wanted.

    It raises DotbenchError with Snakemake's words if there can be none. A fork of this process asks: Snakemake changes
    its environment, and finds the libraries imported.
    """
    arguments = full([*targets, "--dry-run", "--quiet", "host"], config)
    open_until_asked = ExitStack()
    open_until_asked.enter_context(no_traces())
    pool = open_until_asked.enter_context(ProcessPoolExecutor(1, get_context("fork")))
    asked = pool.submit(_ask, arguments, messages)

    def answer() -> list[PlannedJob]:
        with open_until_asked:
            jobs, words = asked.result()
        if jobs is None:
            raise DotbenchError(reason_in(words))
        return jobs

    return answer


def _ask(arguments: list[str], messages: bool) -> tuple[list[PlannedJob] | None, str]:
    """The jobs, None if Snakemake failed, and its words."""
    gc.disable()  # nearly all that is made stays
    import_without_pandas()
    from snakemake.cli import main
    from snakemake.workflow import Workflow

    jobs: list[PlannedJob] = []

    def know(workflow: Any) -> None:  # what Snakemake calls as soon as it knows the jobs, before it can print them
        jobs.extend(_planned(workflow.dag, messages))
        sys.exit()

    Workflow.log_rulegraph = know
    quicken_plan()
    sys.argv = ["snakemake", *arguments]  # for its messages
    with TemporaryFile("w+", errors="replace") as words:
        for stream in (1, 2):
            os.dup2(words.fileno(), stream)
        status: Any = 0
        try:
            main(arguments)
        except SystemExit as end:
            status = end.code
        sys.stdout.flush()
        sys.stderr.flush()
        words.seek(0)
        text = words.read()
    return (None, f"{text}{status if isinstance(status, str) else ''}") if status else (jobs, text)


def _planned(dag: Any, messages: bool) -> list[PlannedJob]:
    """The jobs that would run, those without a message left out, which collect the files of others."""
    levels = dag.toposorted({*dag.needrun_jobs()})
    jobs = [job for level in levels for job in sorted(level, key=lambda job: job.jobid) if job.rule.message]
    return [
        PlannedJob(
            job.rule.message.split(" ")[0],
            job.message if messages else "",
            _reasons(dag.reason(job), job),
            Job(job.rule.name, tuple(job.wildcards_dict.items())),
        )
        for job in jobs
    ]


def _reasons(reason: Any, job: Any) -> list[str]:
    """The parts of a reason, with modules whose code changed in the place of the files with their digests."""
    parts = str(reason).split("; ")
    files = [file for file in reason.updated_input if is_code_file(file)]
    since = min((os.stat(file).st_mtime for file in job.output if os.path.exists(file)), default=0.0)
    modules = sorted({module for file in files for module in edited(file, since)})
    if not modules:
        return parts
    others = sorted(file for file in reason.updated_input if file not in files)
    words = f"Edited code: {', '.join(modules)}" + (f"; Updated input files: {', '.join(others)}" if others else "")
    return [words if part.startswith("Updated input files") else part for part in parts]


def why(jobs: list[PlannedJob]) -> list[tuple[str, str]]:
    """The reasons that start the chain: (reason, jobs), without those that only follow another job."""
    counts: Counter[str] = Counter()
    for job in jobs:
        for reason in job.reasons:
            if not reason.startswith("Input files updated by another job"):
                counts[_in_words(reason)] += 1
    return [(reason, str(count)) for reason, count in counts.most_common()]


def _in_words(reason: str) -> str:
    """A reason for people: no list of files that are missing, and no long one."""
    if reason.startswith("Missing output files"):
        return "its output is missing"
    return reason if len(reason) <= LONGEST else reason[: LONGEST - 3] + "..."
