"""What is asked of a cluster before and while jobs are submitted, on commands that pretend to be SLURM's."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dotbench.cli import slurm
from dotbench.errors import DotbenchError

CONFIG = "AccountingStorageType   = accounting_storage/{kind}\nMinJobAge               = {age} sec\n"
Pretend = Callable[..., None]


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """``pretend(name, text, status)``: a command of that name prints the text; no other command is there."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name: str, text: str = "", status: int = 0) -> None:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\nprintf '%s' '{text}'\nexit {status}\n")
        file.chmod(0o755)

    return make


def cluster(pretend: Pretend, kind: str, age: int, sacct: int | None = None) -> None:
    for name in ("sbatch", "squeue"):
        pretend(name)
    pretend("scontrol", CONFIG.format(kind=kind, age=age))
    if sacct is not None:
        pretend("sacct", status=sacct)


@pytest.mark.parametrize(
    ("kind", "age", "sacct", "expected"),
    [
        ("none", 300, None, "squeue"),
        ("none", 300, 0, "squeue"),  # it answers from the controller, without jobs that have ended
        ("slurmdbd", 300, 0, "sacct"),
        ("slurmdbd", 0, 0, "sacct"),
        ("slurmdbd", 300, 1, "squeue"),
        ("slurmdbd", 300, None, "squeue"),
    ],
)
def test_the_command_is_the_one_that_sees_jobs_end(
    pretend: Pretend, kind: str, age: int, sacct: int | None, expected: str
) -> None:
    cluster(pretend, kind, age, sacct)
    assert slurm.status_command() == expected


def test_what_cannot_work_is_told_before_anything_is_submitted(pretend: Pretend) -> None:
    with pytest.raises(DotbenchError, match="no SLURM on this machine: sbatch, squeue, scontrol not found"):
        slurm.status_command()
    cluster(pretend, "none", 5)
    with pytest.raises(DotbenchError, match=r"keeps no accounting database .* forgets a finished job after 5 s"):
        slurm.status_command()
    pretend("scontrol", status=1)
    with pytest.raises(DotbenchError, match="SLURM's controller does not answer"):
        slurm.status_command()


def asked(
    answers: list[dict[str, str] | None], monkeypatch: pytest.MonkeyPatch, submitted: tuple[str, ...] = ()
) -> tuple[list[Any], list[str]]:
    """What patient questions return of these answers, and what is said meanwhile; no time passes."""
    said: list[str] = []
    left = iter(answers)

    async def query(command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        states = next(left)
        return states, None if states is None else 0.1

    async def no_sleep(seconds: float) -> None:
        said.append(f"slept {seconds}")

    monkeypatch.setattr(slurm.asyncio, "sleep", no_sleep)
    ask = slurm.patient(query, submitted, said.append)

    async def all_of_them() -> list[Any]:
        return [(await ask("squeue", None))[0] for _ in [states for states in answers if states is not None]]

    return asyncio.run(all_of_them()), said


def test_a_lost_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    states, said = asked([None, None, {"1": "RUNNING"}, {"1": "COMPLETED"}], monkeypatch)
    assert states == [{"1": "RUNNING"}, {"1": "COMPLETED"}]
    assert [line for line in said if line.startswith("slept")] == ["slept 2", "slept 5"]
    assert said[0] == "SLURM does not report the states of the jobs; asking again in 2 s"


def test_a_job_that_is_forgotten_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that was never seen nothing is known: it may not have arrived yet."""
    states, _ = asked([{}, {"1": "RUNNING", "2": "PENDING"}, {"2": "RUNNING"}], monkeypatch)
    assert states == [{}, {"1": "RUNNING", "2": "PENDING"}, {"1": "COMPLETED", "2": "RUNNING"}]


def test_a_job_that_never_arrives_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    states, _ = asked([{}, {"2": "RUNNING"}, {}], monkeypatch, submitted=("1", "2"))
    assert states == [{}, {"2": "RUNNING"}, {"1": "CANCELLED", "2": "COMPLETED"}]


def test_a_number_that_is_given_again_is_another_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A controller that forgot its last seconds counts on from where it was. What it said of the first job is over."""
    again = [{}, {}, {}, {"1": "RUNNING"}]
    states, _ = asked([{}, {"2": "RUNNING"}, *again], monkeypatch, submitted=("1", "2"))
    ended = {"1": "CANCELLED", "2": "COMPLETED"}
    assert states == [{}, {"2": "RUNNING"}, ended, {}, {}, {"1": "RUNNING", "2": "CANCELLED"}]


def test_the_pause_between_questions_is_bounded(pretend: Pretend) -> None:
    cluster(pretend, "none", 300)

    class Executor:
        run_job = None
        next_seconds_between_status_checks = 10

        async def check_active_jobs(self, active: Any) -> Any:
            for job in active:
                yield job
            self.next_seconds_between_status_checks += 50

    plugin = SimpleNamespace(Executor=Executor, query_job_status=None, get_min_job_age=None)
    slurm.make_safe(plugin, SimpleNamespace(init_seconds_before_status_checks=10), lambda _: None)
    executor, jobs = Executor(), [SimpleNamespace(external_jobid="1")]

    async def check() -> list[Any]:
        return [job async for job in executor.check_active_jobs(jobs)]

    pauses = []
    for _ in range(3):
        assert asyncio.run(check()) == jobs
        pauses.append(executor.next_seconds_between_status_checks)
    assert pauses == [60, 60, 60]


def test_nothing_is_submitted_while_the_controller_is_away(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster(pretend, "none", 300)
    submitted: list[Any] = []

    class Executor:
        check_active_jobs = None

        def run_job(self, job: Any) -> None:
            submitted.append(job)

    plugin = SimpleNamespace(Executor=Executor, query_job_status=None, get_min_job_age=lambda: 5)
    settings, said = SimpleNamespace(status_command="sacct"), list[str]()
    slurm.make_safe(plugin, settings, said.append)
    assert settings.status_command == "squeue"
    assert plugin.get_min_job_age() > 1e5

    def comes_back(seconds: float) -> None:
        assert submitted == []
        pretend("scontrol")

    pretend("scontrol", status=1)
    monkeypatch.setattr(slurm.time, "sleep", comes_back)
    Executor().run_job("job")
    assert submitted == ["job"]
    assert said == ["SLURM's controller does not answer; trying again to submit in 2 s"]


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        (["--snakefile", "S", "--target-jobs", "fit:a=1", "fit:a=2", "--cores", "1"], 2),
        (["--target-jobs", "fit:a=1"], 1),
        (["--cores", "1", os.devnull], 0),
    ],
)
def test_the_jobs_of_a_submission_are_counted(arguments: list[str], jobs: int) -> None:
    assert slurm.jobs_of(arguments) == jobs
