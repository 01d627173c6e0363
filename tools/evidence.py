"""Make every table and figure of docs/evidence again from the runs beside it or above, and compare.

    python tools/evidence.py [FOLDER OF docs/evidence …]      compare; exit status 1 if something differs
    python tools/evidence.py --write [FOLDER …]               replace what differs

Texts must be equal and numbers equal to six digits: the last digits depend on the processor. Pictures are compared byte
by byte and only counted: they differ with the version of the drawing library. Tables of runs that are in no file of
runs cannot be made and are listed.
"""

import argparse
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dotbench import paths
from dotbench.archive.importing import import_runs
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import CLAIMS, Plan
from dotbench.config.runs import MethodEntry
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.paper_vs_ours import PaperVersusOurs
from dotbench.reporting.replications import is_there, read_simulations
from dotbench.simulations.entry import SimulationEntry

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
PICTURES = (".pdf", ".png", ".svg")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Compared:
    """A file of the evidence: ``state`` is equal, close (numbers to six digits), differs, or cannot be made."""

    file: Path
    state: str
    made: Path


def remake(folders: list[Path], work: Path) -> Iterator[Compared]:
    """Make in ``work`` what the configurations of the folders show, each from the nearest file of runs: beside it or
    above. Files are kept apart, because a run that two of them hold may have been timed twice."""
    here = Path.cwd()
    try:
        for configuration in sorted(EVIDENCE.rglob("configuration.json")):
            if not folders or any(configuration.is_relative_to(folder) for folder in folders):
                os.chdir(_imported(configuration, work))
                yield from _remake(configuration, work)
    finally:
        os.chdir(here)


def _imported(configuration: Path, work: Path) -> Path:
    """A folder with the runs that the configuration is made from. None where no file has them."""
    above = [folder for folder in configuration.parents if folder.is_relative_to(EVIDENCE)]
    owner = next((folder for folder in above if (folder / "runs.parquet").is_file()), EVIDENCE)
    place = work / "imported" / owner.relative_to(EVIDENCE) / "runs"
    if not place.is_dir():
        place.mkdir(parents=True)
        os.chdir(place)
        if owner != EVIDENCE:
            import_runs(owner / "runs.parquet")
    return place


def _remake(configuration: Path, work: Path) -> Iterator[Compared]:
    plan = Plan(load_benchmark([configuration]))
    for study in plan.studies():
        made = work / "made" / configuration.parent.relative_to(EVIDENCE) / study.name
        for item in plan.report_items(study):
            if is_complete(plan, plan.item_entries(study, item.name), plan.item_simulations(study, item.name)):
                with suppress(DotbenchError, FileNotFoundError):  # without its features
                    plan.kind(study, item)().write(plan.contents(study, item.name), made)
        entries = plan.study_entries(study.name)
        if plan.comparison_files(study) and is_complete(plan, entries, plan.published_simulations(study)):
            PaperVersusOurs().write(plan.contents(study), made)
        if plan.claim_files(study) and (configuration.parent / study.name / "claims.csv").is_file():
            contents = plan.contents(study, CLAIMS).finished()  # claims are decided by whatever is there
            if contents.runs or any(map(is_there, read_simulations(contents))):
                ClaimsPage().write(contents, made)
        for file in sorted((configuration.parent / study.name).glob("*")):
            yield Compared(file, state(file, made / file.name), made / file.name)


def is_complete(plan: Plan, entries: list[MethodEntry], simulations: list[SimulationEntry]) -> bool:
    """Whether every run, tuning and job is there."""
    runs = [fit / "metrics.json" for entry in entries for fit in plan.fits(entry)]
    runs += [paths.run(entry.dataset, folder) / "chosen.json" for entry in entries for folder in entry.folders]
    runs += [entry.rows(label) for entry in simulations for label in entry.jobs]
    return all(file.is_file() for file in runs)


def state(expected: Path, made: Path) -> str:
    """How a file that was made compares with the evidence."""
    if not made.is_file():
        return "cannot be made"
    if expected.read_bytes() == made.read_bytes():
        return "equal"
    if expected.suffix in PICTURES:
        return "differs (picture)"
    return "close" if close(expected.read_text("utf-8"), made.read_text("utf-8")) else "differs"


def close(expected: str, made: str) -> bool:
    """Whether texts are equal but for numbers, and these to six digits."""
    if NUMBER.sub("#", expected) != NUMBER.sub("#", made):
        return False
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(made), strict=True)
    return all(a == b or math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-12) for a, b in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=lambda text: Path(text).resolve())
    parser.add_argument("--write", action="store_true", help="replace what differs")
    options = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "agg")
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as work:
        for found in remake(options.folders, Path(work)):
            counts[found.state] = counts.get(found.state, 0) + 1
            if found.state != "equal":
                print(f"{found.state}: {found.file.relative_to(EVIDENCE)}", flush=True)
            if options.write and found.state.startswith("differs"):
                shutil.copyfile(found.made, found.file)
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    return int(counts.get("differs", 0) > 0)


if __name__ == "__main__":
    sys.exit(main())
