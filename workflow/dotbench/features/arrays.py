"""Features of users and items as arrays, and the file that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.errors import DotbenchError
from dotbench.files import read_arrays, write_npz
from dotbench.lazy import np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Features:
    """Named columns of users and items. Rows are the row numbers of the prepared dataset.

    ``users``: shape (n_users, d_u), ``items``: shape (n_items, d_i). Both are float32, dense or CSR, and d may be 0.
    ``user_names``, ``item_names``: names of the columns. ``tables``: what else came out, by name.
    """

    users: Any
    items: Any
    user_names: list[str]
    item_names: list[str]
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write everything but the tables into one ``.npz`` file."""
        names = {f"{side}_names": np.array(getattr(self, f"{side[:-1]}_names"), str) for side in ("users", "items")}
        write_npz(path, **_arrays("users", self.users), **_arrays("items", self.items), **names)


def joined(parts: Sequence[Features]) -> Features:
    """The columns of all parts beside each other, in their order. The parts have the same rows."""
    from scipy.sparse import hstack

    def beside(side: str) -> Any:
        matrices = [getattr(part, side) for part in parts]
        dense = all(isinstance(matrix, np.ndarray) for matrix in matrices)
        return np.hstack(matrices) if dense else hstack(matrices, format="csr")

    user_names, item_names = (
        [name for part in parts for name in getattr(part, f"{kind}_names")] for kind in ("user", "item")
    )
    return Features(beside("users"), beside("items"), user_names, item_names)


CSR = ("data", "indices", "indptr", "shape")


def _arrays(side: str, matrix: Any) -> dict[str, Any]:
    if isinstance(matrix, np.ndarray):
        return {side: matrix}
    return {f"{side}_{part}": np.asarray(getattr(matrix, part)) for part in CSR}


def load_features(path: Path) -> Features:
    """Read what ``save`` wrote. A DotbenchError names the file and the array that is absent."""
    from scipy.sparse import csr_array

    with read_arrays(path) as arrays:

        def matrix(side: str) -> Any:
            if side in arrays:
                return arrays[side]
            data, indices, indptr, shape = (arrays[f"{side}_{part}"] for part in CSR)
            return csr_array((data, indices, indptr), shape=tuple(shape))

        try:
            names = [arrays[f"{side}_names"].tolist() for side in ("users", "items")]
            return Features(matrix("users"), matrix("items"), *names)
        except KeyError as error:
            raise DotbenchError(f"{path}: not a file of features: {error.args[0]}") from None
