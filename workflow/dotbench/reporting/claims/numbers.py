"""The numbers that claims are about, by the paper's names: as printed, and ours."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.lazy import np
from dotbench.reporting.claims.language import COSTS, Selection
from dotbench.reporting.comparison import compared
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.published import Cell, Published
from dotbench.reporting.records import MethodRuns
from dotbench.reporting.replications import (
    folder_of,
    is_there,
    read_simulations,
    reported_rows,
    scenario_text,
    scenarios,
)
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import overlap_factor
from dotbench.statistics.replications import compare_replications
from dotbench.statistics.welch import Sample, welch

WARM, COLD, OVERALL = "warm", "cold", "overall"
OUR_PART = {None: "test", WARM: "test", COLD: "cold_both", OVERALL: "overall_both"}


@dataclass(frozen=True)
class Place:
    """Where numbers can be compared with each other."""

    dataset: str
    metric: str
    part: str | None = None

    @property
    def lower_is_better(self) -> bool:
        """Whether a lower value is better. Metrics and costs say so themselves. For counts and other facts, greater is
        taken as better."""
        if self.metric in COSTS:
            return True
        try:
            lower: bool = parse_metric(self.metric).lower_is_better
        except DotbenchError:
            return False
        return lower

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.dataset, self.part, *metric_titles(self.metric)]))


@dataclass(frozen=True)
class Number:
    """``sample``: over runs, where the spread is known. ``each``: by seed, of ours. ``half``: half a unit of the last
    printed digit, 0 of ours. ``label``: the method as its side calls it. ``source``: table, or folder of the runs."""

    mean: float
    label: str
    source: str
    sample: Sample | None = None
    each: dict[int, float] = field(default_factory=dict)
    half: float = 0.0


@dataclass(frozen=True)
class Block:
    """The numbers of one place, by the paper's names of methods."""

    place: Place
    numbers: dict[str, Number]


class Printed:
    """The numbers of a paper, with or without the suspect ones."""

    def __init__(self, published: Published, with_suspects: bool = True) -> None:
        self.published = published
        self.cells = [cell for cell in published.cells if with_suspects or not cell.suspect]

    def blocks(self, at: Selection) -> list[Block]:
        """One for every dataset, part and metric, with facts where the table is named. A number that several tables
        print is there once, with its ± if one has it."""
        found: dict[Place, dict[str, Number]] = {}
        for cell in self.cells:
            if _is_at(at, cell.table, cell.dataset, cell.part, cell.metric):
                numbers = found.setdefault(Place(cell.dataset, cell.metric, cell.part), {})
                _add(numbers, cell.method, self._number(cell))
        for fact in self.published.facts if at.table else ():  # counts and settings stand beside no result
            for name, value in fact.numbers.items():
                if isinstance(value, float) and _is_at(at, fact.table, fact.about, None, name):
                    number = Number(value, fact.of, fact.table)
                    _add(found.setdefault(Place(fact.about, name), {}), fact.of, number)
        order = {name: k for k, name in enumerate(at.dataset)}
        places = sorted(found, key=lambda place: order.get(place.dataset, 0))
        return [Block(place, found[place]) for place in places]

    def p(self, block: Block, first: str, second: str) -> float | None:
        """The p-value of no difference between two methods, by Welch's test. None if one has no ±."""
        samples = [block.numbers[name].sample for name in (first, second)]
        return welch(*samples)[1] if None not in samples else None  # type: ignore[arg-type]

    def methods(self, at: Selection) -> list[str]:
        return list(dict.fromkeys(name for block in self.blocks(at) for name in block.numbers))

    def _number(self, cell: Cell) -> Number:
        sd = self.published.spread(cell)
        sample = None if sd is None else Sample(cell.value, sd, self.published.seeds)
        return Number(cell.value, cell.method, cell.table, sample, half=0.5 * 10.0**-self.published.decimals)


