"""One job of a simulation: its rows and their record."""

from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution, Usage, machine, versions
from dotbench.execution.provenance import provenance
from dotbench.files import digest, write_json, write_parquet
from dotbench.lazy import pd
from dotbench.registry import unknown
from dotbench.settings import validate
from dotbench.simulations.base import EXPERIMENT, OF_JOB, PART, Row, Simulation, simulations
from dotbench.sources import sources_digest

KINDS = {"int64": "Int64", "float64": "float64", "str": "str"}  # of pandas, which may be null


def run_job(
    identity: dict[str, Any],
    label: str,
    settings: dict[str, Any],
    modules: list[str],
    execution: Execution,
    checkpoints: Path,
) -> tuple["pd.DataFrame", dict[str, Any]]:
    """(rows, record) of a job. ``identity`` as `Simulation.identity`. ``label``, ``settings``, ``modules`` as `Job`.

    Fits that an interrupted run of the same job finished, by the same code, are taken from ``checkpoints``.
    """
    simulation = from_identity(identity)
    code = sources_digest(__name__, type(simulation).__module__, *modules)
    checkpoint = Checkpoint(checkpoints, digest([identity, settings, code, execution.device, execution.threads]))
    if checkpoint.rows:
        execution.say(f"{len(checkpoint.rows)} fits of an interrupted run are used again")
    with Usage(execution.device) as usage:
        rows = simulation.run(settings, execution, checkpoint)
    frame = to_frame(simulation, rows)
    unusable = [row for row in rows if row["status"] != "ok" and row["reason"] not in simulation.expected_failures]
    failed = [row for row in unusable if simulation.reported.items() <= row.items()]
    record = {
        EXPERIMENT: simulation.name,
        "label": label,
        "settings": identity["settings"],
        PART: settings,
        "rows": len(rows),
        "failed": len(failed),
        "reason": failed[0]["reason"] if failed else None,
        "log": execution.log,
        "seconds": float(frame["seconds"].sum()),
        "cpu_seconds": float(frame["cpu_seconds"].sum()),
        "peak_memory_bytes": usage.peak_memory_bytes,
        "peak_gpu_memory_bytes": usage.peak_gpu_memory_bytes,
        "cpu_share_of_others": usage.others,
        "device": execution.device,
        "threads": execution.threads,
        "machine": machine(execution.device),
        "versions": versions(),
        "code": code,
        "provenance": provenance(code),
    }
    return frame, record


def save_job(frame: "pd.DataFrame", record: dict[str, Any], rows: Path) -> None:
    """Write the rows and, last, the record beside them."""
    write_parquet(rows, frame)
    write_json(rows.with_suffix(".json"), record)


def from_identity(identity: dict[str, Any]) -> Simulation:
    """The simulation that `Simulation.identity` describes. Which jobs there are is not known to it."""
    classes = simulations()
    if identity[EXPERIMENT] not in classes:
        raise unknown("simulation", identity[EXPERIMENT], classes)
    cls: type[Simulation] = classes[identity[EXPERIMENT]]
    return cls(validate(cls.Settings, identity["settings"], f"simulation '{cls.name}'", OF_JOB))


def to_frame(simulation: Simulation, rows: list[Row]) -> "pd.DataFrame":
    """Rows as a table with the simulation's columns. Raises DotbenchError for a row with others."""
    names = list(simulation.columns)
    for row in rows:
        if row.keys() != set(names):
            row_columns, allowed = ", ".join(row), ", ".join(names)
            raise DotbenchError(
                f"simulation '{simulation.name}': a row has the columns {row_columns}; allowed are {allowed}"
            )
    columns = {
        name: pd.Series([row[name] for row in rows], dtype=KINDS[column.kind])
        for name, column in simulation.columns.items()
    }
    return pd.DataFrame(columns)
