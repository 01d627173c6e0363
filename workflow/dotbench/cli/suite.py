"""Suites: several configurations by one command, and what they will cost."""

import importlib
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from dotbench import paths
from dotbench.cli import costs, workflow
from dotbench.cli.lock import FOLDER, this_command
from dotbench.cli.snakemake_plan import PlannedJob, planned_jobs
from dotbench.cli.snakemake_quick import import_without_pandas
from dotbench.cli.traces import no_traces
from dotbench.config.plan import Plan
from dotbench.config.suite import Part, load_suite
from dotbench.costs.estimate import Job, Work, total, works
from dotbench.datasets.catalogue import load_dataset
from dotbench.datasets.ensure import is_fetched
from dotbench.datasets.fetch import fetch, has_local_copy
from dotbench.errors import DotbenchError
from dotbench.files import write_csv, write_text

DONE, FAILED, NOT_RUN = "done", "failed", "not run"
COLUMNS = ["part", "status", "seconds", "datasets", "left_out", "targets", "folder"]


@dataclass(frozen=True)
class Ended:
    """A part after its turn. ``left_out``: the datasets that it was not run on. ``folder``: its results."""

    part: str
    status: str
    seconds: float
    datasets: str
    left_out: str
    targets: str
    folder: str


def run(
    file: Path,
    only: Sequence[str],
    retry_failed: bool,
    options: list[str],
    verbose: bool,
    show: Callable[[list[str], list[tuple[str, ...]]], None],
) -> int:
    """Run the parts of a suite one after the other, and write ``results/<suite>/``: the configurations of the parts, a
    list of what was and what was not run, and one page of all results.

    A part that fails, or that has no data, does not stop the others. ``show`` prints a table. The exit status is 0 if
    none failed.
    """
    parts = load_suite(file, only)
    folder = paths.RESULTS / parts[0].suite
    dry = any(option in ("-n", "--dry-run", "--dryrun") for option in options)
    absent = _absent(parts, _not_at_hand if dry else _cannot_be_fetched)
    parts = [part.without(absent) for part in parts]
    reasons = [f"not run on {name}: {reason}" for name, reason in absent.items()]
    ended: list[Ended] = []
    for number, part in enumerate(parts, 1):
        print("\n" * (number > 1) + f"part {number} of {len(parts)}: {part.name}", flush=True)
        ended.append(_run(part, retry_failed, options, verbose))
        if not dry:
            _write(ended, reasons, folder)
    failed = [end.part for end in ended if end.status == FAILED]
    if not dry:
        page = _page(parts, folder / "index.html")
        print()
        show(*_table(ended))
        print("\n".join([*reasons, f"list    {folder / 'parts.md'}", *([f"page    {page}"] if page else [])]))
        if failed:
            again = f"repeat the command, which does the rest: {this_command()}"
            print(f"failed: {', '.join(failed)}; {again}", file=sys.stderr)
    return int(bool(failed))


def plan(
    file: Path,
    only: Sequence[str],
    nodes: int,
    cores: int | None,
    show: Callable[[list[str], list[tuple[str, ...]]], None],
) -> None:
    """Print what a suite would run and what it will cost. Runs and fetches nothing."""
    parts = load_suite(file, only)
    absent = _absent(parts, _not_at_hand)
    shown = [part.without(absent) for part in parts]
    seen: set[Job] = set()
    rows, costing = [], []
    for part, planned in zip(shown, _planned(shown), strict=True):
        jobs = [job for job in planned if job not in seen or not _is_shared(job)]
        seen.update(jobs)
        costing.append(works(part.plan, jobs) if jobs else [])
        rows.append((part.name, *_row(costing[-1]), "not run" if part.is_empty else " ".join(part.datasets)))
    show(["part", "jobs", "CPU time", "largest job", "disk", "datasets"], rows)
    for name, reason in absent.items():
        print(f"not run on {name}: {reason}")
    print("\n".join(costs.lines(costing, nodes, cores)))


def _is_shared(job: Job) -> bool:
    """Whether a job of the same name in another part is the same: of data, methods and simulations, not of tables."""
    return not {"dataset", "simulation"}.isdisjoint(name for name, _ in job.wildcards)


def _row(done: Sequence[Work]) -> tuple[str, ...]:
    """Jobs, CPU time, largest job, disk."""
    whole = total(done)
    if not done:
        return "0", "", "", ""
    return (
        f"{len(done):,}",
        costs.duration(whole.cpu_seconds),
        costs.size(whole.memory_bytes),
        costs.size(whole.disk_bytes),
    )


