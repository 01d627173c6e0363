"""The validation metric against epochs and against training seconds."""

from pathlib import Path
from typing import Any, ClassVar

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, pyplot, save, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.records import MethodRuns, clock, dataset_label, is_shared

AXES = {"epoch": "epoch (ALS: full sweep)", "seconds": ""}  # the clock is chosen by the runs
HALF_SWEEPS = {**AXES, "epoch": "epoch (ALS: half sweep, as the RG2 paper counts)"}


class Convergence(FigureKind):
    """The validation metric, NDCG\\@10 if the study names no other, during training: mean over seeds, band from the
    least to the greatest, drawn as far as every seed was trained; the time of an epoch is the mean over seeds. Methods
    without epochs (the closed-form optimum, popularity) are one marker and a dotted level. Seconds are of training
    alone, on a machine of its own; \\* marks methods that shared it, and the time then is CPU time.
    """

    name = "convergence"
    title = "Convergence"
    reads = ("curves", "metrics", "statistics")
    category = "Convergence"
    files = (*FigureKind.files, *(f"-{axis}.{kind}" for axis in AXES for kind in ("pdf", "png", "svg")))
    in_report = {f"-{axis}.svg": {"axis": axis} for axis in AXES}
    half_sweeps: ClassVar[bool] = False  # an epoch of ALS, a full sweep, counts as two

    def write(self, contents: Contents, folder: Path) -> None:
        """Both axes side by side, a row per dataset (``<figure>.*``), and each axis alone for the report."""
        from matplotlib.ticker import FormatStrFormatter, NullFormatter

        half_sweeps = self.half_sweeps
        name, runs, facts = contents.report_item, contents.runs, contents.datasets
        metric = contents.validation_metric
        column, title = clock(runs)
        titles = {**(HALF_SWEEPS if half_sweeps else AXES), "seconds": title}
        columns = {"epoch": "epoch", "seconds": column}
        series = [
            line
            for run in runs
            for column in columns.values()
            for line in curve_points(run, column, half_sweeps, metric)
        ]
        write_csv(folder / f"{name}.csv", series, ["dataset", "method", "axis", "x", "mean", "low", "high", "runs"])
        labels = list(dict.fromkeys(run.label for run in runs))
        levels = {run.label for run in runs if run.metrics()[0]["loss"] == "none"}
        styles = {label: STYLES[k % len(STYLES)] for k, label in enumerate(labels)}
        marked = {run.label for run in runs if is_shared(run)}
        for stem, axes in {name: list(AXES), **{f"{name}-{axis}": [axis] for axis in AXES}}.items():
            width, height = (4.2, 3.2) if len(axes) > 1 else (7.0, 4.6)
            size = (width * len(axes) + 2.2, height * len(facts))
            figure, panels = pyplot().subplots(len(facts), len(axes), figsize=size, squeeze=False, layout="constrained")
            for row, dataset in zip(panels, facts, strict=True):
                for panel, axis in zip(row, axes, strict=True):
                    lines = [line for line in series if line["dataset"] == dataset and line["axis"] == columns[axis]]
                    _panel(panel, lines, styles, marked, levels)
                    panel.set_xlabel(titles[axis])
                    panel.set_xscale("log")
                    panel.xaxis.set_major_formatter(FormatStrFormatter("%g"))
                    panel.xaxis.set_minor_formatter(NullFormatter())
                row[0].set_ylabel(f"{dataset_label(facts[dataset])}\nvalidation {metric_title(metric)}")
            handles = {h.get_label(): h for p in panels.flat for h in p.get_legend_handles_labels()[0]}
            figure.legend(handles.values(), handles.keys(), loc="outside right upper", frameon=False)
            save(figure, folder, stem)


class ConvergenceInHalfSweeps(Convergence):
    """The validation metric during training, as in the figure of convergence; an epoch of ALS, a full sweep, counts as
    two, as the RG2 paper counts.
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
        }
        for x, column in zip(xs, values.T, strict=True)
    ]


def _panel(panel: Any, lines: list[dict[str, Any]], styles: dict[str, Any], marked: set[str], levels: set[str]) -> None:
    """``marked`` methods shared the machine; ``levels`` have no training to speak of and are drawn as a level."""
    for label, (colour, line, marker) in styles.items():
        points = pd.DataFrame([point for point in lines if point["method"] == label])
        if points.empty:
            continue
        name = verbatim(label) + (" *" if label in marked else "")
        x, mean, low, high = (points[column].to_numpy() for column in ("x", "mean", "low", "high"))
        if label in levels:
            panel.axhline(mean[0], color=colour, lw=1.2, ls=":", label=name)
        elif len(points) == 1:
            spread = [mean - low, high - mean]
            panel.errorbar(x, mean, spread, color=colour, marker=marker, ms=7, ls="none", capsize=3, label=name)
            panel.axhline(mean[0], color=colour, lw=0.6, ls=":")
        else:
            every = max(1, len(points) // 8)
            panel.plot(x, mean, color=colour, ls=line, marker=marker, markevery=every, ms=4, lw=1.4, label=name)
            panel.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
