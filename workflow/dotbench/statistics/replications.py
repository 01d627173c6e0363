"""Paired comparison of methods over replications of a simulation."""

import itertools

from dotbench.lazy import np
from dotbench.statistics.intervals import LEVEL, t_interval
from dotbench.statistics.paired import Comparison, holm

MIN_REPLICATIONS = 3  # for a comparison


def compare_replications(values: "np.ndarray", factor: float = 1.0) -> list[Comparison]:
    """Compare every pair of methods by Student's paired t-test.

    ``values``: shape (methods, replications), one number of every method on the same data sets. With the differences
    d of a pair over R > 2 replications, t = d̄ √R / s; p is two-sided and adjusted by Holm over all pairs. ``low`` and
    ``high`` are simultaneous over all m pairs by Bonferroni: d̄ ± t_{R−1, 1−.05/(2m)} s/√R. Empty for R < 3: with one
    degree of freedom next to nothing can be told. ``factor``: that of `overlap_factor`, by which s/√R is multiplied
    where the replications are divisions of the same data; the seed component is Student's without it.
    """
    from scipy import stats

    pairs = list(itertools.combinations(range(len(values)), 2))
    n = values.shape[1]
    if n < MIN_REPLICATIONS or not pairs:
        return []
    differences = np.stack([values[a] - values[b] for a, b in pairs])
    mean, se = differences.mean(axis=1), factor * differences.std(axis=1, ddof=1) / n**0.5
    t = np.divide(np.abs(mean), se, out=np.where(mean == 0, 0.0, np.inf), where=se > 0)
    p = 2 * stats.t.sf(t, n - 1)
    adjusted = holm(p)
    half = stats.t.ppf(1 - (1 - LEVEL) / (2 * len(pairs)), n - 1) * se
    return [
        Comparison(
            a,
            b,
            float(mean[k]),
            float(mean[k] - half[k]),
            float(mean[k] + half[k]),
            float(p[k]),
            float(adjusted[k]),
            t_interval(differences[k]),
        )
        for k, (a, b) in enumerate(pairs)
    ]
