"""Driving the workflow: the plan of a configuration, running it, comparing what is there."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dotbench import paths
from dotbench.cli import targets as named
from dotbench.cli.progress import drop_failed, simulation_states, states
from dotbench.cli.snakemake import PROJECT, snakemake
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import CLAIMS, Plan
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.paper_vs_ours import paper_versus_ours
from dotbench.reporting.replications import is_there
from dotbench.site.build import REPORT, build_plan

DEFAULT = PROJECT / "config" / "config.yaml"


def load_plan(config: Sequence[Path] | None) -> Plan:
    """The plan of configuration files on top of the default one."""
    return Plan(load_benchmark([DEFAULT, *(config or [])]))


def asked(plan: Plan, targets: Sequence[str]) -> Plan:
    """The plan without the studies on request that no target names: not by the study's name, not by that of a table or
    figure of it, not by a file below its folder."""

    def is_named(study: str) -> bool:
        return any(t == study or t.startswith(f"{study}_") or study in Path(t).parts for t in targets)

    return _of_studies(plan, is_named)


def begun(plan: Plan) -> Plan:
    """The plan without the studies on request of which nothing is there."""

    def is_begun(study: str) -> bool:
        fits = (fit for entry in plan.study_entries(study) for fit in plan.fits(entry))
        return any((fit / "metrics.json").is_file() for fit in fits) or any(
            map(is_there, plan.study_simulations(study))
        )

    return _of_studies(plan, is_begun)


def _of_studies(plan: Plan, keeps: Callable[[str], bool]) -> Plan:
    """The plan without those studies on request that are not kept."""
    names = [study.name for study in plan.studies() if study.name not in plan.on_request or keeps(study.name)]
    return Plan(plan.benchmark.of_studies(names))


def run(targets: list[str], config: Sequence[Path] | None, retry_failed: bool, options: list[str]) -> int:
    """Run the workflow and build the report; print where everything is; the exit status."""
    everything = load_plan(config)
    named.check(everything, targets)
    plan = asked(everything, targets)
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
    page = site_of(everything, report.name if reported else None)
    if page is not None:
        print(f"  {page}")
    for state in failed:
        label = f"{state.entry.study.name}, {state.entry.dataset}, {state.entry.method.label}"
        print(f"failed: {label}: {state.reason} (log: {state.log})", file=sys.stderr)
    simulations = [state for state in simulation_states(plan) if state.failed]
    for simulation in simulations:
        label = f"{simulation.entry.simulation.study}, {simulation.entry.label}, {simulation.failed} jobs"
        print(f"failed: {label}: {simulation.reason} (log: {simulation.log})", file=sys.stderr)
    if failed or simulations:
        print(f"drop these records and run them again with: {again(targets, config, options)}", file=sys.stderr)
    return status or int(bool(failed or simulations))


def again(targets: Sequence[str], config: Sequence[Path] | None, options: Sequence[str]) -> str:
    """The command that runs the same again, without the failures, as a shell reads it."""
    files = [part for file in config or () for part in ("-c", str(file))]
    passed = [f"--option={option}" for option in options]
    return shlex.join(["dotbench", "run", *targets, *files, *passed, "--retry-failed"])


def make_splits(config: Sequence[Path] | None) -> int:
    """Prepare and split all data of a configuration, whatever runs are there; the exit status."""
    plan = load_plan(config)
    seeds = [*plan.benchmark.seeds, plan.benchmark.tuning_seed]
    files = {str(plan.split(entry, entry.dataset, seed) / "split.npz") for entry in plan.entries for seed in seeds}
    return snakemake(sorted(files), config).returncode if files else 0


def site_of(plan: Plan, report: str | None) -> Path | None:
    """The page of a run; None if there is nothing to show. A whole run has made it; after one of named targets, or one
    without a ``report``, it is made from what is there."""
    page = Path(plan.site())
    return page if page.is_file() and report == REPORT else build_plan(plan, report)


def site(plan: Plan) -> Path:
    """Write the page of a configuration from what is there; raises DotbenchError if nothing is."""
    page = build_plan(plan)
    if page is None:
        raise DotbenchError(f"the configuration '{plan.benchmark.name}' has nothing to show; run it first")
    return page


def compare(plan: Plan) -> list[str]:
    """Write paper-versus-ours and claims of every study with published numbers from the runs that are there; the
    files."""
    files = {study: (plan.comparison_files(study), plan.claim_files(study)) for study in plan.studies()}
    compared = [study for study in files if any(files[study])]
    if not compared:
        raise DotbenchError(
            f"the configuration '{plan.benchmark.name}' has nothing that numbers were published of: no study with "
            "published numbers, or only simulations or splits of it that these are not about"
        )
    for study in compared:
        folder, (numbers, claims) = paths.study(plan.benchmark.name, study.name), files[study]
        if numbers:
            paper_versus_ours(plan.contents(study).finished(), folder)
        if claims:
            ClaimsPage().write(plan.contents(study, CLAIMS).finished(), folder)
    return [file for study in compared for file in (*files[study][0], *files[study][1])]
