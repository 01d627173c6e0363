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
        from scipy.sparse import csr_matrix, vstack

        x = training_matrix(split)
        users_of = x.T.tocsr()
        norms = np.sqrt(np.bincount(split.train[:, 1], minlength=split.n_items))
        width = max(1, CELLS // split.n_items)
        blocks = []
        for start in range(0, split.n_items, width):
            shared = users_of[start : start + width] @ x
            shared.sort_indices()
            blocks.append(self._nearest(shared, start, norms))
        self.weights = csr_matrix(vstack(blocks).T)

    def _nearest(self, shared: Any, first: int, norms: "np.ndarray") -> Any:
        """The similarities of the items from ``first`` on, shape of ``shared`` (n, n_items), to their neighbours alone.
        ``shared``: numbers of common users, CSR."""
        from scipy.sparse import csr_matrix

        columns, values, ends = [], [], [0]
        for row, own in enumerate(range(first, first + shared.shape[0])):
            inside = slice(shared.indptr[row], shared.indptr[row + 1])
            others, counts = shared.indices[inside], shared.data[inside]
            similar = counts / (norms[own] * norms[others] + self.settings.shrinkage)
            similar[others == own] = 0
            near = np.argsort(-similar, kind="stable")[: self.settings.neighbors]
            near = near[similar[near] > 0]
            columns.append(others[near])
            values.append(similar[near])
            ends.append(ends[-1] + len(near))
        return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shared.shape)
