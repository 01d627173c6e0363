"""Where a share that grows with a quantity passes a half."""

from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.statistics.rates import log_slope

RESAMPLES = 1000


def threshold(x: Sequence[float], successes: "np.ndarray", level: float = 0.5) -> float | None:
    """The x at which the share of successes passes ``level``, by isotonic regression and linear interpolation.

    ``x`` (c,) increasing. ``successes`` (c, t): 0 or 1 for each trial. None where the share stays below. The first x
    where it is nowhere below. The fit is the non-decreasing sequence nearest to the shares (pool adjacent violators).
    """
    shares, k = _passed(successes, level)
    if k is None:
        return None
    if k == 0:
        return float(x[0])
    part = (level - shares[k - 1]) / (shares[k] - shares[k - 1])
    return float(x[k - 1] + part * (x[k] - x[k - 1]))


def bracket(x: Sequence[float], successes: "np.ndarray", level: float = 0.5) -> tuple[float, float]:
    """The x between which `threshold` interpolates. Where it is absent or the first x, there is none: twice the last x
    or the first."""
    _, k = _passed(successes, level)
    last = len(x) - 1 if k is None else k
    return float(x[last if k is None else max(last - 1, 0)]), float(x[last])


def _passed(successes: "np.ndarray", level: float) -> "tuple[np.ndarray, int | None]":
    """The shares by isotonic regression, and the place of the first that is at least ``level``."""
    from scipy.optimize import isotonic_regression

    shares = isotonic_regression(np.asarray(successes, float).mean(1)).x
    above = np.flatnonzero(shares >= level)
    return shares, int(above[0]) if len(above) else None


def threshold_interval(
    x: Sequence[float], successes: "np.ndarray", confidence: float = 0.95
) -> tuple[float | None, float | None]:
    """Percentile bootstrap of `threshold` over trials, which the columns of ``successes`` share. An end at which the
    share stays below a half is None."""
    rng = np.random.default_rng(0)
    trials = successes.shape[1]
    thresholds = [threshold(x, successes[:, rng.integers(trials, size=trials)]) for _ in range(RESAMPLES)]
    ordered = sorted(np.inf if value is None else value for value in thresholds)
    low, high = (ordered[round((RESAMPLES - 1) * share)] for share in ((1 - confidence) / 2, (1 + confidence) / 2))
    return (None if np.isinf(low) else low), (None if np.isinf(high) else high)


@dataclass(frozen=True)
class Exponent:
    """``value`` with a 95 % interval over the trials alone, ``low`` to ``high``, and over the trials and the place of
    every threshold between the x that were tried, ``least`` to ``greatest``."""

    value: float
    low: float
    high: float
    least: float
    greatest: float


def threshold_exponent(
    sizes: Sequence[float], x: Sequence[Sequence[float]], successes: "Sequence[np.ndarray]", confidence: float = 0.95
) -> Exponent:
    """The exponent a of threshold ≈ c sizeᵃ over two or more sizes, by least squares of the logarithms.

    ``x`` and ``successes`` as in `threshold`, for every size; every threshold must be there. Both intervals are of one
    percentile bootstrap over the trials of every size. The first takes the interpolated thresholds. The second takes
    for its lower end the least slope of any thresholds within their brackets, for its upper end the greatest: the
    slope is linear in the logarithms of the thresholds, so each stands at an end of its bracket. A resample whose share
    stays below a half counts with the greatest x. Raises ValueError where a threshold is absent.
    """
    found = [threshold(*pair) for pair in zip(x, successes, strict=True)]
    if None in found:
        raise ValueError(f"threshold at size {sizes[found.index(None)]:g}: found none; allowed are sizes with one")
    rng = np.random.default_rng(0)

    def resampled(at: Sequence[float], table: "np.ndarray") -> tuple[float, float, float]:
        """The threshold of a resample, and its bracket."""
        drawn = table[:, rng.integers(table.shape[1], size=table.shape[1])]
        value = threshold(at, drawn)
        return float(at[-1]) if value is None else value, *bracket(at, drawn)

    left = np.log(sizes) < np.log(sizes).mean()  # where a greater threshold lowers the slope
    slopes = []
    for _ in range(RESAMPLES):
        at, low, high = np.transpose([resampled(*pair) for pair in zip(x, successes, strict=True)])
        ends = np.where(left, high, low), np.where(left, low, high)
        slopes.append([log_slope(sizes, list(values)) for values in (at, *ends)])
    shares = [(1 - confidence) / 2, (1 + confidence) / 2]
    of_trials, least, greatest = np.quantile(slopes, shares, axis=0).T
    value = log_slope(sizes, [value for value in found if value is not None])
    return Exponent(value, float(of_trials[0]), float(of_trials[1]), float(least[0]), float(greatest[1]))


@dataclass(frozen=True)
class Gap:
    """The ratio of the greatest to the least of several thresholds, with a 95 % interval, and the p of its test."""

    ratio: float
    low: float
    high: float
    p: float


def threshold_gap(x: Sequence[float], successes: "np.ndarray", confidence: float = 0.95) -> Gap:
    """Whether several conditions have one threshold. ``successes`` (conditions, c, t): a trial has the same number in
    all conditions, and shares what it is made of.

    The statistic is the greatest over the least threshold, so that it knows which ones were chosen. p is that of a
    permutation test: if a condition makes no difference, its curve of a trial can be exchanged with that of another
    condition. The interval is a percentile bootstrap over trials. It is biased upwards, as the greatest of several
    noisy thresholds is too great: an upper end is on the safe side, a lower end above 1 proves nothing. A threshold
    that is absent counts with the greatest x.
    """
    rng = np.random.default_rng(0)
    conditions, _, trials = successes.shape

    def ratio(tables: "np.ndarray") -> float:
        found = [threshold(x, table) for table in tables]
        values = [float(x[-1]) if value is None else value for value in found]
        return max(values) / min(values)

    measured = ratio(successes)
    each = np.arange(trials)
    exchanged = [
        ratio(successes[rng.permuted(np.tile(np.arange(conditions)[:, None], trials), axis=0), :, each].swapaxes(1, 2))
        for _ in range(RESAMPLES)
    ]
    resampled = [ratio(successes[:, :, rng.integers(trials, size=trials)]) for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    p = (1 + sum(value >= measured * (1 - 1e-12) for value in exchanged)) / (1 + RESAMPLES)
    return Gap(measured, float(low), float(high), p)
