"""Leading eigenvectors of a symmetric positive semidefinite linear map, by block Lanczos iteration."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dotbench.lazy import torch


def leading_eigenvectors(
    product: "Callable[[torch.Tensor], torch.Tensor]",
    gaussian: "Callable[[int], torch.Tensor]",
    count: int,
    block_size: int,
    tolerance: float,
    max_iterations: int,
) -> "tuple[torch.Tensor, int, float]":
    """Orthonormal V (n, count) that span the leading eigenvectors of A, the number of block steps, and a bound.

    ``product(X)`` is A X. ``gaussian(k)`` draws a matrix (n, k). The basis grows by ``block_size`` columns a step:
    a Gaussian block, then A times the last block, orthogonalised in full against all columns so far. The Ritz values
    θ and vectors V of A in the basis have a residual R = A V − V diag(θ) that only the last step's image adds to.
    It stops when

        missed = ‖R‖_* / Σ θ ≤ tolerance,    because    Σ_k λ_k ≤ Σ_k θ_k + ‖R‖_*    (sums over ``count``):

    A − (R Vᵀ + V Rᵀ) has the eigenpairs (θ, V), sums of leading eigenvalues are subadditive (Ky Fan), and that of
    R Vᵀ + V Rᵀ is the nuclear norm ‖R‖_*. The bound is of first order, the error itself of second. It supposes that
    no eigenvector outside V is larger, which a Gaussian start gives almost surely as long as no eigenvalue is
    repeated more than ``block_size`` times. Steps are capped at ``max_iterations``, but for those that ``count``
    columns need.

    With m columns in all it costs m products with a vector and O(n m²) operations, and O(n m) memory (Golub and
    Underwood 1977; from a Gaussian start Musco and Musco, NIPS 2015).
    """
    block = torch.linalg.qr(gaussian(block_size))[0]
    basis = block[:, :0]
    projected = torch.zeros(0, 0, dtype=torch.float64)
    iterations = 0
    while True:
        iterations += 1
        basis = torch.cat([basis, block], dim=1)
        image = product(block)
        coupling = basis.T @ image
        projected = _bordered(projected, coupling.double().cpu())
        image -= basis @ coupling
        image -= basis @ (basis.T @ image)  # once more: rounding of the first time
        (n, size), width = basis.shape, block.shape[1]
        ahead, upper = torch.linalg.qr(image)
        if size >= min(count, n):
            with _one_thread():
                values, weights = torch.linalg.eigh(projected)
                remainder = upper.double().cpu() @ weights[-width:, -count:]
                missed = float(torch.linalg.svdvals(remainder).sum() / values[-count:].sum()) if size < n else 0.0
            if missed <= tolerance or iterations >= max_iterations:
                return torch.linalg.qr(basis @ weights[:, -count:].flip(1).to(basis))[0], iterations, missed
        negligible = 10 * torch.finfo(image.dtype).eps * projected.diagonal().max()
        spent = (upper.diagonal().abs() <= negligible)[: n - size]
        block = ahead[:, : n - size]
        block[:, spent] = gaussian(int(spent.sum()))  # the block ran into an invariant subspace: new directions
        block = torch.linalg.qr(block - basis @ (basis.T @ block))[0]


def _bordered(projected: "torch.Tensor", coupling: "torch.Tensor") -> "torch.Tensor":
    """The symmetric matrix (m + b, m + b) of ``projected`` (m, m) and its last columns ``coupling`` (m + b, b)."""
    width = coupling.shape[1]
    grown = torch.nn.functional.pad(projected, (0, width, 0, width))
    grown[:, -width:] = coupling
    grown[-width:] = coupling.T
    return grown


@contextmanager
def _one_thread() -> "Iterator[None]":
    """Small matrices: threads would do little but wait for each other, for seconds where the cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
