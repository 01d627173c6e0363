"""CPU seconds and memory of every solver against users, items, interactions and K, each doubled alone, with exponents.

An epoch of SGD, a sweep of ALS, a whole decomposition or inversion; without validation. The data are generated: users
and items are drawn by Zipf's law, so that a few have most of the interactions. Every measurement has a process of its
own. An exponent is the slope of log seconds on log size. Where a part of the time does not grow, it is below that of
the stated cost.
"""

import argparse
import itertools
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--methods", nargs="+", help="only these, by their names in the table")
parser.add_argument("--to", type=Path, help="a folder for growth.csv and growth.md")
for option, default in (("repeats", 3), ("epochs", 3), ("threads", 1), ("doublings", 2)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy and torch are loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.baselines.ease import EASE  # noqa: E402
from dotbench.datasets.interactions import Split  # noqa: E402
from dotbench.execution.hardware import machine  # noqa: E402
from dotbench.files import write_csv, write_text  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.runs.method import MethodChoice, resolve  # noqa: E402
from dotbench.solvers.base import Problem  # noqa: E402
from dotbench.statistics.rates import log_slope  # noqa: E402

ZIPF = 0.7  # exponent of the popularity of users and items
SIZES = ("users", "items", "interactions", "rank")


@dataclass(frozen=True)
class Size:
    """``rank``: K."""

    users: int = 4_000
    items: int = 2_000
    interactions: int = 200_000
    rank: int = 32

    def pairs(self) -> np.ndarray:
        """Distinct pairs of user and item rows, (interactions, 2)."""
        rng = np.random.default_rng(0)
        laws = [np.arange(1, n + 1.0) ** -ZIPF for n in (self.users, self.items)]
        cells = np.empty(0, np.int64)
        while len(cells) < self.interactions:
            users, items = (rng.choice(len(law), self.interactions, p=law / law.sum()) for law in laws)
            cells = np.unique(np.concatenate([cells, users * self.items + items]))
        return np.stack(np.divmod(rng.permutation(cells)[: self.interactions], self.items), axis=1)


BASE = Size()


@dataclass(frozen=True)
class Method:
    """``cost``: as its docstring states it."""

    name: str
    model: str
    loss: str
    solver: str
    cost: str

    def seconds(self, size: Size) -> float:
        """CPU seconds of an epoch, a sweep or a whole solution."""
        pairs = size.pairs()
        if self.solver == "none":
            none = pairs[:0]
            split = Split(size.users, size.items, pairs, none, none, {})
            start = time.process_time()
            EASE(EASE.Settings(), 0).train(split)
            return time.process_time() - start
        method = resolve(MethodChoice(model=self.model, loss=self.loss, solver=self.solver, grid={}))
        chosen = {
            key: size.rank for key in ("embedding_size",) if key in method.validated(method.settings).model_dump()
        }
        settings = method.validated({**method.settings, **chosen})
        problem = Problem(
            model=method.model,
            loss=method.loss(settings),
            settings=settings,
            train=lambda dtype: TrainMatrix(pairs, size.users, size.items, "cpu", dtype).ready(),
            validate=lambda users, items: {"validation": 0.0},
            init_seed=0,
            device="cpu",
            epochs=arguments.epochs,
            say=lambda text: None,
        )
        curve = method.solver().solve(problem).curve
        times = [0.0, *(row["cpu_seconds"] for row in curve)]
        return statistics.median(b - a for a, b in itertools.pairwise(times))


METHODS = [
    Method("MF BPR (SGD)", "mf", "bpr", "sgd", "interactions × negatives × K, and (users + items) K an update"),
    Method("MF Softmax (SGD)", "mf", "softmax", "sgd", "users × items × K"),
    Method("LightGCN BPR (SGD)", "lightgcn", "bpr", "sgd", "interactions × layers × K an update"),
    Method("MF WRMF (ALS)", "mf", "wrmf", "als", "interactions × K² + (users + items) K³"),
    Method("MF WRMF (ALS-CG)", "mf", "wrmf", "als-cg", "interactions × K + (users + items) K²"),
    Method("MF RG2 (ALS)", "mf", "rg2", "als", "interactions × K + (users + items) K²"),
    Method("MF RG2 (spectral)", "mf", "rg2", "spectral", "interactions × K + (users + items) K²"),
    Method("EASE", "ease", "none", "none", "items³"),
]


def measured(work: Callable[[], float]) -> tuple[float, float]:
    """What ``work`` returns, in a process of its own, and by how many bytes its memory grew at most."""
    context = get_context("fork")
    mine, theirs = context.Pipe(duplex=False)

    def run() -> None:
        torch.set_num_threads(arguments.threads)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = work()
        theirs.send((found, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)))

    process = context.Process(target=run)
    process.start()
    theirs.close()
    try:
        found: tuple[float, float] = mine.recv()
    finally:
        process.join()
    return found


