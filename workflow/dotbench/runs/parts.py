"""One part of a packed experiment: its rows and their record."""

from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.experiments.base import OF_PART, Experiment, Row, experiments
from dotbench.files import digest, write_json, write_parquet
from dotbench.lazy import pd
from dotbench.registry import unknown
from dotbench.runs.hardware import Place, Usage, machine, versions
from dotbench.runs.kept import Kept
from dotbench.settings.base import validate
from dotbench.sources import sources_digest

KINDS = {"int64": "Int64", "float64": "float64", "str": "str"}  # of pandas, which may be null


def run_part(
    identity: dict[str, Any], label: str, settings: dict[str, Any], modules: list[str], place: Place, checkpoints: Path
) -> tuple["pd.DataFrame", dict[str, Any]]:
    """(rows, record) of a part. ``identity`` as `Experiment.identity`; ``label``, ``settings``, ``modules`` as `Part`.

    Fits that an interrupted run of the same part finished, by the same code, are taken from ``checkpoints``.
    """
    experiment = from_identity(identity)
    code = sources_digest(__name__, type(experiment).__module__, *modules)
    kept = Kept(checkpoints, digest([identity, settings, code, place.device, place.threads]))
    if kept.rows:
        place.say(f"{len(kept.rows)} fits are kept from an interrupted run")
    with Usage(place.device) as usage:
        rows = experiment.run(settings, place, kept)
    frame = to_frame(experiment, rows)
    unusable = [row for row in rows if row["status"] != "ok" and row["reason"] not in experiment.findings]
    failed = [row for row in unusable if experiment.reported.items() <= row.items()]
    record = {
        "experiment": experiment.name,
        "label": label,
        "settings": identity["settings"],
        "part": settings,
        "rows": len(rows),
        "failed": len(failed),
        "reason": failed[0]["reason"] if failed else None,
        "log": place.log,
        "seconds": float(frame["seconds"].sum()),
        "cpu_seconds": float(frame["cpu_seconds"].sum()),
        "peak_memory_bytes": usage.peak_memory_bytes,
        "peak_gpu_memory_bytes": usage.peak_gpu_memory_bytes,
        "cpu_share_of_others": usage.others,
        "device": place.device,
        "threads": place.threads,
        "machine": machine(place.device),
        "versions": versions(),
        "code": code,
    }
    return frame, record


def save_part(frame: "pd.DataFrame", record: dict[str, Any], rows: Path) -> None:
    """Write the rows and, last, the record beside them."""
    write_parquet(rows, frame)
    write_json(rows.with_suffix(".json"), record)


def from_identity(identity: dict[str, Any]) -> Experiment:
    """The experiment that `Experiment.identity` describes; which parts there are is not known to it."""
    found = experiments()
    if identity["experiment"] not in found:
        raise unknown("experiment", identity["experiment"], found)
    cls = found[identity["experiment"]]
    return cls(validate(cls.Settings, identity["settings"], f"experiment '{cls.name}'", OF_PART))


def to_frame(experiment: Experiment, rows: list[Row]) -> "pd.DataFrame":
    """Rows as a table with the experiment's columns; raises DotbenchError for a row with others."""
    names = list(experiment.columns)
    for row in rows:
        if row.keys() != set(names):
            found, allowed = ", ".join(row), ", ".join(names)
            raise DotbenchError(f"experiment '{experiment.name}': a row has the columns {found}; allowed are {allowed}")
    columns = {
        name: pd.Series([row[name] for row in rows], dtype=KINDS[column.kind])
        for name, column in experiment.columns.items()
    }
    return pd.DataFrame(columns)
