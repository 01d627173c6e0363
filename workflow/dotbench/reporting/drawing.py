"""What all figures of a study share: colours, fonts, and the files of a figure."""

from pathlib import Path
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


def pyplot() -> Any:
    """matplotlib's pyplot with the fonts and frames of our figures."""
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dotbench"})  # names in it not drawn at random
    return plt


def verbatim(text: str) -> str:
    """Text that is drawn as it is: between dollars is no mathematics, and a legend shows what begins with _ too."""
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def save(figure: Any, folder: Path, name: str) -> None:
    """Write ``folder/name.{pdf,png,svg}`` and close the figure."""
    for kind in METADATA:
        with atomic(folder / f"{name}.{kind}") as temporary:
            figure.savefig(temporary, dpi=DPI, metadata=METADATA[kind])
    pyplot().close(figure)
