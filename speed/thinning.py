"""Is it sparsity that RG2 suffers from? (NDCG@10, not speed.) MovieLens with fewer and fewer training pairs a user.

snakemake results/data/ml-100k/stats.json
python speed/thinning.py --to docs/evidence/rg2/thinning

Each user's pairs are shuffled and cut into training, validation and test as by default, but with larger held-out
parts: users, items and popularity stay, the pairs to learn from get fewer. Every method is tuned on the validation part
of each split.
"""

import argparse
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from dotbench.datasets.interactions import Split
from dotbench.datasets.splits.base import Pairs
from dotbench.datasets.splits.per_user_random import PerUserRandom, per_user_random
from dotbench.datasets.splitting import make_split
from dotbench.evaluation.ranking import evaluate_ranking
from dotbench.evaluation.scoring import scorer
from dotbench.execution.hardware import prepare_execution
from dotbench.files import read_json, write_csv, write_text
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.settings import Settings

HELD = (0.1, 0.3, 0.45)  # share of validation, and of test
METHODS: dict[str, dict[str, Any]] = {
    "Popularity": {"model": "popularity"},
    "EASE": {"model": "ease", "grid": {"regularization": [30.0, 100.0, 300.0, 1000.0, 3000.0]}},
    "WRMF": {
        "model": "mf",
        "loss": "wrmf",
        "solver": "als-cg",
        "grid": {"alpha": [2.0, 8.0, 20.0], "regularization": [10.0, 30.0, 100.0, 300.0]},
    },
    "RG2, exact": {
        "model": "mf",
        "loss": "rg2",
        "solver": "spectral",
        "grid": {"regularization": [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5], "embedding_size": [16, 64]},
    },
}
NOTE = """\
NDCG@10 on the test part, mean ± standard deviation over {seeds} splits (seeds 0 to {last}); {dataset}: {users:,} \
users, {items:,} items. Each method's settings are chosen on the validation part of each split: {settings}; λ of RG2: \
those chosen, by split. More held-out pairs make a list of ten easier to fill, so compare within a row.
"""


class Thinned(PerUserRandom):
    """The default split with other shares of validation and test."""

    def __init__(self, held: float) -> None:
        super().__init__(Settings())
        self.held = held

    def assign(self, pairs: Pairs, seed: int) -> np.ndarray:
        return per_user_random(pairs.users, seed, self.held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("results/data/ml-100k"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--to", type=Path, help="folder for thinning.csv and thinning.md; else printed only")
    arguments = parser.parse_args()
    stats = read_json(arguments.data / "stats.json")
    rows = []
    for held in HELD:
        for seed in range(arguments.seeds):
            split = make_split(arguments.data, "ranking", seed, Thinned(held))
            rows += [row | {"held": held, "seed": seed} for row in tuned(split, stats["dataset"], seed)]
            print(f"{held} held out, seed {seed} done", flush=True)
    facts = {key: stats[key] for key in ("dataset", "users", "items")}
    facts |= {"seeds": arguments.seeds, "last": arguments.seeds - 1, "settings": settings()}
    text = "\n".join(["# RG2 with fewer training pairs", "", NOTE.format(**facts), table(rows)])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "thinning.csv", rows, list(rows[0]))
        write_text(arguments.to / "thinning.md", text + "\n")


def tuned(split: Split, dataset: str, seed: int) -> Iterator[dict[str, Any]]:
    """A row for each method: the settings that validation chooses, and their test metric."""
    execution = prepare_execution("cpu", 1, None, lambda text: None)
    for name, choice in METHODS.items():
        method = resolve(MethodChoice(**{"grid": {}, **choice}))
        fits = [fit(method, point, Inputs(dataset, split), Seeds(seed, seed), execution) for point in method.trials()]
        best = max(fits, key=lambda one: one.record.validation or 0.0)
        metrics, _ = evaluate_ranking(split, scorer(best.arrays, split))
        chosen = {key: best.record.hyperparameters[key] for key in method.grid}
        yield {
            "train_pairs_per_user": round(len(split.train) / split.n_users, 2),
            "method": name,
            "ndcg@10": metrics["test"]["ndcg@10"],
            "chosen": ", ".join(f"{key}={value:g}" for key, value in chosen.items()),
        }


def settings() -> str:
    """How many settings of each method are tried."""
    grids = {name: choice["grid"].values() for name, choice in METHODS.items() if "grid" in choice}
    return ", ".join(f"{prod(map(len, values))} of {name}" for name, values in grids.items())


def table(rows: list[dict[str, Any]]) -> str:
    """A row for each share that is held out, a column for each method."""
    lines = []
    for held in HELD:
        mine = [row for row in rows if row["held"] == held]
        line: dict[str, Any] = {"training pairs a user": f"{mine[0]['train_pairs_per_user']:.0f}"}
        for name in METHODS:
            values = [row["ndcg@10"] for row in mine if row["method"] == name]
            line[name] = f"{np.mean(values):.4f} ± {np.std(values, ddof=1):.4f}"
        chosen = [row["chosen"] for row in mine if row["method"] == "RG2, exact"]
        line["λ of RG2"] = ", ".join(one.split("regularization=")[1].split(",")[0] for one in chosen)
        lines.append(line)
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
