"""What the programs share that let methods race to a target: rows of the table, files and the figure."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

from dotbench.files import write_csv, write_text

Curve = list[tuple[int, float, float]]  # epochs, CPU seconds, metric on the validation part


def median_of_all(times: Sequence[float | None]) -> float | None:
    """The median of the seconds to the target. None if a seed did not come there."""
    known = [one for one in times if one is not None]
    return statistics.median(known) if len(known) == len(times) else None


def row(
    name: str,
    point: Mapping[str, Any],
    best: float,
    epoch: float,
    times: Sequence[float | None],
    tested: Sequence[float],
    ratio: tuple[str, float | None],
) -> dict[str, str]:
    """One line of the table. ``best``: on the validation part. ``epoch``: its CPU seconds. ``times``: seconds to the
    target, of every seed, as ``tested`` the metric on the test part there. ``ratio``: a column and the seconds that it
    is a ratio to."""
    seconds, (column, base) = median_of_all(times), ratio
    return {
        "method": name,
        "point": ", ".join(f"{key} {value:g}" for key, value in point.items()),
        "best_validation": f"{best:.4f}",
        "epoch_cpu_seconds": f"{epoch:.4f}",
        "target_cpu_seconds": "" if seconds is None else f"{seconds:.3f}",
        column: "" if seconds is None or base is None else f"{seconds / base:.2f}",
        "test_at_target": "" if seconds is None else f"{statistics.median(tested):.4f}",
    }


def write(table: Path, curves: Path, text: str, rows: Sequence[Mapping[str, str]], lines: Mapping[str, Curve]) -> None:
    """The text, the table and the curves. ``table``: without its ending. ``lines``: the curve of the chosen point of
    each method."""
    table.parent.mkdir(parents=True, exist_ok=True)
    write_text(table.with_suffix(".md"), text)
    write_csv(table.with_suffix(".csv"), rows, [*rows[0]])
    points = [
        {"method": name, "epochs": at, "cpu_seconds": f"{seconds:.4f}", "validation": f"{value:.5f}"}
        for name, curve in lines.items()
        for at, seconds, value in curve
    ]
    write_csv(curves, points, [*points[0]])


def draw(lines: Mapping[str, Curve], target: float, metric: str, path: Path) -> None:
    """The metric on the validation part against CPU seconds: ours with whole lines, the others with broken ones."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    colours = [*plt.get_cmap("tab10").colors, "black", "0.5"]
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for colour, (name, curve) in zip(colours, lines.items(), strict=False):
        _, seconds, values = zip(*curve, strict=True)
        style, marker = "-" if name.startswith("ours") else "--", "." if len(curve) < 50 else ""
        axes.plot(seconds, values, style, marker=marker, color=colour, label=name)
    axes.axhline(target, color="0.6", linewidth=0.8, label="target")
    axes.set(xscale="log", xlabel="CPU seconds", ylabel=f"{metric} on the validation part")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
