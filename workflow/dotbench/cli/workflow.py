"""Driving the workflow: run, plan, status."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import read_json
from dotbench.plan import Entry, Plan
from dotbench.reporting.paper import paper_versus_ours
from dotbench.reporting.records import finished
from dotbench.reporting.replications import is_there
from dotbench.runs import paths
from dotbench.runs.packed import Packed
from dotbench.settings.benchmark import load_benchmark

PROJECT = Path(__file__).parents[3]  # of a checkout installed with `pip install -e`
DEFAULT = PROJECT / "config" / "config.yaml"


def load_plan(config: Sequence[Path] | None) -> Plan:
    """The plan of configuration files on top of the default one."""
    return Plan(load_benchmark([DEFAULT, *(config or [])]))


def asked(plan: Plan, targets: Sequence[str]) -> Plan:
    """The plan without the studies on request that no target names: not by the study's name, not by that of a table or
    figure of it, not by a file below its folder."""

    def named(study: str) -> bool:
        return any(t == study or t.startswith(f"{study}_") or study in Path(t).parts for t in targets)

    return _of_studies(plan, named)


def begun(plan: Plan) -> Plan:
    """The plan without the studies on request of which nothing is there."""

    def is_begun(study: str) -> bool:
        fits = (fit for entry in plan.study_entries(study) for fit in plan.fits(entry))
        return any((fit / "metrics.json").is_file() for fit in fits) or any(map(is_there, plan.study_packed(study)))

    return _of_studies(plan, is_begun)


def _of_studies(plan: Plan, keeps: Callable[[str], bool]) -> Plan:
    """The plan without those studies on request that are not kept."""
    names = [study.name for study in plan.studies() if study.name not in plan.on_request or keeps(study.name)]
    return Plan(plan.benchmark.of_studies(names))


def snakemake(
    arguments: list[str], config: Sequence[Path] | None, capture: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run Snakemake on the project's Snakefile in the working directory.

    The configuration comes last on the command line: ``--configfile`` would swallow targets behind it.
    """
    if not (PROJECT / "Snakefile").is_file():
        raise DotbenchError(f"found no Snakefile in {PROJECT}; install a checkout with 'pip install -e .'")
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(PROJECT / "Snakefile")]
    command += ["--configfile", *map(str, config)] if config else []
    return subprocess.run(command, text=True, capture_output=capture, check=False)


def run(targets: list[str], config: Sequence[Path] | None, retry_failed: bool, options: list[str]) -> int:
    """Run the workflow and build the report; print where everything is; the exit status."""
    plan = asked(load_plan(config), targets)
    dry = any(option in ("-n", "--dry-run", "--dryrun") for option in options)
    if dry:
        return snakemake([*targets, *options], config).returncode
    if retry_failed:
        for folder in drop_failed(plan):
            print(f"to be run again: {folder}")
    status = snakemake([*targets, *options], config).returncode
    report = paths.RESULTS / plan.benchmark.name / f"{'-'.join(['report', *targets])}.html"
    reported = status == 0 and {*targets} <= {study.name for study in plan.studies()}
    if reported:
        report.parent.mkdir(parents=True, exist_ok=True)
        status = snakemake([*targets, "--report", str(report), "--quiet", "all"], config).returncode
    failed = [state for state in states(plan) if state.failed]
    print()
    for study in plan.studies():
        for target in plan.targets(study):
            if Path(target).is_file() and target.endswith((".md", ".csv", ".tex", ".pdf")):
                print(f"  {target}")
    if reported:
        print(f"  {report}")
    for state in failed:
        label = f"{state.entry.study.name}, {state.entry.dataset}, {state.entry.method.label}"
        print(f"failed: {label}: {state.reason} (log: {state.log})", file=sys.stderr)
    parts = [state for state in packed_states(plan) if state.failed]
    for part in parts:
        label = f"{part.packed.experiment.study}, {part.packed.label}, {part.failed} parts"
        print(f"failed: {label}: {part.reason} (log: {part.log})", file=sys.stderr)
    if failed or parts:
        again = " ".join(["dotbench run", *targets, "--retry-failed"])
        print(f"drop these records and run them again with: {again}", file=sys.stderr)
    return status or int(bool(failed or parts))


def make_splits(config: Sequence[Path] | None) -> int:
    """Prepare and split all data of a configuration, whatever runs are there; the exit status."""
    plan = load_plan(config)
    seeds = [*plan.benchmark.seeds, plan.benchmark.tuning_seed]
    files = {str(plan.split(entry, entry.dataset, seed) / "split.npz") for entry in plan.entries for seed in seeds}
    return snakemake(sorted(files), config).returncode if files else 0


def compare(plan: Plan) -> list[str]:
    """Write paper-versus-ours of every study with published numbers from the runs that are there; the files."""
    compared = [study for study in plan.studies() if plan.comparison_files(study)]
    if not compared:
        raise DotbenchError(
            f"the configuration '{plan.benchmark.name}' has nothing that numbers were published of: no study with "
            "published numbers, or only experiments or splits of it that these are not about"
        )
    for study in compared:
        paper_versus_ours(finished(plan.contents(study)), paths.study(plan.benchmark.name, study.name))
    return [file for study in compared for file in plan.comparison_files(study)]


