"""The training matrix, in the forms that losses and solvers read it."""

import warnings
from collections.abc import Sequence
from functools import cached_property

from dotbench.lazy import np, torch

CELLS = 1 << 18  # vector entries gathered at a time, of either side: they stay in a core's cache
SHRINKAGE = 5.0  # ratings at the mean that are added to each item's own, as the baseline `item-mean` does


def csr_tensor(
    starts: "torch.Tensor", columns: "torch.Tensor", values: "torch.Tensor", shape: "Sequence[int]"
) -> "torch.Tensor":
    """A sparse CSR tensor, without torch's remark that it is in beta. A row may name a column twice."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(starts, columns, values, tuple(shape), check_invariants=False)


def sampled_product(
    pattern: "torch.Tensor", left: "torch.Tensor", right: "torch.Tensor", weight: float = 1.0
) -> "torch.Tensor":
    """``pattern``, sparse CSR (n, m), with w l_a · r_b in the place of every entry (a, b). ``weight`` w.

    ``left`` (n, K), ``right`` (m, K). O(nnz K) operations. Without MKL, as on ARM, the vectors are gathered in blocks,
    which takes several times as long.
    """
    if pattern.is_cuda or torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
        product: torch.Tensor = torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0, alpha=weight)
        return product
    starts, columns = pattern.crow_indices(), pattern.col_indices()
    rows = torch.repeat_interleave(torch.arange(len(left)), starts.diff())
    size = max(1, CELLS // left.shape[1])
    blocks = zip(torch.split(rows, size), torch.split(columns, size), strict=True)
    values = torch.cat([(left[a] * right[b]).sum(1) for a, b in blocks])
    return csr_tensor(starts, columns, weight * values, pattern.shape)


class TrainMatrix:
    """R, shape (n_users, n_items), with a one for every training pair.

    ``pairs``: shape (|D|, 2), distinct user and item rows. ``ratings``: shape (|D|,), beside them, for the rating
    task. Everything lives on ``device`` in ``dtype``.
    """

    def __init__(
        self,
        pairs: "np.ndarray",
        n_users: int,
        n_items: int,
        device: str = "cpu",
        dtype: "torch.dtype | None" = None,
        ratings: "np.ndarray | None" = None,
    ) -> None:
        self.n_users, self.n_items = n_users, n_items
        self.device, self.dtype = device, dtype or torch.float32
        self.users, self.items = self._ordered(pairs[:, 0], pairs[:, 1], n_items)
        if ratings is not None:
            order = np.lexsort((pairs[:, 1], pairs[:, 0]))
            self.ratings = torch.from_numpy(ratings[order]).to(device, self.dtype)  # in the order of the pairs

    def _ordered(
        self, rows: "np.ndarray", columns: "np.ndarray", n_columns: int
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """The pairs by row, then by column (int64). Sorting their cell numbers is much faster than a lexsort."""
        cells = np.sort(rows.astype(np.int64) * n_columns + columns)
        rows, columns = np.divmod(cells, n_columns)
        return torch.from_numpy(rows).to(self.device), torch.from_numpy(columns).to(self.device)

    @cached_property
    def counts(self) -> "torch.Tensor":
        """n_u, shape (n_users,)."""
        return torch.bincount(self.users, minlength=self.n_users).to(self.dtype)

    @cached_property
    def has_positives(self) -> "torch.Tensor":
        """One for a user with a positive, else zero, shape (n_users,)."""
        return (self.counts > 0).to(self.dtype)

    @cached_property
    def inverse_counts(self) -> "torch.Tensor":
        """1/n_u, and zero for a user without positives, shape (n_users,)."""
        return self.has_positives / self.counts.clamp(min=1)

    @cached_property
    def item_counts(self) -> "torch.Tensor":
        """Training pairs of each item, shape (n_items,)."""
        return torch.bincount(self.items, minlength=self.n_items).to(self.dtype)

    def transposed(self, values: "torch.Tensor") -> "torch.Tensor":
        """Values of the pairs, (|D|,), in the order of `csr_t`."""
        return values[self._order_t]

    @cached_property
    def _order_t(self) -> "torch.Tensor":
        return torch.argsort(self.items * self.n_users + self.users)

    @cached_property
    def mean_rating(self) -> float:
        """Mean of the training ratings."""
        return float(self.ratings.double().mean())

    @cached_property
    def same_means(self) -> "torch.Tensor":
        """μ for every item, shape (n_items,)."""
        return torch.full_like(self.item_counts, self.mean_rating)

    @cached_property
    def item_means(self) -> "torch.Tensor":
        """(Σ_{u∈U_i} r_ui + k μ) / (n_i + k) with k = SHRINKAGE, shape (n_items,): μ without ratings."""
        deviations = self.ratings.new_zeros(self.n_items)
        deviations.index_add_(0, self.items, self.ratings - self.mean_rating)
        return self.mean_rating + deviations / (self.item_counts + SHRINKAGE)

    @cached_property
    def active_users(self) -> "torch.Tensor":
        """Rows of the users with a positive."""
        return torch.nonzero(self.counts)[:, 0]

    @cached_property
    def csr(self) -> "torch.Tensor":
        """R as a sparse CSR tensor, with 32-bit indices: MKL copies wider ones at every product."""
        return self._csr(self.users, self.items, self.n_users, self.n_items)

    @cached_property
    def csr_t(self) -> "torch.Tensor":
        """Rᵀ as a sparse CSR tensor, indices as in `csr`."""
        rows, columns = self._ordered(self.items.cpu().numpy(), self.users.cpu().numpy(), self.n_users)
        return self._csr(rows, columns, self.n_items, self.n_users)

    def ready(self) -> "TrainMatrix":
        """Makes both sparse forms now, as part of loading: no solver's clock then counts them."""
        _ = self.csr, self.csr_t
        return self

    def _csr(self, rows: "torch.Tensor", columns: "torch.Tensor", n: int, m: int) -> "torch.Tensor":
        starts = torch.zeros(n + 1, dtype=torch.int32, device=self.device)
        starts[1:] = torch.bincount(rows, minlength=n).cumsum(0)
        values = torch.ones(len(rows), dtype=self.dtype, device=self.device)
        return csr_tensor(starts, columns.int(), values, (n, m))

    @cached_property
    def _cells(self) -> "torch.Tensor":
        """Cell numbers (row · n_items + item) of the pairs, ascending."""
        return self.users * self.n_items + self.items

    def contains(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        """Whether each pair is a training pair: bool, shape of ``users`` and ``items``."""
        cells = users * self.n_items + items
        at = torch.searchsorted(self._cells, cells).clamp(max=len(self._cells) - 1)
        return self._cells[at] == cells

    def scores(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        """p_u · q_i of every training pair, in its order, for P (n_users, K) and Q (n_items, K): shape (|D|,).

        In blocks of pairs: O(|D| K) operations, and memory for the result and CELLS numbers of either side, on a GPU
        256 times as many.
        """
        size = max(1, CELLS * (256 if users.is_cuda else 1) // users.shape[1])
        blocks = zip(torch.split(self.users, size), torch.split(self.items, size), strict=True)
        return torch.cat([(users[rows] * items[columns]).sum(1) for rows, columns in blocks])

    def positives(self, users: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
        """(rows, items, counts) of some users: positive p is ``items[p]`` of ``users[rows[p]]``. ``counts``: n_u."""
        starts = self.csr.crow_indices().long()
        counts = starts[users + 1] - starts[users]
        rows = torch.repeat_interleave(torch.arange(len(users), device=self.device), counts)
        first = torch.repeat_interleave(starts[users] - (counts.cumsum(0) - counts), counts)
        items = self.items[first + torch.arange(len(rows), device=self.device)]
        return rows, items, counts.to(self.dtype)
