"""Nearest neighbours of items."""

from typing import Any

from pydantic import Field

from dotbench.baselines.base import ItemBaseline
from dotbench.datasets.interactions import Split
from dotbench.evaluation.scoring import training_matrix
from dotbench.lazy import np
from dotbench.settings import Settings

CELLS = 1 << 24  # entries of the similarities that are held at a time, if all were there


class ItemKNNSettings(Settings):
    """Settings of the baseline `item-knn`."""

    neighbors: int = Field(100, ge=1, description="k, neighbours of an item")
    shrinkage: float = Field(10.0, ge=0, description="h, added to the product of norms: rare items count less")


class ItemKNN(ItemBaseline):
    """The sum of an item's similarities to the user's items: W_ji = n_ij / (√(n_i n_j) + h) where j is among the k most
    similar to i, else 0 (Sarwar et al., WWW 2001; shrunk as in Dacrema, Cremonesi and Jannach, RecSys 2019).

    n_ij users have both items, n_i users item i. Equals: the first by row. Sparse products, Σ_u n_u² operations, and
    k n_items weights.
    """

    name = "item-knn"
    title = "Item KNN"
    Settings = ItemKNNSettings
    settings: ItemKNNSettings
    grids = {
        "reduced": {"neighbors": [50, 200, 400], "shrinkage": [0.0, 30.0]},
        "paper": {"neighbors": [50, 100, 200, 400], "shrinkage": [0.0, 10.0, 100.0]},
    }

    def train(self, split: Split) -> None:
        from scipy.sparse import csr_matrix, hstack

        x = training_matrix(split)
        width = max(1, CELLS // split.n_items)
        norms = np.sqrt(np.bincount(split.train[:, 1], minlength=split.n_items))
        starts = range(0, split.n_items, width)
        self.weights = csr_matrix(hstack([self._block(x, norms, slice(start, start + width)) for start in starts]))

    def _block(self, x: Any, norms: "np.ndarray", columns: slice) -> Any:
        """The weights of the items ``columns``, shape (n_items, columns)."""
        from scipy.sparse import coo_matrix

        shared = (x.T @ x[:, columns]).tocoo()
        own = columns.start + shared.col
        others = shared.row != own
        row, column, own, count = (part[others] for part in (shared.row, shared.col, own, shared.data))
        similar = count / (norms[row] * norms[own] + self.settings.shrinkage)
        order = np.lexsort((row, -similar, column))
        row, column, similar = row[order], column[order], similar[order]
        rank = np.arange(len(column)) - np.searchsorted(column, column)
        near = rank < self.settings.neighbors
        return coo_matrix((similar[near], (row[near], column[near])), shared.shape)
