"""The validation metric of a spectral method's trials against its regularisation, one line per rank."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title

COLUMNS = ["dataset", "rank", "regularization", "validation", "folder"]


class Regularization(FigureKind):
    """The validation metric on the tuning split (NDCG\\@10 unless the study names another) against the
    regularization. If every seed is tuned on its own split, a point is the mean over these splits. There is one line
    for each rank; for each split, all lines come from one decomposition. The ring marks the best point.
    """

    name = "regularization"
    title = "Validation against regularisation"
    reads = ("trials", "statistics")
    category = "Tuning"

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel per dataset that something was tuned on. λ = 0 stands left of the logarithmic axis, and the best
        point is ringed."""
        labels = contents.labels
        points = trial_points(contents)
        write_csv(folder / f"{contents.report_item}.csv", points, COLUMNS)
        tuned = {point["dataset"] for point in points}
        shown = [dataset for dataset in labels if dataset in tuned] or list(labels)
        sheet = Sheet.of_panels(contents.size, len(shown))
        ranks = sorted({point["rank"] for point in points})
        for panel, dataset in zip(sheet.axes.flat, shown, strict=False):
            sheet.title(panel, labels[dataset])
            points_of_dataset = pd.DataFrame(
                [point for point in points if point["dataset"] == dataset], columns=COLUMNS
            )
            if points_of_dataset.empty:
                panel.text(0.5, 0.5, "nothing was tuned", ha="center", va="center", transform=panel.transAxes)
                continue
            ticks = _ticks(points_of_dataset["regularization"])
            for k, rank in enumerate(ranks):
                colour, line, marker = STYLES[k % len(STYLES)]
                of_rank = points_of_dataset[points_of_dataset["rank"] == rank].sort_values("regularization")
                xs = [ticks[0][0] if value == 0 else value for value in of_rank["regularization"]]
                panel.plot(xs, of_rank["validation"], color=colour, ls=line, marker=marker, ms=4, label=f"rank {rank}")
            best = points_of_dataset.iloc[int(points_of_dataset["validation"].argmax())]
            x = best["regularization"] or ticks[0][0]
            panel.plot(x, best["validation"], "o", ms=10, mfc="none", mec="black", mew=1.0, ls="", label="best")
            panel.set_xscale("log")
            panel.set_xticks([place for place, _ in ticks], [text for _, text in ticks])
            panel.set_xticks([], minor=True)
            panel.set_xlabel("regularization λ")
        for panel in sheet.axes[:, 0]:
            panel.set_ylabel(f"validation {metric_title(contents.validation_metric)}")
        sheet.save(folder, contents.report_item)


def trial_points(contents: Contents) -> list[dict[str, Any]]:
    """One point per dataset, rank and λ that was tried, the mean over the tunings of a method, none of which may have
    failed there; a point that several methods tried, once."""
    found: dict[tuple[str, int, float], tuple[float, str]] = {}
    for run in contents.runs:
        own: dict[tuple[str, int, float], list[float]] = {}
        for tuning in run.tunings:
            trials, settings = tuning.trials, tuning.chosen["hyperparameters"]
            for _, trial in trials[trials["status"] == "ok"].iterrows():
                rank = int(trial.get("embedding_size", settings["embedding_size"]))
                value = float(trial.get("regularization", settings["regularization"]))
                own.setdefault((run.dataset, rank, value), []).append(float(trial["validation"]))
        whole = {key: values for key, values in own.items() if len(values) == len(run.tunings)}
        for key, values in whole.items():
            found.setdefault(key, (sum(values) / len(values), run.place))
    return [dict(zip(COLUMNS, (*key, *point), strict=True)) for key, point in sorted(found.items())]


def _ticks(values: "pd.Series") -> list[tuple[float, str]]:
    """(place, text) of the axis: the decades, and 0, if it is among the values, half a decade below them."""
    positive = values[values > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    decades = [10.0**k for k in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)]
    ticks = [(place, f"{place:g}") for place in decades if low / 1.01 <= place <= high * 1.01] or [(low, f"{low:g}")]
    return [(low / 10**0.5, "0"), *ticks] if (values == 0).any() else ticks
