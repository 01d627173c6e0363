"""False positives and coverage of the comparison of methods, by simulation.

    python tools/significance.py [--to docs/evidence/statistics] [--repeats 2000]

Users are drawn with replacement from populations whose differences are known, methods are compared as under every
table, and it is counted how often the answer is wrong. Populations: NDCG@10 of the users of ml-100k from the runs in
docs/evidence/rg2, five methods and five seeds; and simulated squared errors of 1 to 20 ratings a user (RMSE).
"Same users": every seed tests them all; "other users": each seed tests users of its own. Five minutes of one core.
"""

import argparse
from itertools import chain
from pathlib import Path

import numpy as np
from tabulate import tabulate

from dotbench.archive.file import read_archive
from dotbench.archive.rows import is_fit, per_user_columns
from dotbench.files import write_csv, write_text
from dotbench.runs.evaluating import per_user_table
from dotbench.statistics.intervals import wilson_interval
from dotbench.statistics.paired import compare

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence" / "rg2"
RUNS = [EVIDENCE / part / "runs.parquet" for part in ("ml-100k", "ml-100k-extended", "regulariser", "two-tower")]
SIZES = (5, 10, 20, 50, 200, 1000, 5000)
METHODS = SEEDS = 5

Population = tuple[np.ndarray, np.ndarray]  # sums (methods, seeds, users), counts (seeds, users)


def ndcg() -> Population:
    """Users of ml-100k with a test item in every seed, and the first methods that have every seed."""
    frames: dict[str, dict[int, object]] = {}
    for row in chain.from_iterable(map(read_archive, RUNS)):
        if is_fit(row) and row["dataset"] == "ml-100k" and row["split_seed"] < SEEDS:
            table = per_user_table(per_user_columns(row)).set_index("user")["ndcg@10"]
            frames.setdefault(row["method"], {})[row["split_seed"]] = table
    complete = [seeds for _, seeds in sorted(frames.items()) if len(seeds) == SEEDS]
    chosen = complete[:: len(complete) // METHODS][:METHODS]
    users = sorted(set.intersection(*(set(table.index) for seeds in chosen for table in seeds.values())))
    sums = np.array([[seeds[seed].loc[users].to_numpy() for seed in range(SEEDS)] for seeds in chosen])
    return sums, np.ones(sums.shape[1:])


def squared_errors(n_users: int = 2000) -> Population:
    """χ² errors: of the user, of the user with the method, and scales of the methods up to a tenth apart."""
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 21, (SEEDS, n_users)).astype(float)
    of_user = rng.lognormal(0, 0.3, n_users)
    of_both = rng.lognormal(0, 0.1, (METHODS, 1, n_users))
    scale = np.linspace(1, 1.1, METHODS)[:, None, None]
    return scale * of_user * of_both * rng.chisquare(counts, (METHODS, SEEDS, n_users)), counts


def sample(population: Population, n: int, nested: bool, rng: np.random.Generator) -> Population:
    sums, counts = population
    if not nested:
        users = rng.integers(0, sums.shape[2], n)
        return sums[:, :, users], counts[:, users]
    users = rng.integers(0, sums.shape[2], (SEEDS, n))
    drawn_sums, drawn_counts = np.zeros((METHODS, SEEDS, SEEDS, n)), np.zeros((SEEDS, SEEDS, n))
    for seed in range(SEEDS):
        drawn_sums[:, seed, seed] = sums[:, seed, users[seed]]
        drawn_counts[seed, seed] = counts[seed, users[seed]]
    return drawn_sums.reshape(METHODS, SEEDS, -1), drawn_counts.reshape(SEEDS, -1)


def exchanged(sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The methods of each user in another order, the same in all seeds: no method is better."""
    order = rng.permuted(np.tile(np.arange(METHODS)[:, None], (1, sums.shape[2])), axis=0)
    return np.take_along_axis(sums, np.broadcast_to(order[:, None], sums.shape), axis=0)


def measure(population: Population, n: int, nested: bool, root: bool, repeats: int) -> dict[str, object]:
    rng = np.random.default_rng(n)
    ratio = population[0].sum(-1) / population[1].sum(-1)
    truth = (np.sqrt(ratio) if root else ratio).mean(axis=1)
    false, covered = 0, 0
    for _ in range(repeats):
        sums, counts = sample(population, n, nested, rng)
        false += any(pair.p_holm < 0.05 for pair in compare(exchanged(sums, rng), counts, root))
        covered += all(
            pair.low <= truth[pair.first] - truth[pair.second] <= pair.high for pair in compare(sums, counts, root)
        )
    rates = {}
    for name, count in (("false_positives", false), ("coverage", covered)):
        low, high = wilson_interval(count, repeats)
        rates |= {name: count / repeats, f"{name}_low": low, f"{name}_high": high}
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="folder for significance.csv and significance.md")
    parser.add_argument("--repeats", type=int, default=2000)
    arguments = parser.parse_args()
    rows = []
    for name, population, root in (("NDCG@10", ndcg(), False), ("RMSE", squared_errors(), True)):
        for nested in (False, True):
            for n in SIZES:
                repeats = arguments.repeats if n <= 200 else arguments.repeats // 2
                users = "other users" if nested else "same users"
                found = measure(population, n, nested, root, repeats)
                rows.append({"metric": name, "seeds": users, "users": n, "repeats": repeats, **found})
                print(name, users, n, {key: f"{value:.3f}" for key, value in found.items()}, flush=True)
    if arguments.to:
        write_csv(arguments.to / "significance.csv", rows, list(rows[0]))
        cells = [
            [
                row["metric"],
                row["seeds"],
                row["users"],
                row["repeats"],
                *(
                    f"{row[key]:.3f} [{row[f'{key}_low']:.3f}, {row[f'{key}_high']:.3f}]"
                    for key in ("false_positives", "coverage")
                ),
            ]
            for row in rows
        ]
        header = ["metric", "seeds test", "users a seed", "repeats", "a false difference", "all intervals cover"]
        note = (
            f"{METHODS} methods, {SEEDS} seeds. A false difference: p (Holm) < .05 for any pair although no method is "
            "better, wanted at most .05. All intervals cover: the simultaneous 95 % intervals of all pairs hold the "
            "true differences, wanted .93 to .97. In brackets 95 % intervals (Wilson)."
        )  # fmt: skip
        write_text(arguments.to / "significance.md", tabulate(cells, header, "github") + f"\n\n{note}\n")


if __name__ == "__main__":
    main()
