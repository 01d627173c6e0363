"""Tables of means over seeds, with the differences that are real."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from dotbench.reporting.comparison import PAIR_COLUMNS, compared
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, render
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import PARTS, TIES, chosen_text, has_standing, metric_title, write_compared
from dotbench.reporting.notes import notes
from dotbench.reporting.records import dataset_label
from dotbench.reporting.rows import cold_parts, seconds_text


class Comparison(TableKind):
    """Mean, standard deviation and 95 % interval over the seeds, each naming a split and an initialisation. Bold:
    better than every other method of the dataset; ≈: not distinguishable from the best. Underlined and ≈²: likewise for
    the second place, where a table has one. ! marks a chosen setting on the edge of its grid. The notes under the table
    give seeds, protocol, grids, hardware and versions.
    """

    name = "comparison"
    title = "Methods compared"
    reads = ("metrics", "per_user", "chosen", "trials", "statistics", "splits")
    files = (*TableKind.files, "_pairs.csv")
    wide: ClassVar[bool] = False  # a line for each method, with every dataset beside it
    second: ClassVar[bool] = False  # mark the second place too

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for each dataset × method, with intervals, costs and the chosen setting, or, ``wide``, a line for each
        method; ``<table>_pairs.csv`` has every pair of methods compared."""
        facts = contents.datasets
        rows, pairs = compared(contents, facts, self.second)
        remarks = notes(contents, rows, facts, wide=self.wide, second=self.second)
        if self.wide:
            text = render(_beside_each_other(rows), _wide(contents.metrics, facts), remarks)
        else:
            text = render(rows, _long(contents.metrics, facts, cold_parts(contents.runs)), remarks)
        write_compared(folder / contents.report_item, text, rows, pairs, PAIR_COLUMNS)


class Intervals(Comparison):
    __doc__ = Comparison.__doc__
    name = "intervals"
    title = "Methods compared, with the second place"
    second = True


class Overview(Comparison):
    __doc__ = Comparison.__doc__
    name = "overview"
    title = "Methods down, datasets across"
    wide = True
    second = True


def _beside_each_other(rows: list[Row]) -> list[Row]:
    """One line per method: its name, and dataset → its row."""
    labels = dict.fromkeys(row["method"] for row in rows)
    return [{"method": label, **{row["dataset"]: row for row in rows if row["method"] == label}} for label in labels]


def _wide(metrics: list[str], facts: dict[str, Any]) -> list[Column]:
    def on(dataset: str, tell: Callable[[Row], Any]) -> Callable[[Row], Any]:
        return lambda line: tell(line[dataset])

    columns = [Column("Method", lambda line: line["method"])]
    for dataset in facts:
        for metric in metrics:
            header = f"{dataset_label(facts[dataset])} {metric_title(metric)}"
            tell = (_flagged(metric), has_standing(metric, "best"), has_standing(metric, "second"))
            columns.append(Column(header, *(on(dataset, part) for part in tell)))
    return columns


def _flagged(metric: str) -> Callable[[Row], str]:
    """The mean, with ! where the chosen setting is on an edge of its grid."""
    show = _metric(metric, intervals=False)
    return lambda row: show(row) + ("!" if row["on_edge"] else "")


def _long(metrics: list[str], facts: dict[str, Any], cold: list[str]) -> list[Column]:
    warm = " warm" if cold else ""
    return [
        Column("Dataset", lambda row: dataset_label(facts[row["dataset"]])),
        Column("Method", lambda row: row["method"]),
        *(
            Column(metric_title(m) + warm, _metric(m), has_standing(m, "best"), has_standing(m, "second"))
            for m in metrics
        ),
        *(Column(f"{metric_title(metrics[0])} {PARTS[part]}", _cold(f"{part}_{metrics[0]}")) for part in cold),
        Column("Epochs", lambda row: number(row["epochs_mean"], "{:.0f}")),
        Column("Updates", lambda row: number(row["updates_mean"], "{:.0f}")),
        Column("Seconds", seconds_text),
        Column("Chosen", chosen_text),
    ]


def _metric(metric: str, intervals: bool = True) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        mean, sd, low, high = (row[f"{metric}_{name}"] for name in ("mean", "sd", "low", "high"))
        if mean is None:
            return f"failed: {row['failure']} ({row['failure_log']})"
        text = f"{mean:.4f}"
        if sd is not None:
            text += f" ± {sd:.4f}" + (f" [{low:.4f}, {high:.4f}]" if intervals else "")
        if row["failed"]:
            text += f" ({row['seeds'] - row['failed']} of {row['seeds']} seeds)"
        return text + TIES.get(row[f"{metric}_standing"], "")

    return show


def _cold(prefix: str) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        mean, sd = row[f"{prefix}_mean"], row[f"{prefix}_sd"]
        return number(mean, "{:.4f}") + ("" if sd is None else f" ± {sd:.4f}")

    return show
