"""Can co-clustering have the number that T2Rec's Table 1 prints for it? (RMSE, not speed)

Clusters are found in the complete matrix without noise, which no method knows. What co-clustering then makes of the
ratings of the training part is nearly the best that it can.

python speed/coclusters.py --to docs/evidence/t2rec/co-clustering
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from tabulate import tabulate

from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings
from dotbench.files import write_csv, write_text
from dotbench.reporting.published import load_published
from dotbench.statistics.intervals import t_interval

CLUSTERS = (5, 10, 20, 30, 50)
RATINGS, TEST, NOISE = 100_000, 30_000, 0.1
NOTE = """\
Test RMSE on T2Rec's simulation, d = {dimension}, {seeds} draws, mean and 95 % interval (Student's t). As many \
clusters of users as of items, up to the paper's 50. Both are found in the complete matrix of noiseless ratings: \
k-means of users and of items, then each moved to the best cluster in turn, 15 times. *Complete matrix*: the block \
means of this matrix, and the users' and items' own means, with noise of variance .1 added to the error. *From \
ratings*: the same clusters, and all means from the 70,000 noisy ratings of the training part, as scikit-surprise \
combines them. A method that has to find the clusters from these ratings cannot be expected to be better. The printed \
number is beside them.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1500])
    parser.add_argument("--dimension", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--to", type=Path, help="folder for co-clustering.csv and .md; else printed only")
    arguments = parser.parse_args()
    printed = {cell.dataset: cell.value for cell in load_published("t2rec").cells if cell.method == "Co-Ca"}
    rows = []
    for n in arguments.sizes:
        errors = np.array([of_draw(n, arguments.dimension, seed) for seed in range(arguments.seeds)])
        for k, (whole, rated) in zip(CLUSTERS, errors.transpose(1, 2, 0), strict=True):
            row = {"n": n, "clusters": k, "complete matrix": shown(whole), "from ratings": shown(rated)}
            rows.append(row | {"printed": printed.get(f"n = {n}, d = {arguments.dimension}", "")})
    note = NOTE.format(dimension=arguments.dimension, seeds=arguments.seeds)
    table = tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)
    text = "\n".join(["# Co-clustering with the clusters known", "", note, table])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "co-clustering.csv", rows, list(rows[0]))
        write_text(arguments.to / "co-clustering.md", text + "\n")


def of_draw(n: int, dimension: int, seed: int) -> list[tuple[float, float]]:
    """For each number of clusters: RMSE with the complete matrix known, and with its clusters alone known."""
    drawn = SimT2Rec(SimT2RecSettings(users=n, items=n, ratings=RATINGS, dimension=dimension, seed=seed)).simulate()
    matrix = drawn.user_vectors @ drawn.item_vectors.T
    centred = matrix - matrix.mean(0) - matrix.mean(1)[:, None] + matrix.mean()
    shuffled = np.random.default_rng(seed).permutation(RATINGS)
    test, train = shuffled[:TEST], shuffled[TEST:]
    found = []
    for k in CLUSTERS:
        users, items = clusters(centred, k, seed)
        left = centred - block_means(centred, users, items, k)[users[:, None], items]
        predicted = combined(drawn.pairs, drawn.ratings, train, users, items, k)
        rated = np.sqrt(np.mean((drawn.ratings - predicted)[test] ** 2))
        found.append((float(np.sqrt((left**2).mean() + NOISE)), float(rated)))
    return found


def clusters(matrix: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of rows and of columns whose block means leave little of the matrix: both of shape (n,)."""
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    top = vectors[:, -40:]  # the matrix has rank 30
    users = KMeans(k, n_init=2, random_state=seed).fit_predict(matrix @ top)
    items = KMeans(k, n_init=2, random_state=seed).fit_predict(top * np.sqrt(values[-40:].clip(0)))
    for _ in range(15):
        for _ in "ui":
            means = block_means(matrix, users, items, k)
            sizes = np.bincount(items, minlength=k)
            users = (means**2 @ sizes - 2 * (matrix @ np.eye(k)[items]) @ means.T).argmin(1)
            matrix, users, items = matrix.T, items, users
    return users, items


def block_means(matrix: np.ndarray, users: np.ndarray, items: np.ndarray, k: int) -> np.ndarray:
    """Means of the blocks of a matrix, shape (k, k)."""
    u, i = np.eye(k)[users], np.eye(k)[items]
    means: np.ndarray = (u.T @ matrix @ i) / np.maximum(np.outer(u.sum(0), i.sum(0)), 1)
    return means


def combined(
    pairs: np.ndarray, ratings: np.ndarray, train: np.ndarray, users: np.ndarray, items: np.ndarray, k: int
) -> np.ndarray:
    """C_ui + (μ_u − C_u) + (μ_i − C_i) of every pair, all means over the training ratings: that of scikit-surprise."""
    u, i = pairs.T
    level = ratings[train].mean()

    def means(keys: np.ndarray, size: int) -> np.ndarray:
        counts = np.bincount(keys[train], minlength=size)
        return np.where(counts > 0, np.bincount(keys[train], ratings[train], size) / np.maximum(counts, 1), level)[keys]

    block = means(users[u] * k + items[i], k * k)
    return block + means(u, len(users)) - means(users[u], k) + means(i, len(items)) - means(items[i], k)


def shown(values: np.ndarray) -> str:
    found = t_interval(values.tolist())
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    main()
