"""Make the table and the picture of README.md from finished runs of docs/evidence/rg2.

    python tools/readme.py [--to docs/evidence/readme]

Six methods of the RG2 study on MovieLens 100K, each tuned on two grids: the paper's and a wider one. Quality is NDCG@10
on the test part, the mean over five seeds with its 95 % interval. Time is CPU seconds of one training, because the runs
shared their machine. Two methods are marked as equal if the paired test over users cannot tell them apart.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tabulate import tabulate

from dotbench.archive.importing import import_runs
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import Plan
from dotbench.files import atomic, write_csv, write_text
from dotbench.reporting.comparison import compared
from dotbench.reporting.drawing import METADATA, pyplot

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
GRIDS = {"paper": EVIDENCE / "rg2/ml-100k", "wide": EVIDENCE / "rg2/ml-100k-extended"}  # configuration and runs
METHODS = {  # label in the study → label here, from the worst to the best
    "Popularity": "Popularity",
    "MF BPR (SGD)": "BPR",
    "MF RG2 (ALS)": "RG2, by ALS",
    "MF Softmax (SGD)": "Softmax",
    "MF WRMF (ALS)": "WRMF",
    "MF RG2 (SGD)": "RG2, by Adam",
}
METRIC = "ndcg@10"
COLUMNS = [
    "method",
    *(f"{grid}_{name}" for grid in GRIDS for name in ("mean", "low", "high", "cpu_seconds")),
    "standing",
]
INK = {"light": "#1f2328", "dark": "#e6edf3"}  # of text and axes
COLOURS = {"light": ("#0072B2", "#B34700"), "dark": ("#56B4E9", "#E69F00")}  # other methods, WRMF
PLACES = {  # of the name beside the full point, in typographic points
    "WRMF": (0, 13),
    "RG2, by Adam": (0, 13),
    "Softmax": (-30, -19),
    "RG2, by ALS": (0, -24),
    "BPR": (56, -18),
}


def rows() -> list[dict[str, Any]]:
    """A row for each method: mean, interval and CPU seconds on both grids, and its standing on the wide one."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        try:
            for folder in GRIDS.values():
                import_runs(folder / "runs.parquet")
            found = {grid: _compared(folder / "configuration.json") for grid, folder in GRIDS.items()}
        finally:
            os.chdir(here)
    return [
        {"method": label, "standing": found["wide"][name][f"{METRIC}_standing"]}
        | {
            f"{grid}_{end}": round(found[grid][name][f"{key}_{end}" if key == METRIC else f"{key}_mean"], 6)
            for grid in GRIDS
            for key, ends in ((METRIC, ("mean", "low", "high")), ("cpu_seconds", ("cpu_seconds",)))
            for end in ends
        }
        for name, label in METHODS.items()
    ]


def _compared(configuration: Path) -> dict[str, dict[str, Any]]:
    plan = Plan(load_benchmark([configuration]))
    study = plan.study("rg2")
    contents = [plan.contents(study, item) for item in ("table2", "solvers")]
    runs = {run.label: run for content in contents for run in content.runs}
    content = replace(contents[0], runs=[runs[name] for name in METHODS])
    lines, _ = compared(content, content.datasets, False)
    return {line["method"]: line for line in lines}


def table(lines: Sequence[dict[str, Any]]) -> str:
    """The table as Markdown, best first."""
    header = ["MovieLens 100K, matrix factorisation", "NDCG@10, the paper's grid", "NDCG@10, wider grid", "CPU seconds"]
    body = [
        [
            line["method"],
            _interval(line, "paper"),
            f"**{_interval(line, 'wide')}**" if line["standing"] in ("best", "tie") else _interval(line, "wide"),
            f"{line['wide_cpu_seconds']:.2g}" if line["wide_cpu_seconds"] >= 0.01 else "under 0.01",
        ]
        for line in reversed(lines)
    ]
    return tabulate(body, header, "pipe", disable_numparse=True) + "\n"


def _interval(line: dict[str, Any], grid: str) -> str:
    mean, low, high = (f"{line[f'{grid}_{end}']:.3f}" for end in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def draw(lines: Sequence[dict[str, Any]], file: Path, theme: str) -> None:
    """NDCG@10 against CPU seconds: a point for each method on the wider grid, a hollow one on the paper's."""
    plt = pyplot()
    plt.rcParams.update({"svg.fonttype": "path", "font.size": 10, "text.color": INK[theme]})
    figure, axes = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    for line in lines:
        colour = COLOURS[theme][line["method"] == "WRMF"]
        if line["method"] == "Popularity":
            axes.axhline(line["wide_mean"], color=INK[theme], linewidth=0.8, linestyle=":")
            axes.text(0.03, line["wide_mean"] + 0.003, "popularity, without training", va="bottom")
            continue
        ends = [(line[f"{grid}_cpu_seconds"], line[f"{grid}_mean"]) for grid in GRIDS]
        axes.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1})
        for grid, (seconds, mean), face in zip(GRIDS, ends, ("none", colour), strict=True):
            spread = [[mean - line[f"{grid}_low"]], [line[f"{grid}_high"] - mean]]
            axes.errorbar(seconds, mean, spread, color=colour, marker="o", mfc=face, capsize=3, markersize=7)
        place = {"xytext": PLACES[line["method"]], "textcoords": "offset points"}
        axes.annotate(line["method"], ends[1], ha="center", color=colour, weight="bold", **place)
    axes.set(xscale="log", xlim=(0.025, 30), ylim=(0.11, 0.33), yticks=[0.15, 0.2, 0.25, 0.3])
    axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.set_xlabel("CPU seconds of one training (log scale)", color=INK[theme])
    axes.set_ylabel("NDCG@10 with 95 % interval", color=INK[theme])
    axes.set_title("hollow: tuned on the paper's grid; full: on a wider one", fontsize=10, color=INK[theme])
    axes.tick_params(colors=INK[theme], which="both")
    axes.spines[:].set_color(INK[theme])
    with atomic(file) as temporary:
        figure.savefig(temporary, metadata=METADATA["svg"], transparent=True, format="svg")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, default=EVIDENCE / "readme", help="folder of what is written")
    folder = parser.parse_args().to
    os.environ.setdefault("MPLBACKEND", "agg")
    lines = rows()
    write_csv(folder / "quality_seconds.csv", lines, COLUMNS)
    write_text(folder / "quality_seconds.md", table(lines))
    for theme in INK:
        draw(lines, folder / f"quality_seconds-{theme}.svg", theme)


if __name__ == "__main__":
    main()
