"""The command ``dotbench``."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dotbench import __version__
from dotbench.cli.lock import alone, this_command
from dotbench.cli.owned import Interrupted, interruptible
from dotbench.cli.stage import Hardware, grouped, print_anywhere
from dotbench.errors import DotbenchError
from dotbench.settings import LARGEST_SEED

app = typer.Typer(
    help="Which dot-product recommender, with which loss, is really better? Paths are relative to the current folder.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        "-c",
        help="a configuration file; what it sets replaces config/config.yaml. Repeatable: a later "
        "file replaces an earlier one",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Argument(
        help="studies, tables, figures or files to make; without any: everything except what runs only when it is named"
    ),
]
NOTHING = "nothing to do: everything is up to date"
ONE, WORKFLOW, LOOK = "One fit", "The benchmark", "Looking around"


@app.command(rich_help_panel=WORKFLOW)
def run(
    targets: Targets = None,
    config: Config = None,
    retry_failed: Annotated[
        bool, typer.Option(help="delete the records of failed fits first, so that they run again")
    ] = False,
    options: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="an option for snakemake, e.g. -o --cores=1; repeatable")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE", help="where to run: a folder of profiles/, e.g. slurm, or the path of another profile"
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show Snakemake's own messages")] = False,
) -> None:
    """Run a configuration, and print the best methods and the paths of tables, figures and report.

    The name of a suite, e.g. `full`, runs its configurations one after the other; names of its parts behind it run
    these alone. The exit status is not 0 if a fit failed or something was not made. The same command continues an
    interrupted run.
    """
    from dotbench.cli import snakemake, workflow
    from dotbench.config.suite import find_suite
    from dotbench.reporting.index import write_index

    how = [*snakemake.profile(on), *(options or [])]
    if targets and (suite := find_suite(targets[0])):
        from dotbench.cli import suite as suites

        _no_config(config)
        status = suites.run(suite, targets[1:], retry_failed, how, verbose, _show)
    else:
        status = workflow.run(targets or [], config, retry_failed, how, verbose)
    write_index()
    raise typer.Exit(status)


@app.command(rich_help_panel=WORKFLOW)
def plan(
    targets: Targets = None,
    config: Config = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="list every job and why it would run")] = False,
    nodes: Annotated[int, typer.Option(min=1, help="say the time on so many machines too")] = 1,
    cores: Annotated[int | None, typer.Option(min=1, help="cores of each of them; absent: as many as here")] = None,
) -> None:
    """Show what would run, why, and what it will cost: CPU time, memory, disk. Runs nothing.

    The name of a suite, e.g. `full`, stands for its configurations.
    """
    from dotbench.cli.settled import Note
    from dotbench.config.suite import find_suite

    if targets and (suite := find_suite(targets[0])):
        from dotbench.cli import suite as suites

        _no_config(config)
        suites.plan(suite, targets[1:], nodes, cores, _show)
        return

    note = Note(targets or [], config)
    if note.holds():
        print(NOTHING)
        return
    from dotbench.cli import snakemake_plan, verifying, workflow
    from dotbench.cli import targets as known

    whole = workflow.load_plan(config)
    known.check(whole, targets or [])
    note.watch(workflow.own_files(whole))
    jobs_of = snakemake_plan.planned_jobs(targets or [], config, verbose)
    damaged = verifying.damaged(whole)
    for reason in damaged.values():
        print(f"damaged; the next run makes it again: {reason}")
    jobs = jobs_of()
    if not jobs:
        if not damaged:
            note.keep()
        print(NOTHING)
        return
    if verbose:
        _show(["job", "reason"], [(job.message, "; ".join(job.reasons)) for job in jobs])
    kinds = dict.fromkeys(job.kind for job in jobs)
    _show(["stage", "jobs"], [(kind, str(sum(job.kind == kind for job in jobs))) for kind in kinds])
    _show(["reason", "jobs"], snakemake_plan.why(jobs))
    from dotbench.cli import costs
    from dotbench.costs.estimate import works

    print("\n".join(costs.lines([works(whole, [job.job for job in jobs])], nodes, cores)))


@app.command(rich_help_panel=WORKFLOW)
def status(config: Config = None) -> None:
    """Show how many fits and jobs are done, failed and still to do."""
    from dotbench.cli import progress, workflow
    from dotbench.reporting.index import write_index

    plan = workflow.begun(workflow.load_plan(config))
    states = progress.states(plan)
    header = ["study", "dataset", "method", "tuned", "done", "failed", "to do", "log of a failure"]
    rows = []
    for state in states:
        name = state.entry.study.name, state.entry.dataset, state.entry.method.label
        rows.append((*name, state.tuned, *state.counts, state.log or ""))
    for simulation in progress.simulation_states(plan):
        entry = simulation.entry
        name = entry.simulation.study, "", f"{entry.label} (jobs)"
        rows.append((*name, "", *simulation.counts, simulation.log or ""))
    _show(header, rows)
    total = [sum(getattr(s, key) for s in states) for key in ("done", "failed", "to_do")]
    print("fits: {} done, {} failed, {} to do".format(*total))
    write_index()


@app.command(rich_help_panel=WORKFLOW)
def explain(
    target: Annotated[str, typer.Argument(help="a table or figure, e.g. ranking_ranking; `dotbench list targets`")],
    config: Config = None,
    row: Annotated[
        str | None,
        typer.Option(help="which line: words of its dataset and method, e.g. 'ml-100k bpr'; without it, every line"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Show where a table's numbers come from: runs, settings, data, code, packages, hardware, and the command."""
    from dotbench.cli import explain as explaining
    from dotbench.cli import workflow

    plan = workflow.load_plan(config)
    lines = explaining.explain(plan, target, row)
    if as_json:
        print(json.dumps(lines, indent=2, ensure_ascii=False))
        return
    if reason := explaining.outdated(plan, target):
        print(f"out of date; `dotbench run` makes it again: {reason}")
    for line in lines:
        print("\n".join(explaining.text(line)))


