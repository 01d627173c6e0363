"""Recovery against the distance of the start: the figure, and its numbers as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.distance import CELLS, cells
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations

MOST = 4  # columns in one row
ACROSS = {"single": 2, "double": 4}  # columns in each of several rows


class RecoveryByDistance(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. Shares are shown with Wilson's 95 % intervals, errors with median and range.
    """

    name = "distance"
    title = "Recovery against the distance of the start"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """Above, the share of trials that recover the truth against α, with Wilson's 95 % interval. Below, the median
        error at fresh rows, from the least to the greatest. A column for every activation and m. More columns than
        MOST stand in several rows, of ACROSS each."""
        all_cells = cells(read_simulations(contents))
        write_csv(folder / f"{contents.report_item}.csv", all_cells, CELLS)
        panels = list(dict.fromkeys((cell["label"], cell["activation"], cell["observations"]) for cell in all_cells))
        titles = list(dict.fromkeys(cell["title"] for cell in all_cells))
        columns = len(panels) if len(panels) <= MOST else ACROSS[contents.size]
        bands = -(-len(panels) // columns)  # of two rows each
        sheet = Sheet(contents.size, 2 * bands, columns, sharex=bands == 1, sharey="row")
        for absent in sheet.axes[-2:, columns - (bands * columns - len(panels)) :].flat:
            absent.set_visible(False)
        for place, panel in enumerate(panels):
            label, activation, m = panel
            cells_of_panel = [
                cell for cell in all_cells if (cell["label"], cell["activation"], cell["observations"]) == panel
            ]
            above, below = sheet.axes[2 * (place // columns) : 2 * (place // columns) + 2, place % columns]
            for title in titles:
                line = sorted(
                    (cell for cell in cells_of_panel if cell["title"] == title),
                    key=lambda cell: float(cell["distance"]),
                )
                colour, style, marker = STYLES[titles.index(title)]
                look = {
                    "color": colour,
                    "ls": style,
                    "marker": marker,
                    "ms": 3.5,
                    "lw": 1.1,
                    "capsize": 2,
                    "label": verbatim(title),
                }
                x = [cell["distance"] for cell in line]
                shares = [cell["share"] for cell in line]
                spread = [[c["share"] - c["low"] for c in line], [c["high"] - c["share"] for c in line]]
                above.errorbar(x, shares, yerr=spread, **look)
                measured_cells = [cell for cell in line if cell["test_error_median"] is not None]
                medians = [cell["test_error_median"] for cell in measured_cells]
                spread = [[c["test_error_median"] - c["test_error_min"] for c in measured_cells]]
                spread.append([c["test_error_max"] - c["test_error_median"] for c in measured_cells])
                below.errorbar([cell["distance"] for cell in measured_cells], medians, yerr=spread, **look)
            below.set_yscale("log")
            above.set_ylim(-0.04, 1.04)
            sheet.title(above, ", ".join(filter(None, [label, activation_title(activation), f"m = {m:,}"])))
            for axis in (above, below):
                axis.grid(alpha=0.3)
        sheet.x_title("α")
        for band in range(bands):
            sheet.y_title(2 * band, "share that recovers\nthe truth")
            sheet.y_title(2 * band + 1, "relative error\nat fresh rows")
        says = "Shares with Wilson's 95 % intervals; errors: median, bars from the least to the greatest."
        sheet.save(folder, contents.report_item, [says])
