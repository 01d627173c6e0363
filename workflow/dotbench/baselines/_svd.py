"""Truncated singular value decomposition of sparse matrices."""

from typing import Any

from dotbench.lazy import np


def right_vectors(matrix: Any, rank: int) -> "np.ndarray":
    """The right singular vectors of the ``rank`` largest singular values of a sparse matrix (m, n): shape (n, rank), or
    (n, min(m, n)) if that is less.

    By ARPACK from a fixed start, O(rank) products with the matrix and O((m + n) rank²) operations.
    """
    from scipy.sparse.linalg import svds

    smallest = min(matrix.shape)
    if rank >= smallest:  # ARPACK needs one to be left out
        return np.linalg.svd(matrix.toarray(), full_matrices=False)[2].T
    vectors: np.ndarray = svds(matrix, k=rank, v0=np.ones(smallest), return_singular_vectors="vh")[2].T
    return vectors
