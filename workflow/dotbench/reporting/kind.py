"""What a kind of table or figure is: a discovered component that says what it reads, writes, and how."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, Literal

from dotbench.registry import Component, discover
from dotbench.reporting.contents import Contents

# what a kind may read
Reads = Literal[
    "metrics",  # metrics.json of every reported run
    "per_user",  # per_user.parquet of every reported run; counts as old as its metrics.json
    "curves",  # curve.csv of every reported run
    "chosen",  # chosen.json of every method's tuning
    "trials",  # trials.csv of every method's tuning
    "statistics",  # stats.json of every dataset
    "splits",  # split.json of every split that is not the default one
    "features",  # manifests of the features whose tables are shown
    "simulations",  # rows and records of every job of the simulations
]


class Kind(Component):
    """A way to show runs or simulations. The class's docstring is its caption in the report. A table or figure of this
    kind depends on its data and on the code of the class.

    ``reads``: its inputs. ``files``: endings behind the name of what it writes. ``in_report``: which of these files the
    report shows, each with its labels besides the study's. ``category``: under which heading.
    """

    reads: ClassVar[tuple[Reads, ...]]
    files: ClassVar[tuple[str, ...]]
    in_report: ClassVar[dict[str, dict[str, str]]]
    category: ClassVar[str]

    @abstractmethod
    def write(self, contents: Contents, folder: Path) -> None:
        """Write every file of ``files`` into ``folder``, behind the name ``contents.report_item``."""


class TableKind(Kind):
    """A kind of table: csv (every number), md, tex and html (to read and paste)."""

    files: ClassVar[tuple[str, ...]] = (".csv", ".md", ".tex", ".html")
    in_report: ClassVar[dict[str, dict[str, str]]] = {".html": {}}
    category: ClassVar[str] = "Tables"


class FigureKind(Kind):
    """A kind of figure: pdf, png and svg, with the plotted data beside it as csv."""

    files: ClassVar[tuple[str, ...]] = (".csv", ".pdf", ".png", ".svg")
    in_report: ClassVar[dict[str, dict[str, str]]] = {".svg": {}}
    category: ClassVar[str] = "Simulations"


def table_kinds() -> dict[str, type[TableKind]]:
    """Kinds of tables by name."""
    return discover("reporting.tables", TableKind)


def figure_kinds() -> dict[str, type[FigureKind]]:
    """Kinds of figures by name."""
    return discover("reporting.figures", FigureKind)
