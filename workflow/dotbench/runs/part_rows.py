"""A finished part of a packed experiment as a row of a file of runs: its rows and its record, as text."""

import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.files import canonical_json, write_parquet, write_text
from dotbench.lazy import pd
from dotbench.plan import Plan
from dotbench.runs import paths

PartRow = dict[str, Any]
PartKey = tuple[str, str, str]
NAMES = {"study": "[a-z0-9]+(-[a-z0-9]+)*", "experiment": "[a-z0-9-]+-[0-9a-f]{10}", "part": "[a-z0-9-]+"}


def part_key(row: PartRow) -> PartKey:
    """Study, folder of the experiment, label of the part."""
    return row["study"], row["experiment"], row["part"]


def part_files(plan: Plan) -> dict[PartKey, Path]:
    """Every part of a configuration, and the file of its rows."""
    return {
        (packed.experiment.study, packed.folder, label): packed.rows(label)
        for packed in plan.packed
        for label in packed.parts
    }


def finished_parts(plan: Plan) -> list[PartRow]:
    """The parts that are done, without their provenance."""
    return [
        {
            **dict(zip(("study", "experiment", "part"), key, strict=True)),
            "record": file.with_suffix(".json").read_text("utf-8"),
            "rows": to_text(pd.read_parquet(file)),
        }
        for key, file in part_files(plan).items()
        if file.with_suffix(".json").is_file()
    ]


def to_text(frame: "pd.DataFrame") -> str:
    """A table as JSON: of every column its name, its type and its values, null where there is none."""
    columns = [(name, str(frame[name].dtype), frame[name].tolist()) for name in frame]
    return canonical_json([[*column, [None if pd.isna(v) else v for v in values]] for *column, values in columns])


def from_text(text: str) -> "pd.DataFrame":
    """The inverse of `to_text`."""
    return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, kind, values in json.loads(text)})


def check_parts(path: Path, rows: Iterable[PartRow]) -> None:
    """Raise DotbenchError, with file and part, for the first part that is unsound or contradicts itself."""
    seen: set[PartKey] = set()
    for row in rows:
        problem = _problem(row)
        if part_key(row) in seen:
            problem = "is there more than once"
        if problem:
            raise DotbenchError(f"{path}, part {'/'.join(map(str, part_key(row)))}: {problem}")
        seen.add(part_key(row))


def _problem(row: PartRow) -> str | None:
    for name, pattern in NAMES.items():
        if not re.fullmatch(pattern, row[name] or ""):
            return f"column '{name}': found {row[name]!r}; allowed is {pattern}"
    try:
        record, frame = json.loads(row["record"] or ""), from_text(row["rows"] or "")
        said = {"part": record["label"], "experiment": record["experiment"] + row["experiment"][-11:]}
        count = len(frame)
    except (ValueError, TypeError, KeyError) as error:
        return f"column 'record' or 'rows': cannot be read: {error}"
    for name, value in said.items():
        if value != row[name]:
            return f"its record says {name} {value!r}, the file's column {row[name]!r}"
    if record.get("rows") != count:
        return f"its record says rows {record.get('rows')}; there are {count}"
    return None


def write_part(row: PartRow) -> bool:
    """Write a part where the workflow looks for it, unless another is there; whether it is now here as in the row.

    Its files get the present time: it must not be older than the code."""
    file = paths.part(*part_key(row))
    record = file.with_suffix(".json")
    finished = record.is_file()
    if finished and record.read_bytes() != row["record"].encode():
        return False
    if not finished or not file.is_file():
        write_parquet(file, from_text(row["rows"]))
        write_text(record, row["record"])
    now = time.time()
    for path in (file, record):
        os.utime(path, (now, now))
    return True
