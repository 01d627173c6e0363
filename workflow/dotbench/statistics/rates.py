"""Rates of convergence."""

from collections.abc import Sequence

from dotbench.lazy import np


def log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Slope of the least-squares line through (log x, log y), all positive: the exponent a of y ≈ c xᵃ."""
    u, v = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    u = u - u.mean()
    return float((u @ v) / (u @ u))
