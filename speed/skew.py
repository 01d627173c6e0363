"""What the popularity skew of datasets says of the order of the methods (no time).

python speed/skew.py --to docs/evidence/comparison/skew

Reads from the evidence the means of `comparison` on each dataset, and the share of the training pairs that the most
popular tenth of its items has. The other properties of datasets are in `explained.csv` of the comparison.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from tabulate import tabulate

from dotbench.files import write_csv, write_text
from dotbench.statistics.paired import holm
from dotbench.statistics.regression import slope

EVIDENCE = Path(__file__).resolve().parents[1] / "docs/evidence"
STEP = 0.1  # of the share
NOTE = """\
Relative change of test NDCG@10 against {first}, the first by average rank, if the most popular tenth of the items has \
{step:.0%} more of the training pairs: the slope over {n} datasets ({shares}), with Student's 95 % interval. p: that \
there is no change, adjusted by Holm over all lines. Explained: share of the variance between datasets.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="folder for skew.csv and skew.md; else printed only")
    arguments = parser.parse_args()
    methods = _read("comparison/comparison/ranks.csv")
    heads = {row["dataset"]: float(row["head"]) for row in _read("rg2/target/target.csv")}
    datasets = [name.removeprefix("rank_") for name in methods[0] if name.startswith("rank_")]
    values = np.array([[float(row[f"ndcg@10_{name}"]) for name in datasets] for row in methods])
    head = [heads[name] for name in datasets]
    rows = []
    for row, scores in zip(methods[1:], values[1:], strict=True):
        line = slope(np.divide(head, STEP), np.log(scores / values[0]))
        if line is not None:
            change = {key: float(np.expm1(getattr(line, key))) for key in ("value", "low", "high")}
            rows.append({"method": row["method"], **change, "p": line.p, "r2": line.r2})
    for found, adjusted in zip(rows, holm(np.array([row["p"] for row in rows])), strict=True):
        found["p_holm"] = float(adjusted)
    shown = [
        {
            "method": row["method"],
            "change": f"{row['value']:+.0%} [{row['low']:+.0%}, {row['high']:+.0%}]",
            "p (Holm)": f"{row['p_holm']:.2g}",
            "explained": f"{row['r2']:.0%}",
        }
        for row in rows
    ]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(datasets, head, strict=True))
    note = NOTE.format(first=methods[0]["method"], step=STEP, n=len(datasets), shares=shares)
    text = "\n".join(["# Popularity skew", "", note, tabulate(shown, headers="keys", tablefmt="github")])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "skew.csv", rows, list(rows[0]))
        write_text(arguments.to / "skew.md", text + "\n")


def _read(place: str) -> list[dict[str, str]]:
    with open(EVIDENCE / place, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
