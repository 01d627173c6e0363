"""Item factors: right singular vectors of the training matrix."""

from typing import Any

from pydantic import Field

from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet, TrainingSettings
from dotbench.features.source import Source
from dotbench.lazy import np, pd


class ItemFactorsSettings(TrainingSettings):
    """How many factors."""

    size: int = Field(20, ge=1, description="singular vectors")


class ItemFactors(FeatureSet):
    """The leading right singular vectors of the training rating matrix.

    R ≈ U Σ Vᵀ with R_ui the rating, 0 where there is none. Item i has row i of V, shape (n_items, ``size``), in
    order of falling singular value, each vector's entry of largest magnitude positive. A repeated pair counts
    once, the first. Users have none. NIMC, Table 1.
    """

    name = "item-factors"
    title = "Singular vectors of the ratings"
    Settings = ItemFactorsSettings
    settings: ItemFactorsSettings

    def compute(self, source: Source) -> Features:
        split, size = source.split, self.settings.size
        if size >= min(split.n_users, split.n_items):
            raise DotbenchError(
                f"item-factors: key 'size': found {size}; allowed is less than the {split.n_users} users and "
                f"{split.n_items} items"
            )
        vectors = right_singular_vectors(self._matrix(source), size)
        return Features(np.zeros((split.n_users, 0), np.float32), vectors, [], [f"factor_{k}" for k in range(size)])

    def _matrix(self, source: Source) -> Any:
        from scipy.sparse import csr_array

        frame = pd.concat(source.rows(["rating"], self.settings.leaky)).drop_duplicates(["user", "item"])
        place = (frame["user"].to_numpy(), frame["item"].to_numpy())
        return csr_array((frame["rating"].to_numpy(np.float64), place), (source.split.n_users, source.split.n_items))


def right_singular_vectors(matrix: Any, size: int) -> "np.ndarray":
    """The ``size`` leading ones as columns, shape (columns of the matrix, size), float32. Order and signs fixed."""
    from scipy.sparse.linalg import svds

    start = np.random.default_rng(0).standard_normal(min(matrix.shape))
    _, values, right = svds(matrix, size, v0=start, return_singular_vectors="vh")
    right = right[np.argsort(-values, kind="stable")]
    largest = np.abs(right).argmax(axis=1)
    right *= np.sign(right[np.arange(size), largest])[:, None]
    return np.ascontiguousarray(right.T, np.float32)
