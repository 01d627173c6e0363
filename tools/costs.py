"""Gather what runs cost, for the predictions of `dotbench plan`: workflow/dotbench/costs/measured.csv.

    python tools/costs.py                     from the files of runs of docs/evidence, and from its tables
    python tools/costs.py FOLDER …            and from folders where `dotbench run` has worked
    python tools/costs.py --check             write nothing; only say how wrong the predictions are

A table says less than a file of runs: it is read where there is no such file. Times are those of the machine that ran
the jobs. CPU seconds are those of training, and of a stage, which keeps no such record, the wall seconds of its job.
"""

import argparse
import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pandas as pd

from dotbench.costs.estimate import models
from dotbench.costs.measured import FILE, KINDS, Cell, cells
from dotbench.costs.model import TYPICAL
from dotbench.datasets.catalogue import definitions
from dotbench.files import write_csv

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
LEAST = 0.02  # seconds, less than what the start of a job takes
Key = tuple[str, str, str]
Measured = dict[Key, list[tuple[float, int]]]
Sizes = dict[str, tuple[int, int, int]]


def of_file(file: Path, found: Measured, sizes: Sizes) -> None:
    """Of a file of runs that `dotbench export --runs` wrote."""
    for row in pd.read_parquet(file).to_dict("records"):
        if isinstance(row.get("record"), str):
            add_job(row["experiment"], row["part"], json.loads(row["record"]), found)
            continue
        add_size(row["dataset"], json.loads(row["stats"]), sizes)
        if isinstance(row["fit"], str):
            add_fit(json.loads(row["fit"]), found)
        elif isinstance(row["trials"], str):
            add_tuning(row["dataset"], row["method"], row["trials"], found)


def of_table(file: Path, found: Measured, sizes: Sizes) -> None:
    """Of a table of methods in docs/evidence: the means over seeds of what is in no file of runs."""
    counts = json.loads((file.parents[1] / "datasets.json").read_text("utf-8"))
    for line in csv.DictReader(io.StringIO(file.read_text("utf-8"))):
        seconds = line.get("cpu_seconds_mean") or line.get("cpu_seconds")
        if not (seconds and line.get("solver") and line["dataset"] in counts):
            continue
        name, dataset = "-".join([line["model"], line["loss"], line["solver"]]), line["dataset"]
        add_size(dataset, counts[dataset], sizes)
        memory = int(float(line.get("peak_memory_bytes_mean") or line.get("peak_memory_bytes") or 0))
        what = "fit" if line.get("cpu_seconds_mean") else "short fit"  # of a table of costs
        found[what, name, dataset].append((float(seconds), memory))
        if float(line.get("trials") or 0) > 1:
            found["trial", name, dataset].append(
                (float(line.get("tuning_cpu_seconds") or 0) / float(line["trials"]), 0)
            )


def of_folder(folder: Path, found: Measured, sizes: Sizes) -> None:
    """Of a folder where a run has worked. Imported runs are among its records and are those of the evidence."""
    results = folder / "results"
    for file in results.glob("data/*/stats.json"):
        add_size(file.parent.name, json.loads(file.read_text("utf-8")), sizes)
    for file in results.glob("runs/*/*/split*/fit.json"):
        if (file.parent / "fitted.npz").is_file():
            add_fit(json.loads(file.read_text("utf-8")), found)
    for file in results.glob("runs/*/*/trials.csv"):
        if any(file.parent.glob("split*/fitted.npz")):
            add_tuning(file.parent.parent.name, file.parent.name, file.read_text("utf-8"), found)
    for file in results.glob("studies/*/*/part-*.json"):
        add_job(file.parent.name, file.stem.removeprefix("part-"), json.loads(file.read_text("utf-8")), found)
    for rule, dataset, seconds in stages(folder / ".snakemake/metadata"):
        found["stage", rule, dataset].append((seconds, 0))


def stages(folder: Path) -> Iterator[tuple[str, str, float]]:
    """(rule, dataset or nothing, wall seconds) of every job that Snakemake remembers, but those with records."""
    jobs = {}
    for file in folder.rglob("*"):
        if file.is_file():
            entry = json.loads(file.read_text("utf-8"))
            if entry.get("endtime") and entry["rule"] not in ("fit", "tune", "simulate"):
                jobs[entry["rule"], tuple(entry["log"])] = entry  # once for each of its files
    for (rule, log), entry in jobs.items():
        parts = Path(log[0]).parts if log else ()
        named = Path(parts[2]).stem if len(parts) > 2 else ""  # logs/<stage>/<dataset>/…, logs/<stage>/<dataset>.log
        yield rule, named if named in definitions() else "", entry["endtime"] - entry["starttime"]


def add_fit(record: dict[str, Any], found: Measured) -> None:
    if record["status"] == "ok":
        name = "-".join([record["model"], record["loss"], record["solver"]])
        found["fit", name, record["dataset"]].append((record["cpu_seconds"], record["peak_memory_bytes"] or 0))


def add_tuning(dataset: str, folder: str, table: str, found: Measured) -> None:
    lines = list(csv.DictReader(io.StringIO(table)))
    seconds = sum(float(line["cpu_seconds"] or 0) for line in lines)
    settings = len({line["trial"] for line in lines})
    if settings > 1:
        found["trial", folder.rpartition("-")[0], dataset].append((seconds / settings, 0))


def add_job(folder: str, label: str, record: dict[str, Any], found: Measured) -> None:
    found["simulation", folder, label].append((record["cpu_seconds"], record["peak_memory_bytes"] or 0))


def add_size(dataset: str, stats: dict[str, Any], sizes: Sizes) -> None:
    sizes[dataset] = (stats["users"], stats["items"], stats["interactions"])


def gathered(folders: Iterable[Path]) -> list[Cell]:
    """A cell for every kind of job that was measured."""
    found: Measured = defaultdict(list)
    sizes: Sizes = {}
    for file in sorted(EVIDENCE.rglob("runs.parquet")):
        of_file(file, found, sizes)
    tables: Measured = defaultdict(list)
    for file in sorted(EVIDENCE.rglob("*.csv")):
        if (file.parents[1] / "datasets.json").is_file():
            of_table(file, tables, sizes)
    found.update({key: values for key, values in tables.items() if key not in found})
    for folder in folders:
        of_folder(folder, found, sizes)
    made = []
    for (what, name, where), values in sorted(found.items()):
        logarithms = [math.log(max(seconds, LEAST)) for seconds, _ in values]
        users, items, interactions = sizes.get(where, (0, 0, 0))
        interactions = interactions or TYPICAL  # of a table, which is of no dataset
        seconds = float(f"{math.exp(fmean(logarithms)):.3g}")
        memory = max(memory for _, memory in values)
        spread = round(pstdev(logarithms), 3)
        made.append(Cell(what, name, where, users, items, interactions, len(values), seconds, spread, memory))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="where a run has worked")
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    if not arguments.check:
        made = gathered(arguments.folders)
        write_csv(FILE, [asdict(cell) for cell in made], list(KINDS))
        cells.cache_clear()
        print(f"{FILE}: {len(made)} cells of {sum(cell.jobs for cell in made)} jobs")
    for what, model in models().items():
        wrong = f"{model.factor:.1f}, of a method that was not measured at all {model.factor_unknown:.1f}"
        print(f"{what}: {len(model.cells)} cells; a prediction for another dataset is wrong by a factor of {wrong}")


if __name__ == "__main__":
    main()
