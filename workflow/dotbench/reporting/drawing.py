"""What all figures of a study share: colours, fonts, and the files of a figure."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from dotbench.files import atomic

# Okabe and Ito's colours, told apart in grey by line style and marker
STYLES: list[tuple[str, Any, str]] = [
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", ":", "D"),
    ("#E69F00", (0, (5, 1)), "v"),
    ("#56B4E9", (0, (3, 1, 1, 1)), "P"),
    ("#000000", (0, (1, 1)), "X"),
    ("#7F7F7F", (0, (8, 2)), "*"),
]
# the ninth method and those after it: the colours again, each with another line and marker
STYLES += [(colour, STYLES[(k + 3) % 8][1], STYLES[(k + 5) % 8][2]) for k, (colour, _, _) in enumerate(STYLES)]
DPI = 160  # of png
# format → its metadata; no dates, so that a figure of the same numbers is the same file
METADATA: dict[str, dict[str, str | None]] = {
    "pdf": {"Creator": "dotbench", "CreationDate": None},
    "png": {},
    "svg": {"Creator": "dotbench", "Date": None},
}


WIDTHS = {"single": 3.4, "double": 7.0}  # inches: a column of a page with two, and both
FONTS = {"single": 7.0, "double": 8.0}  # points
HEIGHTS = {"single": 1.5, "double": 2.0}  # inches of a row of panels
LONE = {"single": 2.2, "double": 3.2}  # likewise, of one panel alone in its row
LETTER = 0.55  # width over size of a letter, on average
ACROSS = {"single": 2, "double": 3}  # panels in a row
EMPTY = 0.25  # of the panels of a figure, at most


def pyplot(points: float | None = None) -> Any:
    """matplotlib's pyplot with the fonts and frames of our figures. ``points``: size of all letters, on axes and in
    legends one less.

    Fonts are embedded in a pdf as TrueType (Type 42), which publishers ask for.
    """
    from matplotlib import pyplot as plt

    plt.rcParams["font.size"] = points or 9
    if points:
        plt.rcParams.update({"axes.titlesize": points, "axes.labelsize": points})
        plt.rcParams.update(dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), points - 1))
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    plt.rcParams.update({"pdf.fonttype": 42, "ps.fonttype": 42})
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dotbench"})  # names in it not drawn at random
    return plt


class Sheet:
    """A figure as wide as a column of a page, or as both, with panels and one legend under them.

    ``size``: a key of WIDTHS. ``axes``: (rows, columns). On a single column a figure with more columns than rows is
    turned: what stands in a row of ``axes`` is drawn one below the other.
    """

    def __init__(self, size: str, rows: int, columns: int, height: float | None = None, **shape: Any) -> None:
        self.size = size
        self.turned = size == "single" and columns > max(rows, ACROSS[size])
        if self.turned:
            rows, columns = columns, rows
            turn = {"row": "col", "col": "row"}
            shape |= {key: turn.get(shape[key], shape[key]) for key in ("sharex", "sharey") if key in shape}
        self.height = height or (LONE if columns == 1 else HEIGHTS)[size]
        figsize = (WIDTHS[size], rows * self.height)
        shape = {"figsize": figsize, "squeeze": False, "layout": "constrained", **shape}
        self.figure, axes = pyplot(FONTS[size]).subplots(rows, columns, **shape)
        self.axes = axes.T if self.turned else axes

    @classmethod
    def of_panels(
        cls, size: str, count: int, across: int | None = None, height: float | None = None, **shape: Any
    ) -> "Sheet":
        """So many panels in rows of at most ``across``. In the last row some may be absent, which are not visible."""
        columns = in_a_row(count, across or ACROSS[size])
        sheet = cls(size, -(-count // columns), columns, height, **shape)
        for absent in sheet.axes.flat[count:]:
            absent.set_visible(False)
        return sheet

    def title(self, axis: Any, text: str, **look: Any) -> None:
        """Above a panel, in as many lines as it needs."""
        axis.set_title(self._wrapped(verbatim(text)), **look)

    def x_title(self, text: str) -> None:
        """Under the lowest panel of every column."""
        for column in self.axes if self.turned else self.axes.T:
            [*_, lowest] = [axis for axis in column if axis.get_visible()]
            lowest.set_xlabel(self._wrapped(text))

    def y_title(self, row: int, text: str) -> None:
        """Beside a row of ``axes``."""
        for axis in self.axes[row] if self.turned else self.axes[row, :1]:
            axis.set_ylabel(text)

    def y_title_of_all(self, text: str) -> None:
        """Beside all panels."""
        down = self.axes.shape[1] if self.turned else len(self.axes)
        self.figure.supylabel(self._broken(text, 0.75 * down * self.height), fontsize=FONTS[self.size])

    def _wrapped(self, text: str) -> str:
        """Text in lines as long as a panel is wide."""
        across = len(self.axes) if self.turned else self.axes.shape[1]
        return self._broken(text, WIDTHS[self.size] / across - 0.35)

    def _broken(self, text: str, inches: float) -> str:
        """Text in lines of this length. No line ends before or behind an equals sign."""
        lines = wrap(text.replace(" = ", "\u00a0=\u00a0"), int(inches * 72 / (LETTER * FONTS[self.size])))
        return "\n".join(lines).replace("\u00a0", " ")

    def save(self, folder: Path, name: str, says: Sequence[str] = (), marks: Sequence[Any] = ()) -> None:
        """Write the figure with its legend: every labelled mark of the panels once, further ``marks``, and sentences
        that say what else is seen."""
        handles = {h.get_label(): h for axis in self.axes.flat for h in axis.get_legend_handles_labels()[0]}
        handles |= {mark.get_label(): mark for mark in marks}
        points = FONTS[self.size] - 1
        letters = int(WIDTHS[self.size] * 72 / (LETTER * points))
        text = "\n".join(line for sentence in says for line in wrap(sentence, letters))
        if handles or text:
            self._explain(handles, text, points)
        save(self.figure, folder, name)

    def _explain(self, handles: dict[str, Any], text: str, points: float) -> None:
        """A legend below the panels with as many columns as fit. The figure grows by its height."""
        look = {"loc": "outside lower center", "frameon": False, "alignment": "left", "title_fontsize": points}
        look |= {"title": text or None, "handlelength": 2.6, "columnspacing": 1.2, "borderpad": 0.2}
        renderer = self.figure.canvas.get_renderer()
        for columns in range(min(len(handles), 5) or 1, 0, -1):
            legend = self.figure.legend(handles.values(), handles.keys(), ncols=columns, **look)
            extent = legend.get_window_extent(renderer)
            if columns == 1 or extent.width <= self.figure.get_figwidth() * self.figure.dpi:
                break
            legend.remove()
        self.figure.set_figheight(self.figure.get_figheight() + extent.height / self.figure.dpi)


def in_a_row(count: int, most: int) -> int:
    """How many of ``count`` panels stand in a row: at most ``most``, and few places of the last row stay empty."""
    fitting = (
        columns for columns in range(min(count, most), 0, -1) if -count % columns <= EMPTY * (count + -count % columns)
    )
    return next(fitting, 1)


def mark(label: str, marker: str = "", line: Any = "none", colour: str = "black", filled: bool = True) -> Any:
    """An entry of a legend for a mark that no labelled line has."""
    from matplotlib.lines import Line2D

    face = colour if filled else "none"
    return Line2D([], [], color=colour, marker=marker, ls=line, mfc=face, ms=4, lw=1.2, label=label)


def verbatim(text: str) -> str:
    """Text that is drawn as it is: between dollars is no mathematics, and a legend shows what begins with _ too."""
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def save(figure: Any, folder: Path, name: str) -> None:
    """Write ``folder/name.{pdf,png,svg}`` and close the figure. Its parts are arranged once, for speed."""
    for kind in METADATA:
        with atomic(folder / f"{name}.{kind}") as temporary:
            figure.savefig(temporary, dpi=DPI, metadata=METADATA[kind])
        figure.set_layout_engine(None)  # "none" leaves an engine that does nothing, for which all is drawn twice
    pyplot().close(figure)
