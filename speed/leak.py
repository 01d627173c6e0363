"""What the papers' leak is worth (RMSE, not speed): features of all reviews against those of training reviews.

snakemake results/data/musical-instruments/stats.json
python speed/leak.py --to docs/evidence/leak
"""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from tabulate import tabulate

from dotbench.datasets.interactions import PARTS, Split
from dotbench.datasets.splits.base import DEFAULT, make_splitter
from dotbench.datasets.splitting import make_split
from dotbench.features._reviews import Reviews, TextFeatures, average
from dotbench.features.base import feature_sets
from dotbench.features.source import Source
from dotbench.files import read_json, write_csv, write_text
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.paired import compare

SETS = ("ngrams", "aspects", "votes")
LAMBDAS = 10.0 ** np.arange(0, 6.5, 0.5)
HONEST, LEFT_OUT, LEAKY = "honest", "honest, own review left out in training", "leaky"
NOTE = """\
RMSE of the held-out ratings; {reviews:,} reviews of {users:,} users and {items:,} items ({dataset}); {seeds} splits \
(seeds 0 to {last}): of each user's ratings at random 10 %, but at least one, for validation and as many for test, \
{train:,} / {valid:,} / {test:,} in all. Mean, standard deviation and 95 % interval over \
splits (Student's t). textblob {textblob}, scikit-learn {sklearn}.

Predictor: ridge regression of the rating on the user's and the item's features side by side, columns standardised \
over the training pairs, intercept free, the penalty λ ∈ {{1, 10^0.5, …, 10^6}} of ‖y − Xw‖² + λ‖w‖² chosen by the \
validation RMSE; nothing clipped. Means: of the training ratings, the global one where there is none.

- honest: features from training reviews only. A training pair's own review is among those that its features are \
made from, a test pair's is not.
- honest, own review left out in training: the same features, but those of a training pair without its own review, \
as at test time (n-grams and aspects; votes as they are; the choice of n-grams and aspects as above).
- leaky: features from all reviews, that of the test pair among them, as in the paper.
"""
PAIRS_NOTE = """\
Differences of RMSE, first − second, on the same test pairs. `low`, `high`: 95 % interval from 10,000 resamples of \
users, crossed with splits, simultaneous over the pairs of a feature set; `seeds low`, `seeds high`: Student's t \
interval over the splits alone. `p`: Holm-adjusted within a feature set.
"""


Design = dict[str, np.ndarray]  # part → features of its pairs, shape (pairs, d)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("results/data/musical-instruments"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--to", type=Path, help="folder for leak.csv, leak_pairs.csv and leak.md; else printed only")
    arguments = parser.parse_args()
    errors: dict[tuple[str, str], list[np.ndarray]] = {}  # squared errors, summed by user, a split each
    counts = []
    whole: dict[str, list[np.ndarray]] = {}
    for seed in range(arguments.seeds):
        split = make_split(arguments.data, "rating", seed, make_splitter({"kind": DEFAULT}))
        predictions = means(split)
        for key, design in designs(Source(arguments.data, split), whole).items():
            predictions[key] = ridge(design, split.ratings)
        users = split.test[:, 0]
        counts.append(np.bincount(users, minlength=split.n_users))
        for key, predicted in predictions.items():
            squared = (split.ratings["test"] - predicted) ** 2
            errors.setdefault(key, []).append(np.bincount(users, squared, minlength=split.n_users))
        print(f"seed {seed} done", flush=True)
    rows, pairs = tables({key: np.array(found) for key, found in errors.items()}, np.array(counts))
    stats = read_json(arguments.data / "stats.json")
    facts = {"dataset": stats["dataset"], "seeds": arguments.seeds, "last": arguments.seeds - 1}
    facts |= {"users": stats["raw"]["users"], "items": stats["raw"]["items"], "reviews": stats["raw"]["rows"]}
    facts |= {part: len(getattr(split, part)) for part in PARTS}
    facts |= {"textblob": version("textblob"), "sklearn": version("scikit-learn")}
    text = "\n".join(
        ["# Leaky against honest features", "", NOTE.format(**facts), show(rows), "", PAIRS_NOTE, show(pairs)]
    )
    print(text)
    if arguments.to:
        write_csv(arguments.to / "leak.csv", rows, list(rows[0]))
        write_csv(arguments.to / "leak_pairs.csv", pairs, list(pairs[0]))
        write_text(arguments.to / "leak.md", text + "\n")


