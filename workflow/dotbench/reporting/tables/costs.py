"""The table of what training costs: time and memory, whatever the quality."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.notes import data_notes, hardware_notes
from dotbench.reporting.rows import method_row, seconds_text

COLUMNS = ["dataset", "method", "model", "loss", "solver", "seeds", "failed", "epochs", "updates", "seconds"]
COLUMNS += ["cpu_seconds", "cpu_seconds_an_epoch", "peak_memory_bytes", "cpu_share_of_others", "device"]
COLUMNS += ["failure", "folder"]


class Costs(TableKind):
    """Epochs, time and peak memory of training, means over the seeds, without validation and tuning. The notes
    under the table say what an epoch is, which runs shared the machine, and on what hardware they ran.
    """

    name = "costs"
    title = "Costs of training"
    reads = ("metrics", "chosen", "trials", "statistics")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every dataset × method: epochs, seconds of training, of an epoch of it, and peak memory. Means
        over the seeds."""
        facts, labels = contents.datasets, contents.labels
        rows = [_row(run, facts) for run in contents.runs]
        write_csv(folder / f"{contents.report_item}.csv", [{key: row[key] for key in COLUMNS} for row in rows], COLUMNS)
        columns = [
            Column("Dataset", lambda row: labels[row["dataset"]]),
            Column("Method", lambda row: row["method"]),
            Column("Epochs", lambda row: f"failed: {row['failure']}" if row["failure"] else f"{row['epochs']:.0f}"),
            Column("CPU s an epoch", lambda row: number(row["cpu_seconds_an_epoch"], "{:.3g}")),
            Column("CPU s", lambda row: number(row["cpu_seconds"], "{:.3g}")),
            Column("Seconds", seconds_text),
            Column("Peak memory, GB", lambda row: number(row["gigabytes"], "{:.2f}")),
        ]
        notes = [
            *([contents.title] if contents.title else []),
            Legend(
                f"Costs of training, without validation; means over the seeds {', '.join(map(str, contents.seeds))}. "
                "An epoch is one pass over the training pairs or users; for ALS it is a full sweep. * marks runs that "
                "shared the machine: compare their CPU seconds. Peak memory is that of the whole process, including "
                "libraries and data."
            ),
            *data_notes(contents, facts),
            *hardware_notes(record for run in contents.runs for record in run.metrics()),
        ]
        write_table(contents, folder, rows, columns, notes)


def _row(run: Any, facts: dict[str, Any]) -> Row:
    row = method_row(run, [], facts[run.dataset])
    row |= {key: row[f"{key}_mean"] for key in ("epochs", "updates", "cpu_seconds", "peak_memory_bytes")}
    row |= {"seconds": row["train_seconds_mean"], "cpu_share_of_others": row["cpu_share_of_others_mean"]}
    row["cpu_seconds_an_epoch"] = row["cpu_seconds"] / row["epochs"] if row["epochs"] else None
    return row | {"gigabytes": row["peak_memory_bytes"] / 1e9 if row["peak_memory_bytes"] else None}
