"""Dense matrices of items by items: how often two items share a user, and inverses."""

from typing import Any

import psutil

from dotbench.datasets.interactions import Split
from dotbench.errors import FitFailed
from dotbench.evaluation.scoring import training_matrix
from dotbench.lazy import np

ITEMS = 15_000  # up to so many: float64, and nobody asks whether there is memory: 1.8 GB a matrix
BLOCK = 1024


def gram(split: Split, matrices: float, dtype: str = "float64") -> "np.ndarray":
    """XᵀX, shape (n_items, n_items), in Fortran's order: X the training matrix.

    ``matrices``: how many of this size are needed at a time. Raises FitFailed if there are more than ITEMS items and
    not the memory for them.
    """
    needed, free = matrices * np.dtype(dtype).itemsize * split.n_items**2, psutil.virtual_memory().available
    if split.n_items > ITEMS and needed > free:
        raise FitFailed(
            f"{split.n_items:,} items: its matrices of items by items need {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free; up to {ITEMS:,} items are allowed without this memory"
        )
    x = training_matrix(split, dtype)
    columns, matrix = x.tocsc(), np.empty((split.n_items, split.n_items), dtype, order="F")
    for start in range(0, split.n_items, BLOCK):
        matrix[:, start : start + BLOCK] = (x.T @ columns[:, start : start + BLOCK]).toarray()
    return matrix


def inverted(matrix: "np.ndarray") -> "np.ndarray":
    """The inverse of a symmetric positive definite matrix (n, n), in Fortran's order, in its place.

    One Cholesky factorisation, O(n³). Raises FitFailed if there is none.
    """
    from scipy.linalg.lapack import get_lapack_funcs

    potrf, potri = get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, wrong = potrf(matrix, lower=True, overwrite_a=True, clean=False)
    if wrong:
        raise FitFailed("the matrix of items by items is singular; a greater `regularization` is needed")
    inverse: Any = potri(factor, lower=True, overwrite_c=True)[0]
    for start in range(0, len(inverse), BLOCK):  # what LAPACK leaves out, the upper triangle
        end = start + BLOCK
        corner = np.tril(inverse[start:end, start:end])
        inverse[start:end, start:end] = corner + np.tril(corner, -1).T
        inverse[start:end, end:] = inverse[end:, start:end].T
    return np.asarray(inverse)
