"""Intervals over seeds, of means and of shares."""

from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.lazy import np

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Mean of n values, their standard deviation, and the interval of the mean. None where n = 1 allows none."""

    mean: float
    sd: float | None
    low: float | None
    high: float | None


def t_interval(values: Sequence[float], level: float = LEVEL, factor: float = 1.0) -> Interval:
    """Student's interval  x̄ ± t_{n−1,(1+level)/2} s/√n  of the mean over independent seeds. ``factor``: that of
    `overlap_factor`, by which s/√n is multiplied where the seeds are divisions of the same data."""
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return Interval(mean, None, None, None)
    sd = float(np.std(values, ddof=1))
    half = factor * half_width(sd, n, level)
    return Interval(mean, sd, mean - half, mean + half)


def half_width(sd: float, n: int, level: float = LEVEL) -> float:
    """t_{n−1,(1+level)/2} s/√n, n > 1."""
    from scipy import stats

    width: float = float(stats.t.ppf((1 + level) / 2, n - 1)) * sd / n**0.5
    return width


def overlap_factor(n: int, test_to_train: float) -> float:
    """√(1 + n ρ): how many times as wide Student's interval is by the correction of Nadeau and Bengio (Machine Learning
    52, 2003): the variance of a mean over n random divisions of the same data is (1/n + ρ) s², not s²/n, because their
    training parts overlap. ρ = ``test_to_train``: the size of the test part over that of the training part.
    """
    factor: float = (1 + n * test_to_train) ** 0.5
    return factor


def wilson_interval(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a probability (JASA 1927): the p with |p̂ − p| ≤ z √(p (1 − p) / n).

    Within [0, 1], around p̂ also where that is 0 or 1, and of a sensible width there. n = ``trials`` > 0.
    """
    from scipy import stats

    z = float(stats.norm.ppf((1 + level) / 2))
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * (share * (1 - share) / trials + weight / (4 * trials)) ** 0.5
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding may lose an end
