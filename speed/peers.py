"""CPU seconds to the same NDCG@10 of our matrix factorisations, or of LightGCN, and of what people would pick instead.

Every method fits the four points of its own grid, from the same split and with vectors of the same length. Our
evaluator ranks all items by the vectors of every method, with the clock stopped. The target is a share of the best
NDCG@10 that any peer's BPR or LightGCN reaches on the validation part. Of each grid, the point counts that comes to
the target in the fewest seconds, or else the best. It is fitted again with other seeds, in turn with the other methods.
NDCG@10 on the test part is looked at once, where such a fit ends. The clock runs from the data as arrays on, without
cornac's, LensKit's and RecBole's making of their data sets; what a library loads or compiles at its first fit comes
before. Peers: ``pip install -e .[peers]``, and LensKit (speed/README.md). Those that cannot be imported are listed and
left out.
"""

import argparse
import contextlib
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--split", type=Path, help="a split's .npz; without it, ratings at the size of MovieLens 1M")
parser.add_argument("--model", choices=("mf", "lightgcn"), default="mf", help="mf: matrix factorisation")
parser.add_argument("--only", default="", help="methods whose names have this word, such as BPR; all are the default")
parser.add_argument("--to", type=Path, help="folder for peers.csv, curves.csv, peers.md and peers.png")
parser.add_argument("--seconds", type=float, default=15, help="CPU seconds of a fit at most")
parser.add_argument("--share", type=float, default=0.95, help="of the best peer's NDCG@10, the target")
parser.add_argument("--points", type=int, nargs="+", default=[1, 2, 3, 4], help="those of a grid that are fitted")
for option, default in (("threads", 1), ("repeats", 3)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy, torch and the peers are loaded

import importlib.metadata  # noqa: E402

import numpy as np  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
import torch  # noqa: E402
from _clock import model_of_cpu  # noqa: E402
from _data import training_pairs  # noqa: E402
from _race import Curve, draw, median_of_all, row, write  # noqa: E402
from _recbole import RANK, RecBole  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.datasets.interactions import Split, load_split  # noqa: E402
from dotbench.evaluation.topk import Ranking, ndcg, vector_scorer  # noqa: E402
from dotbench.execution.hardware import prepare_execution  # noqa: E402
from dotbench.losses.base import losses  # noqa: E402
from dotbench.models.base import EmbeddingModel  # noqa: E402
from dotbench.models.lightgcn import LightGCN  # noqa: E402
from dotbench.models.mf import MatrixFactorization  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.runs.method import settings_class  # noqa: E402
from dotbench.solvers.als import AlternatingTrainer  # noqa: E402
from dotbench.solvers.als_cg import GradientTrainer as ConjugateTrainer  # noqa: E402
from dotbench.solvers.base import Problem, solvers  # noqa: E402
from dotbench.solvers.row_adagrad import RowTrainer  # noqa: E402
from dotbench.solvers.sgd import GradientTrainer  # noqa: E402

GROWTH, PATIENCE = 1.2, 8  # from one look to the next, in epochs; looks without a better value before a fit ends
WEIGHTED = {"alpha": (1.0, 2.0), "regularization": (10.0, 30.0)}

Vectors = tuple[np.ndarray, np.ndarray]


class Enough(Exception):
    """A fit has seen what it should."""


@dataclass
class Watch:
    """A clock of CPU seconds that stands while the vectors are evaluated, and what it saw."""

    quality: Callable[[Vectors], float]
    seconds: float
    target: float | None = None  # to end there
    curve: Curve = field(default_factory=list)  # epochs, seconds, NDCG@10
    last: Vectors | None = None
    epochs: int = 0
    spent: float = 0.0

    def __post_init__(self) -> None:
        self.since = time.process_time()

    def lap(self, vectors: Callable[[], Vectors]) -> None:
        """An epoch has ended."""
        self.spent += time.process_time() - self.since
        self.epochs += 1
        if not self.curve or self.epochs >= GROWTH * self.curve[-1][0] or self.spent > self.seconds:
            self.last = vectors()
            self.curve.append((self.epochs, self.spent, self.quality(self.last)))
            best = max(range(len(self.curve)), key=lambda at: self.curve[at][2])
            stale = len(self.curve) - 1 - best >= PATIENCE and self.epochs > 10
            if self.spent > self.seconds or stale or (self.target is not None and self.curve[-1][2] >= self.target):
                raise Enough
        self.since = time.process_time()

    def reached(self, target: float) -> float | None:
        return next((seconds for _, seconds, value in self.curve if value >= target), None)


Fit = Callable[[Split, Mapping[str, Any], int, Watch], None]


@dataclass(frozen=True)
class Method:
    """What is fitted, and its grid: two values for each of two settings."""

    fit: Fit
    grid: Mapping[str, tuple[Any, Any]]
    sets_target: bool = False

    def points(self) -> list[dict[str, Any]]:
        (first, values), (second, others) = self.grid.items()
        return [{first: value, second: other} for value in values for other in others]


def ours(
    loss: str, solver: str, make: Callable[[Problem], Any], model: type[EmbeddingModel] = MatrixFactorization
) -> Fit:
    def fit(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
        parts = (model, losses()[loss], solvers()[solver])
        values = settings_class(list(parts))(**{"embedding_size": RANK, **point})
        problem = Problem(
            model=parts[0],
            loss=parts[1](values),
            settings=values,
            train=lambda dtype: TrainMatrix(split.train, split.n_users, split.n_items, dtype=dtype),
            validate=lambda users, items: {},
            init_seed=seed,
            device="cpu",
        )
        trainer = make(problem)
        while True:
            trainer.epoch()
            watch.lap(lambda: tuple(one.numpy() for one in trainer.vectors()))

    return fit


def interactions(split: Split) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(split.train), np.float32), split.train.T), (split.n_users, split.n_items))


