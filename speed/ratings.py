"""RMSE against CPU seconds: our matrix factorisations of ratings, and scikit-surprise's SVD, SVD++ and neighbours.

Vectors have the same length, and every method the four points of its own grid. The target is an RMSE that both sides
reach: the higher of our best on the validation part and that of surprise's SVD, with a margin. Of each grid, the point
counts that comes there in the fewest seconds, or else the best. It is fitted again with other seeds, in turn with the
other methods. RMSE on the test part is looked at once, where such a fit ends. The clock stands while RMSE is computed.
surprise cannot be watched while it trains: each of its numbers of epochs is a fit of its own, whose seconds alone
count. Its data set is made before.

The second table has the seconds of predicting the test part after one and the same fit: surprise's loop over pairs, and
dotbench's baselines of that name, whose predictions are asserted to be equal.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--split", type=Path, required=True, help="a split's .npz with ratings")
parser.add_argument("--to", type=Path, help="folder for ratings.csv, ratings-curves.csv, ratings.md and ratings.png")
parser.add_argument("--seconds", type=float, default=10, help="CPU seconds after which a fit ends")
parser.add_argument("--margin", type=float, default=0.002, help="share of a best RMSE, above it, at the target")
parser.add_argument("--repeats", type=int, default=3)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy, torch and surprise are loaded

import numpy as np  # noqa: E402
import surprise  # noqa: E402
import torch  # noqa: E402
from _clock import model_of_cpu  # noqa: E402
from _race import Curve, draw, median_of_all, row, write  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.baselines._surprise import SurpriseBaseline, predictions, trainset  # noqa: E402
from dotbench.baselines.knn_basic import KNNBasic  # noqa: E402
from dotbench.baselines.knn_with_means import KNNWithMeans  # noqa: E402
from dotbench.baselines.svd import SVD  # noqa: E402
from dotbench.baselines.svdpp import SVDpp  # noqa: E402
from dotbench.datasets.interactions import Split, load_split  # noqa: E402
from dotbench.execution.hardware import prepare_execution  # noqa: E402
from dotbench.losses.squared import Squared  # noqa: E402
from dotbench.models.mf import MatrixFactorization  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.runs.method import settings_class  # noqa: E402
from dotbench.solvers.als import AlternatingTrainer  # noqa: E402
from dotbench.solvers.base import Problem, solvers  # noqa: E402
from dotbench.solvers.sgd import GradientTrainer  # noqa: E402

RANK = 20
EPOCHS = (1, 2, 3, 5, 7, 10, 14, 20, 28, 40, 56, 80)  # of surprise's fits
PATIENCE = 6  # looks without a better RMSE before a fit ends

Predict = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[Split, Any, Mapping[str, Any], int], Iterator[tuple[int, float, Predict]]]  # epochs, seconds


def ours(solver: str, make: Callable[[Problem], Any]) -> Fit:
    def fit(split: Split, data: Any, point: Mapping[str, Any], seed: int) -> Iterator[tuple[int, float, Predict]]:
        spent, since, epochs = 0.0, time.process_time(), 0
        parts = (MatrixFactorization, Squared, solvers()[solver])
        values = settings_class(list(parts))(**{"embedding_size": RANK, "offset": "item-mean", **point})
        ratings = split.ratings["train"]
        problem = Problem(
            model=parts[0],
            loss=parts[1](values),
            settings=values,
            train=lambda dtype: TrainMatrix(split.train, split.n_users, split.n_items, "cpu", dtype, ratings),
            validate=lambda users, items: {},
            init_seed=seed,
            device="cpu",
        )
        trainer = make(problem)

        def predict(pairs: np.ndarray) -> np.ndarray:
            users, items = (one.numpy() for one in trainer.vectors())
            return (users[pairs[:, 0]] * items[pairs[:, 1]]).sum(1)

        while True:
            trainer.epoch()
            epochs, spent = epochs + 1, spent + time.process_time() - since
            yield epochs, spent, predict
            since = time.process_time()

    return fit


def peer(kind: type[SurpriseBaseline]) -> Fit:
    """An algorithm of surprise, with the names that dotbench's baseline gives to its settings."""

    def fit(split: Split, data: Any, point: Mapping[str, Any], seed: int) -> Iterator[tuple[int, float, Predict]]:
        iterative = "epochs" in kind.Settings.model_fields
        for number in EPOCHS if iterative else (1,):
            common = {"embedding_size": RANK, "epochs": number} if iterative else {}
            baseline = kind(kind.Settings(**common, **point), seed)
            baseline.fitted = baseline.algorithm()
            since = time.process_time()
            baseline.fitted.fit(data)
            yield number, time.process_time() - since, baseline.predict

    return fit


@dataclass(frozen=True)
class Method:
    fit: Fit
    grid: Mapping[str, tuple[Any, ...]]

    def points(self) -> list[dict[str, Any]]:
        return [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]


METHODS = {
    "ours: MF, als": Method(
        ours("als", AlternatingTrainer), {"regularization": (0.05, 0.1, 0.15, 0.2), "weighted": (True,)}
    ),
    "ours: MF, sgd (Adam)": Method(
        ours("sgd", GradientTrainer),
        {"regularization": (0.05, 0.1), "learning_rate": (0.003, 0.01), "weighted": (True,)},
    ),
    "surprise: SVD": Method(peer(SVD), {"regularization": (0.05, 0.1), "learning_rate": (0.005, 0.015)}),
    "surprise: SVD++": Method(peer(SVDpp), {"regularization": (0.05, 0.1), "learning_rate": (0.007, 0.02)}),
    "surprise: KNN about means": Method(peer(KNNWithMeans), {"neighbors": (20, 40), "user_based": (True, False)}),
}
LEADER = "surprise: SVD"  # the ratios are to its seconds


