"""How long a method trains until it is nearly as good as it will be, and how good that is."""

from math import exp, log
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.records import MethodRuns, clock, is_shared
from dotbench.statistics.intervals import t_interval

SHARE = 0.99
A_METHOD = {"single": 0.13, "double": 0.16}  # inches of height
TITLES = 0.8  # inches that the titles of the axes take
ENDS = {"mean": "", "low": "_low", "high": "_high"}  # of an interval; of the seconds' columns
FIRST = ["dataset", "method", *(f"seconds{end}" for end in ENDS.values())]
LAST = ["clock", "runs", "shared", "folder"]


class TimeToQuality(FigureKind):
    """Left: training seconds until a method first reaches 99 % of its own best value of the validation metric
    (NDCG\\@10 unless the study names another). There is a stroke for every seed, the geometric mean over seeds, and its
    95 % interval on the logarithmic scale. Right: the same metric on the test part, mean and 95 % interval. A method
    with a low best value reaches it early, so read both sides together. \\* marks methods with runs that shared the
    machine.
    """

    name = "time_to_quality"
    title = "Time to quality"
    reads = ("curves", "metrics", "statistics")
    category = "Convergence"
    in_report = {".svg": {"axis": "seconds"}}

    def write(self, contents: Contents, folder: Path) -> None:
        """A row of panels per dataset: training seconds to 99 % of the method's own best value of the validation
        metric, and that metric on test. Seconds: every seed, geometric mean, Student's interval of the logarithm."""
        from matplotlib.ticker import FormatStrFormatter

        labels = contents.labels
        runs = contents.runs
        metric, shown = contents.validation_metric, metric_title(contents.validation_metric)
        column, title = clock(runs)
        rows = {(run.dataset, run.label): row for run in runs if (row := quality_row(run, column, metric)) is not None}
        columns = [*FIRST, *(f"{metric}_{name}" for name in ENDS), *LAST]
        write_csv(folder / f"{contents.report_item}.csv", rows.values(), columns)
        heights = [0.5 + A_METHOD[contents.size] * sum(run.dataset == dataset for run in runs) for dataset in labels]
        height = (sum(heights) + TITLES) / len(heights)
        sheet = Sheet(contents.size, len(labels), 2, height, sharey="row", gridspec_kw={"height_ratios": heights})
        for (left, right), dataset in zip(sheet.axes, labels, strict=True):
            runs_of_dataset = [run for run in runs if run.dataset == dataset]
            for place, run in enumerate(runs_of_dataset):
                row = rows.get((dataset, run.label))
                if row is not None:
                    seconds = reach_seconds(run, column, metric)
                    left.plot(seconds, [place] * len(seconds), "|", color="#7F7F7F", ms=8, zorder=1)
                    _dot(left, place, row["seconds"], row["seconds_low"], row["seconds_high"], STYLES[0])
                    mean, low, high = (row[f"{metric}_{name}"] for name in ENDS)
                    _dot(right, place, mean, low, high, STYLES[1])
            left.set_yticks(range(len(runs_of_dataset)), [_label(rows, run) for run in runs_of_dataset])
            left.set_ylim(len(runs_of_dataset) - 0.4, -0.6)
            left.set_xscale("log")
            left.xaxis.set_major_formatter(FormatStrFormatter("%g"))
            sheet.title(left, labels[dataset], loc="left")
            for panel in (left, right):
                panel.grid(axis="x", alpha=0.3)
                panel.tick_params(axis="y", length=0)
        sheet.axes[-1, 0].set_xlabel(f"{title}\nto {SHARE:.0%} of the best\nvalidation {shown}")
        sheet.axes[-1, 1].set_xlabel(f"test {shown}")
        says = ["Points: geometric mean of the time, mean of the metric; bars: 95 % intervals; strokes: single seeds."]
        says += ["* shared the machine with other processes."] if any(row["shared"] for row in rows.values()) else []
        sheet.save(folder, contents.report_item, says)


def reach_seconds(run: MethodRuns, column: str, metric: str) -> list[float]:
    """For every seed whose fit is there, the training seconds at the end of the first epoch whose validation
    metric is at least 99 % of the run's greatest."""
    seconds = []
    for curve, record in zip(run.curves(), run.metrics(), strict=True):
        if record["status"] == "ok":
            values = curve[metric].to_numpy()
            seconds.append(float(curve[column].to_numpy()[int(np.argmax(values >= SHARE * values.max()))]))
    return seconds


def quality_row(run: MethodRuns, column: str, metric: str) -> dict[str, Any] | None:
    """One line of the csv. None for a method without a finished fit."""
    seconds = reach_seconds(run, column, metric)
    if not seconds:
        return None
    time = t_interval([log(value) for value in seconds])
    test = t_interval([r["metrics"]["test"][metric] for r in run.metrics() if r["status"] == "ok"])
    return {
        "dataset": run.dataset,
        "method": run.label,
        **{f"seconds{end}": _exp(getattr(time, name)) for name, end in ENDS.items()},
        **{f"{metric}_{name}": getattr(test, name) for name in ENDS},
        "clock": column,
        "runs": len(seconds),
        "shared": is_shared(run),
        "folder": run.place,
    }


def _exp(value: float | None) -> float | None:
    return None if value is None else exp(value)


def _label(rows: dict[tuple[str, str], dict[str, Any]], run: MethodRuns) -> str:
    row = rows.get((run.dataset, run.label))
    if row is None:
        return f"{verbatim(run.label)} (failed)"
    return verbatim(run.label) + (" *" if row["shared"] else "")


def _dot(panel: Any, place: int, value: float, low: float | None, high: float | None, style: Any) -> None:
    spread = None if low is None or high is None else [[value - low], [high - value]]
    colour, _, marker = style
    panel.errorbar(value, place, xerr=spread, color=colour, marker=marker, ms=4, ls="none", capsize=2, lw=1.2, zorder=2)