def _planned(parts: Sequence[Part]) -> Iterator[list[Job]]:
    """What would run of each part, one after the other. Snakemake is asked about as many parts at once as there are
    cores."""
    import_without_pandas()
    importlib.import_module("snakemake.cli")  # once for all forks that ask
    at_once = costs.this_machine().cores
    with no_traces(), TemporaryDirectory() as folder:
        for place in (FOLDER, paths.CODE):  # so that it is left to this block to remove them
            place.mkdir(parents=True, exist_ok=True)

        def begin(part: Part) -> Callable[[], list[PlannedJob]]:
            if part.is_empty:
                return list
            return planned_jobs(part.targets, [part.write(Path(folder) / part.file.name)])

        begun = deque(map(begin, parts[:at_once]))
        for number in range(len(parts)):
            jobs = begun.popleft()()
            begun.extend(map(begin, parts[number + at_once : number + at_once + 1]))
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(parts)} parts", end="\r", file=sys.stderr)
            yield [planned.job for planned in jobs]


def _run(part: Part, retry_failed: bool, options: list[str], verbose: bool) -> Ended:
    """One part, as `dotbench run` would run its configuration."""
    status, start = DONE, time.perf_counter()
    if part.left_out:
        print(f"without {', '.join(part.left_out)}, which cannot be had")
    if part.is_empty:
        status = NOT_RUN
    else:
        try:
            failed = workflow.run(part.targets, [part.write(part.file)], retry_failed, options, verbose)
        except DotbenchError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = 1
        status = FAILED if failed else DONE
    there = status != NOT_RUN
    return Ended(
        part=part.name,
        status=status,
        seconds=round(time.perf_counter() - start, 1),
        datasets=" ".join(part.datasets) if there else "",
        left_out=" ".join(part.left_out),
        targets=" ".join(part.targets),
        folder=str(paths.RESULTS / part.plan.benchmark.name) if there else "",
    )


def _write(ended: Sequence[Ended], reasons: Sequence[str], folder: Path) -> None:
    """The list of the parts so far."""
    write_csv(folder / "parts.csv", [asdict(end) for end in ended], COLUMNS)
    header, rows = _table(ended)
    write_text(folder / "parts.md", "\n\n".join([tabulate(rows, header, tablefmt="github"), *reasons]) + "\n")


def _table(ended: Sequence[Ended]) -> tuple[list[str], list[tuple[str, ...]]]:
    """(header, rows) of the parts."""
    rows: list[tuple[str, ...]] = [
        (end.part, end.status, costs.duration(end.seconds), end.datasets, end.left_out) for end in ended
    ]
    return ["part", "status", "time", "datasets", "not run on"], rows


def _page(parts: Sequence[Part], page: Path) -> Path | None:
    """One page of all that is there of the parts. None if nothing is."""
    from dotbench.site.build import build_pages
    from dotbench.site.chapters import Source

    sources = [
        Source(part.plan, Path(part.plan.site()).parent, flat=False, configuration=str(part.file))
        for part in parts
        if not part.is_empty
    ]
    try:
        build_pages(sources, page, f"Results: {parts[0].suite}")
    except DotbenchError:
        return None
    return page


def _absent(parts: Sequence[Part], why: Callable[[str], str | None]) -> dict[str, str]:
    """Dataset → why it cannot be had, of those that the parts use."""
    found: dict[str, str] = {}
    for part in parts:
        with _told(part.plan):
            for name in part.datasets:
                reason = why(name) if name not in found else None
                if reason:
                    found[name] = reason
    return found


def _cannot_be_fetched(name: str) -> str | None:
    """Fetch a dataset unless it is there. Why it cannot be had, None if it is there now."""
    dataset = load_dataset(name)
    if dataset.generated or is_fetched(name):
        return None
    try:
        fetch(name, paths.manifest(name).parent)
    except DotbenchError as error:
        return " ".join(str(error).removeprefix(f"{name}: ").split())
    return None


def _not_at_hand(name: str) -> str | None:
    """Why a dataset cannot be had, as far as that is known without a try to fetch it."""
    dataset = load_dataset(name)
    own = dataset.source.own_files()
    if dataset.generated or is_fetched(name) or dataset.source.urls or (own and all(Path(f).is_file() for f in own)):
        return None
    return None if has_local_copy(dataset) else f"cannot be downloaded: {dataset.source.obtain}"


@contextmanager
def _told(plan: Plan) -> Iterator[None]:
    """What a configuration says of local copies, for the time of the block."""
    names = ("DOTBENCH_ACCEPT_UNVERIFIED", "DOTBENCH_DATA")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: value for name, value in plan.environment().items() if name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
