"""What tuning finds within a budget of seconds, against every order; and the front of quality and cost."""

import itertools

import numpy as np
import pytest

from dotbench.reporting.figures.pareto import front
from dotbench.statistics.budget import ORDERS, within

SECONDS = np.array([1.0, 2.0, 4.0, 8.0, 3.0])
VALUES = np.array([0.2, 0.5, 0.1, 0.9, np.nan])


def by_every_order(budget: float, sign: float = 1.0) -> tuple[float | None, float]:
    found = []
    for order in itertools.permutations(range(len(SECONDS))):
        spent, best = 0.0, []
        for k in order:
            spent += SECONDS[k]
            if spent > budget:
                break
            best += [] if np.isnan(VALUES[k]) else [sign * VALUES[k]]
        found += [sign * max(best)] if best else []
    return (float(np.mean(found)) if found else None), len(found) / 120


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("budget", [0.5, 1.0, 4.0, 9.0, 17.9])
def test_it_is_the_mean_over_orders(budget: float, lower: bool) -> None:
    value, share = by_every_order(budget, -1.0 if lower else 1.0)
    found = within(SECONDS, VALUES, budget, lower)
    assert found.share == pytest.approx(share, abs=3 / ORDERS**0.5)
    assert (found.value is None) == (value is None)
    assert found.value is None or found.value == pytest.approx(value, abs=0.02)


def test_with_enough_time_it_is_the_best() -> None:
    assert within(SECONDS, VALUES, 18.0) == within(SECONDS, VALUES, np.inf)
    assert within(SECONDS, VALUES, 18.0).value == 0.9
    assert within(SECONDS, VALUES, 18.0, lower_is_better=True).value == 0.1
    assert within(SECONDS, np.full(5, np.nan), 18.0).value is None


def test_the_front_is_what_nothing_beats() -> None:
    costs, values = [1.0, 2.0, 3.0, 3.0, 1.0, 5.0], [0.1, 0.3, 0.3, 0.4, 0.1, 0.2]
    assert front(costs, values) == [True, True, False, True, True, False]  # equal points share their place
    assert front([], []) == []
