"""Recovery against the distance of the start: the figure, and its numbers as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.distance import CELLS, cells
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, pyplot, save, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations


class RecoveryByDistance(FigureKind):
    """Generated problems of non-linear inductive matrix completion; the table of the same simulation has the
    protocol in its notes. Shares have Wilson's 95 % intervals, errors median and range.
    """

    name = "distance"
    title = "Recovery against the distance of the start"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """Above, the share of trials that recover the truth against α, with Wilson's 95 % interval; below, the median
        error at fresh rows, from the least to the greatest. A column for every activation and m."""
        all_cells = cells(read_simulations(contents))
        write_csv(folder / f"{contents.report_item}.csv", all_cells, CELLS)
        panels = list(dict.fromkeys((cell["label"], cell["activation"], cell["observations"]) for cell in all_cells))
        titles = list(dict.fromkeys(cell["title"] for cell in all_cells))
        figure, axes = pyplot().subplots(
            2,
            len(panels),
            figsize=(2.9 * len(panels) + 1.0, 5.0),
            squeeze=False,
            sharex=True,
            sharey="row",
            layout="constrained",
        )
        for column, panel in enumerate(panels):
            label, activation, m = panel
            cells_of_panel = [
                cell for cell in all_cells if (cell["label"], cell["activation"], cell["observations"]) == panel
            ]
            above, below = axes[:, column]
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
                    "ms": 4,
                    "lw": 1.2,
                    "capsize": 2.5,
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
            below.set_xlabel("α")
            above.set_ylim(-0.04, 1.04)
            above.set_title(verbatim(", ".join(filter(None, [label, activation, f"m = {m:,}"]))), fontsize=9)
            for axis in (above, below):
                axis.grid(alpha=0.3)
        axes[0, 0].set_ylabel("share that recovers the truth")
        axes[1, 0].set_ylabel("relative error at fresh rows")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
        save(figure, folder, contents.report_item)
