"""Iterations and rates of minimisers, as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.lazy import pd
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.tables._layout import setting_column
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import labelled, read_simulations
from dotbench.reporting.simulation_notes import simulation_notes

LEVELS = {"to_1e2": "1e-2", "to_1e4": "1e-4", "to_1e8": "1e-8"}
LINES = ["label", "activation", "method", "title", "replications", "failed"]
LINES += [f"{level}_{end}" for level in LEVELS for end in ("reached", "min", "max")]
LINES += ["rate_min", "rate_max", "final_max", "step_min", "step_max", "cpu_seconds_mean", "folder"]


class Rates(TableKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table say what is shown,
    and give the distribution of the data, budgets, stopping rules, hardware and versions.
    """

    name = "descent"
    title = "Rates of minimisers"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every activation and method: iterations to three levels, the measured rate, what is left."""
        entries = read_simulations(contents)
        lines = [_line(group) for _, group in labelled(entries).groupby(["label", "activation", "method"], sort=False)]
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        columns = [
            *setting_column(lines),
            Column("φ", lambda row: activation_title(row["activation"])),
            Column("Method", lambda row: row["title"]),
            *(Column(f"to {bound}", lambda row, level=level: _reached(row, level)) for level, bound in LEVELS.items()),  # type: ignore[misc]
            Column("Decades per iteration", lambda row: _range(row, "rate", "{:.4f}")),
            Column("Left", lambda row: f"{row['final_max']:.0e}"),
            Column("Step", lambda row: _range(row, "step", "{:.3g}")),
        ]
        notes = [
            Legend(
                "Iterations until f / f₀ is at most the level, from least to greatest over the instances; –: not all "
                "reach it. Decades per iteration: slope of log₁₀ f by least squares over the iterations with f / f₀ "
                "between 1e-4 and 1e-20, if these are more than two, even where the course is not straight. Left: the "
                "greatest f / f₀ at the end."
            ),
        ]
        write_table(contents, folder, lines, columns, simulation_notes(contents, entries, notes))


def _line(rows: "pd.DataFrame") -> Row:
    line: Row = {key: rows[key].iloc[0] for key in ("label", "activation", "method", "title", "folder")}
    line |= {"replications": len(rows), "failed": int((rows["status"] != "ok").sum())}
    for name in (*LEVELS, "rate", "step"):
        values = rows[name].dropna()
        line[f"{name}_min"], line[f"{name}_max"] = (values.min(), values.max()) if len(values) else (None, None)
        if name in LEVELS:
            line[f"{name}_reached"] = len(values)
    return line | {"final_max": rows["final"].max(), "cpu_seconds_mean": rows["cpu_seconds"].mean()}


def _reached(row: Row, level: str) -> str:
    return _range(row, level, "{:.0f}") if row[f"{level}_reached"] == row["replications"] else "–"


def _range(row: Row, name: str, form: str) -> str:
    low, high = row[f"{name}_min"], row[f"{name}_max"]
    if low is None:
        return "–"
    ends = list(dict.fromkeys([form.format(low), form.format(high)]))
    return "–".join(ends)
