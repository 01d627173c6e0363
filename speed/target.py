"""What RG2 has to approximate, dense data and sparse (no time): the singular values of its target T.

DOTBENCH_DATA=… DOTBENCH_ACCEPT_UNVERIFIED=ml-1m python speed/target.py --to docs/evidence/rg2/target

RG2's minimum keeps the first K singular values of T, less λ/2 (docs/rg2-spectral.md). The datasets are split as tuning
splits them.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dotbench.config.split import resolve_split
from dotbench.datasets.ensure import ensure_prepared
from dotbench.datasets.splitting import make_split
from dotbench.files import write_csv, write_text
from dotbench.losses.rg2 import RG2
from dotbench.numerics.matrix import TrainMatrix
from dotbench.solvers.spectral import SpectralSettings, decompose_loss

DATASETS = ("ml-100k", "ml-1m", "musical-instruments", "steam-sample", "amazon-video-games")
SEED, RANK = 1000, 256
NOTE = """\
Training part of the split of tuning. Head: share of the pairs that the most popular tenth of the items have. T: RG2's \
target, of which its minimum keeps the first K singular values, less λ/2; ‖T‖² = ¼ (MN/|D| − 1) for M users, N items \
and |D| pairs. In 64, in 256: share of ‖T‖² in the first 64 and 256 singular values. σ₁: the greatest. Above .1, above \
.5: how many of the first 256 are greater, which is how many survive λ = .2 and λ = 1.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="folder for target.csv and target.md; else printed only")
    arguments = parser.parse_args()
    rows = [facts(name) for name in DATASETS]
    text = "\n".join(["# RG2's target", "", NOTE, tabulate(rows, headers="keys", tablefmt="github")])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "target.csv", rows, list(rows[0]))
        write_text(arguments.to / "target.md", text + "\n")


def facts(name: str) -> dict[str, Any]:
    split = make_split(ensure_prepared(name), "ranking", SEED, resolve_split("per-user-random", "ranking"))
    train = TrainMatrix(split.train, split.n_users, split.n_items).ready()
    spectrum = decompose_loss(RG2, train, RANK, SpectralSettings(tolerance=1e-4))
    squares = spectrum.values.double().numpy() ** 2
    norm = RG2.target(train).squared_norm()
    popularity = np.sort(np.bincount(split.train[:, 1], minlength=split.n_items))[::-1]
    size = len(split.train)
    return {
        "dataset": name,
        "pairs a user": round(size / split.n_users, 1),
        "pairs an item": round(size / split.n_items, 1),
        "density": f"{size / split.n_users / split.n_items:.3%}",
        "head": round(popularity[: split.n_items // 10].sum() / size, 2),
        "‖T‖²": round(norm, 1),
        "in 64": round(squares[:64].sum() / norm, 3),
        "in 256": round(squares.sum() / norm, 3),
        "σ₁": round(squares[0] ** 0.5, 2),
        "above .1": int((squares > 0.1**2).sum()),
        "above .5": int((squares > 0.5**2).sum()),
    }


if __name__ == "__main__":
    main()
