import importlib
from threading import Semaphore
from typing import Any

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from dotbench.cli.snakemake import keep_one_clock

pytestmark = pytest.mark.seconds


class Scheduler:
    """What of Snakemake's scheduler the clock touches."""

    def __init__(self) -> None:
        self._open_jobs = Semaphore(0)

    _schedule_reevalutation: Any = None


def rings(scheduler: Scheduler, seconds: float) -> int:
    found = 0
    while scheduler._open_jobs.acquire(timeout=seconds):
        found += 1
    return found


def test_many_looks_set_one_clock_and_it_can_be_set_again() -> None:
    keep_one_clock(Scheduler)
    scheduler = Scheduler()
    for _ in range(2):
        for _ in range(5):
            scheduler._schedule_reevalutation(0.05)
        assert rings(scheduler, 1.0) == 1


def test_snakemake_has_what_is_replaced() -> None:
    assert hasattr(JobScheduler, "_schedule_reevalutation")
    assert "_open_jobs" in JobScheduler.__init__.__code__.co_names
    importlib.import_module("snakemake.api")  # before its parts, which import each other
    assert hasattr(importlib.import_module("snakemake.dag").DAG, "check_output_mtime")
