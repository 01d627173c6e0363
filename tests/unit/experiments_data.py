"""A small experiment of known numbers, and parts of it as a run leaves them."""

from pathlib import Path
from typing import Any

from pydantic import Field

from dotbench.errors import FitFailed
from dotbench.experiments.base import FIT_COLUMNS, Column, Experiment, Part, Row
from dotbench.files import write_json, write_parquet
from dotbench.runs.attempt import attempt
from dotbench.runs.hardware import Place
from dotbench.runs.packed import Packed
from dotbench.runs.parts import run_part, save_part, to_frame
from dotbench.settings.base import Settings


class CountingSettings(Settings):
    """Settings of the experiment `counting`."""

    replications: int = Field(2, ge=1)
    sizes: list[int] = [3]
    factor: float = 1.0


class Counting(Experiment):
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

    def parts(self) -> list[Part]:
        return [
            Part(f"n{size}".lower(), {"size": size, "replications": list(range(self.settings.replications))})
            for size in self.settings.sizes
        ]

    def run(self, part: dict[str, Any], place: Any, kept: Any) -> list[Row]:
        rows = []
        for k in part["replications"]:
            rows += kept.once(f"r{k}", lambda k=k: [self._fit(part["size"], k, place)])
        return rows

    def _fit(self, size: int, k: int, place: Any) -> Row:
        if k == self.stop_before:
            raise KeyboardInterrupt
        self.made.append(k)
        done = attempt(lambda: self._error(k), place.say)
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


def write_counted(packed: Packed, methods: dict[str, list[float | None]]) -> Path:
    """Write the first part of an experiment: ``methods``: name → error of every replication, None for a failed fit."""
    label, part = next(iter(packed.parts.items()))
    rows = [
        row(part.settings["size"], k, name, error, None if error is not None else "unlucky")
        for name, errors in methods.items()
        for k, error in enumerate(errors)
    ]
    return write_part(packed, label, rows)


def write_part(packed: Packed, label: str, rows: list[Row]) -> Path:
    """Write the rows of a part and their record."""
    file = packed.rows(label)
    write_parquet(file, to_frame(packed.experiment, rows))
    record = {"experiment": packed.experiment.name, "label": label, "rows": len(rows), "failed": 0, "reason": None}
    record |= {"log": None, "machine": MACHINE, "threads": 1, "versions": {"a": "1"}, "cpu_share_of_others": 0.0}
    write_json(file.with_suffix(".json"), record)
    return file


def shown(experiment: Any) -> dict[str, Any]:
    """Runs every part of an experiment in the working directory; the contents of an exhibit of it."""
    packed = Packed(experiment.title, experiment)
    described = packed.described()
    for label, part in packed.parts.items():
        place = Place("cpu", say=lambda text: None)
        frame, record = run_part(described, label, part.settings, part.modules, place, Path("kept") / label)
        save_part(frame, record, packed.rows(label))
    return {"exhibit": "shown", "kind": "-", "title": "What it is.", "experiments": [described]}
