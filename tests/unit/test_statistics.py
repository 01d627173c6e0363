"""Intervals and tests: scipy, known examples, and small simulations with a fixed seed."""

import numpy as np
import pytest
import scipy.stats

from dotbench.statistics import paired
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.paired import compare, holm, standings

# --- Student's interval


@pytest.mark.parametrize("n", [2, 3, 5, 30])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_t_interval_equals_scipy(n, level):
    values = np.random.default_rng(n).normal(3, 2, n)
    found = t_interval(values.tolist(), level)
    low, high = scipy.stats.t.interval(level, n - 1, loc=values.mean(), scale=scipy.stats.sem(values))
    assert (found.mean, found.sd) == pytest.approx((values.mean(), values.std(ddof=1)))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_t_interval_by_hand():
    """1, 2, 3: mean 2, s = 1, t = 4.3027 with 2 degrees of freedom."""
    found = t_interval([1.0, 2.0, 3.0])
    assert found.high - found.mean == pytest.approx(4.302653 / 3**0.5, rel=1e-6)


def test_one_value_has_no_interval():
    found = t_interval([0.25])
    assert found.mean == 0.25
    assert found.sd is found.low is found.high is None


# --- Holm


def holm_by_definition(p):
    """p̃_(j) = max_{k ≤ j} min(1, (m − k + 1) p_(k)), one by one."""
    m, order = len(p), sorted(range(len(p)), key=lambda k: p[k])
    adjusted = [0.0] * m
    for j, position in enumerate(order):
        adjusted[position] = max(min(1.0, (m - k) * p[order[k]]) for k in range(j + 1))
    return adjusted


def test_holm_known_example():
    """As R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")."""
    assert holm(np.array([0.01, 0.02, 0.03, 0.04, 0.05])) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm(np.array([0.04, 0.01, 0.5])) == pytest.approx([0.08, 0.03, 0.5])


@pytest.mark.parametrize("seed", range(5))
def test_holm_equals_its_definition(seed):
    p = np.random.default_rng(seed).random(8) ** 3
    p[3] = p[5]
    assert holm(p) == pytest.approx(holm_by_definition(p.tolist()))
    assert (holm(p) >= p).all()


# --- paired comparison


def per_user(seed=0, n_methods=3, n_seeds=2, n_users=80, shift=(0.0, 0.0, 0.0)):
    """Totals of one item each: user effects shared by methods, method × user effects, noise of every seed."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.5, 0.2, n_users) + rng.normal(0, 0.1, (n_methods, 1, n_users))
    values = values + rng.normal(0, 0.05, (n_methods, n_seeds, n_users)) + np.array(shift)[:n_methods, None, None]
    return values, np.ones((n_seeds, n_users))


def test_signs_and_order_of_the_pairs():
    sums, counts = per_user(shift=(0.3, 0.0, 0.1))
    found = compare(sums, counts, draws=500)
    assert [(pair.first, pair.second) for pair in found] == [(0, 1), (0, 2), (1, 2)]
    for pair in found:
        expected = sums[pair.first].mean() - sums[pair.second].mean()
        assert pair.difference == pytest.approx(expected)
        assert pair.low < pair.difference < pair.high
        assert pair.difference - pair.low == pytest.approx(pair.high - pair.difference)
        seeds = t_interval((sums[pair.first] - sums[pair.second]).mean(-1))
        assert pair.seeds.mean == pytest.approx(pair.difference)
        assert (pair.seeds.low, pair.seeds.high) == pytest.approx((seeds.low, seeds.high))
    assert found[0].difference > 0 > found[2].difference


def test_clearly_separated_methods_have_a_best():
    sums, counts = per_user(shift=(0.3, 0.0, 0.15))
    found = compare(sums, counts, draws=1000)
    assert all(pair.p == pytest.approx(1 / 1001) for pair in found)  # no draw comes near
    assert all(pair.p_holm == pytest.approx(3 / 1001) for pair in found)
    assert all(pair.low > 0 or pair.high < 0 for pair in found)
    assert standings(3, 0, found) == ["best", "", ""]


def test_identical_methods_tie():
    sums, counts = per_user()
    sums[1] = sums[0]
    found = compare(sums, counts, draws=500)
    assert found[0].p == found[0].p_holm == 1
    assert found[0].difference == 0
    assert found[0].low <= 0 <= found[0].high
    assert np.isfinite([pair.high - pair.low for pair in found]).all()
    only_two = compare(sums[:2], counts, draws=500)
    assert only_two[0].p == 1
    assert standings(2, 0, only_two) == ["tie", "tie"]


def test_standings_tie_with_the_best_only():
    """0 and 1 do not differ; 2 differs from 0, not from 1: it is not among the ties of the best."""
    sums, counts = per_user(shift=(0.0, 0.0, 0.0))
    pairs = compare(sums, counts, draws=200)
    p = {(0, 1): 0.6, (0, 2): 0.01, (1, 2): 0.2}
    pairs = [paired.Comparison(**{**vars(pair), "p_holm": p[pair.first, pair.second]}) for pair in pairs]
    assert standings(3, 0, pairs) == ["tie", "tie", ""]
    assert standings(3, 2, pairs) == ["", "tie", "tie"]


def test_one_method_has_nothing_to_compare():
    sums, counts = per_user(n_methods=1)
    assert compare(sums, counts, draws=10) == []


def test_same_seed_same_answer_whatever_the_block(monkeypatch):
    sums, counts = per_user()
    first, other = compare(sums, counts, draws=400, seed=3), compare(sums, counts, draws=400, seed=4)
    assert first == compare(sums, counts, draws=400, seed=3)
    assert first != other
    monkeypatch.setattr(paired, "CELLS", 640)
    for a, b in zip(first, compare(sums, counts, draws=400, seed=3), strict=True):
        assert (a.low, a.high, a.p) == pytest.approx((b.low, b.high, b.p), rel=1e-9)


def test_constant_advantage_is_certain():
    """Every user gains as much: no resample can say otherwise, and the interval has no width."""
    sums, counts = per_user(n_methods=2)
    sums[1] = sums[0] - 0.1
    (pair,) = compare(sums, counts, draws=300)
    assert pair.p == pytest.approx(1 / 301)
    assert (pair.low, pair.high) == pytest.approx((0.1, 0.1), abs=1e-9)


def squared_errors(seed=0, n_methods=2, n_seeds=3, n_users=40):
    """Per-user sums of squared errors over 1-9 ratings, other counts in every seed; user 5 is absent from seed 0."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10, (n_seeds, n_users)).astype(float)
    counts[0, 5] = 0
    scale = np.linspace(0.8, 1.0, n_methods)[:, None, None]
    return scale * rng.chisquare(np.maximum(counts, 1), (n_methods, n_seeds, n_users)) * (counts > 0), counts


