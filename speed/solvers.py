"""Seconds per sweep or decomposition of our solvers beside implicit's exact ALS and scipy's truncated SVD."""

import argparse
import os
import statistics
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__)
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

from dotbench.losses.rg2 import RG2  # noqa: E402
from dotbench.losses.wrmf import WRMF  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.solvers.spectral import SpectralSettings, decompose_loss  # noqa: E402

RANK = 64


def seconds(work: Callable[[], object]) -> list[float]:
    """Wall seconds of each repeat, after one that does not count."""
    work()
    found = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    torch.set_num_threads(arguments.threads)
    pairs = training_pairs(arguments.users, arguments.items, arguments.ratings)
    train = TrainMatrix(pairs, arguments.users, arguments.items)
    matrix = sparse.csr_matrix((np.ones(len(pairs), np.float32), pairs.T), (arguments.users, arguments.items))
    items = torch.randn(arguments.items, RANK, generator=torch.Generator().manual_seed(0)) * 0.02

    def sweep(loss: RG2 | WRMF) -> Callable[[], object]:
        return lambda: loss.best_items(train, loss.best_users(train, items))

    def implicit() -> None:
        peer = AlternatingLeastSquares(
            RANK, regularization=10.0, alpha=2.0, use_cg=False, iterations=1, num_threads=arguments.threads
        )
        peer.fit(matrix, show_progress=False)

    target = RG2.target(train)
    dense = linalg.LinearOperator(
        target.shape,
        dtype=np.float32,
        matvec=lambda x: target.matmul(torch.from_numpy(x.reshape(-1, 1).astype(np.float32))).numpy(),
        rmatvec=lambda y: target.rmatmul(torch.from_numpy(y.reshape(-1, 1).astype(np.float32))).numpy(),
    )
    groups = {
        "one ALS sweep": {
            "implicit, exact (peer)": implicit,
            "wrmf": sweep(WRMF(WRMF.Settings(alpha=1.0, regularization=10.0))),
            "rg2": sweep(RG2(RG2.Settings(regularization=0.1))),
        },
        "decomposition": {
            "scipy svds, ARPACK (peer)": lambda: linalg.svds(dense, k=RANK, tol=1e-3, random_state=0),
            "rg2 spectral": lambda: decompose_loss(RG2, train, RANK, SpectralSettings()),
        },
    }
    rows = []
    for group, works in groups.items():
        times = {name: seconds(work) for name, work in works.items()}
        peer = statistics.median(next(iter(times.values())))
        for name, found in times.items():
            median = statistics.median(found)
            rows.append((group, name, f"{median:.4f}", f"{min(found):.4f}–{max(found):.4f}", f"{median / peer:.3f}"))
    print(
        f"{arguments.users} × {arguments.items}, {len(pairs)} training pairs, K = {RANK}, {arguments.threads} thread(s)"
    )
    print(tabulate(rows, ["", "", "median s", "range", "ratio to peer"], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
