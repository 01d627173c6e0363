"""Submitting to SLURM without waiting for ever. It first finds out what the cluster can tell, and asks again when an
answer is lost.

The executor plugin asks ``sacct`` or ``squeue`` how its jobs are. Where no accounting database is kept, ``sacct`` never
sees a job end. Where the controller does not answer, the plugin forgets the jobs it asked about. Either way it waits
for ever.
"""

import asyncio
import itertools
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any

from dotbench.errors import DotbenchError

ANSWER = 20  # seconds that SLURM's commands may take
PAUSES = (2, 5, 10, 30, 60)  # seconds between questions to a controller that does not answer; the last one repeats
LOST = 3  # answers without a job that was submitted
# Inside a submission jobs run as on one machine. The plugin starts srun, and Snakemake once more, for each of them.
ONE_PROCESS = "--executor local --cores ${SLURM_CPUS_PER_TASK:-1}"
LONGEST_PAUSE = 6  # times the first one: of questions for the states of jobs, while none of them ends
LEAST_AGE = 30  # seconds that squeue must remember a finished job; it is asked every few
Query = Callable[..., Awaitable[tuple[dict[str, str] | None, float | None]]]


def status_command() -> str:
    """``sacct`` or ``squeue``, whichever tells this cluster's finished jobs.

    Raises DotbenchError where there is no SLURM, its controller does not answer, or neither command can tell.
    """
    absent = [name for name in ("sbatch", "squeue", "scontrol") if shutil.which(name) is None]
    if absent:
        raise DotbenchError(f"no SLURM on this machine: {', '.join(absent)} not found; submit from a login node")
    told = _call("scontrol", "show", "config")
    if told is None:
        raise DotbenchError(
            "SLURM's controller does not answer ('scontrol ping' shows its state); nothing was submitted"
        )
    accounting = _setting(told, "AccountingStorageType")
    if not accounting.endswith("none") and _call("sacct", "--allocations", "--noheader", "--format=JobID") is not None:
        return "sacct"
    age = int(re.match(r"\d+", _setting(told, "MinJobAge") or "0").group())  # type: ignore[union-attr]
    if age < LEAST_AGE:
        raise DotbenchError(
            f"this cluster keeps no accounting database (AccountingStorageType={accounting}) and forgets a finished "
            f"job after {age} s (MinJobAge); dotbench needs the database, or a MinJobAge of at least {LEAST_AGE} s. "
            "Ask the administrator, or run on one node: sbatch --wrap 'dotbench run …'"
        )
    return "squeue"


def make_safe(plugin: Any, settings: Any, warn: Callable[[str], None]) -> None:
    """Let the executor plugin, a module, ask what works, wait for a controller that is restarted, and run the jobs of a
    submission in one process. While no job ends, it asks less and less often; here at most LONGEST_PAUSE times less.

    ``settings``: the plugin's own. Raises DotbenchError as `status_command` does.
    """
    settings.status_command = status_command()
    executor, submitted = plugin.Executor, set[str]()
    submit, check = executor.run_job, executor.check_active_jobs

    def run_job(self: Any, job: Any) -> None:
        wait_for_controller(warn)
        submit(self, job)

    async def check_active_jobs(self: Any, active: Sequence[Any]) -> AsyncIterator[Any]:
        submitted.clear()
        submitted.update(job.external_jobid for job in active)
        async for job in check(self, active):
            yield job
        longest = LONGEST_PAUSE * settings.init_seconds_before_status_checks
        self.next_seconds_between_status_checks = min(self.next_seconds_between_status_checks, longest)

    executor.run_job, executor.check_active_jobs = run_job, check_active_jobs
    executor.additional_general_args = lambda self: ONE_PROCESS
    plugin.get_min_job_age = lambda: 10**6  # it was looked at above; the plugin would go back to sacct
    plugin.query_job_status = patient(plugin.query_job_status, submitted, warn)


def jobs_of(arguments: Sequence[str]) -> int:
    """How many jobs a command line of Snakemake names, as it writes them for a job of a cluster."""
    if "--target-jobs" not in arguments:
        return 0
    behind = arguments[arguments.index("--target-jobs") + 1 :]
    return len(list(itertools.takewhile(lambda argument: not argument.startswith("-"), behind)))


def patient(query: Query, submitted: Collection[str], warn: Callable[[str], None]) -> Query:
    """The plugin's question for the states of its jobs, asked until there is an answer.

    A job that was known and is not any more has ended, in one way or the other: it is told as completed, and Snakemake
    sees by its output how it ended. One of ``submitted`` that is not known after LOST answers was lost: a controller
    that is killed forgets the jobs of its last seconds. It is told as cancelled, and is tried again.
    """
    known: set[str] = set()
    unseen: Counter[str] = Counter()

    async def ask(command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        for pause in _pauses():
            states, seconds = await query(command, logger)
            if states is not None:
                break
            warn(f"SLURM does not report the states of the jobs; asking again in {pause} s")
            await asyncio.sleep(pause)
        assert states is not None  # the pauses do not end
        gone = known - states.keys()
        known.update(states)
        unseen.update(set(submitted) - known)
        lost = [job for job in submitted if job not in known and unseen[job] >= LOST]
        known.difference_update(gone)  # such a controller gives their numbers to other jobs
        for job in (*states, *lost):
            unseen.pop(job, None)
        return states | dict.fromkeys(gone, "COMPLETED") | dict.fromkeys(lost, "CANCELLED"), seconds

    return ask


def wait_for_controller(warn: Callable[[str], None]) -> None:
    """Return when the controller answers."""
    for pause in _pauses():
        if _call("scontrol", "ping") is not None:
            return
        warn(f"SLURM's controller does not answer; trying again to submit in {pause} s")
        time.sleep(pause)


def _pauses() -> Iterator[int]:
    """Seconds to wait before each further question, without end."""
    return itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))


def _call(*command: str) -> str | None:
    """What a command prints. None if it fails or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=ANSWER)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _setting(told: str, name: str) -> str:
    found = re.search(rf"^{name}\s*=\s*(\S+)", told, re.MULTILINE)
    return found[1] if found else ""
