"""The table of rates of a simulation: how steeply its first metric falls with the variable of its figure."""

import itertools
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.papers.t2rec.simulations._risk import Manifold
from dotbench.reporting.blocks import blocks
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import ENDS, columns, counted, read_rows, read_simulations
from dotbench.reporting.simulation_notes import simulation_notes
from dotbench.simulations.base import Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import Interval, t_interval
from dotbench.statistics.rates import log_slope

FASTER, CONSISTENT = "faster than the bound", "consistent with the bound"
SLOWER = "slower over these N, which says nothing of the bound"
LEARNED = 0.5  # of the error of predicting nothing: sizes from the first below it are those of the slope
FEWEST = 3  # sizes of a slope
NO_SLOPE = f"fewer than two replications, or fewer than {FEWEST} sizes at which it is learned: no verdict"


class Slopes(TableKind):
    """Slope of the logarithm of the excess risk on the logarithm of the number of ratings. It is fitted by least
    squares in every replication. The table shows the mean and the 95 % Student interval, and beside them the slopes of
    the theorem's upper bound over the same numbers of ratings. The last columns show the excess training error that is
    left at the number of ratings where it is largest. The notes under the table describe the true functions, networks,
    optimiser, hardware and versions.
    """

    name = "slopes"
    title = "Slopes on the number of ratings"
    reads = ("simulations",)
    files = (*TableKind.files, "_sizes.csv")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every scenario and thing compared. It has the slope of log metric on log x by least squares in
        every replication, with the mean and the 95 % Student interval, and the slopes that the simulation's guides have
        over the same x. ``<table>_sizes.csv`` has the metrics at every x.

        The guides are an upper bound in its forms. The second metric says what training left over (0: nothing), the
        third what predicting nothing comes to: sizes at which no more is learned are left out of a slope.
        """
        entries = read_simulations(contents)
        lines = [means(entry) for entry in entries]
        rows = [row for entry in entries for row in slopes(entry)]
        simulation = entries[0].simulation
        write_csv(folder / f"{contents.report_item}_sizes.csv", itertools.chain(*lines), columns(entries[0]))
        rest = [f"{simulation.metrics[1]}_{end}" for end in ("mean", "low", "high")]
        names = [
            "label",
            *_scenario(entries[0]),
            simulation.compared,
            simulation.titled,
            "smallest",
            "largest",
            "replications",
            "left_out",
        ]
        names += [*(f"slope_{end}" for end in ENDS), "bound_low", "bound_high", "verdict", "left_at", *rest, "ended"]
        names += ["cpu_seconds", "folder"]
        write_csv(folder / f"{contents.report_item}.csv", [{name: row[name] for name in names} for row in rows], names)
        write_table(contents, folder, rows, _columns(entries, rows), _notes(contents, entries))


def verdict(slope: Interval, references: list[float]) -> str:
    """Where the interval lies: below all slopes of the bound, at or between them, or above all of them."""
    if slope.low is None or slope.high is None:
        return NO_SLOPE
    if slope.high < min(references):
        return FASTER
    return SLOWER if slope.low > max(references) else CONSISTENT


def means(entry: SimulationEntry) -> list[Row]:
    """The means of every scenario, size and thing compared."""
    return [line for block in blocks(entry) for line in block.lines]


def slopes(entry: SimulationEntry) -> list[Row]:
    """The lines of the table of a simulation. ``each``: the slope of every replication.

    Lines on a manifold, which are there to be compared, share one range of x: that which all of them learn at, but for
    those that learn at fewer than three."""
    simulation, lines = entry.simulation, means(entry)
    by = [*_scenario(entry), simulation.compared]
    groups = [group for _, group in read_rows(entry).groupby(by, sort=False)]
    learned = [_learned(simulation, group, _axis(entry)) for group in groups]
    enough = [sizes for sizes in learned if len(sizes) >= FEWEST]
    if isinstance(simulation, Manifold) and enough:
        learned = [[size for size in enough[0] if all(size in sizes for sizes in enough)]] * len(groups)
    return [
        _row(entry, group, [line for line in lines if all(line[name] == group[name].iloc[0] for name in by)], sizes)
        for group, sizes in zip(groups, learned, strict=True)
    ]


def _row(entry: SimulationEntry, rows: "pd.DataFrame", lines: list[Row], sizes: list[Any]) -> Row:
    """``rows``: the fits of one scenario and one thing compared at every x. ``lines``: their means. ``sizes``: the x of
    the slope."""
    simulation, x = entry.simulation, _axis(entry)
    rows = rows[rows[x].isin(sizes)]
    slopes = {}
    for replication, fits in rows.groupby(simulation.replication):
        good = fits[fits["status"] == "ok"]
        if len(good) == len(sizes) >= FEWEST:
            slopes[replication] = log_slope(list(good[x]), list(good[simulation.metrics[0]]))
    slope = t_interval(list(slopes.values())) if slopes else Interval(np.nan, None, None, None)
    guides = simulation.guides([line for line in lines if line[x] in sizes]) if len(sizes) >= FEWEST else {}
    references = {name: log_slope(*zip(*points, strict=True)) for name, points in guides.items()}
    same = ("label", *_scenario(entry), simulation.compared, simulation.titled, "folder")
    row: Row = {name: lines[0][name] for name in same}
    row |= {"smallest": min(sizes, default=None), "largest": max(sizes, default=None), "replications": len(slopes)}
    row |= {"each": slopes, "left_out": rows[simulation.replication].nunique() - len(slopes), "references": references}
    row |= {"verdict": verdict(slope, list(references.values()))}
    row |= {f"slope_{end}": getattr(slope, end, None) for end in ENDS}
    row["slope_se"] = None if slope.sd is None else slope.sd / len(slopes) ** 0.5
    row |= {"bound_low": min(references.values(), default=None), "bound_high": max(references.values(), default=None)}
    most = max(
        (line for line in lines if line[x] in sizes),
        key=lambda line: line[f"{simulation.metrics[1]}_mean"],
        default=None,
    )
    row["left_at"] = most[x] if most else None
    row |= {
        f"{simulation.metrics[1]}_{end}": most and most[f"{simulation.metrics[1]}_{end}"]
        for end in ("mean", "low", "high")
    }
    return row | {"ended": counted(rows["ended"]), "cpu_seconds": float(rows["cpu_seconds"].sum())}


def _learned(simulation: Simulation, rows: "pd.DataFrame", x: str) -> list[Any]:
    """The sizes from the first on at which the mean error is less than LEARNED of that of predicting nothing."""
    means = rows[rows["status"] == "ok"].groupby(x)[[simulation.metrics[0], simulation.metrics[2]]].mean()
    enough = means.index[means[simulation.metrics[0]] < LEARNED * means[simulation.metrics[2]]]
    return [size.item() for size in means.index if len(enough) and size >= enough.min()]


def _axis(entry: SimulationEntry) -> str:
    return entry.simulation.drawn().x


def _scenario(entry: SimulationEntry) -> list[str]:
    return [key for key in entry.simulation.keys if key != _axis(entry)]


def _columns(entries: list[SimulationEntry], rows: list[Row]) -> list[Column]:
    simulation, left = entries[0].simulation, entries[0].simulation.metrics[1]
    first = [Column("Setting", lambda row: row["label"])] if len(entries) > 1 else []
    return [
        *first,
        *(Column(simulation.keys[key], lambda row, key=key: f"{row[key]:g}") for key in _scenario(entries[0])),  # type: ignore[misc]
        Column(simulation.compared_title, lambda row: row[simulation.titled]),
        Column("N", lambda row: "–" if row["smallest"] is None else f"{row['smallest']:,} to {row['largest']:,}"),
        Column("Slope", lambda row: _interval(row, "slope")),
        *(
            Column(name.replace("|", ""), lambda row, name=name: number(row["references"].get(name), "{:.3f}"))  # type: ignore[misc]
            for name in dict.fromkeys(name for row in rows for name in row["references"])
        ),
        Column("Verdict", lambda row: row["verdict"]),
        Column("Left over", lambda row: _left(row, left)),
        Column("Ended", lambda row: row["ended"]),
    ]


def _left(row: Row, name: str) -> str:
    return _interval(row, name) + (f" at {row['left_at']:,}" if row["left_at"] is not None else "")


def _interval(row: Row, name: str) -> str:
    mean, low, high = (row[f"{name}_{end}"] for end in ("mean", "low", "high"))
    if mean is None or np.isnan(mean):
        return "–"
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def _notes(contents: Contents, entries: list[SimulationEntry]) -> list[str]:
    notes = [
        Legend(
            "Slope: regression of log excess risk on log N by least squares in every replication. It uses the N from "
            f"the first one on at which the mean excess risk is below {LEARNED:.0%} of that of predicting 0; at "
            "smaller N nothing is learned, and there is no rate. Shown are mean and 95 % Student interval, not "
            "adjusted for the number of lines, and the slopes of the bound over the same N. The bound is an upper "
            "bound with an unknown constant: an interval that touches its slopes or lies between them is consistent "
            "with it, an interval below all of them is faster, and one above contradicts nothing."
        ),
        Legend(
            "Left over: mean squared training error at the epoch that validation kept, minus the variance of the "
            f"noise, at the N where it is greatest; mean and interval ({contents.report_item}_sizes.csv has it at "
            "every N); if it is above 0, the optimiser or the width limits there, or validation ended training too "
            "early. Ended: how many trainings ended in each way; with a schedule that runs to the cap, the cap alone "
            "says little."
        ),
    ]
    return simulation_notes(contents, entries, notes)