def designs(source: Source, whole: dict[str, list[np.ndarray]]) -> dict[tuple[str, str], Design]:
    """(feature set, variant) → features of the split's pairs. ``whole`` keeps the leaky ones from split to split."""
    found: dict[tuple[str, str], Design] = {}
    for name in SETS:
        cls = feature_sets()[name]
        if name not in whole:
            features = cls(cls.Settings(leaky=True)).compute(source)
            whole[name] = [dense(features.users), dense(features.items)]
        found[name, LEAKY] = of_pairs(*whole[name], source.split)
        part = cls(cls.Settings())
        if not isinstance(part, TextFeatures):
            features = part.compute(source)
            found[name, HONEST] = of_pairs(features.users, features.items, source.split)
            continue
        reviews, _ = part.read(source)
        assert np.array_equal(np.stack([reviews.users, reviews.items], axis=1), source.split.train)
        users = averages(reviews, reviews.users, source.split.n_users)
        items = averages(reviews, reviews.items, source.split.n_items)
        found[name, HONEST] = of_pairs(users, items, source.split)
        own_out = np.hstack([without_own(reviews, rows) for rows in (reviews.users, reviews.items)])
        found[name, LEFT_OUT] = {**found[name, HONEST], "train": own_out}
    for variant in (LEAKY, HONEST, LEFT_OUT):
        parts = [found.get((name, variant), found[name, HONEST]) for name in SETS]
        found["all three", variant] = {key: np.hstack([part[key] for part in parts]) for key in PARTS}
    return found


def dense(matrix: Any) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def averages(reviews: Reviews, rows: np.ndarray, n: int) -> np.ndarray:
    """The average over the reviews of each row, then ``has_review``, 1 where there is one: shape (n, d + 1)."""
    has_review = np.bincount(rows, minlength=n) > 0
    return np.hstack([average(reviews, rows, n).toarray(), has_review.astype(np.float32)[:, None]])


def of_pairs(users: np.ndarray, items: np.ndarray, split: Split) -> Design:
    pairs = {part: getattr(split, part) for part in PARTS}
    return {part: np.hstack([users[rows[:, 0]], items[rows[:, 1]]]) for part, rows in pairs.items()}


def without_own(reviews: Reviews, rows: np.ndarray) -> np.ndarray:
    """For each review the average over the other reviews of its row: shape (n, d + 1), the last ``has_review``."""
    member = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))))
    totals = reviews.totals.toarray().astype(float)
    weights = np.ones((len(rows), 1)) if reviews.weights is None else reviews.weights.toarray().astype(float)
    others, number = ((member @ values)[rows] - values for values in (totals, weights))
    has_review = (np.bincount(rows)[rows] > 1).astype(float)[:, None]
    number = np.broadcast_to(number, others.shape)
    return np.hstack([np.divide(others, number, out=np.zeros_like(others), where=number > 0.5), has_review])


def ridge(design: Design, ratings: dict[str, np.ndarray]) -> np.ndarray:
    """Predictions of the test ratings at the penalty that predicts the validation ratings best."""
    mean, sd = design["train"].mean(axis=0, dtype=float), design["train"].std(axis=0, dtype=float)
    train, valid, test = ((design[part] - mean) / np.where(sd > 1e-9, sd, np.inf) for part in PARTS)
    level = ratings["train"].mean(dtype=float)
    values, vectors = np.linalg.eigh(train.T @ train)
    target = vectors.T @ (train.T @ (ratings["train"] - level))
    fits = [level + (valid @ vectors) @ (target / (values + penalty)) for penalty in LAMBDAS]
    best = LAMBDAS[np.argmin([np.mean((ratings["valid"] - fit) ** 2) for fit in fits])]
    return level + (test @ vectors) @ (target / (values + best))


def means(split: Split) -> dict[tuple[str, str], np.ndarray]:
    level = split.ratings["train"].mean(dtype=float)
    found = {("mean", "global"): np.full(len(split.test), level)}
    for column, side in enumerate(("user", "item")):
        totals, counts = (
            np.bincount(split.train[:, column], weights, max(split.n_users, split.n_items))
            for weights in (split.ratings["train"], None)
        )
        mean = np.where(counts > 0, totals / np.maximum(counts, 1), level)
        found["mean", side] = mean[split.test[:, column]]
    return found


def tables(errors: dict[tuple[str, str], np.ndarray], counts: np.ndarray) -> tuple[list[dict], list[dict]]:
    """Rows of both tables; errors: shape (seeds, users) each."""
    rows, pairs = [], []
    for (features, variant), squared in errors.items():
        interval = t_interval(np.sqrt(squared.sum(axis=1) / counts.sum(axis=1)).tolist())
        figures = {"rmse": interval.mean, "sd": interval.sd, "low": interval.low, "high": interval.high}
        rows.append({"features": features, "variant": variant, **rounded(figures)})
    for features in dict.fromkeys(features for features, _ in errors if features != "mean"):
        variants = [variant for variant in (LEAKY, HONEST, LEFT_OUT) if (features, variant) in errors]
        for pair in compare(np.stack([errors[features, variant] for variant in variants]), counts, root=True):
            figures = {"difference": pair.difference, "low": pair.low, "high": pair.high}
            figures |= {"seeds low": pair.seeds.low, "seeds high": pair.seeds.high, "p": pair.p_holm}
            names = {"features": features, "first": variants[pair.first], "second": variants[pair.second]}
            pairs.append({**names, **rounded(figures)})
    return rows, pairs


def rounded(figures: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else f"{value:.4f}" for name, value in figures.items()}


def show(rows: list[dict]) -> str:
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
