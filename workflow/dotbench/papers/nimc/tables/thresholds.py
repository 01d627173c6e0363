"""The table of thresholds of recovery maps."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.recovery import maps
from dotbench.papers.nimc.tables._layout import setting_column, side_by_side, threshold_text
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import read_simulations
from dotbench.reporting.simulation_notes import simulation_notes

THRESHOLDS = ["label", "activation", "users", "method", "title", "trials", "min_ratio", "threshold", "low", "high"]
THRESHOLDS += ["folder"]


class Thresholds(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "thresholds"
    title = "Thresholds of recovery"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """The m / 2kd at which half of the trials recover the truth: a line for every activation and n, a column for
        every method."""
        entries = read_simulations(contents)
        lines = [line for entry in maps(entries) for line in entry.thresholds()]
        write_csv(folder / f"{contents.report_item}.csv", lines, THRESHOLDS)
        titles = list(dict.fromkeys(line["title"] for line in lines))
        rows = side_by_side(lines, ("label", "activation", "users"))
        columns = [
            *setting_column(rows),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("n", lambda row: f"{row['users']}"),
            *(Column(title, lambda row, title=title: threshold_text(row.get(title))) for title in titles),  # type: ignore[misc]
        ]
        trials = " or ".join(map(str, sorted({line["trials"] for line in lines})))
        notes = [
            Legend(
                f"m / 2kd at which the share of trials that recover the truth passes a half, with {trials} trials in "
                "each cell: isotonic regression and linear interpolation between the m of the map, with a 95 % "
                "bootstrap interval over trials, which has no width if all trials change between the same two m. ≤: a "
                "half is passed at the least m already. –: the share stays below a half."
            ),
        ]
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, notes))
