"""A finished job of a simulation as a row of a file of runs: its rows and its record, as text."""

import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import canonical_json, write_parquet, write_text
from dotbench.lazy import pd
from dotbench.seals import seal
from dotbench.simulations.base import EXPERIMENT, PART

JobRow = dict[str, Any]
JobKey = tuple[str, str, str]
NAMES = {"study": "[a-z0-9]+(-[a-z0-9]+)*", EXPERIMENT: "[a-z0-9-]+-[0-9a-f]{10}", PART: "[a-z0-9-]+"}


def job_key(row: JobRow) -> JobKey:
    """Study, folder of the simulation, label of the job."""
    return row["study"], row[EXPERIMENT], row[PART]


def job_files(plan: Plan) -> dict[JobKey, Path]:
    """Every job of a configuration, and the file of its rows."""
    return {
        (entry.simulation.study, entry.folder, label): entry.rows(label)
        for entry in plan.simulations
        for label in entry.jobs
    }


def finished_jobs(plan: Plan) -> list[JobRow]:
    """The jobs that are done, without their provenance."""
    return [
        {
            **dict(zip(("study", EXPERIMENT, PART), key, strict=True)),
            "record": file.with_suffix(".json").read_text("utf-8"),
            "rows": to_text(pd.read_parquet(file)),
        }
        for key, file in job_files(plan).items()
        if file.with_suffix(".json").is_file()
    ]


def to_text(frame: "pd.DataFrame") -> str:
    """A table as JSON: of every column its name, its type and its values, null where there is none."""
    columns = [(name, str(frame[name].dtype), frame[name].tolist()) for name in frame]
    return canonical_json([[*column, [None if pd.isna(v) else v for v in values]] for *column, values in columns])


def from_text(text: str) -> "pd.DataFrame":
    """The inverse of `to_text`."""
    return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, kind, values in json.loads(text)})


def check_jobs(path: Path, rows: Iterable[JobRow]) -> None:
    """Raise DotbenchError, with file and job, for the first job that is unsound or contradicts itself."""
    seen: set[JobKey] = set()
    for row in rows:
        problem = _problem(row)
        if job_key(row) in seen:
            problem = "is listed more than once"
        if problem:
            raise DotbenchError(f"{path}, job {'/'.join(map(str, job_key(row)))}: {problem}")
        seen.add(job_key(row))


def _problem(row: JobRow) -> str | None:
    for name, pattern in NAMES.items():
        if not re.fullmatch(pattern, row[name] or ""):
            return f"column '{name}': found {row[name]!r}; allowed is {pattern}"
    try:
        record, frame = json.loads(row["record"] or ""), from_text(row["rows"] or "")
        said = {PART: record["label"], EXPERIMENT: record[EXPERIMENT] + row[EXPERIMENT][-11:]}
        count = len(frame)
    except (ValueError, TypeError, KeyError) as error:
        return f"column 'record' or 'rows': cannot be read: {error}"
    for name, value in said.items():
        if value != row[name]:
            return f"its record says {name} {value!r}, the file's column {row[name]!r}"
    if record.get("rows") != count:
        return f"its record says rows {record.get('rows')}; there are {count}"
    return None


def write_job(row: JobRow) -> bool:
    """Write a job where the workflow looks for it, unless another one is there. Returns whether it is now here as in
    the row.

    Its files get the present time: it must not be older than the code."""
    file = paths.job(*job_key(row))
    record = file.with_suffix(".json")
    finished = record.is_file()
    if finished and record.read_bytes() != row["record"].encode():
        return False
    if not finished or not file.is_file():
        write_parquet(file, from_text(row["rows"]))
        write_text(record, row["record"])
        seal(record, [file])
    now = time.time()
    for path in (file, record):
        os.utime(path, (now, now))
    return True
