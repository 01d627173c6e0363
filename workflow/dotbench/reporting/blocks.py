"""Which differences between the lines of a simulation are real, scenario by scenario."""

from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import PAIR, Scenario, reported_rows, scenarios
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.paired import Comparison, standings
from dotbench.statistics.replications import compare_replications


@dataclass(frozen=True)
class Block:
    """What is compared with each other: the lines of one scenario of one simulation, and their comparisons."""

    lines: list[Row]
    pairs: list[Row]


def blocks(entry: SimulationEntry) -> list[Block]:
    """One block for every scenario, in the order of the jobs."""
    return [_block(entry, scenario) for scenario in scenarios(entry)]


def _block(entry: SimulationEntry, scenario: Scenario) -> Block:
    simulation, (lines, rows) = entry.simulation, scenario
    metric = simulation.metrics[0]
    competing = [k for k, line in enumerate(lines) if simulation.competes(line)]
    complete = [k for k in competing if lines[k]["failed"] == 0]
    comparisons: list[Comparison] = []
    if len(complete) > 1:
        values = [reported_rows(entry, rows[k]).sort_values(simulation.replication) for k in complete]
        alike = {tuple(frame[simulation.replication]) for frame in values}
        if len(alike) == 1:
            comparisons = compare_replications(np.stack([frame[metric].to_numpy(float) for frame in values]))
    places = [""] * len(lines)
    if comparisons:
        best = min(range(len(complete)), key=lambda k: lines[complete[k]][f"{metric}_mean"])
        for k, place in zip(complete, standings(len(complete), best, comparisons), strict=True):
            places[k] = place if len(complete) == len(competing) else place.replace("best", "")
    for line, place in zip(lines, places, strict=True):
        line["standing"] = place
    names = [lines[k][simulation.titled] for k in complete]
    keys = {name: lines[0][name] for name in ("label", "folder", *simulation.keys)}
    pairs = [
        keys
        | {"metric": metric, "first": names[pair.first], "second": names[pair.second]}
        | {key: getattr(pair, key) for key in PAIR}
        for pair in comparisons
    ]
    return Block(lines, pairs)
