"""Full ranking with masks, in blocks of users, and NDCG: all that validation during training needs.

The protocol (docs/results.md): every item is ranked except those that the user has in the masked parts. NDCG@k
discounts by log2 and is normalised by the ideal of min(k, relevant items). Users without a relevant item are left out.
Ties are broken by a random order of the items that differs between users, so that equal scores earn what chance would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from dotbench.lazy import np, torch

CUTOFF = 10
CELLS = 1 << 22  # scores held at a time: 16 MB in float32
TILE = 512  # items scored at a time

Scorer = Callable[["torch.Tensor"], "torch.Tensor"]  # gives a new tensor; it is written over


def vector_scorer(users: "torch.Tensor", items: "torch.Tensor") -> Scorer:
    """Scores of a block of users by the inner product: rows (B,) → (B, n_items).

    On a CPU some items at a time, whose vectors and scores stay in the cache.
    """
    if items.device.type != "cpu":
        return lambda rows: users[rows] @ items.T

    def scores(rows: "torch.Tensor") -> "torch.Tensor":
        block, found = users[rows], items.new_empty(len(rows), len(items))
        for start in range(0, len(items), TILE):
            torch.mm(block, items[start : start + TILE].T, out=found[:, start : start + TILE])
        return found

    return scores


class Block(NamedTuple):
    """A block of users from number ``start`` on: their scores (B, n_items), the cell numbers of relevant items, and of
    each list (B, k) the items, whether these can be shown, and whether they are hits."""

    start: int
    scores: "torch.Tensor"
    relevant: "torch.Tensor"
    items: "torch.Tensor"
    shown: "torch.Tensor"
    hits: "torch.Tensor"

    @property
    def rows(self) -> slice:
        return slice(self.start, self.start + len(self.hits))


@dataclass(frozen=True)
class Lists:
    """What n users see: the top k items of each, best first, or all if there are fewer.

    ``hits`` (n, k) bool: whether the item of a rank is relevant. ``n_relevant`` (n,), from 1: relevant items of the
    user. ``items`` (n, k): rows of the items, −1 behind the last that can be shown. ``first`` (n,): rank of the first
    relevant item among all items, also beyond k; 0 if it cannot be shown. ``n_items``: items that there are.
    ``popularity`` (n_items,): training pairs of each item, of ``n_users`` users. The last five only where they were
    asked for.
    """

    hits: "np.ndarray"
    n_relevant: "np.ndarray"
    items: "np.ndarray | None" = None
    first: "np.ndarray | None" = None
    n_items: int = 0
    popularity: "np.ndarray | None" = None
    n_users: int = 0


class Ranking:
    """Who is ranked and what counts: built once, applied to any scorer.

    ``relevant``, ``masked``: pairs of shape (n, 2), user row and item row.
    """

    def __init__(
        self,
        relevant: "np.ndarray",
        masked: "np.ndarray",
        n_users: int,
        n_items: int,
        device: str = "cpu",
        cutoff: int = CUTOFF,
    ) -> None:
        self.cutoff = cutoff
        self.device = device
        self.users = np.unique(relevant[:, 0])
        self.n_relevant = torch.from_numpy(np.bincount(relevant[:, 0], minlength=n_users)[self.users]).to(device)
        # where scores tie, a user sees the items in one random order, rotated by a shift of the user's own
        rng = np.random.default_rng(0)
        order, shift = rng.permutation(n_items), rng.integers(n_items, size=len(self.users))
        self._rotations = torch.from_numpy(np.concatenate([order, order])).to(device).unfold(0, n_items, 1)
        self._shift = torch.from_numpy(shift).to(device)
        row_of = np.full(n_users, -1)
        row_of[self.users] = np.arange(len(self.users))
        block = max(1, CELLS // n_items)
        relevant_at, masked_at = (_flat(row_of, n_items, pairs) for pairs in (relevant, masked))
        self._blocks: list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]] = []
        for start in range(0, len(self.users), block):
            users = torch.from_numpy(self.users[start : start + block]).to(device)
            first, last = start * n_items, (start + len(users)) * n_items
            inside, hidden = (_between(at, first, last).to(device) for at in (relevant_at, masked_at))
            self._blocks.append((start, users, inside, hidden))

    def hits(self, scorer: Scorer) -> "torch.Tensor":
        """Whether each of a user's top ``cutoff`` items, or of all there are, is relevant: bool, a row for each of
        ``users``.

        Memory stays at a few times ``CELLS`` numbers, whatever the number of users: nothing but what is returned
        outlives a block, so that blocks of different sizes do not fragment the heap.
        """
        hits = torch.zeros(len(self.users), self._width, dtype=torch.bool, device=self.device)

        def see(block: Block) -> None:
            hits[block.rows] = block.hits

        self._rank(scorer, see)
        return hits

    def lists(self, scorer: Scorer, beyond: bool = False) -> Lists:
        """The lists of the ranked users, with their items. ``beyond``: with the rank of the first relevant item among
        all items. Behind a list, too, items stand by score, and ties in the user's random order."""
        n_items = self._rotations.shape[1]
        hits = np.zeros((len(self.users), self._width), bool)
        items = np.zeros(hits.shape, np.int32)
        first = np.zeros(len(hits), np.int64) if beyond else None

        def see(block: Block) -> None:
            hits[block.rows] = block.hits.cpu().numpy()
            items[block.rows] = block.items.masked_fill(~block.shown, -1).cpu().numpy()
            if first is not None:
                first[block.rows] = self._first(block).cpu().numpy()

        self._rank(scorer, see)
        return Lists(hits, self.n_relevant.cpu().numpy(), items, first, n_items)

    @property
    def _width(self) -> int:
        return min(self.cutoff, self._rotations.shape[1])

    def _rank(self, scorer: Scorer, see: Callable[[Block], None]) -> None:
        """Rank block by block. ``see`` must keep none of the tensors."""
        k = self._width
        for start, rows, relevant, masked in self._blocks:
            scores = scorer(rows)
            scores.view(-1)[masked] = -torch.inf
            n_items = scores.shape[1]
            values, items = top(scores, min(self.cutoff + 1, n_items))
            tied = torch.nonzero((values[:, 1:] == values[:, :-1]).any(dim=1))[:, 0]
            if len(tied):
                orders = self._rotations[self._shift[start + tied]]
                values[tied], places = scores[tied].gather(1, orders).topk(values.shape[1], dim=1)
                items[tied] = orders.gather(1, places)
            cells = torch.arange(len(rows), device=self.device)[:, None] * n_items + items
            at = torch.searchsorted(relevant, cells).clamp(max=len(relevant) - 1)
            shown = values.isfinite()
            hits = (relevant[at] == cells) & shown
            see(Block(start, scores, relevant, items[:, :k], shown[:, :k], hits[:, :k]))

    def _first(self, block: Block) -> "torch.Tensor":
        """Rank of each user's first relevant item; 0 where none has a finite score."""
        found = block.hits.any(dim=1)
        first = torch.where(found, block.hits.int().argmax(dim=1) + 1, 0)
        rest = torch.nonzero(~found)[:, 0]
        is_relevant = torch.zeros_like(block.scores, dtype=torch.bool)
        is_relevant.view(-1)[block.relevant] = True
        is_relevant = is_relevant[rest]
        # what stands behind the list; where an item of a list cannot be shown, all that can be are in it
        left = block.scores[rest].nan_to_num_(-torch.inf, torch.inf, -torch.inf)
        left.scatter_(1, block.items[rest], -torch.inf)
        best = left.masked_fill(~is_relevant, -torch.inf).amax(dim=1, keepdim=True)
        rank = self._width + 1 + (left > best).sum(dim=1)
        level = left == best
        tied = torch.nonzero(level.sum(dim=1) > 1)[:, 0]
        if len(tied):
            orders = self._rotations[self._shift[block.start + rest[tied]]]
            level, is_relevant = (one[tied].gather(1, orders) for one in (level, is_relevant))
            place = (level & is_relevant).int().argmax(dim=1, keepdim=True)
            rank[tied] += level.int().cumsum(dim=1).gather(1, place)[:, 0] - 1
        first[rest] = torch.where(best[:, 0].isfinite(), rank, 0)
        return first