ENDLESS = 1_000_000  # epochs: the watch ends a fit


def implicit_bpr(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    peer = BayesianPersonalizedRanking(
        RANK, iterations=ENDLESS, num_threads=arguments.threads, random_state=seed, **point
    )
    vectors = lambda: (peer.user_factors, peer.item_factors)  # noqa: E731
    peer.fit(interactions(split), show_progress=False, callback=lambda *_: watch.lap(vectors))


def implicit_als(use_cg: bool) -> Fit:
    def fit(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        confidence = point["alpha"] + 1  # of a pair, beside 1 of the others
        peer = AlternatingLeastSquares(
            RANK,
            regularization=point["regularization"],
            alpha=confidence,
            use_cg=use_cg,
            iterations=ENDLESS,
            num_threads=arguments.threads,
            random_state=seed,
        )
        vectors = lambda: (peer.user_factors, peer.item_factors)  # noqa: E731
        peer.fit(interactions(split), show_progress=False, callback=lambda *_: watch.lap(vectors))

    return fit


def cornac_bpr(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
    from cornac.data import Dataset
    from cornac.models import BPR

    data = Dataset.from_uir([(user, item, 1.0) for user, item in split.train.tolist()], seed=seed)
    watch.since = time.process_time()  # its data set is made before the clock runs
    rows = np.fromiter(data.uid_map, dtype=np.int64), np.fromiter(data.iid_map, dtype=np.int64)

    class Watched(BPR):
        def _fit_sgd(self, *parts: Any) -> Any:
            found = super()._fit_sgd(*parts)
            watch.lap(self.vectors)
            return found

        def vectors(self) -> Vectors:
            users, items = (np.zeros((n, RANK + 1), np.float32) for n in (split.n_users, split.n_items))
            users[rows[0], :-1], users[:, -1] = self.u_factors, 1
            items[rows[1], :-1], items[rows[1], -1] = self.i_factors, self.i_biases
            return users, items

    names = {"learning_rate": point["learning_rate"], "lambda_reg": point["regularization"]}
    Watched(k=RANK, max_iter=ENDLESS, seed=seed, **names).fit(data)


def lenskit(make: Callable[[Mapping[str, Any]], Any], tables: Callable[[Any], Vectors]) -> Fit:
    """``tables``: user and item vectors of a trainer, in the order of its vocabularies."""

    def fit(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
        import pandas as pd
        from lenskit.data import from_interactions_df
        from lenskit.training import TrainingOptions

        data = from_interactions_df(pd.DataFrame(split.train, columns=["user_id", "item_id"]))
        rows = data.users.ids(), data.items.ids()
        watch.since = time.process_time()  # its data set is made before the clock runs
        trainer = make(point).create_trainer(data, TrainingOptions(rng=seed, device="cpu"))

        def vectors() -> Vectors:
            whole = []
            for ids, table, n in zip(rows, tables(trainer), (split.n_users, split.n_items), strict=True):
                whole.append(np.zeros((n, table.shape[1]), np.float32))
                whole[-1][ids] = table
            return whole[0], whole[1]

        while True:
            trainer.train_epoch()
            watch.lap(vectors)

    return fit


def lenskit_bpr(point: Mapping[str, Any]) -> Any:
    from lenskit.flexmf import FlexMFImplicitScorer

    return FlexMFImplicitScorer(preset="bpr", embedding_size=RANK, **point)


def lenskit_als(point: Mapping[str, Any]) -> Any:
    from lenskit.als import ImplicitMFScorer

    names = {"weight": point["alpha"], "regularization": point["regularization"]}
    return ImplicitMFScorer(embedding_size=RANK, **names)


def recbole(model: str) -> Fit:
    def fit(split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> None:
        peer = RecBole(model, split, seed, **point)
        watch.since = time.process_time()  # its data set and LightGCN's graph are made before the clock runs
        for number in range(ENDLESS):
            peer.epoch(number)
            watch.lap(peer.vectors)

    return fit


def flexible(trainer: Any) -> Vectors:
    model = trainer.model  # the preset has no biases
    return model.u_embed.weight.detach().numpy(), model.i_embed.weight.detach().numpy()


FACTORISATIONS = {
    "ours: BPR, row-adagrad": Method(
        ours("bpr", "row-adagrad", RowTrainer), {"learning_rate": (0.05, 0.1), "drawn_negatives": (1, 4)}
    ),
    "ours: BPR, sgd (Adam)": Method(
        ours("bpr", "sgd", GradientTrainer), {"learning_rate": (0.003, 0.01), "negatives": (1, 10)}
    ),
    "implicit: BPR": Method(
        implicit_bpr, {"learning_rate": (0.01, 0.05), "regularization": (0.01, 0.003)}, sets_target=True
    ),
    "cornac: BPR": Method(
        cornac_bpr, {"learning_rate": (0.05, 0.1), "regularization": (0.01, 0.003)}, sets_target=True
    ),
    "LensKit: BPR": Method(
        lenskit(lenskit_bpr, flexible),
        {"learning_rate": (0.003, 0.01), "regularization": (0.01, 0.1)},
        sets_target=True,
    ),
    "RecBole: BPR": Method(
        recbole("BPR"), {"learning_rate": (0.003, 0.01), "train_batch_size": (512, 2048)}, sets_target=True
    ),
    "ours: WRMF, als": Method(ours("wrmf", "als", AlternatingTrainer), WEIGHTED),
    "ours: WRMF, als-cg": Method(
        ours("wrmf", "als-cg", lambda problem: ConjugateTrainer(problem, problem.settings.steps)), WEIGHTED
    ),
    "implicit: ALS, exact": Method(implicit_als(False), WEIGHTED),
    "implicit: ALS, CG": Method(implicit_als(True), WEIGHTED),
    "LensKit: ALS": Method(
        lenskit(lenskit_als, lambda trainer: (trainer.scorer.user_embeddings, trainer.scorer.item_embeddings)), WEIGHTED
    ),
}
GRAPH = {"learning_rate": (0.01, 0.03), "batch_size": (2048, 8192)}


def graph(negatives: int) -> Fit:
    fit = ours("bpr", "sgd", GradientTrainer, LightGCN)
    return lambda split, point, *rest: fit(split, {"negatives": negatives, **point}, *rest)


CONVOLUTIONS = {
    "ours: LightGCN": Method(graph(1), GRAPH),
    "ours: LightGCN, 10 sampled items": Method(graph(10), GRAPH),
    "RecBole: LightGCN": Method(
        recbole("LightGCN"), {"learning_rate": (0.01, 0.03), "train_batch_size": (2048, 8192)}, sets_target=True
    ),
}
METHODS = CONVOLUTIONS if arguments.model == "lightgcn" else FACTORISATIONS
OURS = next(iter(METHODS))  # the ratios are to its seconds


def run(method: Method, split: Split, point: Mapping[str, Any], seed: int, watch: Watch) -> Watch:
    with contextlib.suppress(Enough):
        method.fit(split, point, seed, watch)
    return watch


def generated() -> Split:
    pairs = training_pairs()
    part = np.random.default_rng(0).choice(3, len(pairs), p=[0.8, 0.1, 0.1])
    return Split(6040, 3706, *(pairs[part == number] for number in range(3)), ratings={})


def judge(split: Split, pairs: np.ndarray) -> Callable[[Vectors], float]:
    ranking = Ranking(pairs, split.train, split.n_users, split.n_items)

    def quality(vectors: Vectors) -> float:
        users, items = (torch.from_numpy(np.array(one, np.float32)) for one in vectors)
        return float(ndcg(ranking.hits(vector_scorer(users, items)), ranking.n_relevant).mean())

    return quality


def version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def main() -> None:
    prepare_execution("cpu", arguments.threads)
    split = load_split(arguments.split) if arguments.split else generated()
    quality, tested = judge(split, split.valid), judge(split, split.test)
    left_out, present = {}, {}
    for name, method in METHODS.items():
        if arguments.only not in name:
            continue
        try:
            run(method, split, method.points()[arguments.points[-1] - 1], 0, Watch(quality, 0))  # loads and compiles
            present[name] = method
        except ImportError as error:
            left_out[name] = str(error)
    curves: dict[str, list[tuple[dict[str, Any], Watch]]] = {name: [] for name in present}
    for number in arguments.points:
        for name, method in present.items():
            point = method.points()[number - 1]
            curves[name].append((point, run(method, split, point, 0, Watch(quality, arguments.seconds))))
            best = max(value for _, _, value in curves[name][-1][1].curve)
            print(f"{name}, {point}: {best:.4f}, {curves[name][-1][1].spent:.1f} s", flush=True)
    leaders = [name for name, method in present.items() if method.sets_target] or list(present)
    best = max(value for name in leaders for _, watch in curves[name] for _, _, value in watch.curve)
    target = arguments.share * best

    def rank(tried: tuple[dict[str, Any], Watch]) -> tuple[float, float]:
        reached = tried[1].reached(target)
        return (np.inf if reached is None else reached, -max(value for _, _, value in tried[1].curve))

    chosen = {name: min(tried, key=rank) for name, tried in curves.items()}
    times: dict[str, list[float | None]] = {name: [] for name in present}
    seen: dict[str, list[float]] = {name: [] for name in present}
    epochs: dict[str, list[float]] = {name: [] for name in present}
    for seed in range(1, arguments.repeats + 1):
        for name, method in present.items():
            watch = run(method, split, chosen[name][0], seed, Watch(quality, arguments.seconds, target))
            times[name].append(watch.reached(target))
            seen[name].append(tested(watch.last) if watch.last is not None else np.nan)
            epochs[name].append(watch.spent / watch.epochs)

    base = "ratio_to_ours", median_of_all(times[OURS]) if OURS in present else None
    rows = []
    for name in present:
        point, watch = chosen[name]
        best_of_point = max(value for _, _, value in watch.curve)
        epoch = statistics.median(epochs[name])
        rows.append(row(name, point, best_of_point, epoch, times[name], seen[name], base))
    heads = ["", "point", "best validation", "CPU s an epoch", "CPU s to target", "ratio to ours", "test there"]
    packages = ("numpy", "torch", "numba", "implicit", "cornac", "lenskit", "recbole")
    text = "\n".join(
        [
            f"{split.n_users} × {split.n_items}, {len(split.train)} training pairs, K = {RANK}, "
            f"{arguments.threads} thread(s), medians of {arguments.repeats} seeds. {platform.processor() or 'CPU'}: "
            f"{model_of_cpu()}. " + ", ".join(f"{name} {version(name)}" for name in packages) + ".",
            "",
            f"Target: NDCG@10 of {target:.4f} on the validation part, {arguments.share:.0%} of the best peer's "
            f"{best:.4f}. At most {arguments.seconds:g} CPU seconds a fit; an empty cell: not reached by every seed.",
            "",
            tabulate([[*row.values()] for row in rows], heads, tablefmt="github", disable_numparse=True),
            *(f"\nNot installed: {name} ({reason})" for name, reason in left_out.items()),
            "",
        ]
    )
    print(text)
    if arguments.to:
        lines = {name: watch.curve for name, (_, watch) in chosen.items()}
        write(arguments.to / "peers", arguments.to / "curves.csv", text, rows, lines)
        draw(lines, target, "NDCG@10", arguments.to / "peers.png")


if __name__ == "__main__":
    main()
