"""Levels and slopes of curvature, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.lazy import pd
from dotbench.papers.nimc.simulations.curvature import SCANS
from dotbench.papers.nimc.summaries.curvature import FLOOR, named
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import labelled, read_simulations
from dotbench.reporting.simulation_notes import simulation_notes
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.rates import log_slope

LINES = ["label", "scan", "model", "title", "replications", "first", "last", "at_first", "at_last", "null_at_last"]
LINES += ["slope_mean", "slope_low", "slope_high", "points", "folder"]


class Curvature(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "curvature"
    title = "Levels and slopes of curvature"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for everything that is varied and every activation: the least eigenvalue at both ends, how many are
        zero, and its slope."""
        entries = read_simulations(contents)
        lines = [_line(group) for _, group in labelled(entries).groupby(["label", "scan", "model"], sort=False)]
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        columns = [
            Column("Against", lambda row: SCANS[row["scan"]]),
            Column("φ", named),
            Column("from", lambda row: f"{row['first']:g}: {row['at_first']:.1e}"),
            Column("to", lambda row: f"{row['last']:g}: {row['at_last']:.1e}"),
            Column("Zero there", lambda row: f"{row['null_at_last']:g}"),
            Column("Slope", _slope),
        ]
        notes = [
            Legend(
                "Shown: the least eigenvalue of the Hessian at the first and at the last value (median over the "
                "instances), and how many eigenvalues are zero at the last value. Slope: regression of the logarithm "
                "of the least eigenvalue on that of the value, by least squares in every instance, over the values at "
                f"which it is above {FLOOR:g} in all; mean and 95 % Student interval."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))


def _line(rows: "pd.DataFrame") -> Row:
    table = rows.pivot_table(index="value", columns="replication", values="smallest", aggfunc="first").sort_index()
    last = rows[rows["value"] == table.index[-1]]
    line: Row = {key: rows[key].iloc[0] for key in ("label", "scan", "model", "title", "folder")}
    line |= {"replications": table.shape[1], "first": table.index[0], "last": table.index[-1]}
    line |= {"at_first": table.iloc[0].median(), "at_last": table.iloc[-1].median()}
    line |= {"null_at_last": last["null"].median(), "points": 0}
    line |= dict.fromkeys(("slope_mean", "slope_low", "slope_high"))
    points = table[(table > FLOOR).all(axis=1) & (table.index > 0)]
    if len(points) > 2:
        interval = t_interval([log_slope(list(points.index), list(points[seed])) for seed in points])
        line |= {f"slope_{end}": getattr(interval, end) for end in ("mean", "low", "high")}
        line["points"] = len(points)
    return line


def _slope(row: Row) -> str:
    if row["slope_mean"] is None:
        return "–"
    interval = f" [{row['slope_low']:.2f}, {row['slope_high']:.2f}]" if row["slope_low"] is not None else ""
    return number(row["slope_mean"], "{:.2f}") + interval
