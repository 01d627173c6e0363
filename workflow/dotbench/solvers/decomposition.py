"""Truncated singular value decomposition of a linear map, by randomised subspace iteration."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.files import read_arrays, write_npz
from dotbench.lazy import np, torch


@dataclass(frozen=True)
class Spectrum:
    """T ≈ left · diag(values) · rightᵀ: ``left`` (M, r), ``values`` (r,) descending, ``right`` (N, r).

    ``residual``: max_k ‖T v_k − s_k u_k‖ / s_1. ``seconds``, ``cpu_seconds``: what computing it took.
    """

    left: "torch.Tensor"
    values: "torch.Tensor"
    right: "torch.Tensor"
    iterations: int
    residual: float
    seconds: float
    cpu_seconds: float

    def save(self, path: Path) -> None:
        arrays = {name: getattr(self, name).cpu().numpy() for name in ("left", "values", "right")}
        write_npz(path, **arrays, **{name: np.array(fact) for name, fact in self.facts().items()})

    def facts(self) -> dict[str, float]:
        """How the decomposition went."""
        return {name: getattr(self, name) for name in FACTS}


FACTS = ("iterations", "residual", "seconds", "cpu_seconds")


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
    oversampling: int,
    tolerance: float,
    max_iterations: int,
    seed: int,
    device: str,
    dtype: "torch.dtype",
) -> Spectrum:
    """The leading ``rank`` singular triplets of ``target`` (``shape``, ``matmul``, ``rmatmul``).

    Subspace iteration on ``rank + oversampling`` columns from a Gaussian start, re-orthogonalised after every
    product, until the sum of the leading squared singular values grows by less than ``tolerance`` of itself.
    Then a Rayleigh–Ritz step. An iteration costs two products and two QR factorisations, O(|D| r + (M + N) r²)
    (Halko, Martinsson and Tropp, SIAM Review 2011, Algorithms 4.4 and 5.1).
    """
    wall, cpu = time.perf_counter(), time.process_time()
    n_rows, n_columns = target.shape
    rank = min(rank, n_rows, n_columns)
    width = min(rank + oversampling, n_rows, n_columns)
    start = torch.randn(n_columns, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    left = torch.linalg.qr(target.matmul(start.to(device)))[0]
    energy = 0.0
    for iterations in range(1, max_iterations + 1):  # noqa: B007 (reported)
        right, upper = torch.linalg.qr(target.rmatmul(left))
        before, energy = energy, float((torch.linalg.svdvals(upper)[:rank] ** 2).sum())
        left = torch.linalg.qr(target.matmul(right))[0]
        if energy - before <= tolerance * energy:
            break
    small_right, values, small_left = torch.linalg.svd(target.rmatmul(left), full_matrices=False)
    left, right = left @ small_left.T[:, :rank], small_right[:, :rank]
    values = values[:rank]
    if device == "cuda":
        torch.cuda.synchronize(device)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    errors = torch.linalg.vector_norm(target.matmul(right) - left * values, dim=0)
    residual = float(errors.max() / values[0].clamp(min=torch.finfo(dtype).tiny))
    return Spectrum(left, values, right, iterations, residual, seconds, cpu_seconds)
