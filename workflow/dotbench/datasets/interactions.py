"""A split of a dataset as arrays of row numbers."""

import hashlib
import itertools
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import read_arrays, write_npz
from dotbench.lazy import np

PARTS = ("train", "valid", "test")
COLD = ("cold_user", "cold_item", "cold_both")  # the user, the item, or both without training pairs


@dataclass(frozen=True)
class Split:
    """Train, validation and test pairs. With ratings for the rating task.

    ``train``, ``valid``, ``test``: shape (n, 2), int64, columns user row and item row.
    ``ratings``: part → shape (n,), float32, in rating points. Empty for ranking.
    ``cold``: further test parts that some splits set apart, by the names of COLD, as ``test``.
    """

    n_users: int
    n_items: int
    train: "np.ndarray"
    valid: "np.ndarray"
    test: "np.ndarray"
    ratings: dict[str, "np.ndarray"]
    cold: dict[str, "np.ndarray"] = field(default_factory=dict)

    def arrays(self) -> "dict[str, np.ndarray]":
        """The arrays of the file: ``shape`` (n_users, n_items), the parts, ``<part>_rating`` for ratings."""
        named = {"shape": np.array([self.n_users, self.n_items])}
        named |= {part: getattr(self, part) for part in PARTS} | self.cold
        return named | {f"{part}_rating": values for part, values in self.ratings.items()}

    def without_test(self) -> "Split":
        """The same split with nothing to test on: what tuning is given."""
        kept = {part: values for part, values in self.ratings.items() if part not in COLD}
        ratings = {part: values[:0] if part == "test" else values for part, values in kept.items()}
        return replace(self, test=self.test[:0], ratings=ratings, cold={})

    def without_validation(self) -> "Split":
        """The same split with its validation pairs among the training pairs, and none to validate on."""
        ratings = dict(self.ratings)
        if ratings:
            ratings["train"] = np.concatenate([ratings["train"], ratings["valid"]])
            ratings["valid"] = ratings["valid"][:0]
        train = np.concatenate([self.train, self.valid])
        return replace(self, train=train, valid=self.valid[:0], ratings=ratings)

    def save(self, path: Path | str) -> None:
        write_npz(path, **self.arrays())

    def content_digest(self) -> str:
        """sha256 over the arrays: equal for equal splits."""
        running = hashlib.sha256()
        for name, array in self.arrays().items():
            running.update(f"{name}{array.dtype}{array.shape}".encode())
            running.update(np.ascontiguousarray(array).tobytes())
        return running.hexdigest()


def check_parts(split: Split, where: Path | str) -> None:
    """Raises DotbenchError, which begins with ``where``, if a pair stands twice in a part, or in two parts: a held-out
    pair must not be known from training, and each is scored once."""
    parts = {part: getattr(split, part) for part in PARTS} | split.cold
    cells = {part: pairs[:, 0] * split.n_items + pairs[:, 1] for part, pairs in parts.items()}
    for part, own in cells.items():
        values, counts = np.unique(own, return_counts=True)
        if (counts > 1).any():
            pair = divmod(int(values[counts > 1][0]), split.n_items)
            raise DotbenchError(f"{where}: array '{part}' repeats a pair, {pair}; allowed is each pair once")
    for (first, own), (second, others) in itertools.combinations(cells.items(), 2):
        both = np.intersect1d(own, others)
        if len(both):
            pair = divmod(int(both[0]), split.n_items)
            raise DotbenchError(
                f"{where}: arrays '{first}' and '{second}' share pairs, {len(both)} in all, the first {pair}; "
                "allowed is each pair in one part"
            )


def load_split(path: Path | str, shape: tuple[int, int] | None = None, optional: Collection[str] = ()) -> Split:
    """Read a split. ``shape`` (n_users, n_items) is needed where the file does not hold it. Parts that are ``optional``
    are empty where they are absent.

    Raises DotbenchError naming the file and array that is absent, ill-shaped or out of range.
    """
    arrays = read_arrays(path)
    if isinstance(arrays, np.ndarray):
        raise DotbenchError(f"{path}: holds one array; needed is a .npz file with {', '.join(PARTS)}")
    with arrays:
        needed = [part for part in PARTS if part not in optional]
        missing = [part for part in needed if part not in arrays]
        if missing:
            raise DotbenchError(f"{path}: holds no array {', '.join(missing)}; needed are {', '.join(needed)}")
        try:
            content = {name: arrays[name] for name in arrays}
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise DotbenchError(f"{path}: cannot be read: {error}") from None
        absent = (part for part in optional if part not in content or not len(content[part]))
        content |= {part: np.zeros((0, 2), np.int64) for part in absent}
        parts = {part: content[part] for part in (*PARTS, *COLD) if part in content}
        ratings = {part: content[f"{part}_rating"] for part in parts if f"{part}_rating" in content}
        if "shape" in content:
            sizes = content["shape"]
            if sizes.shape != (2,) or sizes.dtype.kind not in "iu":
                layout = f"{sizes.dtype} of shape {sizes.shape}"
                raise DotbenchError(f"{path}: array 'shape' is {layout}; needed are two whole numbers, users and items")
            own = (int(sizes[0]), int(sizes[1]))
            if shape is not None and shape != own:
                raise DotbenchError(f"{path}: is a split of {own} users and items; the vectors are for {shape}")
            shape = own
    for part, pairs in parts.items():
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
            layout = f"{pairs.dtype} of shape {pairs.shape}"
            raise DotbenchError(f"{path}: array '{part}' is {layout}; needed are row numbers of shape (n, 2)")
        if shape is not None and len(pairs) and (pairs.min() < 0 or (pairs.max(axis=0) >= shape).any()):
            wrong = pairs[((pairs < 0) | (pairs >= shape)).any(axis=1)][0]
            raise DotbenchError(
                f"{path}: array '{part}' has the row numbers {tuple(wrong.tolist())}; there are {shape} rows"
            )
    if shape is None:
        raise DotbenchError(f"{path}: holds no array 'shape' (users, items)")
    pairs_of = {part: pairs.astype(np.int64) for part, pairs in parts.items()}
    cold = {part: pairs_of.pop(part) for part in COLD if part in pairs_of}
    return Split(*shape, **pairs_of, ratings=ratings, cold=cold)
