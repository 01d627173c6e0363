"""Recovery against the distance of the start, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.distance import CELLS, cells
from dotbench.papers.nimc.tables._layout import setting_column, side_by_side
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes


class RecoveryByDistance(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "distance"
    title = "Recovery against the distance of the start"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every activation, m and α, a column for every method: trials that recover the truth, and the
        median error."""
        entries = read_simulations(contents)
        all_cells = cells(entries)
        write_csv(folder / f"{contents.report_item}.csv", all_cells, CELLS)
        titles = list(dict.fromkeys(cell["title"] for cell in all_cells))
        rows = side_by_side(all_cells, ("label", "activation", "observations", "distance"))
        columns = [
            *setting_column(rows),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("m", lambda row: f"{row['observations']:,}"),
            Column("α", lambda row: f"{row['distance']:g}"),
            *(Column(title, lambda row, title=title: _text(row.get(title))) for title in titles),  # type: ignore[misc]
        ]
        notes = [
            Legend(
                "Trials that recover the truth, of all trials; then the median relative error at fresh rows of the "
                "trials that did not diverge. The csv says how the other trials ended."
            ),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, notes))


def _text(cell: Row | None) -> str:
    if cell is None:
        return "–"
    error = cell["test_error_median"]
    return f"{cell['recovered']}/{cell['trials']}" + ("" if error is None else f", {error:.1e}")
