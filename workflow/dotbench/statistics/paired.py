"""Paired comparison of methods on the same splits and users."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.statistics.intervals import LEVEL, Interval, t_interval

DRAWS = 10_000
CELLS = 4_000_000  # resampled users held at a time


@dataclass(frozen=True)
class Comparison:
    """Difference ``first`` − ``second`` of two methods (positions).

    ``low``, ``high``: simultaneous over all pairs. ``p``: two-sided, of no difference; ``p_holm``: adjusted over
    all pairs. ``seeds``: the seed component, Student's interval of the differences per seed.
    """

    first: int
    second: int
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    seeds: Interval


def compare(
    sums: "np.ndarray", counts: "np.ndarray", root: bool = False, draws: int = DRAWS, seed: int = 0
) -> list[Comparison]:
    """Compare every pair of methods by resampling users.

    ``sums``: shape (methods, seeds, users), each user's total; ``counts``: shape (seeds, users), what to divide
    by. A method's statistic is the mean over seeds of  f(Σ_u sums / Σ_u counts),  f the identity, or the square
    root for ``root`` (RMSE from squared errors). Users are crossed with seeds: a draw resamples users once, with
    replacement, for all methods and seeds. The p-value is the share of draws whose deviation from the observed
    difference is at least as large as that difference, (1 + #) / (1 + draws); the simultaneous interval is
    difference ± q · se with q the quantile of the largest studentised deviation over all pairs.
    """
    observed = _statistic(sums.sum(-1), counts.sum(-1), root)
    replicates = np.concatenate(list(_replicates(sums, counts, root, draws, seed)))
    pairs = list(itertools.combinations(range(len(sums)), 2))
    if not pairs:
        return []
    per_seed = _ratio(sums.sum(-1), counts.sum(-1), root)
    difference = np.array([observed[a] - observed[b] for a, b in pairs])
    deviation = np.stack([replicates[:, a] - replicates[:, b] for a, b in pairs], axis=1) - difference
    se = deviation.std(axis=0, ddof=1)
    studentised = np.divide(np.abs(deviation), se, out=np.zeros_like(deviation), where=se > 0)
    q = np.quantile(studentised.max(axis=1), LEVEL)
    p = (1 + (np.abs(deviation) >= np.abs(difference)).sum(axis=0)) / (1 + draws)
    adjusted = holm(p)
    return [
        Comparison(
            a,
            b,
            float(difference[k]),
            float(difference[k] - q * se[k]),
            float(difference[k] + q * se[k]),
            float(p[k]),
            float(adjusted[k]),
            t_interval(per_seed[a] - per_seed[b]),
        )
        for k, (a, b) in enumerate(pairs)
    ]


def holm(p: "np.ndarray") -> "np.ndarray":
    """Holm's step-down adjustment: the k-th smallest of m times m − k + 1, made monotone, at most 1. Shape (m,)."""
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p, dtype=float)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def standings(n_methods: int, best: int, comparisons: list[Comparison], alpha: float = 0.05) -> list[str]:
    """``best`` for a method that beats every other at adjusted p < alpha; otherwise ``tie`` for the method with
    the best mean and for all that do not differ from it; empty for the rest."""
    tied = {best}
    for pair in comparisons:
        if best in (pair.first, pair.second) and pair.p_holm >= alpha:
            tied |= {pair.first, pair.second}
    if len(tied) == 1:
        return ["best" if k == best else "" for k in range(n_methods)]
    return ["tie" if k in tied else "" for k in range(n_methods)]


def runners_up(found: list[str], means: list[float], comparisons: list[Comparison]) -> list[str]:
    """``found`` (of `standings`) with the second place, where the first is one method's alone: ``second`` for a method
    that beats every other but the best, otherwise ``second tie`` for the best mean of the others and for all that
    do not differ from it. ``means``: shape (methods,), higher is better; p-values stay adjusted over all pairs."""
    if "best" not in found or len(found) < 2:
        return found
    rest = [k for k, standing in enumerate(found) if standing != "best"]
    among = [pair for pair in comparisons if pair.first in rest and pair.second in rest]
    places = standings(len(found), max(rest, key=lambda k: means[k]), among)
    names = {"best": "second", "tie": "second tie", "": ""}
    return [found[k] if k not in rest else names[places[k]] for k in range(len(found))]


def _ratio(totals: "np.ndarray", counts: "np.ndarray", root: bool) -> "np.ndarray":
    ratio = totals / counts
    means: np.ndarray = np.sqrt(ratio) if root else ratio
    return means


def _statistic(totals: "np.ndarray", counts: "np.ndarray", root: bool) -> "np.ndarray":
    """Mean over seeds, the last axis."""
    mean: np.ndarray = _ratio(totals, counts, root).mean(axis=-1)
    return mean


def _replicates(sums: "np.ndarray", counts: "np.ndarray", root: bool, draws: int, seed: int) -> "Iterator[np.ndarray]":
    """Blocks of the statistic under resampling of users: shape (block, methods)."""
    rng = np.random.default_rng(seed)
    n_methods, n_seeds, n_users = sums.shape
    flat, divisor = sums.reshape(-1, n_users).T, counts.T
    block = max(1, CELLS // n_users)
    for start in range(0, draws, block):
        n = min(block, draws - start)
        picks = rng.integers(0, n_users, (n, n_users)) + np.arange(n)[:, None] * n_users
        weights = np.bincount(picks.ravel(), minlength=n * n_users).reshape(n, n_users).astype(float)
        totals = (weights @ flat).reshape(n, n_methods, n_seeds)
        yield _statistic(totals, (weights @ divisor)[:, None, :], root)
