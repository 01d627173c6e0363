"""RG2's decomposition beside scipy's ARPACK and scikit-learn's randomised SVD: seconds, and how near the optimum.

The matrix is that of a split's training part (``--split``, as the stage `split` writes it), or of generated ratings
at the size of MovieLens 1M; without its part of rank one, which scikit-learn cannot take. Peers are given it as a
scipy sparse matrix in single precision, and multiply by it on one thread. Repetitions are interleaved.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--split", type=Path, help="a split's .npz")
for option, default in (("rank", 64), ("threads", 2), ("repeats", 5)):
    parser.add_argument(f"--{option}", type=int, default=default)
arguments = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(arguments.threads)  # before numpy and torch are loaded

import numpy as np  # noqa: E402
import scipy.sparse.linalg as linalg  # noqa: E402
import torch  # noqa: E402
from _data import training_pairs  # noqa: E402
from scipy.sparse import csr_matrix  # noqa: E402
from sklearn.utils.extmath import randomized_svd  # noqa: E402
from tabulate import tabulate  # noqa: E402

from dotbench.datasets.interactions import load_split  # noqa: E402
from dotbench.losses.rg2 import RG2, SparsePlusRankOne  # noqa: E402
from dotbench.numerics.matrix import TrainMatrix  # noqa: E402
from dotbench.solvers.decomposition import Spectrum, decompose  # noqa: E402
from dotbench.solvers.spectral import START_SEED, SpectralSettings  # noqa: E402


def matrix_pairs() -> tuple[np.ndarray, int, int]:
    if arguments.split:
        split = load_split(arguments.split)
        return split.train, split.n_users, split.n_items
    return training_pairs(), 6040, 3706


def sparse_part(train: TrainMatrix) -> SparsePlusRankOne:
    target = RG2.target(train)
    return SparsePlusRankOne(train, target.scale, torch.zeros_like(target.offset))


def spectrum(train: TrainMatrix, tolerance: float) -> Spectrum:
    """Ours, at the solver's settings but for the tolerance."""
    own = SpectralSettings()
    return decompose(
        sparse_part(train), arguments.rank, own.block_size, tolerance, own.iterations, START_SEED, "cpu", train.dtype
    )


def main() -> None:
    torch.set_num_threads(arguments.threads)
    pairs, n_users, n_items = matrix_pairs()
    rank = arguments.rank
    train = TrainMatrix(pairs, n_users, n_items)
    start = time.perf_counter()
    _ = train.csr, train.csr_t
    print(f"{n_users} × {n_items}, {len(pairs)} training pairs, rank {rank}, {arguments.threads} thread(s)")
    print(f"both sparse forms of R: {time.perf_counter() - start:.2f} s, once and not counted below")

    double = TrainMatrix(pairs, n_users, n_items, dtype=torch.float64)
    exact = spectrum(double, 1e-10)
    basis, best = exact.right, float((exact.values**2).sum())
    part = sparse_part(train)
    values = np.repeat(part.scale.numpy(), train.counts.int().numpy())
    matrix = csr_matrix((values, train.csr.col_indices().numpy(), train.csr.crow_indices().numpy()), part.shape)

    def ours(tolerance: float) -> Callable[[], torch.Tensor]:
        return lambda: spectrum(train, tolerance).right

    def randomized(power_iterations: int) -> Callable[[], torch.Tensor]:
        return lambda: torch.from_numpy(
            randomized_svd(matrix, rank, n_oversamples=32, n_iter=power_iterations, random_state=0)[2].T.copy()
        )

    methods: dict[str, Callable[[], torch.Tensor]] = {
        "scipy svds, ARPACK, tol 1e-3": lambda: torch.from_numpy(
            linalg.svds(matrix, k=rank, tol=1e-3, rng=np.random.default_rng(0))[2].T.copy()
        ),
        "scikit-learn randomized_svd, 4 iterations": randomized(4),
        "scikit-learn randomized_svd, 20 iterations": randomized(20),
        "block Lanczos, tolerance 1e-3": ours(1e-3),
        "block Lanczos, tolerance 1e-5 (default)": ours(1e-5),
    }
    wall: dict[str, list[float]] = {name: [] for name in methods}
    cpu: dict[str, list[float]] = {name: [] for name in methods}
    accuracy = {}
    for _ in range(arguments.repeats):
        for name, method in methods.items():
            marks = time.perf_counter(), time.process_time()
            right = method()
            wall[name].append(time.perf_counter() - marks[0])
            cpu[name].append(time.process_time() - marks[1])
            right = torch.linalg.qr(right.double())[0]
            energy = float((sparse_part(double).matmul(right) ** 2).sum())
            angle = float(torch.linalg.matrix_norm(right - basis @ (basis.T @ right), 2))
            accuracy[name] = best / energy - 1, angle
    peer = statistics.median(next(iter(cpu.values())))
    rows = [
        (
            name,
            f"{statistics.median(wall[name]):.2f} ({min(wall[name]):.2f}–{max(wall[name]):.2f})",
            f"{statistics.median(cpu[name]):.2f}",
            f"{statistics.median(cpu[name]) / peer:.3f}",
            f"{accuracy[name][0]:.0e}",
            f"{accuracy[name][1]:.0e}",
        )
        for name in methods
    ]
    head = ["", "median wall s (range)", "CPU s", "CPU ratio to ARPACK", "energy missed", "sine of the largest angle"]
    print(tabulate(rows, head, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
