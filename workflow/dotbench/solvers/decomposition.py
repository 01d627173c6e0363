"""Truncated singular value decomposition of a linear map, by block Lanczos iteration."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.files import read_arrays, write_npz
from dotbench.lazy import np, torch
from dotbench.solvers.lanczos import leading_eigenvectors


@dataclass(frozen=True)
class Spectrum:
    """T ≈ left · diag(values) · rightᵀ: ``left`` (M, r), ``values`` (r,) descending, ``right`` (N, r).

    ``iterations``: block steps made. ``missed``: bound on Σ σ_k² / Σ s_k² − 1 over the ``r`` values, σ those of T.
    ``residual``: max_k of ‖T v_k − s_k u_k‖ and ‖Tᵀ u_k − s_k v_k‖, over s_1. ``seconds``, ``cpu_seconds``: what
    computing it took. ``peak_memory_bytes``, ``cpu_share_of_others``: of the process that did, where measured.
    """

    left: "torch.Tensor"
    values: "torch.Tensor"
    right: "torch.Tensor"
    iterations: int
    missed: float
    residual: float
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int = 0
    cpu_share_of_others: float = 0.0

    def save(self, path: Path) -> None:
        arrays = {name: getattr(self, name).cpu().numpy() for name in ("left", "values", "right")}
        write_npz(path, **arrays, **{name: np.array(fact) for name, fact in self.facts().items()})

    def facts(self) -> dict[str, float]:
        """How the decomposition went."""
        return {name: getattr(self, name) for name in FACTS}


FACTS = ("iterations", "missed", "residual", "seconds", "cpu_seconds", "peak_memory_bytes", "cpu_share_of_others")


def load_spectrum(path: Path, device: str, dtype: "torch.dtype") -> Spectrum:
    with read_arrays(path) as arrays:
        tensors: dict[str, Any] = {
            name: torch.from_numpy(arrays[name]).to(device, dtype) for name in ("left", "values", "right")
        }
        facts: dict[str, Any] = {name: arrays[name].item() for name in FACTS}
        return Spectrum(**tensors, **facts)


def decompose(
    target: Any,
    rank: int,
    block_size: int,
    tolerance: float,
    max_iterations: int,
    seed: int,
    device: str,
    dtype: "torch.dtype",
) -> Spectrum:
    """The leading ``rank`` singular triplets of T = ``target`` (``shape``, ``matmul``, ``rmatmul``).

    The leading eigenvectors of TᵀT (of TTᵀ, if T is wider than high) by `lanczos.leading_eigenvectors`, to
    ``tolerance``. Then a Rayleigh–Ritz step on T itself, so that small values do not suffer from the square.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    n_rows, n_columns = target.shape
    wide = n_columns > n_rows
    ahead, back = (target.rmatmul, target.matmul) if wide else (target.matmul, target.rmatmul)
    generator, n = torch.Generator().manual_seed(seed), min(n_rows, n_columns)

    def gaussian(columns: int) -> "torch.Tensor":
        return torch.randn(n, columns, generator=generator, dtype=dtype).to(device)

    near, iterations, missed = leading_eigenvectors(
        lambda block: back(ahead(block)), gaussian, min(rank, n), min(block_size, n), tolerance, max_iterations
    )
    far, upper = torch.linalg.qr(ahead(near))
    turn_far, values, turn_near = torch.linalg.svd(upper)
    near, far = near @ turn_near.T, far @ turn_far
    if device == "cuda":
        torch.cuda.synchronize(device)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    errors = [ahead(near) - far * values, back(far) - near * values]
    largest = max(float(torch.linalg.vector_norm(error, dim=0).max()) for error in errors)
    residual = largest / max(float(values[0]), torch.finfo(dtype).tiny)
    left, right = (near, far) if wide else (far, near)
    return Spectrum(left, values, right, iterations, missed, residual, seconds, cpu_seconds)