@app.command(rich_help_panel=WORKFLOW)
def verify(
    archive: Annotated[
        Path | None, typer.Argument(help="a file that `dotbench export --archive` wrote, or the folder that it became")
    ] = None,
) -> None:
    """Check that every file below results/, or in an archive, is as it was written. Changes nothing."""
    from dotbench.archive.crate_checking import check_crate
    from dotbench.cli import verifying

    found = verifying.verify() if archive is None else check_crate(archive)
    for reason in found:
        print(reason)
    if found:
        raise typer.Exit(1)
    print("nothing is damaged")


@app.command(rich_help_panel=WORKFLOW)
def compare(config: Config = None) -> None:
    """Compare published numbers with ours, from the runs that are there. Runs nothing."""
    from dotbench.cli import workflow

    plan = workflow.begun(workflow.load_plan(config))
    with alone():
        files = workflow.compare(plan)
    for path in files:
        print(path)


@app.command(rich_help_panel=WORKFLOW)
def site(
    config: Config = None,
    evidence: Annotated[
        bool, typer.Option(help="make the page of docs/evidence instead of a configuration's page")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="where to write the page of the evidence")] = None,
) -> None:
    """Write the page of results, from the tables, figures and runs that are there. Runs nothing.

    The page of a configuration is results/<name>/index.html. `dotbench run` writes it too.
    """
    from dotbench.cli import workflow
    from dotbench.site.evidence import EVIDENCE, build_evidence

    if evidence and config:
        raise DotbenchError("--evidence: found with --config; allowed is one of them")
    if out is not None and not evidence:
        raise DotbenchError("--out: allowed only with --evidence; a configuration's page lies beside its tables")
    if evidence:
        page = out or EVIDENCE / "index.html"
        build_evidence(page)
    else:
        plan = workflow.load_plan(config)
        with alone():
            page = workflow.site(plan)
    print(page)


@app.command("open", rich_help_panel=WORKFLOW)
def open_(config: Config = None) -> None:
    """Show a configuration's page in the browser, and print its path."""
    import webbrowser

    from dotbench.cli import workflow

    page = workflow.page(workflow.load_plan(config), config)
    print(page)
    if not webbrowser.open(page.resolve().as_uri()):
        raise DotbenchError("found no browser on this machine; open the file yourself")


