"""Tables of means over seeds, with the differences that are real."""

from pathlib import Path
from typing import ClassVar

from dotbench.reporting.comparison import PAIR_COLUMNS, compared
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import TableKind
from dotbench.reporting.layout import Layout
from dotbench.reporting.method_columns import (
    DETAILS,
    PARTS,
    ColumnName,
    metric_column,
    metric_title,
    shown_columns,
    write_compared,
)
from dotbench.reporting.notes import notes
from dotbench.reporting.rows import cold_parts, column


class Comparison(TableKind):
    """Mean, standard deviation and 95 % interval over the seeds. Each seed determines a split and an
    initialisation. Bold: better than every other method of the dataset. ≈: not significantly different from the best
    mean. Underlined and ≈² mean the same for the second place, if the table has one. ! marks a chosen setting on the
    edge of its grid. The notes under the table name the seeds, protocol, grids, hardware and versions.
    """

    name = "comparison"
    title = "Methods compared"
    reads = ("metrics", "per_user", "chosen", "trials", "statistics", "splits")
    files = (*TableKind.files, "_pairs.csv")
    layout: ClassVar[Layout] = "long"  # where the study names none
    usual: ClassVar[tuple[ColumnName, ...]] = ("spread", "interval", "epochs", "updates", "seconds", "chosen")
    second: ClassVar[bool] = False  # mark the second place too

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for each dataset × method, or, wide, for each method: the means, and what the study's columns name.
        ``<table>_pairs.csv`` has every pair of methods compared."""
        facts, cold = contents.datasets, cold_parts(contents.runs)
        rows, pairs = compared(contents, facts, self.second)
        layout, shown = shown_columns(contents, self.layout, self.usual)
        metrics = contents.metrics
        warm = " warm" if cold else ""
        columns = [
            *(metric_column(metric, metric_title(metric) + warm, shown) for metric in metrics),
            *(
                metric_column(column(part, metrics[0]), f"{metric_title(metrics[0])} {PARTS[part]}", shown)
                for part in cold
            ),
            *(DETAILS[name] for name in shown if name in DETAILS),
        ]
        remarks = notes(contents, rows, facts, shown, second=self.second)
        write_compared(contents, folder, layout, columns, remarks, rows, pairs, PAIR_COLUMNS)


class Intervals(Comparison):
    __doc__ = Comparison.__doc__
    name = "intervals"
    title = "Methods compared, with the second place"
    second = True


class Overview(Comparison):
    __doc__ = Comparison.__doc__
    name = "overview"
    title = "Methods down, datasets across"
    layout = "wide"
    second = True
