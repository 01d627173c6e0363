"""What the jobs of a plan cost together: CPU hours with an interval, wall time, memory and disk."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.costs.measured import Cell, cells
from dotbench.costs.model import TYPICAL, Guess, Model
from dotbench.datasets.definition import Dataset
from dotbench.files import read_json_if_whole
from dotbench.lazy import np

DRAWS, SEED, COVERED = 2000, 0, 0.9  # of the interval of a total
CHUNK = 4  # bytes of a number of a vector
OF_PAIR = {"prepare": 17, "split": 16}  # bytes of an interaction in what a stage leaves
OF_USER, OF_RECORDS = 20, 8_000  # bytes of the metrics of a user, and of the records of a run
LEAST = 0.01  # seconds of a job, of which a logarithm is taken
VECTORS = 64  # K, where a method's settings name none


@dataclass(frozen=True)
class Job:
    """A job of the workflow: its rule, and what the rule's wildcards are."""

    rule: str
    wildcards: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Work:
    """What a job is expected to cost. ``cell``: jobs of one cell share the error of its prediction. ``alone``: nothing
    else runs on its machine meanwhile. ``follows``: the cell that it waits for. ``gpu``: it uses one where one is."""

    cell: tuple[str, str, str]
    cpu_seconds: float
    spread: float
    memory_bytes: float
    disk_bytes: float
    is_measured: bool
    alone: bool = False
    gpu: bool = False
    follows: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Machine:
    """Where jobs run: ``nodes`` machines of ``cores`` cores each."""

    cores: int
    nodes: int = 1


@dataclass(frozen=True)
class Total:
    """Of several jobs: CPU seconds with an interval of 90 %, the share of them that was measured, and their memory (the
    largest job) and disk in bytes. ``gpu_seconds``: CPU seconds of jobs that would use a GPU."""

    jobs: int
    cpu_seconds: float
    low: float
    high: float
    measured: float
    memory_bytes: float
    disk_bytes: float
    gpu_seconds: float


def works(plan: Plan, jobs: Iterable[Job]) -> list[Work]:
    """The costs of the jobs of a plan."""
    return [_work(plan, job.rule, dict(job.wildcards)) for job in jobs]


