"""Which methods no other one beats in both quality and cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dotbench.evaluation.metrics.base import RatingMetric, parse_metric
from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, mark, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.records import MethodRuns

COSTS = {"cpu_seconds": "CPU seconds of tuning and of a fit", "peak_memory_bytes": "peak memory of a fit [GB]"}
LEAST = {"cpu_seconds": 1e-3, "peak_memory_bytes": 0.0}  # drawn: a logarithm needs more than nothing
HEIGHT = {"single": 1.3, "double": 1.6}  # inches of a row


class ParetoFront(FigureKind):
    """Quality on the test part against what it costs: at the left CPU seconds of tuning and of a fit, at the right the
    peak memory of a fit. The line joins the front: no other method is as good and cheaper, or as cheap and better.
    """

    name = "pareto"
    title = "Quality and cost"
    reads = ("metrics", "chosen", "trials", "statistics")
    category = "Comparison"

    def write(self, contents: Contents, folder: Path) -> None:
        """A row of two panels per dataset; means over the seeds. The csv says which methods are on each front."""
        metric = contents.metrics[0]
        lower = isinstance(parse_metric(metric), RatingMetric)
        rows = [row for run in contents.runs if (row := _row(run, metric)) is not None]
        for dataset in contents.labels:
            there = [row for row in rows if row["dataset"] == dataset]
            values = [-row[metric] if lower else row[metric] for row in there]
            for cost in COSTS:
                for row, is_on in zip(there, front([row[cost] for row in there], values), strict=True):
                    row[f"front_{cost}"] = is_on
        columns = ["dataset", "method", metric, *COSTS, *(f"front_{cost}" for cost in COSTS), "folder"]
        write_csv(folder / f"{contents.report_item}.csv", rows, columns)
        styles = dict(zip(dict.fromkeys(run.label for run in contents.runs), STYLES * 9, strict=False))
        sheet = Sheet(contents.size, len(contents.labels), 2, HEIGHT[contents.size], sharey="row", sharex="col")
        for panels, dataset in zip(sheet.axes, contents.labels, strict=True):
            there = [row for row in rows if row["dataset"] == dataset]
            for panel, cost in zip(panels, COSTS, strict=True):
                _draw(panel, there, cost, metric, styles)
            panels[0].set_ylabel(f"test {metric_title(metric)}")
            sheet.title(panels[0], contents.labels[dataset], loc="left")
        for panel, title in zip(sheet.axes[-1], COSTS.values(), strict=True):
            panel.set_xlabel(title)
        marks = [mark("front", line="-", colour="#7F7F7F")]
        sheet.save(folder, contents.report_item, ["Means over seeds; filled: on the front."], marks)


def front(costs: Sequence[float], values: Sequence[float]) -> list[bool]:
    """Which points no other one beats: none is at least as cheap and at least as good, and one of both more so. Higher
    values are better."""
    points = list(zip(costs, values, strict=True))
    return [not any(c <= cost and v >= value and (c, v) != (cost, value) for c, v in points) for cost, value in points]


def _row(run: MethodRuns, metric: str) -> dict[str, Any] | None:
    """A line of the csv. None for a method without a finished fit."""
    good = [record for record in run.metrics() if record["status"] == "ok"]
    if not good:
        return None
    tunings = [tuning.trials["cpu_seconds"].sum() for tuning in run.tunings if tuning.chosen["trials"]]
    seconds = [record["cpu_seconds"] for record in good]
    return {
        "dataset": run.dataset,
        "method": run.label,
        metric: float(np.mean([record["metrics"]["test"][metric] for record in good])),
        "cpu_seconds": float((np.mean(tunings) if tunings else 0.0) + np.mean(seconds)),
        "peak_memory_bytes": float(np.mean([record["peak_memory_bytes"] for record in good])),
        "folder": run.place,
    }


def _draw(panel: Any, rows: list[dict[str, Any]], cost: str, metric: str, styles: dict[str, Any]) -> None:
    from matplotlib.ticker import FormatStrFormatter

    scale = 1e9 if cost == "peak_memory_bytes" else 1.0
    x = {row["method"]: max(row[cost], LEAST[cost]) / scale for row in rows}
    on = sorted((row for row in rows if row[f"front_{cost}"]), key=lambda row: row[cost])
    panel.step([x[row["method"]] for row in on], [row[metric] for row in on], where="post", color="#7F7F7F", lw=1)
    for row in rows:
        colour, _, marker = styles[row["method"]]
        face = colour if row[f"front_{cost}"] else "none"
        name = verbatim(row["method"])
        panel.plot(x[row["method"]], row[metric], marker, color=colour, mfc=face, ms=5, label=name)
    if cost == "cpu_seconds":
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    panel.grid(alpha=0.3)
