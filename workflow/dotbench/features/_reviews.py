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
    pattern, how many observations each total sums. None where a review is one observation of every column.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    totals: Any
    weights: Any
    names: list[str]


class TextFeatures(FeatureSet):
    """A mean over reviews for users and for items.

    Rows without a review have the mean over the rows that have one: whoever is unknown counts as average. Zeros, with
    a column that tells them, would be an input that no training pair has shown a model.
    """

    @abstractmethod
    def read(self, source: Source) -> "tuple[Reviews, dict[str, pd.DataFrame]]":
        """What the reviews hold, and tables that come with it."""

    def compute(self, source: Source) -> Features:
        reviews, tables = self.read(source)
        users, items = (
            filled(average(reviews, rows, n), rows)
            for rows, n in ((reviews.users, source.split.n_users), (reviews.items, source.split.n_items))
        )
        return Features(users, items, reviews.names, reviews.names, tables)


def average(reviews: Reviews, rows: "np.ndarray", n: int) -> Any:
    """Sum of totals over sum of weights for each row, 0 where there is none: CSR of shape (n, d), float32.

    ``rows``: shape (reviews,), the row that each review belongs to.
    """
    counts = np.bincount(rows, minlength=n)
    sums = _grouped(reviews.totals, rows, n)
    if reviews.weights is None:
        sums.data /= np.repeat(counts, np.diff(sums.indptr))
    else:
        sums.data /= _grouped(reviews.weights, rows, n).data
    sums.eliminate_zeros()
    return sums.astype(np.float32)


def filled(means: Any, rows: "np.ndarray") -> Any:
    """``means``, CSR of shape (n, d), where those without a review, which are zero, have the mean of the others.

    ``rows``: shape (reviews,), as for `average`.
    """
    from scipy.sparse import csr_array

    known = np.bincount(rows, minlength=means.shape[0]) > 0
    mean = means.sum(axis=0, dtype=np.float64) / known.sum()
    unknown = csr_array(~known[:, None], dtype=np.float32)
    return csr_array(means + unknown @ csr_array(mean[None], dtype=np.float32))


def _grouped(matrix: Any, rows: "np.ndarray", n: int) -> Any:
    """Rows of a CSR matrix added up by group, in float64. Zeros that are stored stay stored."""
    from scipy.sparse import coo_array

    group = np.repeat(rows.astype(np.int32), np.diff(matrix.indptr))
    return coo_array((matrix.data.astype(np.float64), (group, matrix.indices)), (n, matrix.shape[1])).tocsr()


def texts(source: Source, leaky: bool) -> "Iterator[tuple[np.ndarray, np.ndarray, list[str]]]":
    """(user rows, item rows, texts) of the reviews in batches. A summary, where there is one, is the first sentence."""
    columns = ["summary", "text"] if "summary" in source.columns() else ["text"]
    empty = True
    for frame in source.rows(columns, leaky):
        parts = [frame[column].fillna("").tolist() for column in columns]
        reviews = [".\n\n".join(filter(None, review)) for review in zip(*parts, strict=True)]
        if reviews:
            empty = False
            yield frame["user"].to_numpy(), frame["item"].to_numpy(), reviews
    if empty:
        raise DotbenchError(f"{source.ratings}: none of its reviews belongs to the training part")
