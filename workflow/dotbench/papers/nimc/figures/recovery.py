"""Recovery maps: the figure, and the table of thresholds."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.papers.nimc.summaries.recovery import CELLS, Map, maps
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import pyplot, save, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations


class RecoveryMaps(FigureKind):
    """Generated problems of non-linear inductive matrix completion; the table of the same simulation has the
    protocol in its notes. White: all trials recover the truth, black: none; blue: where half of them do, column
    by column. Marks are in cells where some do not: a circle, most of these fit the observed entries at least ten
    times as well as fresh rows (too few rows or entries, or ended before it was there); a cross, most of them do
    not (stuck, or not done).
    """

    name = "recovery"
    title = "Recovery maps"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel for every map: the share of recovered trials in grey, white: all of them; the threshold in blue.

        In a cell whose trials do not all recover the truth, a mark says what most of the others are: ○ fits the
        observed entries ten times as well as fresh rows, × does not.
        """
        all_maps = maps(read_simulations(contents))
        cells = [cell for entry in all_maps for cell in entry.cells()]
        write_csv(folder / f"{contents.report_item}.csv", cells, CELLS)
        rows = list(dict.fromkeys((entry.label, entry.activation) for entry in all_maps))
        columns = list(dict.fromkeys(entry.title for entry in all_maps))
        size = (3.3 * len(columns) + 1.2, 3.1 * len(rows) + 0.3)
        figure, axes = pyplot().subplots(len(rows), len(columns), figsize=size, squeeze=False, layout="constrained")
        image = None
        for axis in axes.flat:
            axis.set_visible(False)
        for entry in all_maps:
            axis = axes[rows.index((entry.label, entry.activation)), columns.index(entry.title)]
            axis.set_visible(True)
            image = _draw(axis, entry)
        figure.colorbar(image, ax=axes, shrink=0.6, label="share of trials that recover the truth")
        save(figure, folder, contents.report_item)


def _draw(axis: Any, entry: Map) -> Any:
    cells = list(entry.cells())
    users, ratios = (sorted({cell[key] for cell in cells}) for key in ("users", "ratio"))
    shares = np.full((len(ratios), len(users)), np.nan)
    for cell in cells:
        x, y = users.index(cell["users"]), ratios.index(cell["ratio"])
        shares[y, x] = cell["share"]
        lost = cell["trials"] - cell["recovered"]
        if lost:
            colour = "black" if cell["share"] > 0.5 else "white"
            mark = "o" if 2 * cell["fits_only_observed"] > lost else "x"
            axis.plot(x, y, marker=mark, color=colour, mfc="none", ms=4, mew=0.7, ls="")
    image = axis.imshow(shares, origin="lower", cmap="gray", vmin=0, vmax=1, aspect="auto")
    passes = [
        (users.index(row["users"]), row["threshold"]) for row in entry.thresholds() if row["threshold"] is not None
    ]
    if passes:
        places = np.interp([y for _, y in passes], ratios, range(len(ratios)))
        axis.plot([x for x, _ in passes], places, color="#0072B2", lw=1.5, marker="o", ms=3)
    axis.set_xticks(range(len(users)), users)
    axis.set_yticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
    axis.set_xlabel("n")
    axis.set_ylabel("m / 2kd")
    axis.spines[:].set_visible(True)
    axis.set_title(verbatim(", ".join(filter(None, [entry.label, entry.activation, entry.title]))), fontsize=9)
    return image
