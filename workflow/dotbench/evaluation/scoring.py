"""Scores of a fitted ranking method, from the arrays that its fit keeps.

A score is p_u · q_i, or x_u · w_i, or the sum of both: x_u the user's row of the training matrix, w_i the column of an
item in a matrix of weights of items for items. Users are scored in blocks. Users × items is never in memory.

| array | shape |
|---|---|
| ``user_vectors``, ``item_vectors`` | (n_users, K), (n_items, K) |
| ``item_weights`` | (n_items, n_items), dense |
| ``item_weights_data``, ``…_indices``, ``…_indptr`` | the same matrix where most of it is zero: its parts in CSR form |
"""

from collections.abc import Mapping
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.topk import Scorer, vector_scorer
from dotbench.lazy import np, torch

VECTORS = ("user_vectors", "item_vectors")
WEIGHTS = "item_weights"
SPARSE = tuple(f"{WEIGHTS}_{part}" for part in ("data", "indices", "indptr"))  # in the order that scipy takes them
ARRAYS = (*VECTORS, WEIGHTS, *SPARSE)


def training_matrix(split: Split, dtype: str = "float32") -> Any:
    """X, shape (n_users, n_items), with a one for every training pair: scipy's CSR."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(split.train), dtype)
    return csr_matrix((ones, (split.train[:, 0], split.train[:, 1])), (split.n_users, split.n_items))


def weight_arrays(weights: Any) -> "dict[str, np.ndarray]":
    """The arrays of item weights (n_items, n_items), dense or of scipy's CSR, in the form that takes less room."""
    from scipy.sparse import csr_matrix

    filled = weights.nnz if hasattr(weights, "nnz") else np.count_nonzero(weights)
    if 2 * filled > weights.shape[0] ** 2:  # with each number of a sparse matrix stands its column
        dense = weights.toarray() if hasattr(weights, "nnz") else weights
        return {WEIGHTS: np.ascontiguousarray(dense, np.float32)}
    sparse = csr_matrix(weights, dtype=np.float32)
    return dict(zip(SPARSE, (sparse.data, sparse.indices, sparse.indptr), strict=True))


def scorer(arrays: "Mapping[str, Any]", split: Split) -> Scorer:
    """The scorer of a fit with these arrays."""
    parts = []
    if VECTORS[0] in arrays:
        parts.append(vector_scorer(*(torch.from_numpy(arrays[name]) for name in VECTORS)))
    if WEIGHTS in arrays or SPARSE[0] in arrays:
        parts.append(_weight_scorer(_weights(arrays, split.n_items), split))
    first, *rest = parts
    return first if not rest else lambda rows: first(rows).add_(rest[0](rows))


def _weights(arrays: "Mapping[str, Any]", n_items: int) -> Any:
    from scipy.sparse import csr_matrix

    if WEIGHTS in arrays:
        return arrays[WEIGHTS]
    return csr_matrix(tuple(arrays[name] for name in SPARSE), (n_items, n_items))


def _weight_scorer(weights: Any, split: Split) -> Scorer:
    history = training_matrix(split)

    def score(rows: "torch.Tensor") -> "torch.Tensor":
        block = history[rows.numpy()] @ weights
        return torch.from_numpy(block if isinstance(block, np.ndarray) else block.toarray())

    return score
