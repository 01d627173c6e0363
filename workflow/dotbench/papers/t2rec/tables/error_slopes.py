"""The table of slopes of an open question: how steeply the excess risk falls with the number of ratings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import folder_of, read_rows, read_simulations, reported_rows
from dotbench.reporting.simulation_notes import simulation_notes
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.rates import log_slope

SIZE, ERROR = "ratings", "excess_rmse"
FEWEST = 3  # sizes of a slope
LAST = 3  # sizes of the slope over the largest
PARTS = ("slope", "last", "difference")
ENDS = ("mean", "low", "high")


class ErrorSlopes(TableKind):
    """Slope of the logarithm of the excess risk on the logarithm of the number of ratings. It is fitted by least
    squares in every replication; the table shows the mean and the 95 % Student interval, over all numbers of ratings
    and over the three largest. Beside them is the difference from the first line, paired by replication.
    """

    name = "error_slopes"
    title = "Slopes of an error on the number of ratings"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every value that is compared. The excess risk is the square of the metric `excess_rmse`, so that
        the slope is twice that of the RMSE. A replication of which a fit failed is left out. So are simulations with
        fewer than `FEWEST` sizes, where others have enough."""
        every = read_simulations(contents)
        entries = [entry for entry in every if read_rows(entry)[SIZE].nunique() >= FEWEST] or every
        rows = [row for entry in entries for row in error_slopes(entry)]
        simulation = entries[0].simulation
        names = ["label", simulation.compared, simulation.titled, "smallest", "largest", "sizes", "replications"]
        names += [f"{part}_{end}" for part in PARTS for end in ENDS] + ["folder"]
        write_csv(folder / f"{contents.report_item}.csv", [{name: row[name] for name in names} for row in rows], names)
        first = [Column("Setting", lambda row: row["label"])] if len(entries) > 1 else []
        columns = [
            *first,
            Column(simulation.compared_title, lambda row: row[simulation.titled]),
            Column("N", lambda row: f"{row['smallest']:,} to {row['largest']:,}"),
            Column("Slope", lambda row: _interval(row, "slope")),
            Column(f"Slope, {LAST} largest N", lambda row: _interval(row, "last")),
            Column("Difference from the first line", lambda row: _interval(row, "difference")),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, _notes()))


def error_slopes(entry: SimulationEntry) -> list[Row]:
    """The lines of a simulation, in the order of its jobs. Without `FEWEST` sizes there is no slope."""
    simulation = entry.simulation
    rows = reported_rows(entry, read_rows(entry))
    lines: list[Row] = []
    first: dict[Any, float] = {}
    for value, fits in rows.groupby(simulation.compared, sort=False):
        sizes = sorted(int(size) for size in fits[SIZE].unique())
        each: dict[Any, dict[str, float]] = {}
        for replication, own in fits[fits["status"] == "ok"].groupby(simulation.replication):
            own = own.sort_values(SIZE)
            if list(own[SIZE]) == sizes and len(sizes) >= FEWEST:
                errors = [error**2 for error in own[ERROR]]
                each[replication] = {
                    "slope": log_slope(sizes, errors),
                    "last": log_slope(sizes[-LAST:], errors[-LAST:]),
                }
        slopes = {replication: found["slope"] for replication, found in each.items()}
        line: Row = {"label": entry.label, simulation.compared: value, "folder": folder_of(entry)}
        line |= {simulation.titled: fits[simulation.titled].iloc[0], "smallest": sizes[0], "largest": sizes[-1]}
        line |= {"sizes": len(sizes), "replications": len(each), "each": slopes}
        differences = [slope - first[key] for key, slope in slopes.items() if key in first]
        measured = (list(slopes.values()), [found["last"] for found in each.values()], differences)
        for part, values in zip(PARTS, measured, strict=True):
            line |= _ends(part, values)
        first = first if lines else slopes
        lines.append(line)
    return lines


def _ends(part: str, values: Sequence[float]) -> Row:
    interval = t_interval(values) if values else None
    return {f"{part}_{end}": getattr(interval, end, None) for end in ENDS}


def _interval(row: Row, part: str) -> str:
    mean, low, high = (row[f"{part}_{end}"] for end in ENDS)
    if mean is None:
        return "–"
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def _notes() -> list[str]:
    return [
        Legend(
            "Slope: regression of log excess risk on log N by least squares in every replication, where the excess "
            "risk is the square of the excess RMSE on the test pairs. Shown are mean and 95 % Student interval, not "
            f"adjusted for the number of lines, over all N and over the {LAST} largest. Difference: of the slopes over "
            "all N, paired by replication. Test pairs share users and items with the training ratings."
        )
    ]