def test_root_gives_the_difference_of_rmse():
    sums, counts = squared_errors()
    (pair,) = compare(sums, counts, root=True, draws=200)
    rmse = [[np.sqrt(sums[m, s].sum() / counts[s].sum()) for s in range(3)] for m in range(2)]
    assert pair.difference == pytest.approx(np.mean(rmse[0]) - np.mean(rmse[1]), rel=1e-12)
    assert pair.seeds.mean == pytest.approx(pair.difference)


@pytest.mark.parametrize("root", [False, True])
def test_draws_are_those_of_a_plain_bootstrap(root):
    """The same seed, one draw at a time: picks users, adds their totals and counts, forms the statistic."""
    sums, counts = squared_errors(n_methods=3)
    draws, n_users = 60, sums.shape[-1]
    rng = np.random.default_rng(9)
    deviations = []
    observed = None
    for picks in [np.arange(n_users), *rng.integers(0, n_users, (draws, n_users))]:
        ratios = [[sums[m, s][picks].sum() / counts[s][picks].sum() for s in range(3)] for m in range(3)]
        value = np.mean(np.sqrt(ratios) if root else ratios, axis=1)
        difference = np.array([value[0] - value[1], value[0] - value[2], value[1] - value[2]])
        observed = difference if observed is None else observed
        deviations.append(difference - observed)
    deviations = np.array(deviations[1:])
    se = deviations.std(axis=0, ddof=1)
    q = np.quantile(np.abs(deviations / se).max(axis=1), 0.95)
    found = compare(sums, counts, root=root, draws=draws, seed=9)
    assert [pair.difference for pair in found] == pytest.approx(observed)
    assert [pair.high - pair.difference for pair in found] == pytest.approx(q * se)
    p = (1 + (np.abs(deviations) >= np.abs(observed)).sum(axis=0)) / (1 + draws)
    assert [pair.p for pair in found] == pytest.approx(p)


def test_simultaneous_intervals_cover_together():
    """All three true differences at once, in about 95 of 100 samples of users; loose bounds, fixed seeds."""
    truth = (0.03, 0.0, -0.02)
    covered = 0
    for seed in range(200):
        sums, counts = per_user(seed, n_users=60, shift=truth)
        covered += all(
            pair.low <= truth[pair.first] - truth[pair.second] <= pair.high
            for pair in compare(sums, counts, draws=300, seed=seed)
        )
    assert 0.90 <= covered / 200 <= 0.99


def test_p_is_uniform_without_a_difference():
    p = [compare(*per_user(seed, n_methods=2, n_users=60), draws=300, seed=seed)[0].p for seed in range(300)]
    assert scipy.stats.kstest(p, "uniform").pvalue > 0.01
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.10