@app.command(rich_help_panel=WORKFLOW)
def export(
    to: Annotated[
        Path | None, typer.Option(help="folder for tables, figures and facts, e.g. docs/evidence/movielens")
    ] = None,
    runs: Annotated[Path | None, typer.Option(help="file for the runs themselves, e.g. runs.parquet")] = None,
    archive: Annotated[
        Path | None, typer.Option(help="file for all of it and where it comes from, an RO-Crate, e.g. results.zip")
    ] = None,
    config: Config = None,
) -> None:
    """Copy the finished results of a configuration, without data: tables to read (--to), runs to import (--runs), or
    all of it to keep and to publish (--archive)."""
    from dotbench.archive.crate import export_crate
    from dotbench.archive.evidence import export_evidence
    from dotbench.archive.exporting import export_runs
    from dotbench.cli import workflow
    from dotbench.site.cards import SUMMARY, write_distributions

    if to is None and runs is None and archive is None:
        raise DotbenchError("nothing to export; name a folder with --to, a file with --runs or --archive, or several")
    plan = workflow.begun(workflow.load_plan(config))
    if runs is not None:
        done = export_runs(plan, runs)
        counts = f"{done.fits} of {done.all_fits} fits, {done.tunings} of {done.all_tunings} tunings"
        counts += f", {done.jobs} of {done.all_jobs} jobs of simulations" if done.all_jobs else ""
        print(f"{runs}: {counts} of this configuration; {done.rows} in the file, {runs.stat().st_size:,} bytes")
    missing: list[str] = []
    if to is not None:
        written, missing = export_evidence(plan, to)
        if write_distributions(plan, to / SUMMARY):
            written.append(to / SUMMARY)
        for path in written:
            print(path)
    if archive is not None:
        names, missing = export_crate(plan, archive)
        print(
            f"{archive}: {len(names)} files, {archive.stat().st_size:,} bytes; check it with: dotbench verify {archive}"
        )
    for target in missing:
        print(f"not made yet: {target}")


@app.command("import", rich_help_panel=WORKFLOW)
def import_(
    file: Annotated[Path, typer.Argument(help="a file that `dotbench export --runs` wrote")],
    with_data: Annotated[
        bool, typer.Option(help="also prepare and split the configuration's data, so that you can add methods")
    ] = False,
    config: Config = None,
) -> None:
    """Import finished runs from a file, so that they are not run again. Runs that are here stay as they are."""
    from dotbench.archive.importing import import_runs
    from dotbench.cli import workflow
    from dotbench.reporting.index import write_index

    if with_data and (status := workflow.make_splits(config)):
        raise typer.Exit(status)
    with alone():
        done = import_runs(file)
        write_index()
    jobs = f", {done.jobs} jobs of simulations" if done.jobs else ""
    print(f"now the same here as in {file}: {done.fits} fits, {done.tunings} tunings{jobs}")
    for folder in done.others:
        print(f"not imported, because this folder holds another run: {folder}")
    if done.without_data:
        print(
            f"imported without data and splits: {', '.join(done.without_data)}. Tables and figures need no more. "
            "Before you run anything else on them, import again with --with-data"
        )
    if done.refused:
        raise DotbenchError("\n".join(done.refused))


