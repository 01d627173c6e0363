"""Tables of warm and cold starts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, render
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import PARTS, TIES, chosen_text, has_standing, metric_title, write_compared
from dotbench.reporting.notes import notes
from dotbench.reporting.parts import START_PAIR_COLUMNS, compared_by_part, shown_parts
from dotbench.reporting.records import dataset_label
from dotbench.reporting.rows import column, seconds_text


class Starts(TableKind):
    """Mean and standard error over the seeds, each naming a split and an initialisation, on every part of the test,
    warm and cold. Bold: better than every other method of the dataset on this part; ≈: not distinguishable from the
    best. ! marks a chosen setting on the edge of its grid. The notes under the table give seeds, protocol, grids,
    hardware and versions.
    """

    name = "starts"
    title = "Warm and cold starts"
    reads = ("metrics", "per_user", "chosen", "trials", "statistics", "splits")
    files = (*TableKind.files, "_pairs.csv")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for each dataset × method; ``<table>_pairs.csv`` has every pair of methods compared on each part."""
        facts = contents.datasets
        rows, pairs = compared_by_part(contents, facts)
        columns = _columns(contents.metrics, facts, shown_parts(contents.runs))
        text = render(rows, columns, notes(contents, rows, facts, by_part=True))
        write_compared(folder / contents.report_item, text, rows, pairs, START_PAIR_COLUMNS)


def _columns(metrics: list[str], facts: dict[str, Any], parts: list[str]) -> list[Column]:
    """The first metric on every part, the others on the test part; the csv has them all."""
    pairs = [(metrics[0], part) for part in parts] + [(metric, parts[0]) for metric in metrics[1:]]

    def title(metric: str, part: str) -> str:
        return f"{metric_title(metric)} {PARTS[part]}" if len(parts) > 1 else metric_title(metric)

    return [
        Column("Dataset", lambda row: dataset_label(facts[row["dataset"]])),
        Column("Method", lambda row: row["method"]),
        *(
            Column(title(metric, part), _error(column(part, metric)), has_standing(column(part, metric), "best"))
            for metric, part in pairs
        ),
        Column("Seconds", seconds_text),
        Column("Chosen", chosen_text),
    ]


def _error(name: str) -> Callable[[Row], str]:
    """Mean ± standard error over the seeds that did not fail."""

    def show(row: Row) -> str:
        mean, sd, seeds = row[f"{name}_mean"], row[f"{name}_sd"], row["seeds"] - row["failed"]
        if mean is None:
            return f"failed: {row['failure']} ({row['failure_log']})" if row["failed"] else "–"
        text = f"{mean:.4f}" + ("" if sd is None else f" ± {sd / seeds**0.5:.4f}")
        if row["failed"]:
            text += f" ({seeds} of {row['seeds']} seeds)"
        return text + TIES.get(row[f"{name}_standing"], "")

    return show