@dataclass(kw_only=True)
class Progress:
    """How many of some jobs are done, done with a failed fit, and to do; the reason and the log of the last failure."""

    done: int = 0
    failed: int = 0
    to_do: int = 0
    reason: str | None = None
    log: str | None = None

    @property
    def counts(self) -> tuple[str, str, str]:
        """The three numbers as text, empty for zero."""
        done, failed, to_do = (str(n) if n else "" for n in (self.done, self.failed, self.to_do))
        return done, failed, to_do


@dataclass
class State(Progress):
    """How far a method of a study is on a dataset."""

    entry: Entry
    tuned: str = "to do"
    failed_fits: list[Path] = field(default_factory=list)


def states(plan: Plan) -> list[State]:
    """One state for every study × dataset × method of the configuration."""
    found = []
    for entry in plan.entries:
        state = State(entry)
        folder = paths.run(entry.dataset, entry.folder)
        trials = len(entry.method.trials())
        kept = len(list((paths.CHECKPOINTS / entry.dataset / entry.folder / "tune").glob("*.json")))
        if (folder / "chosen.json").is_file():
            state.tuned = read_json(folder / "chosen.json")["status"]
        elif kept:
            state.tuned = f"{kept} of {trials}"
        for fit in plan.fits(entry):
            record = fit / "metrics.json"
            if not record.is_file():
                state.to_do += 1
                continue
            content = read_json(record)
            if content["status"] == "ok":
                state.done += 1
            else:
                state.failed += 1
                state.failed_fits.append(fit)
                state.reason, state.log = content["reason"], content["log"]
        found.append(state)
    return found


@dataclass
class PackedState(Progress):
    """How far a packed experiment is, in parts; ``failed``: done, with a failed fit among those that are reported."""

    packed: Packed
    failed_parts: list[Path] = field(default_factory=list)


def packed_states(plan: Plan) -> list[PackedState]:
    """One state for every packed experiment of the configuration."""
    found = []
    for packed in plan.packed:
        state = PackedState(packed)
        for label in packed.parts:
            record = packed.rows(label).with_suffix(".json")
            content = read_json(record) if record.is_file() else None
            if content is None:
                state.to_do += 1
            elif content["failed"]:
                state.failed += 1
                state.failed_parts.append(record)
                state.reason, state.log = content["reason"], content["log"]
            else:
                state.done += 1
        found.append(state)
    return found


def drop_failed(plan: Plan) -> list[Path]:
    """Delete the records of failed fits and tunings, and the tables and figures that show them; the folders.

    A table that is there keeps Snakemake from asking for what it was made from.
    """
    dropped = []
    for state in states(plan):
        for fit in state.failed_fits:
            for name in ("fit.json", "metrics.json"):
                (fit / name).unlink(missing_ok=True)
            dropped.append(fit)
        chosen = paths.run(state.entry.dataset, state.entry.folder) / "chosen.json"
        if chosen.is_file() and read_json(chosen)["status"] != "ok":
            chosen.unlink()
            dropped.append(chosen.parent)
        if state.failed_fits:
            for target in plan.targets(state.entry.study):
                Path(target).unlink(missing_ok=True)
    for packed in packed_states(plan):
        for record in packed.failed_parts:
            record.unlink()
            dropped.append(record)
        if packed.failed_parts:
            for target in plan.targets(plan.study(packed.packed.experiment.study)):
                Path(target).unlink(missing_ok=True)
    return dropped


@dataclass(frozen=True)
class Job:
    """A job that would run: what Snakemake says of it."""

    message: str
    reason: str

    @property
    def kind(self) -> str:
        return self.message.split(" ")[0]


def planned_jobs(targets: list[str], config: Sequence[Path] | None) -> list[Job]:
    """The jobs of a dry run. Raises DotbenchError with Snakemake's words if there can be none."""
    load_plan(config)
    result = snakemake([*targets, "--dry-run", "--quiet", "host"], config, capture=True)
    if result.returncode != 0:
        raise DotbenchError((result.stderr or result.stdout).strip())
    text = result.stdout + result.stderr
    found = re.findall(r"^Job \d+: (.*)\nReason: (.*)$", text, re.MULTILINE)
    return [Job(message, reason) for message, reason in found]


def why(jobs: list[Job]) -> list[tuple[str, str]]:
    """The reasons that start the chain: (reason, jobs), without those that only follow another job."""
    counts: Counter[str] = Counter()
    for job in jobs:
        for part in job.reason.split("; "):
            if not part.startswith("Input files updated by another job"):
                counts[_shorten(part)] += 1
    return [(reason, str(count)) for reason, count in counts.most_common()]


def _shorten(reason: str) -> str:
    """A reason with a list of files, without the list where it only names the job's own outputs."""
    if reason.startswith("Missing output files"):
        return "its output is missing"
    return reason if len(reason) <= 160 else reason[:157] + "..."
