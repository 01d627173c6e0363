"""What features are computed from: a prepared dataset, a split of it, and the raw side files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError
from dotbench.lazy import np, pd

BATCH = 10_000  # rows held at a time


@dataclass(frozen=True)
class Source:
    """``folder``: a prepared dataset's. ``split``: what is training. ``files``: raw side files, known by name.

    Features have the split's rows: those of ``users.csv`` and ``items.csv`` up to the split's sizes.
    """

    folder: Path
    split: Split
    files: tuple[Path, ...] = ()

    @property
    def ratings(self) -> Path:
        return self.folder / "ratings.parquet"

    def rows(self, columns: list[str], leaky: bool) -> "Iterator[pd.DataFrame]":
        """Rows of ``ratings.parquet`` in batches: ``user``, ``item``, then ``columns``.

        Only rows whose pair is a training pair. If ``leaky``: all rows of the split's users and items, including test
        pairs. Raises DotbenchError naming the column that the file lacks.
        """
        absent = [name for name in columns if name not in self.columns()]
        if absent:
            has = ", ".join(self.columns())
            raise DotbenchError(f"{self.ratings}: holds no column {', '.join(absent)}; it has {has}")
        with self._open() as file:
            train = np.unique(self._keys(*self.split.train.T))
            for batch in file.iter_batches(BATCH, columns=["user", "item", *columns]):
                frame = batch.to_pandas()
                users, items = frame["user"].to_numpy(), frame["item"].to_numpy()
                kept = (users < self.split.n_users) & (items < self.split.n_items)
                if not leaky:
                    kept &= _among(self._keys(users, items), train)
                yield frame[kept]

    def columns(self) -> list[str]:
        """Names of the columns of ``ratings.parquet``."""
        with self._open() as file:
            return list(file.schema_arrow.names)

    def ids(self, kind: str) -> list[str]:
        """Original ids of the split's ``users`` or ``items``, by row."""
        n = self.split.n_users if kind == "users" else self.split.n_items
        path = self.folder / f"{kind}.csv"
        try:
            ids = pd.read_csv(path, dtype=str, keep_default_na=False)["id"].tolist()
        except OSError as error:
            raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error
        if len(ids) < n:
            raise DotbenchError(f"{path}: has {len(ids)} rows; the split has {n} {kind}")
        return ids[:n]

    def file(self, *endings: str) -> Path:
        """The side file whose name ends in one of ``endings``. DotbenchError if there is none."""
        for path in self.files:
            if path.name.endswith(endings):
                return path
        names = ", ".join(path.name for path in self.files) or "none"
        raise DotbenchError(f"side files: found {names}; needed is {' or '.join(endings)}")

    def _open(self) -> Any:
        import pyarrow.parquet as parquet

        try:
            return parquet.ParquetFile(self.ratings)
        except (OSError, ValueError) as error:  # ValueError: not a Parquet file
            raise DotbenchError(f"{self.ratings}: cannot be read: {error}") from error

    def _keys(self, users: "np.ndarray", items: "np.ndarray") -> "np.ndarray":
        keys: np.ndarray = users.astype(np.int64) * self.split.n_items + items
        return keys


def _among(keys: "np.ndarray", known: "np.ndarray") -> "np.ndarray":
    """Which ``keys`` (n,) are in the sorted ``known`` (m,), by bisection: O(n log m) for each of many batches."""
    if not len(known):
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[places] == keys)
