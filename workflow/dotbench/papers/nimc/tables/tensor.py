"""Starts from moments beside random ones, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.tensor import LINES, start_lines
from dotbench.papers.nimc.tables._layout import setting_column
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class TensorStarts(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "tensor"
    title = "Starts from moments"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every activation, law, m and start."""
        entries = read_simulations(contents)
        lines = start_lines(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        columns = [
            *setting_column(lines),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("W*", lambda row: row["law"]),
            Column("m", lambda row: f"{row['observations']:,}"),
            Column("Start", lambda row: row["start"]),
            Column(
                "Directions",
                lambda row: _with_max(row, "direction_error_mean", "greatest_direction_error_max"),
            ),
            Column("Norms", lambda row: number(row["norm_error_mean"], "{:.2g}")),
            Column("Recovered", lambda row: f"{row['recovered']}/{row['trials']}"),
            Column("Iterations", _iterations),
            Column("Test error", lambda row: number(row["test_error_median"], "{:.2g}")),
            Column(
                "CPU s of the start", lambda row: number(row["moment_seconds_mean"], "{:.2g}") if row["pairs"] else "–"
            ),
        ]
        notes = [
            Legend(
                "Directions: mean over components and trials of (‖ū − ū*‖ + ‖v̄ − v̄*‖) / 2, each of length 1, and "
                "the greatest. Norms: mean relative error of |u||v|. Iterations: median, least and greatest of the "
                "trials that recover the truth; recovery is checked every twenty. Test error: median of ‖M(U, V) − "
                "M(U*, V*)‖ / ‖M(U*, V*)‖ at fresh rows, of the trials that did not diverge."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))


def _with_max(row: Row, mean: str, greatest: str) -> str:
    return "–" if row[mean] is None else f"{row[mean]:.3f} ({row[greatest]:.3f})"


def _iterations(row: Row) -> str:
    if row["iterations_median"] is None:
        return "–"
    return f"{row['iterations_median']:.0f} ({row['iterations_min']:.0f}–{row['iterations_max']:.0f})"
