"""When a number of ours agrees with a published one."""

from math import hypot, sqrt

from dotbench.reporting.formats import Row
from dotbench.statistics.intervals import half_width, overlap_factor

MIN_SEEDS = 3  # of ours, for a verdict


def tolerance(sd: float, n: int, published_sd: float | None, seeds: int) -> float:
    """√(h² + h′²), h and h′ the half widths of the 95 % intervals of our mean over n > 1 runs and of the published one
    over ``seeds`` runs; h′ = h where no ± is published. A published number of a single run without ± is taken for one
    more draw of ours: h √(n + 1)."""
    h = half_width(sd, n)
    if seeds == 1:
        return h * sqrt(n + 1)
    return hypot(h, h if published_sd is None else half_width(published_sd, seeds))


def judged(
    published: float,
    published_sd: float | None,
    seeds: int,
    mean: float,
    sd: float | None,
    n: int,
    suspect: bool,
    test_to_train: float = 0.0,
    stated: float | None = None,
) -> Row:
    """Difference (ours − published), tolerance and verdict. The fewer seeds, the wider the tolerance: with fewer than
    MIN_SEEDS of ours almost every number would reproduce, and there is no verdict.

    ``stated``: a tolerance that does not come from intervals; it serves for any number of seeds.

    ``verdict_corrected``: with both intervals widened for overlapping training parts (`overlap_factor`)."""
    if test_to_train and stated is None:
        wider = sd and sd * overlap_factor(n, test_to_train)
        wider_published = published_sd and published_sd * overlap_factor(seeds, test_to_train)
        corrected = judged(published, wider_published, seeds, mean, wider, n, suspect)["verdict"]
    found: Row = {"difference": mean - published}
    if stated is not None:
        found["tolerance"] = stated
    elif sd is not None:
        found["tolerance"] = tolerance(sd, n, published_sd, seeds)
    if suspect:
        verdict = "suspect cell"
    elif n < MIN_SEEDS and stated is None:
        verdict = "too few seeds"
    elif abs(found["difference"]) <= found["tolerance"]:
        verdict = "reproduces"
    else:
        verdict = f"differs: {'higher' if found['difference'] > 0 else 'lower'}"
    return found | {"verdict": verdict, "verdict_corrected": corrected if test_to_train and stated is None else verdict}
