"""Driving the workflow: the plan of a configuration, running it, comparing what is there."""

import shlex
import sys
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from dotbench import paths
from dotbench.cli import targets as named
from dotbench.cli.lock import this_command
from dotbench.cli.progress import drop_failed, simulation_states, states
from dotbench.cli.settled import Note
from dotbench.cli.snakemake import snakemake
from dotbench.cli.told import Told
from dotbench.cli.traces import no_traces
from dotbench.cli.verifying import mend
from dotbench.cli.working import working
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import CLAIMS, Plan
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.paper_vs_ours import PaperVersusOurs
from dotbench.reporting.replications import is_there
from dotbench.reporting.sealing import write_sealed

DEFAULT = paths.PROJECT / "config" / "config.yaml"
NAMED = 5  # files that were not made


def load_plan(config: Sequence[Path] | None) -> Plan:
    """The plan of configuration files on top of the default one."""
    return Plan(load_benchmark([DEFAULT, *(config or [])]))


def asked(plan: Plan, targets: Sequence[str]) -> Plan:
    """The plan without the studies on request that no target names."""
    return _of_studies(plan, lambda study: _is_named(study, targets))


def _is_named(study: str, targets: Sequence[str]) -> bool:
    """By its name, by that of a table or figure of it, or by a file below its folder."""
    return any(t == study or t.startswith(f"{study}_") or study in Path(t).parts for t in targets)


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


def own_files(plan: Plan) -> list[str]:
    """The user's data that a plan reads."""
    return [file for dataset in plan.datasets.values() for file in dataset.source.own_files()]


def run(
    targets: list[str], config: Sequence[Path] | None, retry_failed: bool, options: list[str], verbose: bool = False
) -> int:
    """Run the workflow and build the report. Print who won, where everything is, and what failed.

    Returns the exit status, which is 0 only if everything is made.
    """
    from dotbench.cli.outcome import outcome

    everything = load_plan(config)
    named.check(everything, targets)
    plan = asked(everything, targets)
    if any(option in ("-n", "--dry-run", "--dryrun") for option in options):
        with no_traces():
            return snakemake([*targets, *options], config).returncode
    report = paths.RESULTS / plan.benchmark.name / f"{'-'.join(['report', *targets])}.html"
    is_reported = {*targets} <= {study.name for study in plan.studies()}
    note = Note(targets, config)
    with working(plan, config, verbose) as work:
        if is_reported and report.is_file() and not (retry_failed or options) and note.holds():
            told = Told({})
        else:
            note.watch(own_files(everything))
            for reason in mend(plan):
                print(f"damaged; making it again: {reason}")
            if retry_failed:
                for folder in drop_failed(plan):
                    print(f"will run again: {folder}")
            report.parent.mkdir(parents=True, exist_ok=True)
            told = work.make(
                [*targets, "--rerun-incomplete", *options],
                then=[*targets, "--report", str(report), "--quiet", "all"] if is_reported else [],
                quiet=any(option.partition("=")[0] in ("-q", "--quiet") for option in options),
            )
        reported = is_reported and not told.failed
        page = site_of(everything, report.name if reported else None)
        if not (told.total or told.failed or options):
            note.keep()
    wanted = _files(everything, targets)
    absent = [] if told.failed else [file for file in wanted if not Path(file).is_file()]
    if not told.failed and not absent:
        every = not targets or named.EVERYTHING in targets
        shown = [study for study in plan.studies() if every or _is_named(study.name, targets)]
        if not told.total:
            print("nothing to do: everything is up to date")
        own = paths.RESULTS / plan.benchmark.name
        items = _items([file for file in wanted if file in targets or Path(file).is_relative_to(own)])
        print("\n".join(["", *outcome(plan, shown), "", *items]))
    if reported:
        print(f"report  {report}")
    if page:
        print(f"page    {page}")
    print(f"log     {work.log}")
    if page:
        print(f"next    {shlex.join(['dotbench', 'open', *_named(config)])}")
    failures = _failures(plan)
    for text in [*told.failed.values(), *failures]:
        print(f"failed: {text}", file=sys.stderr)
    if told.failed:
        print(f"mend the causes, then repeat the command; it does the rest: {this_command()}", file=sys.stderr)
    if absent:
        more = f" and {len(absent) - NAMED} more" if absent[NAMED:] else ""
        print(f"not made: {', '.join(absent[:NAMED])}{more}; see the log, {work.log}", file=sys.stderr)
    if failures:
        print(f"to delete these records and run the fits again: {again(targets, config, options)}", file=sys.stderr)
    return int(bool(told.failed or absent or failures))


