"""What a feature set is, and how its features are written and read."""

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from dotbench.errors import DotbenchError
from dotbench.features.source import Source
from dotbench.files import read_arrays, write_npz
from dotbench.lazy import np
from dotbench.registry import Component, discover
from dotbench.settings.base import Settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Features:
    """Named columns of users and items; rows are the row numbers of the prepared dataset.

    ``users``: shape (n_users, d_u), ``items``: shape (n_items, d_i); float32, dense or CSR; d may be 0.
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


CSR = ("data", "indices", "indptr", "shape")


def _arrays(side: str, matrix: Any) -> dict[str, Any]:
    if isinstance(matrix, np.ndarray):
        return {side: matrix}
    return {f"{side}_{part}": np.asarray(getattr(matrix, part)) for part in CSR}


def load_features(path: Path) -> Features:
    """Read what ``save`` wrote; a DotbenchError names the file and the array that is absent."""
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


class TrainingSettings(Settings):
    """Of features that ratings, reviews or votes enter: honest, or leaky as in the papers."""

    leaky: bool = Field(False, description="compute from all rows, the test ones included, as the papers do")


class FeatureSet(Component):
    """Computes features of a dataset's users and items.

    What depends on ratings, reviews or votes is computed from training pairs only, unless the settings say
    ``leaky``; then the word is in the label, by which everything that is written is named.
    """

    Settings: ClassVar[type[Any]] = Settings

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @property
    def label(self) -> str:
        return f"{self.name}-leaky" if getattr(self.settings, "leaky", False) else self.name

    @abstractmethod
    def compute(self, source: Source) -> Features:
        """The features of the source's users and items."""


def feature_sets() -> dict[str, type[Any]]:
    """Feature sets by name."""
    return discover("dotbench.features", FeatureSet)
