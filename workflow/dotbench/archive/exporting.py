"""Finished runs of a configuration → one small file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench import __version__, paths
from dotbench.archive.checking import check_rows
from dotbench.archive.file import read_archive, read_jobs, schema, write_archive
from dotbench.archive.job_rows import JobRow, check_jobs, finished_jobs, job_files, job_key
from dotbench.archive.rows import (
    FIT,
    TUNING,
    Key,
    Row,
    disagreement,
    folder,
    is_fit,
    key,
    manifests,
)
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry, PlannedTuning
from dotbench.errors import DotbenchError
from dotbench.execution.provenance import commit
from dotbench.lazy import np, pd
from dotbench.runs.evaluating import RANKING, RATING

PROVENANCE = ("dotbench", "commit")


@dataclass(frozen=True)
class Exported:
    """How many fits, tunings and jobs of simulations are finished, of how many, and the rows that the file has now."""

    fits: int
    all_fits: int
    tunings: int
    all_tunings: int
    jobs: int
    all_jobs: int
    rows: int


def export_runs(plan: Plan, path: Path) -> Exported:
    """Write the finished runs of a configuration. Runs that the file holds already stay in it.

    If a run is in both, the configuration's run is taken. An equal row stays as it is. Where a method was tuned to
    another setting, the file's fits of it go: they belong to the old one. Raises DotbenchError if the file is about
    other data, or if a run contradicts itself.
    """
    tunings = {(entry.dataset, tuning.folder): (entry, tuning) for entry in plan.entries for tuning in entry.tunings}
    source = {"dotbench": __version__, "commit": commit()}
    rows = [row | source for found in tunings.values() for row in _finished(plan, *found)]
    jobs = [row | source for row in finished_jobs(plan)]
    kept = read_archive(path) if path.exists() else []
    kept_jobs = read_jobs(path) if path.exists() else []
    problem = disagreement(manifests(rows), manifests(kept))
    if problem:
        raise DotbenchError(f"{path}: holds runs on other data: {problem}; export to another file")
    merged, merged_jobs = merge(kept, rows), merge_jobs(kept_jobs, jobs)
    if not merged and not merged_jobs:
        raise DotbenchError(f"the configuration '{plan.benchmark.name}' has no finished run yet; run it first")
    check_rows(path, merged)
    check_jobs(path, merged_jobs)
    write_archive(path, merged, merged_jobs)
    fits = sum(map(is_fit, rows))
    all_fits = len({fit for found in tunings.values() for fit in plan.fits_of(*found)})
    done, all_jobs = len(jobs), len(job_files(plan))
    total = len(merged) + len(merged_jobs)
    return Exported(fits, all_fits, len(rows) - fits, len(tunings), done, all_jobs, total)


def merge(kept: list[Row], new: list[Row]) -> list[Row]:
    """The rows of both. See `export_runs` for a run that is in both."""
    old: dict[Key, Row] = {key(row): row for row in kept}
    tunings = [row for row in new if not is_fit(row) and key(row) in old]
    tuned_anew = {key(row) for row in tunings if row["chosen"] != old[key(row)]["chosen"]}
    others = {k: row for k, row in old.items() if (*k[:2], None, None) not in tuned_anew}
    return list((others | {key(row): row for row in new if not _same(others.get(key(row)), row)}).values())


def merge_jobs(kept: list[JobRow], new: list[JobRow]) -> list[JobRow]:
    """The jobs of both. If a part is in both, the new one is taken, unless they are equal."""
    old = {job_key(row): row for row in kept}
    return list((old | {job_key(row): row for row in new if not _same(old.get(job_key(row)), row)}).values())


def _same(old: Row | None, new: Row) -> bool:
    """Whether two rows say the same, whoever exported them."""
    return old is not None and all(np.array_equal(old[name], new[name]) for name in new if name not in PROVENANCE)


def _finished(plan: Plan, entry: MethodEntry, tuning: PlannedTuning) -> list[Row]:
    """A tuning of a method and its fits, as far as they are done, without their provenance."""
    empty: Row = dict.fromkeys(schema().names) | {"dataset": entry.dataset, "method": tuning.folder}
    if not (folder(empty) / "chosen.json").is_file():
        return []
    empty["stats"] = _text(paths.data(entry.dataset) / "stats.json")
    tuned_on = tuning.seed if entry.is_tuned else None
    rows = [empty | _texts(empty, TUNING) | _split(plan, entry, tuned_on)]
    for seed in tuning.fitted:
        row = empty | {"split_seed": seed, "init_seed": seed}
        if (folder(row) / "metrics.json").is_file():
            rows.append(row | _texts(row, FIT) | _split(plan, entry, seed) | _per_user(row, entry.study.task))
    return rows


def _texts(row: Row, files: dict[str, str]) -> Row:
    return {column: _text(folder(row) / name) for column, name in files.items()}


def _split(plan: Plan, entry: MethodEntry, seed: int | None) -> Row:
    if seed is None:
        return {}
    lies = plan.split(entry, entry.dataset, seed)
    return {"split_folder": str(lies.relative_to(paths.data(entry.dataset))), "split": _text(lies / "split.json")}


def _per_user(row: Row, task: str) -> dict[str, Any]:
    path = folder(row) / "per_user.parquet"
    frame = pd.read_parquet(path)
    columns = RANKING if task == "ranking" else RATING
    missing = [name for name in columns if name not in frame]
    if missing:
        raise DotbenchError(f"{path}: has no column '{missing[0]}'; it is of an older version: evaluate the run again")
    return {name: frame[name].to_numpy() for name in columns}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error
