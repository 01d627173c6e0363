"""One small file of finished runs → their folders, so that the workflow does not run them again."""

import itertools
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from dotbench import paths
from dotbench.archive.file import read_archive, read_jobs
from dotbench.archive.job_rows import job_key, write_job
from dotbench.archive.rows import (
    FIT,
    TUNING,
    Row,
    disagreement,
    folder,
    is_fit,
    manifests,
    per_user_columns,
)
from dotbench.files import write_parquet, write_text
from dotbench.runs.evaluating import per_user_table
from dotbench.seals import SUFFIX, seal
from dotbench.sources import refresh

# is it a fit → record → what is here of it
SEALED = {
    True: {"fit.json": ["curve.csv"], "metrics.json": ["fit.json", "per_user.parquet"]},
    False: {"chosen.json": ["trials.csv", "trials_curves.csv"]},
}


@dataclass
class Imported:
    """What an import did. It counts the fits, tunings and jobs of simulations that are now here as in the file. It
    lists folders that hold another run and were left alone, the reasons why datasets were refused, and the datasets
    whose data are not here."""

    fits: int = 0
    tunings: int = 0
    jobs: int = 0
    others: list[Path] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    without_data: list[str] = field(default_factory=list)


def import_runs(path: Path) -> Imported:
    """Put every run of a file where the workflow looks for it.

    A dataset is refused if its data or a split are here and are others. The manifests of data and splits that are
    not here are written, which is enough for tables and figures. Every file of a run that is here as in the file gets
    the present time: a run must not be older than what it is made from.
    """
    result = Imported()
    finished_runs, finished_jobs = read_archive(path), read_jobs(path)
    refresh()  # the digests of the code must not be newer than what is imported
    for dataset, group in itertools.groupby(finished_runs, lambda row: row["dataset"]):
        rows = list(group)
        named = manifests(rows)
        problem = disagreement({file: file.read_text("utf-8") for file in named if file.is_file()}, named)
        if problem:
            result.refused.append(f"{path}: the runs on '{dataset}' use other data than the runs here: {problem}")
            continue
        for file, text in named.items():
            if not file.is_file():
                write_text(file, text)
        if not all((file.parent / "split.npz").is_file() for file in named if file.name == "split.json"):
            result.without_data.append(dataset)
        for _, runs in itertools.groupby(rows, lambda row: row["method"]):
            _import_method(list(runs), result)
    for row in finished_jobs:
        if write_job(row):
            result.jobs += 1
        else:
            result.others.append(paths.job(*job_key(row)))
    return result


def _import_method(rows: list[Row], result: Imported) -> None:
    """``rows``: the tuning, then its fits, which are left out if another setting was chosen here."""
    for row in rows:
        facts = "metrics" if is_fit(row) else "chosen"
        path = folder(row) / (FIT | TUNING)[facts]
        finished = path.is_file()
        if finished and path.read_bytes() != row[facts].encode():
            result.others.append(folder(row))
            if not is_fit(row):
                return
            continue
        _write(row, overwrite=not finished)
        result.fits += is_fit(row)
        result.tunings += not is_fit(row)


def _write(row: Row, overwrite: bool) -> None:
    """Write the files of a run, or those that are not here. All get the same time, which is now."""
    into = folder(row)
    for file in into.glob(f"{paths.FURTHER}*") if overwrite else ():  # of another fit, whose vectors are not here
        file.unlink()
    for column, name in (FIT if is_fit(row) else TUNING).items():
        if overwrite or not (into / name).is_file():
            write_text(into / name, row[column])
    per_user = into / "per_user.parquet"
    if is_fit(row) and (overwrite or not per_user.is_file()):
        write_parquet(per_user, per_user_table(per_user_columns(row)))
    for record, files in SEALED[is_fit(row)].items():
        if overwrite or not (into / record).with_suffix(SUFFIX).is_file():
            seal(into / record, [into / name for name in files])
    now = time.time()
    for file in into.iterdir():
        if file.is_file():
            os.utime(file, (now, now))
