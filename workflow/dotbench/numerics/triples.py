"""The compiled inner loop of `dotbench.solvers.row_adagrad`. Imports numba: import this module where the loop runs."""

import math
from typing import TYPE_CHECKING

import numba
import numpy as np

# sums may be reordered, so that they run in vector registers; infinities and NaN stay what they are
REORDERED = {"reassoc", "contract", "nsz"}

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def compiled(**options: "Any") -> "Callable[[Callable[..., Any]], Callable[..., Any]]":
    """`numba.njit` with the machine code kept in a file."""
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(cache=True, **options)
    return decorator


@compiled()
def following(state: np.uint64) -> np.uint64:
    """The state of SplitMix64 after ``state`` (Steele, Lea and Flood, OOPSLA 2014)."""
    return state + np.uint64(0x9E3779B97F4A7C15)


@compiled()
def below(state: np.uint64, n: np.uint64) -> np.int64:
    """A number from 0 to n − 1 from a state of SplitMix64, n < 2³²: the upper half of its output, scaled."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(((z >> np.uint64(32)) * n) >> np.uint64(32))


@compiled()
def holds(items: np.ndarray, first: int, last: int, item: int) -> bool:
    """Whether an item is in ``items[first:last]``, which ascend."""
    end = last
    while first < last:
        middle = (first + last) // 2
        if items[middle] < item:
            first = middle + 1
        else:
            last = middle
    return first < end and items[first] == item


@compiled(fastmath=REORDERED)
def moved(row: np.ndarray, gradient: np.ndarray, squares: np.ndarray, at: int, learning_rate: np.float32) -> None:
    """One step of row-wise Adagrad: s ← s + ‖g‖²/K, row ← row − η g / √s."""
    norm = np.float32(0)
    for k in range(len(row)):
        norm += gradient[k] * gradient[k]
    squares[at] += norm / np.float32(len(row))
    step = learning_rate / np.sqrt(squares[at])
    for k in range(len(row)):
        row[k] -= step * gradient[k]


@compiled(fastmath=REORDERED)
def bpr_epoch(
    P: np.ndarray,
    Q: np.ndarray,
    user_squares: np.ndarray,
    item_squares: np.ndarray,
    users: np.ndarray,
    items: np.ndarray,
    starts: np.ndarray,
    order: np.ndarray,
    negatives: int,
    learning_rate: np.float32,
    decay: np.float32,
    state: np.uint64,
) -> float:
    """A pass over the pairs ``order`` of BPR's triples, in place. Return the mean of the loss on them.

    ``P`` (M, K), ``Q`` (N, K), ``user_squares`` (M,), ``item_squares`` (N,): float32. ``users``, ``items`` (|D|,): the
    pairs, those of user u at ``starts[u]:starts[u + 1]`` with ascending items. No user may have every item. The sampled
    items come from ``state`` alone.
    """
    n_items, size, share = np.uint64(len(Q)), P.shape[1], np.float32(1 / negatives)
    user_gradient, item_gradient = np.empty(size, np.float32), np.empty(size, np.float32)
    other_gradient = np.empty(size, np.float32)
    total = 0.0
    for pair in order:
        u = users[pair]
        p, q = P[u], Q[items[pair]]
        for k in range(size):
            user_gradient[k] = decay * p[k]
            item_gradient[k] = decay * q[k]
        for _ in range(negatives):
            state = following(state)
            j = below(state, n_items)
            while holds(items, starts[u], starts[u + 1], j):
                state = following(state)
                j = below(state, n_items)
            r = Q[j]
            difference = np.float32(0)
            for k in range(size):
                difference += p[k] * (q[k] - r[k])
            small = math.exp(-abs(float(difference)))
            total += math.log1p(small) - min(float(difference), 0.0)
            slope = np.float32((small if difference >= 0 else 1.0) / (1 + small)) * share
            for k in range(size):
                user_gradient[k] -= slope * (q[k] - r[k])
                item_gradient[k] -= slope * p[k]
                other_gradient[k] = slope * p[k] + share * decay * r[k]
            moved(r, other_gradient, item_squares, j, learning_rate)
        moved(p, user_gradient, user_squares, u, learning_rate)
        moved(q, item_gradient, item_squares, items[pair], learning_rate)
    return total / max(1, len(order) * negatives)
