"""The table of a simulation: methods down, scenarios across. The metrics of a single scenario."""

from collections.abc import Callable
from pathlib import Path

from dotbench.files import write_csv
from dotbench.reporting.blocks import Block, blocks
from dotbench.reporting.cells import BOLD, Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import (
    columns,
    metric_text,
    pair_columns,
    read_simulations,
    scenario_text,
)
from dotbench.reporting.simulation_notes import simulation_notes
from dotbench.simulations.base import Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.replications import MIN_REPLICATIONS


class Replications(TableKind):
    """Mean and standard error over the replications of the simulation, each with newly drawn data. Bold: lower than
    every other method of the scenario. ≈: not significantly different from the lowest mean. ! marks a setting that was
    chosen on the edge of its grid in some replication. The notes under the table describe the generator, protocol,
    grids, hardware and versions.
    """

    name = "replications"
    title = "Means over replications"
    reads = ("simulations",)
    files = (*TableKind.files, "_pairs.csv")

    def write(self, contents: Contents, folder: Path) -> None:
        """Mean ± standard error over replications of the simulation's first metric, of a single scenario of every
        metric. The csv has all of them and the costs, ``<table>_pairs.csv`` every pair of methods compared."""
        entries = read_simulations(contents)
        blocks_by_label = {entry.label: blocks(entry) for entry in entries}
        every = [block for group in blocks_by_label.values() for block in group]
        table = contents.report_item
        write_csv(folder / f"{table}.csv", [line for block in every for line in block.lines], columns(entries[0]))
        write_csv(
            folder / f"{table}_pairs.csv", [pair for block in every for pair in block.pairs], pair_columns(entries[0])
        )
        write_table(
            contents,
            folder,
            _lines(entries, blocks_by_label),
            _columns(entries, blocks_by_label),
            _notes(contents, entries, every),
        )


def _lines(entries: list[SimulationEntry], blocks_by_label: dict[str, list[Block]]) -> list[Row]:
    """One line for every entry and method: scenario → its line of the csv."""
    lines: list[Row] = []
    for entry in entries:
        simulation = entry.simulation
        methods: dict[str, Row] = {}
        for block in blocks_by_label[entry.label]:
            for line in block.lines:
                method_line = methods.setdefault(
                    line[simulation.compared], {"label": entry.label, "title": line[simulation.titled]}
                )
                method_line[scenario_text(simulation.keys, line)] = line
        lines += methods.values()
    return lines


def _columns(entries: list[SimulationEntry], blocks_by_label: dict[str, list[Block]]) -> list[Column]:
    simulation = entries[0].simulation
    scenarios = dict.fromkeys(
        scenario_text(simulation.keys, block.lines[0]) for group in blocks_by_label.values() for block in group
    )
    first = [Column("Setting", lambda line: line["label"])] if len(entries) > 1 else []
    first += [Column(simulation.compared_title, lambda line: line["title"])]
    if len(scenarios) > 1:
        return [*first, *(Column(name, _cell(name, simulation.metrics[0]), _is_best(name)) for name in scenarios)]
    [only] = scenarios
    others = [Column(metric_text(metric), _cell(only, metric, False)) for metric in simulation.metrics[1:]]
    return [
        *first,
        Column(metric_text(simulation.metrics[0]), _cell(only, simulation.metrics[0]), _is_best(only)),
        *others,
        _cost(only),
    ]


def _cost(scenario: str) -> Column:
    def show(line: Row) -> str:
        return number(line[scenario]["cpu_seconds_mean"] if scenario in line else None, "{:.3g}")

    return Column("CPU s", show)


def _cell(scenario: str, metric: str, marked: bool = True) -> Callable[[Row], str]:
    def show(line: Row) -> str:
        row = line.get(scenario)
        if row is None:
            return "–"
        mean, se = row[f"{metric}_mean"], row[f"{metric}_se"]
        if mean is None:
            return f"failed: {row['failure']}"
        text = f"{mean:.3f}" + (f" ± {se:.3f}" if se is not None else "")
        if row["failed"]:
            text += f" ({row['replications'] - row['failed']} of {row['replications']})"
        return text + (("!" if row["on_edge"] else "") + ("≈" if row["standing"] == "tie" else "") if marked else "")

    return show


def _is_best(scenario: str) -> Callable[[Row], bool]:
    return lambda line: scenario in line and line[scenario]["standing"] == "best"


def _notes(contents: Contents, entries: list[SimulationEntry], every: list[Block]) -> list[str]:
    notes: list[str] = []
    scenarios = {scenario_text(entries[0].simulation.keys, block.lines[0]) for block in every}
    if len(scenarios) == 1 and min(scenarios):
        notes.append(Legend(f"All lines: {min(scenarios)}."))
    counts = sorted({line["replications"] for block in every for line in block.lines})
    notes += [
        Legend(f"Mean ± standard error over {' or '.join(map(str, counts))} replications."),
        Legend("!: in at least one replication, the chosen setting is on the edge of its grid.", "!"),
        "The csv has intervals, training errors, costs and the chosen settings.",
    ]
    if entries[0].simulation.marks_best:
        notes.append(
            Legend(
                "Bold: lower than every other line of the scenario (p < .05, paired t-test over replications, Holm "
                f"over all pairs). ≈: not distinguishable from the lowest mean. Fewer than {MIN_REPLICATIONS} "
                "replications are not compared.",
                BOLD,
                "≈",
            )
        )
    notes += _failures(entries[0].simulation, every, len(scenarios) > 1)
    return simulation_notes(contents, entries, notes)


def _failures(simulation: Simulation, every: list[Block], several: bool) -> list[str]:
    """A line for every cell with replications that failed, with its scenario if there are ``several``. Where all did,
    the cell itself says why, which is enough if nothing else follows from it."""
    notes = []
    for block in every:
        scenario = f", {scenario_text(simulation.keys, block.lines[0])}" if several else ""
        notes += [
            f"{line['label']}{scenario}, {line[simulation.titled]}: {line['failed']} of {line['replications']} failed: "
            f"{line['failure']}{'; no method of the scenario is marked as best' * simulation.competes(line)}."
            for line in block.lines
            if line["failed"] and (simulation.competes(line) or line["failed"] < line["replications"])
        ]
    return notes
