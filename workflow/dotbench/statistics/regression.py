"""A line through few points, with an interval that says how few they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotbench.lazy import np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Slope:
    """Of the least-squares line. ``low``, ``high``: Student's 95 % interval. ``p``: two-sided, that it is 0. ``r2``:
    the share of the variance that the line explains."""

    value: float
    low: float
    high: float
    p: float
    r2: float


MIN_POINTS = 3  # two points lie on a line, whatever they are


def slope(x: "npt.ArrayLike", y: "npt.ArrayLike") -> Slope | None:
    """The slope b of y = a + b x + e, with independent normal e, and its interval b ± t(n - 2) s_e / ‖x - x̄‖.

    None with fewer than three points, or where x does not vary.
    """
    from scipy import stats

    u, v = np.asarray(x, float), np.asarray(y, float)
    if len(u) < MIN_POINTS or np.ptp(u) == 0:
        return None
    found = stats.linregress(u, v)
    reach = float(stats.t.ppf(0.975, len(u) - 2)) * found.stderr
    return Slope(found.slope, found.slope - reach, found.slope + reach, float(found.pvalue), float(found.rvalue**2))
