"""Starts from moments beside random ones, as a table."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.packed_notes import packed_notes
from dotbench.reporting.replications import read_packed
from dotbench.reporting.tensor import LINES, start_lines


def tensor_table(contents: dict[str, Any], folder: Path) -> None:
    """A line for every activation, law, m and start."""
    packed = read_packed(contents)
    lines = start_lines(packed)
    write_csv(folder / f"{contents['exhibit']}.csv", lines, LINES)
    columns = [
        *([Column("Setting", lambda row: row["label"])] if any(line["label"] for line in lines) else []),
        Column("φ", lambda row: row["activation"]),
        Column("W*", lambda row: row["law"]),
        Column("m", lambda row: f"{row['observations']:,}"),
        Column("Start", lambda row: row["start"]),
        Column(
            "Directions", lambda row: _with_greatest(row, "direction_error_mean", "greatest_direction_error_greatest")
        ),
        Column("Norms", lambda row: number(row["norm_error_mean"], "{:.2g}")),
        Column("Recovered", lambda row: f"{row['recovered']}/{row['trials']}"),
        Column("Iterations", _iterations),
        Column("Test error", lambda row: number(row["test_error_median"], "{:.2g}")),
        Column("CPU s of the start", lambda row: number(row["moment_seconds_mean"], "{:.2g}") if row["pairs"] else "–"),
    ]
    told = [
        "Directions: mean over components and trials of (‖ū − ū*‖ + ‖v̄ − v̄*‖) / 2, each of length 1, and the greatest. "
        "Norms: mean relative error of |u||v|. Iterations: median, least and greatest of the trials that recover the "
        "truth; they are looked at every twenty. Test error: median of ‖M(U, V) − M(U*, V*)‖ / ‖M(U*, V*)‖ at fresh "
        "rows, of the trials that did not diverge.",
    ]
    write_table(folder / contents["exhibit"], lines, columns, packed_notes(contents, packed, told))


def _with_greatest(row: Row, mean: str, greatest: str) -> str:
    return "–" if row[mean] is None else f"{row[mean]:.3f} ({row[greatest]:.3f})"


def _iterations(row: Row) -> str:
    if row["iterations_median"] is None:
        return "–"
    return f"{row['iterations_median']:.0f} ({row['iterations_least']:.0f}–{row['iterations_greatest']:.0f})"
