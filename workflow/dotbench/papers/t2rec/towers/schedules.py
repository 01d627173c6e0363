"""Learning rates over a training."""

from dotbench.lazy import np
from dotbench.papers.t2rec.towers.settings import Training

WARM_UP = 0.3  # share of a training during which the rate of one-cycle rises
START = 25.0  # its highest rate over its first


def rates(settings: Training, epoch: int, steps: int) -> "np.ndarray":
    """η of each of the ``steps`` updates of an ``epoch`` (from 0), shape (steps,), float64.

    ``constant``: η. ``exponential``: max(floor, η decay^epoch), T2Rec's with .9 and 5e-3. With t the updates so far and
    T = epochs · steps: ``cosine``: from η to the floor along half a cosine (Loshchilov and Hutter, ICLR 2017), reached
    at T. ``one-cycle``: from η/25 to η during 30 % of T − 1, then to the floor, both along half a cosine (Smith and
    Topin, 2018).
    """
    top, floor = settings.learning_rate, settings.floor
    if settings.schedule == "constant":
        return np.full(steps, top)
    if settings.schedule == "exponential":
        return np.full(steps, max(floor, top * settings.decay**epoch))
    t = np.arange(epoch * steps, (epoch + 1) * steps)
    last = settings.epochs * steps
    if settings.schedule == "cosine":
        return _half_cosine(top, floor, t / last)
    peak = WARM_UP * last - 1
    if peak <= 0:  # too short for a warm-up
        return _half_cosine(top, floor, t / last)
    rising = _half_cosine(top / START, top, np.minimum(t / peak, 1.0))
    return np.where(t <= peak, rising, _half_cosine(top, floor, np.maximum(t - peak, 0) / (last - 1 - peak)))


def _half_cosine(start: float, end: float, share: "np.ndarray") -> "np.ndarray":
    return end + (start - end) * (1 + np.cos(np.pi * share)) / 2
