"""What a search of settings finds within a budget of seconds."""

from dataclasses import dataclass

from dotbench.lazy import np

ORDERS, SEED = 2000, 0  # random orders of the settings


@dataclass(frozen=True)
class Found:
    """``value``: the best validation value of a setting that is finished within the budget, its mean over the orders
    in which one is. ``share``: the share of these orders."""

    value: float | None
    share: float


def within(seconds: "np.ndarray", values: "np.ndarray", budget: float, lower_is_better: bool = False) -> Found:
    """The best of the settings that are finished within a budget, if they are tried in a random order.

    E[max {v_π(k) : s_π(1) + … + s_π(k) ≤ budget}] over uniform orders π without repeats, given that the first setting
    fits. ``seconds`` (n,): what a setting costs, s. ``values`` (n,): its validation value, v, NaN where the setting
    failed, which costs its time and gives nothing. The mean is over 2,000 orders, drawn with a fixed seed. If all
    settings fit, it is exactly their best value.
    """
    signed = np.where(np.isnan(values), -np.inf, -values if lower_is_better else values)
    if seconds.sum() <= budget:
        best = signed.max()
        return Found(_unsigned(best, lower_is_better), 1.0) if np.isfinite(best) else Found(None, 0.0)
    rng = np.random.default_rng(SEED)
    orders = rng.permuted(np.tile(np.arange(len(seconds)), (ORDERS, 1)), axis=1)
    fits = np.cumsum(seconds[orders], axis=1) <= budget
    best = np.where(fits, signed[orders], -np.inf).max(axis=1)
    found = np.isfinite(best)
    return Found(_unsigned(best[found].mean(), lower_is_better) if found.any() else None, float(found.mean()))


def _unsigned(value: float, lower_is_better: bool) -> float:
    return float(-value if lower_is_better else value)
