"""The table of the entries that recovery needs."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.simulations.samples import SCANS
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.samples import LINES, sample_lines, start_titles, value_text
from dotbench.papers.nimc.tables._layout import setting_column, side_by_side, threshold_text
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class Samples(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "samples"
    title = "Entries that recovery needs"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """The m / 2kd at which half of the trials recover the truth: a line for every value and activation, a column
        for every kind of start."""
        entries = read_simulations(contents)
        lines = sample_lines(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        rows = side_by_side(lines, ("label", "scan", "value", "activation"))
        columns = [
            *setting_column(rows),
            Column("Against", lambda row: SCANS[row["scan"]]),
            Column("at", value_text),
            Column("φ", lambda row: activation_title(row["activation"])),
            *(
                Column(title, lambda row, title=title: threshold_text(row.get(title)))  # type: ignore[misc]
                for title in start_titles(lines)
            ),
        ]
        trials = " or ".join(map(str, sorted({line["trials"] for line in lines})))
        notes = [
            Legend(
                f"m / 2kd at which the share of trials that recover the truth passes a half, with {trials} trials in "
                "each cell: isotonic regression and linear interpolation, with a 95 % bootstrap interval over trials. "
                "≤: a half is passed at the least m already. –: the share stays below a half."
            ),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, notes))
