"""Where a share that grows with a quantity passes a half."""

from collections.abc import Sequence

from dotbench.lazy import np
from dotbench.statistics.rates import log_slope

RESAMPLES = 1000


def threshold(x: Sequence[float], successes: "np.ndarray", level: float = 0.5) -> float | None:
    """The x at which the share of successes passes ``level``, by isotonic regression and linear interpolation.

    ``x`` (c,) increasing. ``successes`` (c, t): 0 or 1 for each trial. None where the share stays below. The first x
    where it is nowhere below. The fit is the non-decreasing sequence nearest to the shares (pool adjacent violators).
    """
    from scipy.optimize import isotonic_regression

    shares = isotonic_regression(np.asarray(successes, float).mean(1)).x
    above = np.flatnonzero(shares >= level)
    if not len(above):
        return None
    k = int(above[0])
    if k == 0:
        return float(x[0])
    part = (level - shares[k - 1]) / (shares[k] - shares[k - 1])
    return float(x[k - 1] + part * (x[k] - x[k - 1]))


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


def threshold_exponent(
    sizes: Sequence[float], x: Sequence[Sequence[float]], successes: "Sequence[np.ndarray]", confidence: float = 0.95
) -> tuple[float, float, float]:
    """The exponent a of threshold ≈ c sizeᵃ over two or more sizes, by least squares of the logarithms, with its
    percentile bootstrap over the trials of every size: (a, low, high).

    ``x`` and ``successes`` as in `threshold`, for every size; every threshold must be there. A resample whose share
    stays below a half counts with the greatest x. Raises ValueError where a threshold is absent.
    """
    found = [threshold(*pair) for pair in zip(x, successes, strict=True)]
    if None in found:
        raise ValueError(f"threshold at size {sizes[found.index(None)]:g}: found none; allowed are sizes with one")
    rng = np.random.default_rng(0)

    def resampled(at: Sequence[float], table: "np.ndarray") -> float:
        value = threshold(at, table[:, rng.integers(table.shape[1], size=table.shape[1])])
        return float(at[-1]) if value is None else value

    slopes = [log_slope(sizes, [resampled(*pair) for pair in zip(x, successes, strict=True)]) for _ in range(RESAMPLES)]
    low, high = np.quantile(slopes, [(1 - confidence) / 2, (1 + confidence) / 2])
    return log_slope(sizes, [value for value in found if value is not None]), float(low), float(high)
