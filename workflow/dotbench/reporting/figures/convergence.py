"""The validation metric against epochs and against training seconds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.records import MethodRuns, clock, is_shared

AXES = {"epoch": "epoch (ALS: full sweep)", "seconds": ""}  # the clock is chosen by the runs
COLUMNS = ["dataset", "method", "axis", "x", "mean", "low", "high", "runs", "folder"]
HALF_SWEEPS = {**AXES, "epoch": "epoch (ALS: half sweep, as the RG2 paper counts)"}


class Convergence(FigureKind):
    """The validation metric during training: NDCG\\@10 unless the study names another. MRR is drawn beside it if
    the runs recorded it. Lines are means over seeds, and bands reach from the least to the greatest value. Both end
    where the first seed ends. The time of an epoch is the mean over seeds. Methods without epochs (the closed-form
    optimum, popularity) are drawn as one marker and a dotted line. Times cover training only. Each timed fit has the
    machine to itself; \\* marks methods with a fit that shared it, and the time axis then shows CPU time.
    """

    name = "convergence"
    title = "Convergence"
    reads = ("curves", "metrics", "statistics")
    category = "Convergence"
    files = (*FigureKind.files, *(f"-{axis}.{kind}" for axis in AXES for kind in ("pdf", "png", "svg")))
    in_report = {f"-{axis}.svg": {"axis": axis} for axis in AXES}
    half_sweeps: ClassVar[bool] = False  # an epoch of ALS, a full sweep, counts as two

    def write(self, contents: Contents, folder: Path) -> None:
        """Both axes side by side, a row per dataset and metric (``<figure>.*``), and each axis alone for the report.

        Metrics of the study besides the validation metric are drawn where the curve of every run has them. A column of
        the csv then names the metric.
        """
        name, runs = contents.report_item, contents.runs
        column, title = clock(runs)
        titles = {**(HALF_SWEEPS if self.half_sweeps else AXES), "seconds": title}
        columns = {"epoch": "epoch", "seconds": column}
        metrics = drawn_metrics(contents)
        series = [
            {**line, "metric": metric}
            for metric in metrics
            for run in runs
            for axis in columns.values()
            for line in curve_points(run, axis, self.half_sweeps, metric)
        ]
        named = ["metric"] if len(metrics) > 1 else []
        rows = [{key: line[key] for key in (*COLUMNS, *named)} for line in series]
        write_csv(folder / f"{name}.csv", rows, [*COLUMNS, *named])
        look = _Look(
            {label: STYLES[k % len(STYLES)] for k, label in enumerate(dict.fromkeys(run.label for run in runs))},
            {run.label for run in runs if is_shared(run)},
            {run.label for run in runs if run.metrics()[0]["loss"] == "none"},
        )
        for stem, axes in {name: list(AXES), **{f"{name}-{axis}": [axis] for axis in AXES}}.items():
            panels = [(dataset, metric) for dataset in contents.labels for metric in metrics]
            sheet = Sheet(contents.size, len(panels), len(axes))
            for row, (dataset, metric) in zip(sheet.axes, panels, strict=True):
                for panel, axis in zip(row, axes, strict=True):
                    told = (dataset, columns[axis], metric)
                    lines = [one for one in series if (one["dataset"], one["axis"], one["metric"]) == told]
                    look.draw(panel, lines)
                    panel.set_xlabel(titles[axis])
                row[0].set_ylabel(f"validation {metric_title(metric)}")
                sheet.title(row[0], contents.labels[dataset], loc="left")
            sheet.save(folder, stem, look.says(column))


class ConvergenceInHalfSweeps(Convergence):
    """The validation metric during training, as in the figure of convergence. Epochs are counted as in the RG2
    paper: a full sweep of ALS counts as two epochs.
    """

    name = "convergence_half_sweeps"
    title = "Convergence, ALS in half sweeps"
    half_sweeps = True


def curve_points(run: MethodRuns, axis: str, half_sweeps: bool, metric: str) -> list[dict[str, Any]]:
    """Points of one method, one per epoch that every seed reached: mean over seeds of the epoch's value and of
    the time at its end, least and greatest value."""
    good = [curve for curve, record in zip(run.curves(), run.metrics(), strict=True) if record["status"] == "ok"]
    length = min((len(curve) for curve in good), default=0)
    if not length:
        return []
    xs = np.mean([curve[axis].to_numpy()[:length] for curve in good], axis=0)
    if half_sweeps and axis == "epoch" and run.metrics()[0]["solver"] == "als":
        xs = 2 * xs
    values = np.stack([curve[metric].to_numpy()[:length] for curve in good])
    return [
        {
            "dataset": run.dataset,
            "method": run.label,
            "axis": axis,
            "x": float(x),
            "mean": float(column.mean()),
            "low": float(column.min()),
            "high": float(column.max()),
            "runs": len(good),
            "folder": run.place,
        }
        for x, column in zip(xs, values.T, strict=True)
    ]


@dataclass(frozen=True)
class _Look:
    """How methods are drawn. ``styles``: method → colour, line and marker. ``shared``: methods whose runs shared the
    machine. ``levels``: those without training to speak of, which are drawn as a level."""

    styles: dict[str, Any]
    shared: set[str]
    levels: set[str]

    def draw(self, panel: Any, lines: list[dict[str, Any]]) -> None:
        from matplotlib.ticker import FormatStrFormatter, NullFormatter

        for label, (colour, line, marker) in self.styles.items():
            points = pd.DataFrame([point for point in lines if point["method"] == label])
            if points.empty:
                continue
            name = verbatim(label) + (" *" if label in self.shared else "")
            x, mean, low, high = (points[column].to_numpy() for column in ("x", "mean", "low", "high"))
            if label in self.levels:
                panel.axhline(mean[0], color=colour, lw=1.2, ls=":", label=name)
            elif len(points) == 1:
                spread = [mean - low, high - mean]
                panel.errorbar(x, mean, spread, color=colour, marker=marker, ms=6, ls="none", capsize=3, label=name)
                panel.axhline(mean[0], color=colour, lw=0.6, ls=":")
            else:
                every = max(1, len(points) // 8)
                panel.plot(x, mean, color=colour, ls=line, marker=marker, markevery=every, ms=3.5, lw=1.2, label=name)
                panel.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        panel.xaxis.set_minor_formatter(NullFormatter())

    def says(self, column: str) -> list[str]:
        """What the marks of the figure are. ``column``: the clock."""
        said = ["Lines: mean over the seeds; bands: least to greatest."]
        said += ["Dotted across: methods without epochs; bars: least to greatest seed."] if self.levels else []
        counts = "their time is CPU time" if column == "cpu_seconds" else "their time is too long"
        return said + ([f"* shared the machine with other processes; {counts}."] if self.shared else [])


def drawn_metrics(contents: Contents) -> list[str]:
    """The validation metric, and those metrics of the study that the curve of every run has."""
    found = [set(curve.columns) for run in contents.runs for curve in run.curves() if len(curve)]
    common = set.intersection(*found) if found else set()
    others = [metric for metric in contents.metrics if metric in common and metric != contents.validation_metric]
    return [contents.validation_metric, *others]