def top(scores: "torch.Tensor", k: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """The k greatest scores of each row, in order, and where they stand: ``torch.topk`` but for the choice among equal
    scores, and for the places of −∞, which mean nothing.

    A row is cut into m columns, of every m-th item each. The k columns with the greatest maxima hold k greatest scores:
    no other column has a score above these maxima. So what is sorted is m ≈ 2 √(n k) maxima and k n/m scores, and not n
    (speed/evaluation.py).
    """
    n = scores.shape[1]
    m = min(n, 2 * max(k, round((n * k) ** 0.5)))
    depth, rest = divmod(n, m)
    maxima = torch.unflatten(scores[:, : depth * m], 1, (depth, m)).amax(1)
    maxima[:, :rest] = maxima[:, :rest].maximum(scores[:, depth * m :])
    columns = maxima.topk(k, dim=1, sorted=False).indices
    places = (columns[:, :, None] + m * torch.arange(depth + 1, device=scores.device)).flatten(1)
    inside = places.clamp(max=n - 1)
    values, at = scores.gather(1, inside).masked_fill_(places >= n, -torch.inf).topk(k, dim=1)
    return values, inside.gather(1, at)


def _flat(row_of: "np.ndarray", n_items: int, pairs: "np.ndarray") -> "np.ndarray":
    """Sorted cell numbers (row · n_items + item) of the pairs whose user is ranked."""
    rows = row_of[pairs[:, 0]]
    inside = rows >= 0
    return np.sort(rows[inside] * n_items + pairs[inside, 1])


def _between(at: "np.ndarray", first: int, last: int) -> "torch.Tensor":
    """The cell numbers from ``first`` to before ``last``, counted from ``first``. ``at`` sorted."""
    return torch.from_numpy(at[slice(*np.searchsorted(at, (first, last)))] - first)


def ndcg(hits: "torch.Tensor", n_relevant: "torch.Tensor") -> "torch.Tensor":
    """NDCG@k of each user: Σ_r hit_r / log2(r + 1) over Σ_{r ≤ min(k, n)} 1 / log2(r + 1).

    ``hits`` (n, k) bool, best first. ``n_relevant`` (n,). Shape (n,), float64. E.g. hits (1, 0, 1) with two
    relevant items: (1 + 1/2) / (1 + 1/log2 3) = 0.9197.
    """
    discounts = 1 / torch.arange(2, hits.shape[1] + 2, dtype=torch.float64, device=hits.device).log2()
    ideal = discounts.cumsum(0)[n_relevant.clamp(max=hits.shape[1]) - 1]
    return (hits.double() @ discounts) / ideal


def mean_reciprocal_rank(hits: "torch.Tensor") -> float:
    """Mean of 1 / rank of the first hit, 0 for a list without one. ``hits`` (n, k) bool, best first."""
    first = hits.int().argmax(dim=1) + 1
    return float((hits.any(dim=1).double() / first).mean())
