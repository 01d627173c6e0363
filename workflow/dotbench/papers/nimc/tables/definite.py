"""Distances from the truth up to which the Hessian is positive definite, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.simulations.curvature import SCANS
from dotbench.papers.nimc.summaries.curvature import RADII, definite_lines
from dotbench.papers.nimc.tables._layout import radius_text, setting_column
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class DefiniteRadii(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, hardware and versions.
    """

    name = "definite"
    title = "Distances up to which the Hessian is positive definite"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every setting, direction and activation: the distance up to which the Hessian is positive definite
        in half of the instances."""
        entries = read_simulations(contents)
        lines = definite_lines(entries)
        write_csv(folder / f"{contents.report_item}.csv", lines, RADII)
        columns = [
            *setting_column(lines),
            Column("Along", lambda row: SCANS[row["scan"]]),
            Column("φ", lambda row: row["title"]),
            Column("Radius", radius_text),
        ]
        trials = " or ".join(map(str, sorted({line["trials"] for line in lines})))
        notes = [
            Legend(
                "The distance from the truth, of its norm, up to which the Hessian has no eigenvalue of 0 or less in "
                f"half of {trials} instances, by isotonic regression and linear interpolation, with a 95 % bootstrap "
                "interval over instances. ≥: it is definite in half of them at the greatest distance. <: in fewer at "
                "the least."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))
