"""Tables of warm and cold starts."""

from pathlib import Path
from typing import ClassVar

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
from dotbench.reporting.parts import START_PAIR_COLUMNS, compared_by_part, shown_parts
from dotbench.reporting.rows import column


class Starts(TableKind):
    """Mean and standard error over the seeds, for every part of the test, warm and cold. Each seed determines a
    split and an initialisation. Bold: better than every other method of the dataset on this part. ≈: not significantly
    different from the best mean. ! marks a chosen setting on the edge of its grid. The notes under the table name the
    seeds, protocol, grids, hardware and versions.
    """

    name = "starts"
    title = "Warm and cold starts"
    reads = ("metrics", "per_user", "chosen", "trials", "statistics", "splits")
    files = (*TableKind.files, "_pairs.csv")
    layout: ClassVar[Layout] = "long"  # where the study names none
    usual: ClassVar[tuple[ColumnName, ...]] = ("spread", "seconds", "chosen")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for each dataset × method, or, wide, for each method. ``<table>_pairs.csv`` has every pair of methods
        compared on each part. The first metric is of every part, the others of the test part. The csv has them all."""
        facts, parts, metrics = contents.datasets, shown_parts(contents.runs), contents.metrics
        rows, pairs = compared_by_part(contents, facts)
        layout, shown = shown_columns(contents, self.layout, self.usual)
        told = [(metrics[0], part) for part in parts] + [(metric, parts[0]) for metric in metrics[1:]]

        def header(metric: str, part: str) -> str:
            return f"{metric_title(metric)} {PARTS[part]}" if len(parts) > 1 else metric_title(metric)

        columns = [
            *(metric_column(column(part, metric), header(metric, part), shown, error=True) for metric, part in told),
            *(DETAILS[name] for name in shown if name in DETAILS),
        ]
        remarks = notes(contents, rows, facts, shown, by_part=True)
        write_compared(contents, folder, layout, columns, remarks, rows, pairs, START_PAIR_COLUMNS)
