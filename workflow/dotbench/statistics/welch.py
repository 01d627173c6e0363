"""Welch's test of two means."""

from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.lazy import np


@dataclass(frozen=True)
class Sample:
    """Mean and standard deviation of n > 1 independent values."""

    mean: float
    sd: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))


def welch(first: Sample, second: Sample) -> tuple[float, float]:
    """(t, two-sided p) of no difference of two means, the variances unknown and not alike (Welch, Biometrika 1947).

    Without any spread t is infinite for different means, and 0 for equal ones.
    """
    from scipy import stats

    if first.sd == second.sd == 0:
        same = first.mean == second.mean
        return (0.0, 1.0) if same else (float(np.copysign(np.inf, first.mean - second.mean)), 0.0)
    found = stats.ttest_ind_from_stats(first.mean, first.sd, first.n, second.mean, second.sd, second.n, equal_var=False)
    return float(found.statistic), float(found.pvalue)
