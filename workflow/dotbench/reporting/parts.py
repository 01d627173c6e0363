"""The lines of a table of warm and cold starts, and which of their differences are real."""

from typing import Any

from dotbench.lazy import np
from dotbench.reporting.comparison import PAIR_COLUMNS, pair_row, standings_of
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row
from dotbench.reporting.records import MethodRuns
from dotbench.reporting.rows import cold_parts, column, table_row
from dotbench.statistics.intervals import overlap_factor
from dotbench.statistics.replications import compare_replications

PARTS = ("test", "cold", "overall", "cold_user", "cold_item", "cold_both", "overall_both")
START_PAIR_COLUMNS = ["dataset", "part", *PAIR_COLUMNS[1:], "per_seed"]


def compared_by_part(contents: Contents, facts: dict[str, Any]) -> tuple[list[Row], list[Row]]:
    """(a line for every dataset × method, a line for every part of the test × pair of methods). ``facts``: dataset →
    its ``stats.json``.

    Methods are compared by a paired t-test over seeds, each a block or a draw of new users and items of its own, with
    Nadeau and Bengio's correction for overlapping training parts. The best of a part is marked in
    ``<part>_<metric>_standing``.
    """
    rows, pairs = [], []
    runs = contents.runs
    parts = shown_parts(runs)
    for dataset in facts:
        own = [run for run in runs if run.dataset == dataset]
        folders = {run.label: run.place for run in own}
        block = [table_row(run, contents, facts[dataset], parts[1:]) for run in own]
        for part in parts:
            for metric in contents.metrics:
                values = _values(own, part, metric)
                factor = overlap_factor(len(contents.seeds), contents.split.to_train(part))
                labels, matrix = list(values), np.array(list(values.values()))
                comparisons = compare_replications(matrix, factor) if len(labels) > 1 else []
                name = column(part, metric)
                places = standings_of(block, labels, comparisons, metric, part=part)
                for row, standing in zip(block, places, strict=True):
                    row[f"{name}_standing"] = standing
                for pair in comparisons:
                    each = " ".join(f"{value:.6g}" for value in matrix[pair.first] - matrix[pair.second])
                    details = {"part": "warm" if part == "test" else part, "per_seed": each}
                    pairs.append(pair_row(dataset, metric, labels, pair, folders) | details)
        rows += block
    return rows, pairs


def shown_parts(runs: list[MethodRuns]) -> list[str]:
    """Those of PARTS that the runs were evaluated on, the warm test first."""
    return [part for part in PARTS if part in ("test", *cold_parts(runs))]


def _values(runs: list[MethodRuns], part: str, metric: str) -> dict[str, list[float]]:
    """Label → the metric on a part, by seed, of the methods that have it for every seed."""
    values = {}
    for run in runs:
        metrics = [record["metrics"] or {} for record in run.metrics()]
        if all(metric in parts.get(part, ()) for parts in metrics):
            values[run.label] = [parts[part][metric] for parts in metrics]
    return values
