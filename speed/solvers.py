"""CPU seconds per sweep or decomposition of our solvers beside implicit's ALS and scipy's truncated SVD.

The matrix is that of a split's training part (``--split``, as the stage `split` writes it), or of generated ratings at
the size of MovieLens 1M. Repetitions are interleaved.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--split", type=Path, help="a split's .npz")
for option, default in (("users", 6040), ("items", 3706), ("ratings", 1_000_000), ("threads", 1), ("repeats", 5)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy, torch and implicit are loaded

import numpy as np  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
import scipy.sparse.linalg as linalg  # noqa: E402
import torch  # noqa: E402
from _data import training_pairs  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.datasets.interactions import load_split  # noqa: E402
from dotbench.execution.hardware import prepare_execution  # noqa: E402
from dotbench.losses.base import AlternatingLoss, LeastSquaresLoss  # noqa: E402
from dotbench.losses.ials import IALS  # noqa: E402
from dotbench.losses.rg2 import RG2  # noqa: E402
from dotbench.losses.wrmf import WRMF  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.solvers.spectral import SpectralSettings, decompose_loss  # noqa: E402

RANK = 64


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    prepare_execution("cpu", arguments.threads)
    if arguments.split:
        split = load_split(arguments.split)
        pairs, n_users, n_items = split.train, split.n_users, split.n_items
    else:
        n_users, n_items = arguments.users, arguments.items
        pairs = training_pairs(n_users, n_items, arguments.ratings)
    train = TrainMatrix(pairs, n_users, n_items).ready()
    matrix = sparse.csr_matrix((np.ones(len(pairs), np.float32), pairs.T), (n_users, n_items))
    generator = torch.Generator().manual_seed(0)
    users, items = (torch.randn(n, RANK, generator=generator) * 0.02 for n in (n_users, n_items))
    wrmf = WRMF(WRMF.Settings(alpha=1.0, regularization=10.0))

    def exact(loss: AlternatingLoss) -> Callable[[], float]:
        return lambda: cpu_seconds(lambda: loss.best_items(train, loss.best_users(train, items)))

    def gradients(loss: LeastSquaresLoss, steps: int) -> Callable[[], float]:
        def sweep() -> None:
            moved = loss.user_systems(train, items).approached(users, steps)
            loss.item_systems(train, moved).approached(items, steps)

        return lambda: cpu_seconds(sweep)

    def implicit(use_cg: bool) -> Callable[[], float]:
        """The second of two sweeps, without what comes before the first."""

        def sweep() -> float:
            ends: list[float] = []
            peer = AlternatingLeastSquares(
                RANK, regularization=10.0, alpha=2.0, use_cg=use_cg, iterations=2, num_threads=arguments.threads
            )
            peer.fit(matrix, show_progress=False, callback=lambda *_: ends.append(time.process_time()))
            return ends[1] - ends[0]

        return sweep

    target = RG2.target(train)
    dense = linalg.LinearOperator(
        target.shape,
        dtype=np.float32,
        matvec=lambda x: target.matmul(torch.from_numpy(x.reshape(-1, 1).astype(np.float32))).numpy(),
        rmatvec=lambda y: target.rmatmul(torch.from_numpy(y.reshape(-1, 1).astype(np.float32))).numpy(),
    )
    groups = {
        "one ALS sweep": {
            "implicit, exact (peer)": implicit(use_cg=False),
            "implicit, 3 steps of CG": implicit(use_cg=True),
            "wrmf, exact": exact(wrmf),
            "wrmf, 1 step of CG": gradients(wrmf, 1),
            "wrmf, 2 steps of CG": gradients(wrmf, 2),
            "wrmf, 3 steps of CG (default)": gradients(wrmf, 3),
            "ials, exact": exact(IALS(IALS.Settings())),
            "ials, 3 steps of CG (default)": gradients(IALS(IALS.Settings()), 3),
            "rg2": exact(RG2(RG2.Settings(regularization=0.1))),
        },
        "decomposition": {
            "scipy svds, ARPACK (peer)": lambda: cpu_seconds(
                lambda: linalg.svds(dense, k=RANK, tol=1e-3, rng=np.random.default_rng(0))
            ),
            "rg2 spectral": lambda: cpu_seconds(lambda: decompose_loss(RG2, train, RANK, SpectralSettings())),
        },
    }
    rows = []
    for group, works in groups.items():
        for work in works.values():  # the first time does not count
            work()
        times: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(arguments.repeats):
            for name, work in works.items():
                times[name].append(work())
        peer = statistics.median(next(iter(times.values())))
        for name, found in times.items():
            median = statistics.median(found)
            rows.append((group, name, f"{median:.4f}", f"{min(found):.4f}–{max(found):.4f}", f"{median / peer:.3f}"))
    print(f"{n_users} × {n_items}, {len(pairs)} training pairs, K = {RANK}, {arguments.threads} thread(s)")
    print(tabulate(rows, ["", "", "median CPU s", "range", "ratio to peer"], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
