"""Features of text: what each review holds, averaged over the reviews of a user and of an item."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.source import Source
from dotbench.lazy import np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Reviews:
    """What each review says about d columns.

    ``users``, ``items``: shape (n,), row numbers. ``totals``: CSR of shape (n, d). ``weights``: CSR with the same
    pattern, how many observations each total sums; None where a review is one observation of every column.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    totals: Any
    weights: Any
    names: list[str]


class TextFeatures(FeatureSet):
    """A mean over reviews for users and for items, and a last column ``has_review``, 1 where there is one.

    Rows without a review are zero throughout.
    """

    @abstractmethod
    def read(self, source: Source) -> "tuple[Reviews, dict[str, pd.DataFrame]]":
        """What the reviews hold, and tables that come with it."""

    def compute(self, source: Source) -> Features:
        reviews, tables = self.read(source)
        names = [*reviews.names, "has_review"]
        users = average(reviews, reviews.users, source.split.n_users)
        items = average(reviews, reviews.items, source.split.n_items)
        return Features(users, items, names, names, tables)


def average(reviews: Reviews, rows: "np.ndarray", n: int) -> Any:
    """Sum of totals over sum of weights for each row, then ``has_review``: CSR of shape (n, d + 1), float32.

    ``rows``: shape (reviews,), the row that each review belongs to.
    """
    from scipy.sparse import csr_array, hstack

    counts = np.bincount(rows, minlength=n)
    sums = _grouped(reviews.totals, rows, n)
    if reviews.weights is None:
        sums.data /= np.repeat(counts, np.diff(sums.indptr))
    else:
        sums.data /= _grouped(reviews.weights, rows, n).data
    sums.eliminate_zeros()
    has_review = csr_array((counts > 0).astype(np.float64)[:, None])
    return hstack([sums, has_review], format="csr", dtype=np.float32)


def _grouped(matrix: Any, rows: "np.ndarray", n: int) -> Any:
    """Rows of a CSR matrix added up by group, in float64; zeros that are stored stay stored."""
    from scipy.sparse import coo_array

    group = np.repeat(rows.astype(np.int32), np.diff(matrix.indptr))
    return coo_array((matrix.data.astype(np.float64), (group, matrix.indices)), (n, matrix.shape[1])).tocsr()


def texts(source: Source, leaky: bool) -> "Iterator[tuple[np.ndarray, np.ndarray, list[str]]]":
    """(user rows, item rows, texts) of the reviews in batches; a summary, where there is one, is the first sentence."""
    columns = ["summary", "text"] if "summary" in source.columns() else ["text"]
    empty = True
    for frame in source.rows(columns, leaky):
        parts = [frame[column].fillna("").tolist() for column in columns]
        found = [".\n\n".join(filter(None, review)) for review in zip(*parts, strict=True)]
        if found:
            empty = False
            yield frame["user"].to_numpy(), frame["item"].to_numpy(), found
    if empty:
        raise DotbenchError(f"{source.ratings}: none of its reviews belongs to the training part")
