"""Recovery maps: the figure, and the table of thresholds."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.recovery import CELLS, Map, maps
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, mark
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations

TALL = {"single": 1.9, "double": 2.8}  # inches of a row of maps
LABELS = {"single": 5, "double": 10}
THRESHOLD = STYLES[0][0]


class RecoveryMaps(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. White: all trials recover the truth. Black: none does. The blue line is where half
    of the trials recover it, column by column. A mark shows how trials fail in cells where some do not recover the
    truth. Circle: in most of them the error on the observed entries is at most a tenth of the error on fresh rows, so
    there are too few rows or entries, or the fit ended too early. Cross: in most of them it is not, so the fit is stuck
    or unfinished.
    """

    name = "recovery"
    title = "Recovery maps"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel for every map. Grey shows the share of recovered trials, and white means all of them. The threshold
        is blue.

        In a cell whose trials do not all recover the truth, a mark says what most of the others are: ○ fits the
        observed entries ten times as well as fresh rows, × does not.
        """
        all_maps = maps(read_simulations(contents))
        cells = [cell for entry in all_maps for cell in entry.cells()]
        write_csv(folder / f"{contents.report_item}.csv", cells, CELLS)
        sheet = Sheet.of_panels(contents.size, len(all_maps), across=2, height=TALL[contents.size])
        for axis, entry in zip(sheet.axes.flat, all_maps, strict=False):
            image = _draw(axis, entry, LABELS[contents.size])
            sheet.title(axis, ", ".join(filter(None, [entry.label, activation_title(entry.activation), entry.title])))
        scale = {"location": "bottom", "shrink": 0.6, "aspect": 40, "label": "share of trials that recover the truth"}
        sheet.figure.colorbar(image, ax=sheet.axes, **scale)
        marks = [
            mark("half of the trials recover the truth (interpolated)", "o", "-", THRESHOLD),
            mark("most of the other trials fit the observed entries alone", "o", filled=False),
            mark("most of the other trials do not even fit these", "x"),
        ]
        sheet.save(folder, contents.report_item, marks=marks)


def _draw(axis: Any, entry: Map, labels: int) -> Any:
    """``labels``: how many places of an axis are named, at most."""
    from matplotlib.patheffects import withStroke

    cells = list(entry.cells())
    users, ratios = (sorted({cell[key] for cell in cells}) for key in ("users", "ratio"))
    shares = np.full((len(ratios), len(users)), np.nan)
    for cell in cells:
        x, y = users.index(cell["users"]), ratios.index(cell["ratio"])
        shares[y, x] = cell["share"]
        lost = cell["trials"] - cell["recovered"]
        if lost:
            colour = "black" if cell["share"] > 0.5 else "white"
            shape = "o" if 2 * cell["fits_only_observed"] > lost else "x"
            axis.plot(x, y, marker=shape, color=colour, mfc="none", ms=3.5, mew=0.7, ls="")
    image = axis.imshow(shares, origin="lower", cmap="gray", vmin=0, vmax=1, aspect="auto")
    passes = [
        (users.index(row["users"]), row["threshold"]) for row in entry.thresholds() if row["threshold"] is not None
    ]
    if passes:
        outline = [withStroke(linewidth=3.5, foreground="white")]  # seen in grey, on cells of any grey
        places = np.interp([y for _, y in passes], ratios, range(len(ratios)))
        axis.plot([x for x, _ in passes], places, color=THRESHOLD, lw=1.5, marker="o", ms=3, path_effects=outline)
    across, up = (-(-len(values) // labels) for values in (users, ratios))
    axis.set_xticks(range(0, len(users), across), users[::across])
    axis.set_yticks(range(0, len(ratios), up), [f"{ratio:g}" for ratio in ratios[::up]])
    axis.set_xlabel("n")
    axis.set_ylabel("m / 2kd")
    axis.spines[:].set_visible(True)
    return image