def _files(plan: Plan, targets: Sequence[str]) -> list[str]:
    """What a run of these targets makes."""
    makers = {named.EVERYTHING: plan.everything, **plan.makers()}
    files = [makers[name]() if name in makers else [name] for name in targets or [named.EVERYTHING]]
    return [*chain.from_iterable(files)]


def _items(files: Sequence[str]) -> list[str]:
    """A line for each table and figure: table   tables/a (csv, md)."""
    endings: dict[Path, list[str]] = {}
    for file in files:
        if Path(file).name != "index.html":
            endings.setdefault(Path(file).with_suffix(""), []).append(Path(file).suffix[1:])
    kinds = {"tables": "table", "figures": "figure"}
    return [f"{kinds.get(item.parent.name, 'file'):<6}  {item} ({', '.join(found)})" for item, found in endings.items()]


def _failures(plan: Plan) -> list[str]:
    """The fits, and the jobs of simulations, whose records say that they failed."""
    texts = []
    for state in states(plan):
        if state.failed:
            label = f"{state.entry.study.name}, {state.entry.dataset}, {state.entry.method.label}"
            texts.append(f"{label}: {state.reason} (log: {state.log})")
    for simulation in simulation_states(plan):
        if simulation.failed:
            label = f"{simulation.entry.simulation.study}, {simulation.entry.label}, {simulation.failed} jobs"
            texts.append(f"{label}: {simulation.reason} (log: {simulation.log})")
    return texts


def again(targets: Sequence[str], config: Sequence[Path] | None, options: Sequence[str]) -> str:
    """The command that runs the same again, without the failures, as a shell reads it."""
    passed = [f"--option={option}" for option in options]
    return shlex.join(["dotbench", "run", *targets, *_named(config), *passed, "--retry-failed"])


def _named(config: Sequence[Path] | None) -> list[str]:
    """The options that name configurations."""
    return [part for file in config or () for part in ("-c", str(file))]


def make_splits(config: Sequence[Path] | None) -> int:
    """Prepare and split all data of a configuration, whatever runs are there. Returns the exit status."""
    plan = load_plan(config)
    files = {
        str(plan.split(entry, entry.dataset, seed) / "split.npz")
        for entry in plan.entries
        for seed in entry.split_seeds
    }
    if not files:
        return 0
    with working(plan, config) as work:
        told = work.make([*sorted(files), "--rerun-incomplete"])
    for text in told.failed.values():
        print(f"failed: {text}", file=sys.stderr)
    return int(bool(told.failed))


def site_of(plan: Plan, report: str | None) -> Path | None:
    """The page of a run, None if there is nothing to show. A complete run has made the page. After a run of named
    targets, or one without a ``report``, the page is made here, from what is there."""
    from dotbench.site.build import REPORT, build_plan

    page = Path(plan.site())
    return page if page.is_file() and report == REPORT else build_plan(plan, report)


def site(plan: Plan) -> Path:
    """Write the page of a configuration from what is there. Raises DotbenchError if nothing is."""
    from dotbench.site.build import build_plan

    page = build_plan(plan)
    if page is None:
        raise DotbenchError(f"the configuration '{plan.benchmark.name}' has nothing to show; run it first")
    return page


def page(plan: Plan, config: Sequence[Path] | None) -> Path:
    """The page of a configuration. Raises DotbenchError if it is not there."""
    page = Path(plan.site())
    if not page.is_file():
        ways = [shlex.join(["dotbench", command, *_named(config)]) for command in ("run", "site")]
        raise DotbenchError(
            f"{page}: not there yet; `{ways[0]}` makes it, or `{ways[1]}` from what an unfinished run has left"
        )
    return page


def compare(plan: Plan) -> list[str]:
    """Write paper-versus-ours and claims of every study with published numbers from the runs that are there. The
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
            write_sealed(PaperVersusOurs(), plan.contents(study).finished(), folder)
        if claims:
            write_sealed(ClaimsPage(), plan.contents(study, CLAIMS).finished(), folder)
    return [file for study in compared for file in (*files[study][0], *files[study][1])]
