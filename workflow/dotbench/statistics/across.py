"""Comparison of methods across datasets: average ranks, and how probable a difference that matters is.

A dataset is the unit here, whatever its size: what is asked is which method is better on the next dataset.
"""

from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.statistics.intervals import LEVEL

MIN_DATASETS = 3  # for a test
ROPE = 0.02  # a relative difference up to this does not matter
PRIOR = 0.5  # weight of the prior observation, beside one of each dataset
DRAWS = 20_000  # of the posterior


@dataclass(frozen=True)
class Ranks:
    """``ranks``: shape (datasets, methods), 1 for the best, the mean rank for ties. ``average``: (methods,). ``p``:
    that all methods are equal. ``critical``: the least difference of two average ranks that is significant. ``p_of``:
    the p value of the difference of every pair, (methods, methods). These three are None below MIN_DATASETS datasets
    or two methods."""

    ranks: "np.ndarray"
    average: "np.ndarray"
    p: float | None
    critical: float | None
    p_of: "np.ndarray | None"


def ranks_of(scores: "np.ndarray") -> "np.ndarray":
    """Ranks of methods on each dataset, 1 for the highest score, the mean rank for ties; both (datasets, methods)."""
    from scipy import stats

    ranks: np.ndarray = stats.rankdata(-scores, axis=1)
    return ranks


def rank(scores: "np.ndarray") -> Ranks:
    """Average ranks of methods by their scores on datasets, higher is better. ``scores``: (datasets, methods).

    With N datasets, k methods and average ranks R_j, Friedman's
    χ² = 12 N / (k (k + 1)) (Σ_j R_j² − k (k + 1)² / 4), and Iman and Davenport's
    F = (N − 1) χ² / (N (k − 1) − χ²) with k − 1 and (k − 1)(N − 1) degrees of freedom. Two methods differ if their
    average ranks do by at least Nemenyi's critical difference q √(k (k + 1) / (6 N)), q √2 the quantile of the
    studentised range of k means (Demšar, JMLR 7, 2006).
    """
    from scipy import stats

    ranks = ranks_of(scores)
    average = ranks.mean(axis=0)
    n, k = scores.shape
    if n < MIN_DATASETS or k < 2:
        return Ranks(ranks, average, None, None, None)
    chi2 = 12 * n / (k * (k + 1)) * ((average**2).sum() - k * (k + 1) ** 2 / 4)
    rest = n * (k - 1) - chi2
    f = (n - 1) * chi2 / rest if rest > 1e-9 else np.inf  # all datasets agree
    unit = (k * (k + 1) / (6 * n)) ** 0.5
    difference = np.abs(average[:, None] - average[None, :])
    return Ranks(
        ranks,
        average,
        float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))),
        float(stats.studentized_range.ppf(LEVEL, k, np.inf) / 2**0.5 * unit),
        stats.studentized_range.sf(difference / unit * 2**0.5, k, np.inf),
    )


@dataclass(frozen=True)
class Practical:
    """Posterior probabilities of two methods: the first is better by more than ROPE, the two are practically equal, the
    first is worse by more. They add up to 1."""

    better: float
    equal: float
    worse: float


def practical(first: "np.ndarray", second: "np.ndarray", seed: int = 0) -> Practical:
    """Bayesian signed-rank test of two methods by their scores on datasets, each of shape (datasets,), positive.

    The relative differences are z_i = 2 (a_i − b_i) / (a_i + b_i), and z_0 = 0 for the prior. With weights w from the
    Dirichlet distribution with parameters (PRIOR, 1, …, 1),
    θ_better = Σ_ij w_i w_j [(z_i + z_j) / 2 > ROPE], θ_worse likewise below −ROPE, and θ_equal the rest. A probability
    is how often its θ is the greatest in DRAWS draws (Benavoli, Corani, Demšar and Zaffalon, JMLR 18, 2017). Cost:
    DRAWS × datasets².
    """
    z = np.concatenate([[0.0], 2 * (first - second) / (first + second)])
    walsh = (z[:, None] + z[None, :]) / 2
    weights = np.random.default_rng(seed).dirichlet([PRIOR, *[1.0] * len(first)], DRAWS)
    better, worse = (((weights @ region.astype(float)) * weights).sum(1) for region in (walsh > ROPE, walsh < -ROPE))
    greatest = np.argmax([1 - better - worse, better, worse], axis=0)  # of equal ones, practically equal
    share = np.bincount(greatest, minlength=3) / DRAWS
    return Practical(float(share[1]), float(share[0]), float(share[2]))
