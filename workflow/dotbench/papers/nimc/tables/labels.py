"""Starts at equal numbers of labels, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.labels import LINES, label_lines
from dotbench.papers.nimc.tables._layout import setting_column
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class Labels(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "labels"
    title = "Starts at equal numbers of labels"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every activation, m and start."""
        entries = read_simulations(contents)
        lines = label_lines(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        columns = [
            *setting_column(lines),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("m", lambda row: f"{row['observations']:,}"),
            Column("Start", lambda row: row["start"]),
            Column("Recovered", _share),
            Column("Test error", lambda row: number(row["test_error_median"], "{:.2g}")),
            Column("Directions", lambda row: number(row["direction_error_mean"], "{:.2g}", missing="–")),
            Column("Norms", lambda row: number(row["norm_error_mean"], "{:.2g}", missing="–")),
            Column("Iterations", lambda row: f"{row['iterations_mean']:.0f}"),
            Column("CPU s", lambda row: f"{row['cpu_seconds_mean']:.2g}"),
        ]
        notes = [
            Legend(
                "m: labels of start and fit together. Recovered: with Wilson's 95 % interval of the share. Test error: "
                "median. Directions and norms: mean errors of the start, of (‖ū − ū*‖ + ‖v̄ − v̄*‖) / 2 and of "
                "|u||v|, relative. Iterations and CPU seconds: mean of a trial, with its start and all restarts."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))


def _share(row: Row) -> str:
    return f"{row['recovered']}/{row['trials']} [{row['low']:.2f}, {row['high']:.2f}]"
