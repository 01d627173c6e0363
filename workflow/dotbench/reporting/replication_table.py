"""The table of a packed experiment: methods down, scenarios across; the metrics of a single scenario."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.experiments.base import Experiment
from dotbench.files import write_csv
from dotbench.reporting.blocks import Block, blocks
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.packed_notes import packed_notes
from dotbench.reporting.replications import (
    columns,
    metric_text,
    pair_columns,
    read_packed,
    scenario_text,
)
from dotbench.runs.packed import Packed
from dotbench.statistics.replications import MIN_REPLICATIONS


def replication_table(contents: dict[str, Any], folder: Path) -> None:
    """Mean ± standard error over replications of the experiment's first metric, of a single scenario of every metric;
    the csv has all of them and the costs, ``<table>_pairs.csv`` every pair of methods compared."""
    packed = read_packed(contents)
    found = {entry.label: blocks(entry) for entry in packed}
    every = [block for group in found.values() for block in group]
    table = contents["exhibit"]
    write_csv(folder / f"{table}.csv", [line for block in every for line in block.lines], columns(packed[0]))
    write_csv(folder / f"{table}_pairs.csv", [pair for block in every for pair in block.pairs], pair_columns(packed[0]))
    write_table(folder / table, _lines(packed, found), _columns(packed, found), _notes(contents, packed, every))


def _lines(packed: list[Packed], found: dict[str, list[Block]]) -> list[Row]:
    """One line for every entry and method: scenario → its line of the csv."""
    lines: list[Row] = []
    for entry in packed:
        of = entry.experiment
        methods: dict[str, Row] = {}
        for block in found[entry.label]:
            for line in block.lines:
                here = methods.setdefault(line[of.compared], {"label": entry.label, "title": line[of.titled]})
                here[scenario_text(of.keys, line)] = line
        lines += methods.values()
    return lines


def _columns(packed: list[Packed], found: dict[str, list[Block]]) -> list[Column]:
    of = packed[0].experiment
    scenarios = dict.fromkeys(scenario_text(of.keys, block.lines[0]) for group in found.values() for block in group)
    first = [Column("Setting", lambda line: line["label"])] if len(packed) > 1 else []
    first += [Column(of.compared_title, lambda line: line["title"])]
    if len(scenarios) > 1:
        return [*first, *(Column(name, _cell(name, of.metrics[0]), _is_best(name)) for name in scenarios)]
    [only] = scenarios
    others = [Column(metric_text(metric), _cell(only, metric, False)) for metric in of.metrics[1:]]
    return [
        *first,
        Column(metric_text(of.metrics[0]), _cell(only, of.metrics[0]), _is_best(only)),
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


def _notes(contents: dict[str, Any], packed: list[Packed], every: list[Block]) -> list[str]:
    told: list[str] = []
    shown = {scenario_text(packed[0].experiment.keys, block.lines[0]) for block in every}
    if len(shown) == 1 and min(shown):
        told.append(f"All of {min(shown)}.")
    counts = sorted({line["replications"] for block in every for line in block.lines})
    told += [
        f"Mean ± standard error over {' or '.join(map(str, counts))} replications. !: the choice is on the edge of its "
        "grid in a replication, see the csv, which also has intervals, training errors, costs and what was chosen.",
    ]
    if packed[0].experiment.rivals:
        told.append(
            "Bold: lower than every other line of the scenario (p < .05, paired t-test over replications, Holm over "
            "all pairs). ≈: not distinguishable from the lowest mean. "
            f"Fewer than {MIN_REPLICATIONS} replications are not compared."
        )
    told += _failures(packed[0].experiment, every, len(shown) > 1)
    return packed_notes(contents, packed, told)


def _failures(experiment: Experiment, every: list[Block], several: bool) -> list[str]:
    """A line for every cell with replications that failed, with its scenario if there are ``several``. Where all did,
    the cell itself says why, which is enough if nothing else follows from it."""
    told = []
    for block in every:
        where = f", {scenario_text(experiment.keys, block.lines[0])}" if several else ""
        told += [
            f"{line['label']}{where}, {line[experiment.titled]}: {line['failed']} of {line['replications']} failed: "
            f"{line['failure']}{'; no method of the scenario is marked as best' * experiment.competes(line)}."
            for line in block.lines
            if line["failed"] and (experiment.competes(line) or line["failed"] < line["replications"])
        ]
    return told