def rows_of(method: Method) -> list[dict[str, object]]:
    """A line for every size: the base, and each number doubled alone."""
    rows = []
    for repeat in range(arguments.repeats):
        base = measured(lambda: method.seconds(BASE))
        for name in SIZES:
            if name == "rank" and method.solver == "none":
                continue
            for k in range(arguments.doublings + 1):
                size = replace(BASE, **{name: getattr(BASE, name) * 2**k})
                seconds, memory = measured(lambda size=size: method.seconds(size)) if k else base  # type: ignore[misc]
                sizes = {key: getattr(size, key) for key in SIZES}
                rows.append({"method": method.name, "varied": name, **sizes, "repeat": repeat})
                rows[-1] |= {"cpu_seconds": seconds, "bytes": memory}
    return rows


def exponents(rows: list[dict[str, object]]) -> dict[str, tuple[float, float, float]]:
    """Varied number → exponent of the seconds from all repeats, the least and the greatest of a single one."""
    found = {}
    for name in dict.fromkeys(row["varied"] for row in rows):
        own = [row for row in rows if row["varied"] == name]
        single = [
            log_slope(*zip(*((row[name], row["cpu_seconds"]) for row in own if row["repeat"] == k), strict=True))  # type: ignore[index]
            for k in range(arguments.repeats)
        ]
        all_of_them = log_slope([row[name] for row in own], [row["cpu_seconds"] for row in own])  # type: ignore[index,misc]
        found[str(name)] = all_of_them, min(single), max(single)
    return found


def main() -> None:
    rows, table = [], []
    for method in METHODS:
        if arguments.methods and method.name not in arguments.methods:
            continue
        own = rows_of(method)
        rows += own
        found = exponents(own)
        at_base = [row for row in own if all(row[key] == getattr(BASE, key) for key in SIZES)]
        seconds = statistics.median(float(row["cpu_seconds"]) for row in at_base)  # type: ignore[arg-type]
        shown = [f"{found[k][0]:.2f} ({found[k][1]:.2f}–{found[k][2]:.2f})" if k in found else "–" for k in SIZES]
        memory = statistics.median(float(row["bytes"]) for row in at_base) / 1e6  # type: ignore[arg-type]
        table.append((method.name, f"{seconds:.3g}", f"{memory:.0f}", *shown, method.cost))
        print(table[-1], flush=True)
    head = ["", "CPU s", "MB", *(f"exponent of {name}" for name in ("users", "items", "interactions", "K")), "stated"]
    text = tabulate(table, head, tablefmt="github", disable_numparse=True)
    note = (
        f"An epoch, a sweep or a whole solution at {BASE.users:,} users, {BASE.items:,} items, {BASE.interactions:,} "
        f"interactions and K = {BASE.rank}, {arguments.threads} thread(s) of {machine('cpu')['cpu']}. Exponents: "
        f"{arguments.doublings} doublings of one number alone, {arguments.repeats} repeats, in brackets the least and "
        "the greatest of a repeat."
    )
    print(f"{text}\n\n{note}")
    if arguments.to:
        write_csv(arguments.to / "growth.csv", rows, list(rows[0]))
        write_text(arguments.to / "growth.md", f"{text}\n\n{note}\n")


if __name__ == "__main__":
    main()