def rmse(predict: Predict, pairs: np.ndarray, ratings: np.ndarray) -> float:
    return float(np.sqrt(np.mean((predict(pairs) - ratings.astype(np.float64)) ** 2)))


def watched(
    method: Method, split: Split, data: Any, point: Mapping[str, Any], seed: int, target: float = 0.0
) -> tuple[Curve, Predict]:
    """The curve of one fit on the validation part, up to the target, and its last predictions."""
    curve: Curve = []
    for epochs, seconds, predict in method.fit(split, data, point, seed):
        curve.append((epochs, seconds, rmse(predict, split.valid, split.ratings["valid"])))
        best = min(range(len(curve)), key=lambda at: curve[at][2])
        if curve[-1][2] <= target or seconds > arguments.seconds or len(curve) - 1 - best >= PATIENCE:
            break
    return curve, predict


def reached(curve: Curve, target: float) -> float | None:
    return next((seconds for _, seconds, value in curve if value <= target), None)


def predicting(split: Split, data: Any) -> list[list[str]]:
    """Seconds of predicting the test part, by surprise and by us."""
    rows = []
    for kind, values in ((SVDpp, {"epochs": 1}), (KNNBasic, {}), (KNNWithMeans, {})):
        baseline = kind(kind.Settings(**values), 0)
        baseline.fitted = baseline.algorithm()
        baseline.fitted.fit(data)
        ways = {"surprise": lambda pairs: predictions(baseline.fitted, pairs), "ours": baseline.predict}  # noqa: B023
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        found = {}
        for _ in range(arguments.repeats):
            for name, way in ways.items():
                start = time.process_time()
                found[name] = way(split.test)
                seconds[name].append(time.process_time() - start)
        assert np.allclose(found["surprise"], found["ours"], atol=1e-9), kind.title
        theirs, own = (statistics.median(seconds[name]) for name in ways)
        rows.append([kind.title, f"{theirs:.3f}", f"{own:.3f}", f"{theirs / own:.1f}"])
    return rows


def main() -> None:
    prepare_execution("cpu", 1)
    split = load_split(arguments.split)
    data = trainset(split)
    for name in ("ours: MF, als", "ours: MF, sgd (Adam)"):  # loads libraries
        next(METHODS[name].fit(split, data, METHODS[name].points()[0], 0))
    tried: dict[str, list[tuple[dict[str, Any], Curve]]] = {name: [] for name in METHODS}
    for number in range(4):
        for name, method in METHODS.items():
            point = method.points()[number]
            tried[name].append((point, watched(method, split, data, point, 0)[0]))
            _, seconds, best = min(tried[name][-1][1], key=lambda look: look[2])
            print(f"{name}, {point}: {best:.4f} at {seconds:.2f} s", flush=True)
    own, theirs = (
        min(value for name in METHODS if name.startswith(side) for _, curve in tried[name] for _, _, value in curve)
        for side in ("ours", LEADER)
    )
    target = max(own, theirs) * (1 + arguments.margin)

    def rank(one: tuple[dict[str, Any], Curve]) -> tuple[float, float]:
        seconds = reached(one[1], target)
        return (np.inf if seconds is None else seconds, min(value for _, _, value in one[1]))

    chosen = {name: min(points, key=rank) for name, points in tried.items()}
    times: dict[str, list[float | None]] = {name: [] for name in METHODS}
    seen: dict[str, list[float]] = {name: [] for name in METHODS}
    for seed in range(1, arguments.repeats + 1):
        for name, method in METHODS.items():
            curve, predict = watched(method, split, data, chosen[name][0], seed, target)
            times[name].append(reached(curve, target))
            seen[name].append(rmse(predict, split.test, split.ratings["test"]))

    base = "ratio_to_svd", median_of_all(times[LEADER])
    rows = []
    for name in METHODS:
        point, curve = chosen[name]
        best = min(value for _, _, value in curve)
        rows.append(row(name, point, best, curve[-1][1] / curve[-1][0], times[name], seen[name], base))
    heads = ["", "point", "best validation", "CPU s an epoch", "CPU s to target", "ratio to SVD", "test there"]
    text = "\n".join(
        [
            f"{split.n_users} × {split.n_items}, {len(split.train)} training ratings, K = {RANK}, 1 thread, medians of "
            f"{arguments.repeats} seeds. CPU: {model_of_cpu()}. numpy {np.__version__}, torch {torch.__version__}, "
            f"scikit-surprise {surprise.__version__}.",
            "",
            f"Target: RMSE of {target:.4f} on the validation part, {arguments.margin:.1%} above the higher of our "
            f"best ({own:.4f}) and that of surprise's SVD ({theirs:.4f}). A fit ends at {arguments.seconds:g} CPU s; "
            "an empty cell: not reached by every seed.",
            "",
            tabulate([[*row.values()] for row in rows], heads, tablefmt="github", disable_numparse=True),
            "",
            f"CPU seconds of predicting {len(split.test)} ratings after the same fit, with the same predictions:",
            "",
            tabulate(predicting(split, data), ["", "surprise", "ours", "ratio"], "github", disable_numparse=True),
            "",
        ]
    )
    print(text)
    if arguments.to:
        curves = {name: curve for name, (_, curve) in chosen.items()}
        write(arguments.to / "ratings", arguments.to / "ratings-curves.csv", text, rows, curves)
        draw(curves, target, "RMSE", arguments.to / "ratings.png")


if __name__ == "__main__":
    main()
