"""A small simulation of known numbers, and jobs of it as a run leaves them."""

from pathlib import Path
from typing import Any

from pydantic import Field
from runs_data import contents

from dotbench.errors import FitFailed
from dotbench.execution.attempt import attempt
from dotbench.execution.hardware import Execution
from dotbench.files import write_json, write_parquet
from dotbench.reporting.contents import Contents
from dotbench.settings import Settings
from dotbench.simulations.base import EXPERIMENT, FIT_COLUMNS, Column, Job, Row, Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.simulations.jobs import run_job, save_job, to_frame


class CountingSettings(Settings):
    """Settings of the simulation `counting`."""

    replications: int = Field(2, ge=1)
    sizes: list[int] = [3]
    factor: float = 1.0


class Counting(Simulation):
    """Each fit gives its replication times ``factor``; replication 13 fails."""

    name = "counting"
    title = "Counting"
    study = "t2rec"
    Settings = CountingSettings
    lists = ("replications", "sizes")
    keys = {"size": "n"}
    metrics = ("error",)
    columns = {
        "size": Column("int64", "n"),
        "replication": Column("int64", "which"),
        "method": Column("str", "name"),
        "title": Column("str", "name in tables"),
        **FIT_COLUMNS,
        "error": Column("float64", "error"),
    }
    made: list[int] = []  # replications that were computed, in their order
    stop_before: int | None = None

    def jobs(self) -> list[Job]:
        return [
            Job(f"n{size}".lower(), {"size": size, "replications": list(range(self.settings.replications))})
            for size in self.settings.sizes
        ]

    def run(self, job: dict[str, Any], execution: Any, checkpoint: Any) -> list[Row]:
        rows = []
        for k in job["replications"]:
            rows += checkpoint.once(f"r{k}", lambda k=k: [self._fit(job["size"], k, execution)])
        return rows

    def _fit(self, size: int, k: int, execution: Any) -> Row:
        if k == self.stop_before:
            raise KeyboardInterrupt
        self.made.append(k)
        done = attempt(lambda: self._error(k), execution.say)
        return row(size, k, "count", done.result, done.reason) | {"seconds": done.seconds}

    def _error(self, k: int) -> float:
        if k == 13:
            raise FitFailed("unlucky")
        return k * self.settings.factor

    def notes(self) -> list[str]:
        return ["Counted.", f"Times {self.settings.factor:g}."]


def row(size: int, replication: int, method: str, error: float | None, reason: str | None = None) -> Row:
    facts = {"status": "failed" if reason else "ok", "reason": reason, "seconds": 0.5, "cpu_seconds": 0.25}
    return {
        "size": size,
        "replication": replication,
        "method": method,
        "title": method.title(),
        **facts,
        "error": error,
    }


MACHINE = {"gpu": None, "cpu": "a processor", "cores": 2}


def write_counted(entry: SimulationEntry, methods: dict[str, list[float | None]]) -> Path:
    """Write the first job of a simulation: ``methods``: name → error of every replication, None for a failed fit."""
    label, job = next(iter(entry.jobs.items()))
    rows = [
        row(job.settings["size"], k, name, error, None if error is not None else "unlucky")
        for name, errors in methods.items()
        for k, error in enumerate(errors)
    ]
    return write_job(entry, label, rows)


def write_job(entry: SimulationEntry, label: str, rows: list[Row]) -> Path:
    """Write the rows of a job and their record."""
    file = entry.rows(label)
    write_parquet(file, to_frame(entry.simulation, rows))
    record = {EXPERIMENT: entry.simulation.name, "label": label, "rows": len(rows), "failed": 0, "reason": None}
    record |= {"log": None, "machine": MACHINE, "threads": 1, "versions": {"a": "1"}, "cpu_share_of_others": 0.0}
    write_json(file.with_suffix(".json"), record)
    return file


def contents_of(*entries: SimulationEntry, kind: str, title: str = "", report_item: str = "shown") -> Contents:
    """What a stage is told that shows simulations."""
    described = [entry.described() for entry in entries]
    return contents(kind=kind, seeds=1, report_item=report_item, title=title, simulations=described)


def shown(simulation: Any) -> Contents:
    """Runs every job of a simulation in the working directory; the contents of a report item of it."""
    entry = SimulationEntry(simulation.title, simulation)
    identity = simulation.identity()
    for label, job in entry.jobs.items():
        execution = Execution("cpu", say=lambda text: None)
        frame, record = run_job(identity, label, job.settings, job.modules, execution, Path("kept") / label)
        save_job(frame, record, entry.rows(label))
    return contents_of(entry, kind="-", title="What it is.")