class Ours:
    """Our numbers of the methods that a paper has, each as the paper states it. Of the simulations those that are
    about published numbers are among them, with their scenarios as datasets."""

    def __init__(self, contents: Contents, published: Published) -> None:
        self.contents, self.published = contents, published
        self.entries: list[SimulationEntry] = [entry for entry in read_simulations(contents) if is_there(entry)]
        self._compared: dict[Place, dict[tuple[str, str], float]] = {}

    @cached_property
    def runs(self) -> dict[str, dict[str, MethodRuns]]:
        """Dataset → the paper's name of a method → our runs of it."""
        known = [(run, run.metrics()[0], run.settings()) for run in self.contents.runs]
        found: dict[str, dict[str, MethodRuns]] = {}
        for method, (run, record, settings) in itertools.product(self.published.methods, known):
            names = (record["model"], record["loss"], record["solver"])
            if names in method.stated() and method.is_met_by(names, settings):
                found.setdefault(run.dataset, {}).setdefault(method.name, run)
        return found

    @cached_property
    def scenarios(self) -> dict[str, dict[str, Number]]:
        """Scenario of a simulation → the paper's name of a method → our number."""
        found: dict[str, dict[str, Number]] = {}
        methods = {names: method.name for method in self.published.methods for names in method.stated()}
        about = {names[0] for names in methods if len(names) == 2}
        for entry in self.entries:
            simulation = entry.simulation
            if simulation.name not in about:
                continue
            for lines, frames in scenarios(entry):
                for line, frame in zip(lines, frames, strict=True):
                    name = methods.get((simulation.name, line[simulation.compared]))
                    good = reported_rows(entry, frame).query("status == 'ok'")
                    if name is not None and len(good):
                        values = good[simulation.metrics[0]].tolist()
                        each = dict(zip(good[simulation.replication].tolist(), values, strict=True))
                        source = folder_of(entry)
                        numbers = found.setdefault(scenario_text(simulation.keys, line), {})
                        numbers.setdefault(name, _of_seeds(each, line[simulation.titled], source))
        return found

    @property
    def datasets(self) -> list[str]:
        """Datasets and scenarios that were run."""
        return [*self.runs, *self.scenarios]

    def is_real(self, dataset: str) -> bool:
        """Whether a dataset is not generated."""
        return bool(self.contents.datasets[dataset]["origin"] != "generated")

    def block(self, place: Place) -> Block | None:
        """The numbers of a place. None if no method has any there."""
        if place.dataset in self.scenarios:
            return Block(place, self.scenarios[place.dataset])
        runs = self.runs.get(place.dataset, {})
        part = OUR_PART[place.part]
        read = {name: _each(run, part, place.metric) for name, run in runs.items()}
        numbers = {name: _of_seeds(each, runs[name].label, runs[name].place) for name, each in read.items() if each}
        return Block(place, numbers) if numbers else None

    def test_to_train(self, place: Place) -> float:
        """Size of the test part over that of the training part of our splits of a place. 0 where training parts do not
        overlap: simulations draw their data anew, and costs are not of the test part."""
        of_splits = place.dataset in self.runs and place.metric not in COSTS
        return self.contents.split.to_train(OUR_PART[place.part]) if of_splits else 0.0

    def p(self, block: Block, first: str, second: str) -> float | None:
        """The p-value of no difference between two methods. For a metric of users it is over users, otherwise over the
        seeds, corrected for overlapping training parts. Adjusted over all pairs of the block. None if they were not
        compared."""
        place = block.place
        if place not in self._compared:
            by_users = self.contents.task == "ranking" and place.metric not in COSTS and place.dataset in self.runs
            self._compared[place] = (
                self._by_users(place) if by_users else _paired(block.numbers, self.test_to_train(place))
            )
        found = self._compared[place]
        return found.get((first, second), found.get((second, first)))

    def simulations(self, name: str) -> list[SimulationEntry]:
        """Those of a name that have a finished job."""
        return [entry for entry in self.entries if entry.simulation.name == name]

    @cached_property
    def _pairs(self) -> list[Row]:
        """Every pair of methods compared, over the seeds that all methods of their dataset have."""
        runs = []
        for own in self.runs.values():
            seeds = sorted(set.intersection(*(set(run.seeds) for run in own.values())))
            runs += [run.of_seeds(seeds) for run in {id(run): run for run in own.values()}.values() if seeds]
        contents = replace(self.contents, runs=runs)
        return compared(contents, contents.datasets, second=False)[1]

    def _by_users(self, place: Place) -> dict[tuple[str, str], float]:
        names = {run.label: name for name, run in self.runs[place.dataset].items()}
        return {
            (names[pair["first"]], names[pair["second"]]): pair["p_holm"]
            for pair in self._pairs
            if (pair["dataset"], pair["metric"]) == (place.dataset, place.metric)
        }


def metric_titles(metrics: str | None) -> list[str]:
    """Metrics, costs and names of facts, separated by commas, in words."""

    def title(name: str) -> str:
        try:
            return COSTS.get(name) or metric_title(name)
        except DotbenchError:
            return name

    return [title(name) for name in (metrics or "").split(", ") if name]


def _is_at(at: Selection, table: str, dataset: str, part: str | None, metric: str) -> bool:
    asked = ((at.table, table), (at.dataset, dataset), (at.part, part), (at.metric, metric))
    return all(not wanted or found in wanted for wanted, found in asked)


def _add(numbers: dict[str, Number], name: str, number: Number) -> None:
    before = numbers.get(name)
    if before is not None and before.mean != number.mean:
        raise DotbenchError(f"{name}: {before.source} prints {before.mean}, {number.source} {number.mean}")
    if before is None or before.sample is None:
        numbers[name] = number


def _paired(numbers: dict[str, Number], test_to_train: float) -> dict[tuple[str, str], float]:
    """Student's paired test, corrected for overlapping training parts, over the seeds of all methods that have the
    most."""
    seeds = max((tuple(sorted(number.each)) for number in numbers.values()), key=len, default=())
    names = [name for name, number in numbers.items() if tuple(sorted(number.each)) == seeds]
    values = np.array([[numbers[name].each[seed] for seed in seeds] for name in names])
    if len(names) < 2:
        return {}
    pairs = compare_replications(values, overlap_factor(len(seeds), test_to_train))
    return {(names[pair.first], names[pair.second]): pair.p_holm for pair in pairs}


def _of_seeds(each: dict[int, float], label: str, source: str) -> Number:
    values = list(each.values())
    sample = Sample.of(values) if len(values) > 1 else None
    return Number(float(np.mean(values)), label, source, sample, each)


def _each(run: MethodRuns, part: str | None, metric: str) -> dict[int, float]:
    """Seed → the number of its run. Without the seeds that failed or have none."""
    values: dict[int, float] = {}
    for seed, record in zip(run.seeds, run.metrics(), strict=True):
        if record["status"] != "ok":
            continue
        if metric == "cpu_seconds":
            values[seed] = record["cpu_seconds"]
        elif metric == "epoch_cpu_seconds":
            values[seed] = record["cpu_seconds"] / max(record["epochs"], 1)
        elif metric in record["metrics"].get(part, ()):
            values[seed] = record["metrics"][part][metric]
    return values


def same_seeds(numbers: Iterable[Number]) -> list[int]:
    """The seeds that all of the numbers have."""
    each = [set(number.each) for number in numbers]
    return sorted(set.intersection(*each)) if each else []