def total(done: Sequence[Work]) -> Total:
    """Their sum. The interval is that of sums in which every cell's error is drawn anew,
    log-normal with its spread and the mean 1."""
    spreads = {work.cell: work.spread for work in done}
    per_cell = dict.fromkeys(spreads, 0.0)
    for work in done:
        per_cell[work.cell] += work.cpu_seconds
    seconds = np.array([*per_cell.values()])
    sums = np.zeros(1)
    if len(seconds):
        errors = np.random.default_rng(SEED).standard_normal((DRAWS, len(seconds)))
        widths = np.array([*spreads.values()])
        sums = np.exp(errors * widths - widths**2 / 2) @ seconds
    low, high = np.quantile(sums, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    whole = float(seconds.sum())
    return Total(
        jobs=len(done),
        cpu_seconds=whole,
        low=float(low),
        high=float(high),
        measured=sum(work.cpu_seconds for work in done if work.is_measured) / whole if whole else 1.0,
        memory_bytes=max((work.memory_bytes for work in done), default=0.0),
        disk_bytes=sum(work.disk_bytes for work in done),
        gpu_seconds=sum(work.cpu_seconds for work in done if work.gpu),
    )


def wall_seconds(done: Sequence[Work], machine: Machine) -> float:
    """The time that they take on a machine, or on several: no less than all cores need together, where a job that runs
    alone holds all cores of its node, and no less than the longest job and what it waits for."""
    held = sum(work.cpu_seconds * (machine.cores if work.alone else 1) for work in done)
    longest: dict[tuple[str, str, str], float] = {}
    for work in done:
        longest[work.cell] = max(longest.get(work.cell, 0.0), work.cpu_seconds)
    chains = [work.cpu_seconds + (longest.get(work.follows, 0.0) if work.follows else 0.0) for work in done]
    return max(held / (machine.cores * machine.nodes), max(chains, default=0.0))


def peak_bytes(done: Sequence[Work], machine: Machine) -> float:
    """The memory of a node while its cores all run the largest jobs that may run side by side."""
    shared = sorted((work.memory_bytes for work in done if not work.alone), reverse=True)
    alone = max((work.memory_bytes for work in done if work.alone), default=0.0)
    return max(sum(shared[: machine.cores]), alone)


@cache
def models() -> dict[str, Model]:
    """Kind of job → its model."""
    kinds = {what: [cell for cell in cells() if cell.what == what] for what in ("fit", "trial", "stage", "short fit")}
    short = kinds.pop("short fit")
    return {what: Model(found, short if what == "fit" else ()) for what, found in kinds.items()}


def counts(dataset: Dataset) -> tuple[int, int, int]:
    """Users, items and interactions: of the prepared data, as measured elsewhere, as published, or as generated. Those
    of a typical dataset where nothing is known."""
    stats = read_json_if_whole(paths.data(dataset.name) / "stats.json")
    if stats:
        return stats["users"], stats["items"], stats["interactions"]
    for cell in cells():
        if cell.where == dataset.name and cell.users:
            return cell.users, cell.items, cell.interactions
    known: dict[str, Any] = dataset.published.model_dump() if dataset.published else {}
    known |= dataset.source.parameters
    users, items = known.get("users") or 1_000, known.get("items") or 1_000
    return users, items, known.get("interactions") or known.get("ratings") or TYPICAL


def _work(plan: Plan, rule: str, wildcards: dict[str, str]) -> Work:
    if rule == "simulate":
        return _simulated(plan, wildcards["simulation"], wildcards["label"])
    dataset = wildcards.get("dataset", "")
    users, items, pairs = counts(plan.datasets[dataset]) if dataset in plan.datasets else (0, 0, TYPICAL)
    if rule in ("fit", "tune"):
        return _of_method(plan, rule, dataset, wildcards["method"], (users, items, pairs))
    guess = models()["stage"].guess(rule, dataset, pairs, items)
    size = VECTORS * CHUNK * (users + items) if rule == "decompose" else OF_PAIR.get(rule, 0) * pairs
    size += OF_USER * users if rule == "evaluate" else 0
    return _as_work(("stage", rule, dataset), guess, size + OF_RECORDS)


def _of_method(plan: Plan, rule: str, dataset: str, folder: str, size: tuple[int, int, int]) -> Work:
    """A fit, or the settings of a tuning."""
    users, items, pairs = size
    method = plan.method(folder)
    name = "-".join(method.names)
    fit, trial = ("fit", name, dataset), ("trial", name, dataset)
    if rule == "tune":
        guess = models()["trial"].guess(name, dataset, pairs, items)
        memory = models()["fit"].guess(name, dataset, pairs, items).memory_bytes
        guess = replace(guess, cpu_seconds=guess.cpu_seconds * len(method.trials()), memory_bytes=memory)
        return replace(_as_work(trial, guess, OF_RECORDS), gpu=method.solver is not None)
    vectors = int(method.settings.get("embedding_size", VECTORS)) * CHUNK * (users + items)
    work = _as_work(fit, models()["fit"].guess(name, dataset, pairs, items), vectors + OF_RECORDS)
    return replace(work, alone=plan.is_timed(folder), gpu=method.solver is not None, follows=trial)


def _as_work(cell: tuple[str, str, str], guess: Guess, disk: float) -> Work:
    return Work(cell, guess.cpu_seconds, guess.spread, guess.memory_bytes, disk, guess.is_measured)


def _simulated(plan: Plan, folder: str, label: str) -> Work:
    """A job that was measured, or one like the others of its simulation."""
    simulation, job = plan.job(folder, label)
    alike = _of_simulations().get(simulation.name, [])
    same = [cell for cell in alike if (cell.name, cell.where) == (folder, label)]
    seconds = np.log([max(cell.cpu_seconds, LEAST) for cell in same or alike] or [1.0])
    spread = max(same[0].spread, 0.1) if same else math.log(simulation_factor())
    memory = max((cell.memory_bytes for cell in same or alike), default=0)
    work = Work(
        ("simulation", folder, label if same else ""),
        float(np.exp(seconds.mean() + (0 if same else spread**2 / 2))),
        spread,
        memory,
        OF_RECORDS,
        bool(same),
    )
    return replace(work, gpu=job.gpu)


@cache
def simulation_factor() -> float:
    """By which the prediction of a simulation's job is wrong where the simulation was measured with other settings
    alone: exp of the root mean square error of leaving the settings out whose job is predicted."""
    errors = []
    for alike in _of_simulations().values():
        logarithms = {cell: math.log(max(cell.cpu_seconds, LEAST)) for cell in alike}
        for folder in {cell.name for cell in alike}:
            others = [value for cell, value in logarithms.items() if cell.name != folder]
            if others:
                mean = sum(others) / len(others)
                errors += [value - mean for cell, value in logarithms.items() if cell.name == folder]
    return math.exp(math.sqrt(sum(error**2 for error in errors) / len(errors)))


@cache
def _of_simulations() -> dict[str, list[Cell]]:
    """Simulation → the cells of its jobs."""
    found: dict[str, list[Cell]] = {}
    for cell in cells():
        if cell.what == "simulation":
            found.setdefault(cell.name.rpartition("-")[0], []).append(cell)
    return found
