"""Recovery against the distance of the start, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.distance import CELLS, RADII, cells, radii
from dotbench.papers.nimc.tables._layout import radius_text, setting_column, side_by_side
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes

PANEL = ("label", "activation", "observations")


class RecoveryByDistance(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "distance"
    title = "Recovery against the distance of the start"
    reads = ("simulations",)
    files = (*TableKind.files, "_radii.csv")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every activation, m and α, a column for every method: trials that recover the truth, and the
        median error. Below them the α up to which half of the trials do, which ``<table>_radii.csv`` has too."""
        entries = read_simulations(contents)
        all_cells = cells(entries)
        write_csv(folder / f"{contents.report_item}.csv", all_cells, CELLS)
        lines = radii(entries)
        write_csv(folder / f"{contents.report_item}_radii.csv", lines, RADII)
        titles = list(dict.fromkeys(cell["title"] for cell in all_cells))
        rows: list[Row] = []
        for panel in side_by_side(lines, PANEL):
            own = [cell for cell in all_cells if all(cell[key] == panel[key] for key in PANEL)]
            rows += [*side_by_side(own, (*PANEL, "distance")), panel | {"distance": None}]
        columns = [
            *setting_column(rows),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("m", lambda row: f"{row['observations']:,}"),
            Column("α", lambda row: number(row["distance"], "{:g}", missing="half")),
            *(Column(title, lambda row, title=title: _text(row.get(title))) for title in titles),  # type: ignore[misc]
        ]
        notes = [
            Legend(
                "Trials that recover the truth, of all trials; then the median relative error at fresh rows of the "
                "trials that did not diverge. The csv says how the other trials ended. Half: the α up to which half "
                "of the trials recover the truth, by isotonic regression and linear interpolation, with a 95 % "
                "bootstrap interval over trials, which has no width if all trials change between the same two α. ≥: no "
                "less than half do at the greatest α. <: fewer do at the least."
            ),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, notes))


def _text(line: Row | None) -> str:
    if line is None:
        return "–"
    if "radius" in line:
        return radius_text(line)
    error = line["test_error_median"]
    return f"{line['recovered']}/{line['trials']}" + ("" if error is None else f", {error:.1e}")
