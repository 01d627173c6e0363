"""The table of how the entries that recovery needs grow with d and with k."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.simulations.samples import SCANS
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.samples import EXPONENTS, exponent_lines
from dotbench.papers.nimc.tables._layout import setting_column
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class Exponents(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "exponents"
    title = "Growth of the entries that recovery needs"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """The exponent a of m ∝ dᵃ (or kᵃ) where half of the trials recover the truth: a line for every activation and
        kind of start."""
        entries = read_simulations(contents)
        lines = exponent_lines(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, EXPONENTS)
        columns = [
            *setting_column(lines),
            Column("Against", lambda row: SCANS[row["scan"]]),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("Start", lambda row: row["title"]),
            Column("Values", lambda row: row["values"].replace(" ", ", ")),
            Column("Exponent", lambda row: f"{row['exponent']:.2f} [{row['least']:.2f}, {row['greatest']:.2f}]"),
            Column("by the trials alone", lambda row: f"[{row['low']:.2f}, {row['high']:.2f}]"),
            Column("Parameters", lambda row: number(row["by_parameters"], "{:.2f}")),
            Column("Theorem 3.2", lambda row: number(row["by_theorem"], "{:.2f}")),
        ]
        notes = [
            Legend(
                "Exponent: slope of log m against the logarithm of the value, by least squares, m at which half of the "
                "trials recover the truth. Interval: 95 % bootstrap over the trials of every value, wherever the "
                "thresholds lie between the m that were tried: the least slope that these brackets allow, to the "
                "greatest. By the trials alone: with interpolated thresholds. Values whose "
                "threshold is absent or at the least m are left out. Parameters: the same of their number without what "
                "the model's invariances leave free (2kd, of ReLU 2kd − k). Theorem 3.2: of d log² d."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))
