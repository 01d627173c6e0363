"""Distances from which the truth is found, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.distance import RADII, radii
from dotbench.papers.nimc.tables._layout import radius_text, setting_column, side_by_side
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class RecoveryRadii(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "radii"
    title = "Distances from which the truth is found"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every setting, activation and m, a column for every method: the α up to which half of the trials
        recover the truth."""
        entries = read_simulations(contents)
        lines = radii(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, RADII)
        rows = side_by_side(lines, ("label", "activation", "observations"))
        titles = list(dict.fromkeys(line["title"] for line in lines))
        columns = [
            *setting_column(rows),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("m", lambda row: f"{row['observations']:,}"),
            *(Column(title, lambda row, title=title: radius_text(row.get(title))) for title in titles),  # type: ignore[misc]
        ]
        trials = " or ".join(map(str, sorted({line["trials"] for line in lines})))
        notes = [
            Legend(
                f"The α up to which half of {trials} trials recover the truth, by isotonic regression and linear "
                "interpolation, with a 95 % bootstrap interval over trials, which has no width if all trials change "
                "between the same two α. ≥: no less than half do at the greatest α. <: fewer do at the least."
            ),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, notes))
