"""Paired comparison of methods on the same splits and users."""

import itertools
from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.statistics.intervals import LEVEL, Interval, t_interval

ALPHA = 0.05  # an adjusted p below is a real difference
MIN_USERS = 5  # tested in every seed, for a comparison
PRIOR = 2.0  # degrees of freedom of the mean variance of all pairs
DRAWS = 10_000  # of the largest |t|, for its quantile
CELLS = 4_000_000  # of draws × pairs held at a time


@dataclass(frozen=True)
class Comparison:
    """Difference ``first`` − ``second`` of two methods (positions).

    ``low``, ``high``: simultaneous over all pairs. ``p``: two-sided, of no difference. ``p_holm``: adjusted over
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


def compare(sums: "np.ndarray", counts: "np.ndarray", root: bool = False) -> list[Comparison]:
    """Compare every pair of methods over a sample of users, the seeds being given.

    ``sums``: shape (methods, seeds, users), each user's total. ``counts``: shape (seeds, users), what to divide by, 0
    for a user whom a seed does not test. A method's statistic is the mean over seeds of f(R_s), R_s = Σ_u sums /
    Σ_u counts, f the identity, or the square root for ``root`` (RMSE from squared errors). Its influences are

    ψ_u = mean over seeds of f'(R_s) (sums_su − R_s counts_su) / (Σ_v counts_sv √(1 − h_su)),
    h_su = counts_su / Σ_v counts_sv,

    the infinitesimal jackknife with the small-sample factor HC2 (MacKinnon and White, J. Econometrics 1985): of means,
    s²/n, also where every seed tests users of its own. A difference d has the variance
    v = Σ_u (ψ_u,first − ψ_u,second)² with ν degrees of freedom (see `_degrees_of_freedom`), and
    se² = (ν v + 2 v̄) / (ν + 2), v̄ the mean of all pairs: a moderated t (Smyth, Stat. Appl. Genet. 2004) with a prior
    of two degrees of freedom, for few users may not differ at all by chance. t = d / se. p is Student's, two-sided, and
    at least 2^(1 − k), the least that flipping the signs of the k users on whom the two differ can give: a few users
    are no evidence, however much they agree. The interval is d ± q se with q the quantile of the largest |t| over all
    pairs, from draws of the multivariate t with the correlations of the influences (Hothorn, Bretz and Westfall,
    Biometrical J. 2008).

    Empty with fewer than MIN_USERS users in a seed. Cost: one pass over ``sums``. False positives and coverage by
    simulation: docs/evidence/statistics.
    """
    pairs = list(itertools.combinations(range(len(sums)), 2))
    if not pairs or (counts > 0).sum(axis=1).min() < MIN_USERS:
        return []
    per_seed = _ratio(sums.sum(-1), counts.sum(-1), root)
    means = per_seed.mean(axis=1)
    influences = _influences(sums, counts, root)
    first, second = np.array(pairs).T
    difference = means[first] - means[second]
    gram = influences @ influences.T
    df = _degrees_of_freedom(counts)
    prior = np.mean(_variances(gram, first, second)) / 2 * np.eye(len(gram))
    moderated = (df * gram + PRIOR * prior) / (df + PRIOR)
    se = np.sqrt(_variances(moderated, first, second))
    differing = np.array([(sums[a] != sums[b]).any(axis=0).sum() for a, b in pairs])
    p = _p_values(difference, se, df, differing)
    half = _largest_t(moderated, first, second, se, df) * se
    return [
        Comparison(
            a,
            b,
            float(difference[k]),
            float(difference[k] - half[k]),
            float(difference[k] + half[k]),
            float(p[k]),
            float(adjusted),
            t_interval(per_seed[a] - per_seed[b]),
        )
        for k, ((a, b), adjusted) in enumerate(zip(pairs, holm(p), strict=True))
    ]


def holm(p: "np.ndarray") -> "np.ndarray":
    """Holm's step-down adjustment: the k-th smallest of m times m − k + 1, made monotone, at most 1. Shape (m,)."""
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p, dtype=float)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def standings(n_methods: int, best: int, comparisons: list[Comparison], alpha: float = ALPHA) -> list[str]:
    """``best`` for a method that beats every other at adjusted p < alpha. If there is none, ``tie`` for the method with
    the best mean and for all that do not differ from it. Empty for the rest."""
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
    do not differ from it. ``means``: shape (methods,), higher is better. P-values stay adjusted over all pairs."""
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


def _influences(sums: "np.ndarray", counts: "np.ndarray", root: bool) -> "np.ndarray":
    """ψ of `compare`: shape (methods, users)."""
    totals = counts.sum(axis=1)[:, None]
    ratio = sums.sum(axis=-1)[:, :, None] / totals
    slope = 0.5 / np.sqrt(np.where(ratio > 0, ratio, np.inf)) if root else 1.0
    residuals = slope * (sums - ratio * counts) / (totals * np.sqrt(1 - counts / totals))
    influences: np.ndarray = residuals.mean(axis=1)
    return influences


def _variances(gram: "np.ndarray", first: "np.ndarray", second: "np.ndarray") -> "np.ndarray":
    """Of the differences of pairs. ``gram``: covariances of the methods, (methods, methods)."""
    of_method = np.diag(gram)
    variances: np.ndarray = np.maximum(of_method[first] + of_method[second] - 2 * gram[first, second], 0.0)
    return variances


def _degrees_of_freedom(counts: "np.ndarray") -> float:
    """(Σ_u c_u)² / Σ_u c_u² − g, at least 1: users, fewer where a few have most of the counts c_u of all seeds (Kish),
    less the groups of seeds that share no user: 1 where all test the same users, and S where each tests its own."""
    from scipy import sparse

    n_seeds, n_users = counts.shape
    seeds, users = np.nonzero(counts)
    edges = sparse.coo_matrix((np.ones(len(seeds)), (seeds, n_seeds + users)), (n_seeds + n_users,) * 2)
    groups = len(set(sparse.csgraph.connected_components(edges, directed=False)[1][:n_seeds].tolist()))
    of_user = counts.sum(axis=0)
    return max(float(of_user.sum() ** 2 / (of_user**2).sum()) - groups, 1.0)


def _p_values(difference: "np.ndarray", se: "np.ndarray", df: float, differing: "np.ndarray") -> "np.ndarray":
    from scipy import stats

    t = np.divide(np.abs(difference), se, out=np.where(difference == 0, 0.0, np.inf), where=se > 0)
    p: np.ndarray = np.maximum(2 * stats.t.sf(t, df), np.minimum(1.0, 2.0 ** (1.0 - differing)))
    return p


def _largest_t(gram: "np.ndarray", first: "np.ndarray", second: "np.ndarray", se: "np.ndarray", df: float) -> float:
    """The LEVEL quantile of the largest |t| of all pairs."""
    real = se > 0
    if not real.any():
        return 0.0
    rng = np.random.default_rng(0)
    factor = np.linalg.cholesky(gram + 1e-10 * np.trace(gram) * np.eye(len(gram)))
    normal = rng.standard_normal((DRAWS, len(gram))) @ factor.T / np.sqrt(rng.chisquare(df, (DRAWS, 1)) / df)
    block = max(1, CELLS // int(real.sum()))
    largest = [
        (np.abs(part[:, first[real]] - part[:, second[real]]) / se[real]).max(axis=1)
        for part in np.array_split(normal, -(-DRAWS // block))
    ]
    return float(np.quantile(np.concatenate(largest), LEVEL))
