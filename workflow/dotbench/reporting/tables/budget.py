"""The table of what tuning finds within a budget of seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.evaluation.metrics.base import RatingMetric, parse_metric
from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.notes import data_notes, hardware_notes
from dotbench.reporting.records import MethodRuns
from dotbench.statistics.budget import ORDERS, within

BUDGETS = (1, 10, 100)  # CPU seconds
LIKELY = 0.5  # share of the orders that find something, from which a value is shown
COLUMNS = ["dataset", "method", "settings", "tuning_cpu_seconds", "all_settings"]
COLUMNS += [f"{what}_{budget}" for budget in BUDGETS for what in ("within", "share")] + ["folder"]


class Budget(TableKind):
    """The validation value of the best setting that tuning finds within 1, 10 and 100 CPU seconds, if the settings are
    tried in random order; beside it that of the whole search. A budget of seconds compares methods otherwise than one
    of settings does, because a setting of one method costs a thousand times as much as one of another.
    """

    name = "budget"
    title = "Within a budget of seconds"
    reads = ("metrics", "chosen", "trials", "statistics")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every dataset × method with more than one setting: settings, CPU seconds of all of them, and the
        value within each budget."""
        lower = isinstance(parse_metric(contents.validation_metric), RatingMetric)
        rows = [row for run in contents.runs for row in _rows(run, lower)]
        write_csv(folder / f"{contents.report_item}.csv", rows, COLUMNS)
        labels = contents.labels
        columns = [
            Column("Dataset", lambda row: labels[row["dataset"]]),
            Column("Method", lambda row: row["method"]),
            *(Column(f"{budget} s", _shown(budget), group="Within") for budget in BUDGETS),
            Column("All settings", lambda row: number(row["all_settings"], "{:.4f}")),
            Column("Settings", lambda row: str(row["settings"])),
            Column("CPU s", lambda row: number(row["tuning_cpu_seconds"], "{:.3g}")),
        ]
        notes = [
            *([contents.title] if contents.title else []),
            Legend(
                f"{metric_title(contents.validation_metric)} on the validation part of the split of tuning: the best "
                f"setting that is finished within a budget of CPU seconds. Mean over {ORDERS:,} random orders of the "
                "settings, without those in which none is finished; –: in most orders none is. With several tunings, "
                "their mean."
            ),
            Legend(
                "A setting costs what it did in this search: where halving cut it, less than a training to the end. "
                "Methods with a single setting are left out."
            ),
            *data_notes(contents, contents.datasets),
            *hardware_notes(record for run in contents.runs for record in run.metrics()),
        ]
        write_table(contents, folder, rows, columns, notes)


def _rows(run: MethodRuns, lower: bool) -> list[Row]:
    """The line of a method. None if it was not tuned."""
    tunings = [tuning.trials for tuning in run.tunings if tuning.chosen["trials"] > 1]
    if not tunings:
        return []
    row: dict[str, Any] = {
        "dataset": run.dataset,
        "method": run.label,
        "settings": len(tunings[0]),
        "tuning_cpu_seconds": float(np.mean([trials["cpu_seconds"].sum() for trials in tunings])),
        "folder": run.place,
    }
    pairs = [
        (trials["cpu_seconds"].to_numpy(float), trials["validation"].where(trials["status"] == "ok").to_numpy(float))
        for trials in tunings
    ]
    for budget in (*BUDGETS, np.inf):
        found = [within(seconds, values, budget, lower) for seconds, values in pairs]
        values = [one.value for one in found if one.value is not None]
        mean = float(np.mean(values)) if values else None
        if budget is np.inf:
            row["all_settings"] = mean
        else:
            row |= {f"within_{budget}": mean, f"share_{budget}": float(np.mean([one.share for one in found]))}
    return [row]


def _shown(budget: int) -> Callable[[Row], str]:
    return lambda row: number(row[f"within_{budget}"] if row[f"share_{budget}"] >= LIKELY else None, "{:.4f}")