@app.command(rich_help_panel=ONE)
@grouped
def fit(
    dataset: Annotated[str, typer.Option(help="a name of `dotbench list datasets`")],
    model: Annotated[str, typer.Option(help="a name of `dotbench list models`")],
    out: Annotated[Path, typer.Option(help="folder for all results of the fit")],
    loss: Annotated[str | None, typer.Option(help="a name of `dotbench list losses`; none for baselines")] = None,
    solver: Annotated[str | None, typer.Option(help="absent: the first solver of the loss")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="hyperparameter, e.g. --set embedding_size=64; repeatable")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="split seed and initialisation seed")] = 0,
    split_seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="split seed, if it differs from --seed")
    ] = None,
    init_seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="initialisation seed, if it differs from --seed")
    ] = None,
    split: Annotated[
        str, typer.Option(help="a name of `dotbench list splits`, or e.g. '{kind: k-fold, folds: 10}'")
    ] = "per-user-random",
    *,
    hardware: Hardware,
) -> None:
    """Fit and evaluate one method on one dataset, without the workflow. Nothing is tuned."""
    from dotbench.cli import single
    from dotbench.cli.stage import say
    from dotbench.datasets.catalogue import load_dataset
    from dotbench.execution.hardware import prepare_execution
    from dotbench.runs.fitting import Seeds

    method = single.choose_method(model, loss, solver, single.parse_assignments(settings or []))
    splitter = single.choose_split(split, method)
    load_dataset(dataset)
    seeds = Seeds(*(seed if given is None else given for given in (split_seed, init_seed)))
    execution = prepare_execution(hardware.device, hardware.threads, None, say, method.solver is not None)
    result = single.fit_and_evaluate(method, dataset, seeds, out, execution, splitter)
    if result["status"] != "ok":
        raise DotbenchError(f"the fit failed: {result['reason']}; its record is {out / 'fit.json'}")
    _metrics(result["metrics"])
    print(f"{method.label}: {result['epochs']} epochs, {result['train_seconds']:.3g} s of training; written to {out}")


@app.command(rich_help_panel=ONE)
def evaluate(
    user_vectors: Annotated[Path, typer.Option(help=".npy, shape (users, K)")],
    item_vectors: Annotated[Path, typer.Option(help=".npy, shape (items, K)")],
    split: Annotated[Path, typer.Option(help=".npz with train, test and optional valid: row numbers, shape (n, 2)")],
    out: Annotated[Path | None, typer.Option(help="folder for metrics.json and per_user.parquet")] = None,
    metrics: Annotated[
        str, typer.Option(help="metrics to compute instead of the usual ones, e.g. ndcg@20,recall@20,mrr")
    ] = "",
) -> None:
    """Evaluate vectors that were made elsewhere, and print the metrics as JSON."""
    from dotbench.cli import single

    named = [name.strip() for name in metrics.split(",")] if metrics else []
    print(json.dumps(single.evaluate_vectors(user_vectors, item_vectors, split, out, named), indent=2))


@app.command("list", rich_help_panel=LOOK)
def list_(
    what: Annotated[
        str | None,
        typer.Argument(
            help="datasets, splits, features, models, losses, solvers, metrics, studies, simulations, suites or "
            "targets; without it, what each of them is"
        ),
    ] = None,
    config: Config = None,
) -> None:
    """List what a configuration can name, or the targets that `dotbench run` can make of it."""
    from dotbench.cli import listing

    if what is None and config:
        raise DotbenchError("-c: found without a kind; use it with 'list targets'")
    _show(*(listing.overview() if what is None else listing.listing(what, config)))


@app.command(rich_help_panel=LOOK)
def data(
    name: Annotated[
        str | None, typer.Argument(help="a dataset to describe; without it, a list of all datasets")
    ] = None,
) -> None:
    """List every dataset with source, licence, state and counts, or prepare one dataset and describe it."""
    from dotbench.cli import data as pages

    if name is None:
        _show(*pages.overview())
        return
    facts, written = pages.page(name)
    _show(["", ""], list(facts.items()))
    print(f"picture: {', '.join(map(str, written))}")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        print(f"dotbench {__version__}")
        raise typer.Exit()


def _metrics(metrics: dict[str, dict[str, float]]) -> None:
    names = list(metrics["test"])
    _show(["", *names], [(part, *(f"{metrics[part][name]:.4f}" for name in names)) for part in metrics])


def _no_config(config: list[Path] | None) -> None:
    if config:
        raise DotbenchError("-c: found with a suite, which names its configurations itself; write a suite of your own")


def _show(header: list[str], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else 200, soft_wrap=False).print(table)


def main() -> None:
    """Entry point: a DotbenchError becomes one message and the exit status 1, a signal one and 128 + its number."""
    print_anywhere()
    try:
        with interruptible():
            app()
    except DotbenchError as error:
        sys.exit(f"error: {error}")
    except Interrupted as interrupted:
        with suppress(OSError):  # the terminal may be gone
            print(f"interrupted by {interrupted}; the same command continues: {this_command()}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody may read what is still to be flushed
        sys.exit(interrupted.status)
