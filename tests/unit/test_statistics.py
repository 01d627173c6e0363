"""Intervals and tests: scipy, known examples, and small simulations with a fixed seed."""

import numpy as np
import pytest
import scipy.stats

from dotbench.statistics import paired
from dotbench.statistics.intervals import overlap_factor, t_interval
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


def test_the_correction_for_overlap_is_that_of_random_divisions():
    """The variance of a mean over 5 divisions of 80/10/10 that share their data: (1/5 + 1/8) s², not s²/5."""
    assert overlap_factor(5, 0.125) == pytest.approx(((1 / 5 + 1 / 8) / (1 / 5)) ** 0.5)
    assert overlap_factor(5, 0.125) == pytest.approx(1.2748, abs=1e-4)
    assert overlap_factor(5, 0.0) == 1


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
    found = compare(sums, counts)
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
    found = compare(sums, counts)
    assert all(pair.p_holm < 0.001 for pair in found)
    assert all(pair.low > 0 or pair.high < 0 for pair in found)
    assert standings(3, 0, found) == ["best", "", ""]


def test_identical_methods_tie():
    sums, counts = per_user()
    sums[1] = sums[0]
    found = compare(sums, counts)
    assert found[0].p == found[0].p_holm == 1
    assert found[0].difference == 0
    assert found[0].low <= 0 <= found[0].high
    assert np.isfinite([pair.high - pair.low for pair in found]).all()
    only_two = compare(sums[:2], counts)
    assert only_two[0].p == 1
    assert standings(2, 0, only_two) == ["tie", "tie"]


def test_standings_tie_with_the_best_only():
    """0 and 1 do not differ; 2 differs from 0, not from 1: it is not among the ties of the best."""
    sums, counts = per_user(shift=(0.0, 0.0, 0.0))
    pairs = compare(sums, counts)
    p = {(0, 1): 0.6, (0, 2): 0.01, (1, 2): 0.2}
    pairs = [paired.Comparison(**{**vars(pair), "p_holm": p[pair.first, pair.second]}) for pair in pairs]
    assert standings(3, 0, pairs) == ["tie", "tie", ""]
    assert standings(3, 2, pairs) == ["", "tie", "tie"]


def test_one_method_has_nothing_to_compare():
    sums, counts = per_user(n_methods=1)
    assert compare(sums, counts) == []


def test_same_answer_whatever_the_block(monkeypatch):
    sums, counts = per_user()
    first = compare(sums, counts)
    assert first == compare(sums, counts)
    monkeypatch.setattr(paired, "CELLS", 640)
    assert first == compare(sums, counts)


@pytest.mark.parametrize("n", [5, 6, 30])
def test_agreement_of_a_few_users_is_no_evidence(n):
    """Every user gains as much: Student's t is infinite, and yet the flips of n signs give no less than 2^(1 − n)."""
    sums, counts = per_user(n_methods=2, n_users=n)
    sums[1] = sums[0] - 0.125
    (pair,) = compare(sums, counts)
    assert pair.p == pytest.approx(2.0 ** (1 - n), rel=1e-6)
    assert (pair.low, pair.high) == pytest.approx((0.125, 0.125), abs=1e-6)


def test_users_on_whom_methods_agree_are_no_evidence():
    """Of 1,000 users the two methods differ on 4, who all gain as much: t = 2.0, and p is that of 4 coins."""
    sums, counts = np.zeros((2, 1, 1000)), np.ones((1, 1000))
    sums[0, 0, :4] = 1.0
    (pair,) = compare(sums, counts)
    assert 2 * scipy.stats.t.sf(2.0, 999) < 0.05 < pair.p == 0.125


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_too_few_users_are_not_compared(n):
    assert (compare(*per_user(n_users=n)) == []) == (n < paired.MIN_USERS)


def test_one_seed_with_too_few_users_is_too_few():
    sums, counts = per_user(n_users=40)
    counts[1, 4:] = 0
    assert compare(sums * (counts > 0), counts) == []
    counts[1, :5] = 1
    assert compare(sums * (counts > 0), counts) != []


def squared_errors(seed=0, n_methods=2, n_seeds=3, n_users=40):
    """Per-user sums of squared errors over 1-9 ratings, other counts in every seed; user 5 is absent from seed 0."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10, (n_seeds, n_users)).astype(float)
    counts[0, 5] = 0
    scale = np.linspace(0.8, 1.0, n_methods)[:, None, None]
    return scale * rng.chisquare(np.maximum(counts, 1), (n_methods, n_seeds, n_users)) * (counts > 0), counts


def test_root_gives_the_difference_of_rmse():
    sums, counts = squared_errors()
    (pair,) = compare(sums, counts, root=True)
    rmse = [[np.sqrt(sums[m, s].sum() / counts[s].sum()) for s in range(3)] for m in range(2)]
    assert pair.difference == pytest.approx(np.mean(rmse[0]) - np.mean(rmse[1]), rel=1e-12)
    assert pair.seeds.mean == pytest.approx(pair.difference)


def test_two_methods_are_students_paired_t_test():
    """Over users, each with the mean of the seeds, where every seed tests all."""
    sums, counts = per_user(n_methods=2, n_users=7, shift=(0.02, 0.0))
    (pair,) = compare(sums, counts)
    users = (sums[0] - sums[1]).mean(axis=0)
    assert pair.p == pytest.approx(max(scipy.stats.ttest_1samp(users, 0).pvalue, 2.0**-6))
    expected = scipy.stats.ttest_1samp(users, 0).confidence_interval(0.95)
    assert (pair.low, pair.high) == pytest.approx(tuple(expected), abs=0.05 * (expected.high - expected.low))


def test_seeds_with_users_of_their_own_are_strata():
    """se² = Σ_s s_s² / n_s / S², with the degrees of freedom of the seeds together."""
    rng = np.random.default_rng(4)
    d = rng.normal(0.2, 1, (3, 8))
    sums, counts = np.zeros((2, 3, 24)), np.zeros((3, 24))
    for seed in range(3):
        sums[0, seed, 8 * seed : 8 * seed + 8], counts[seed, 8 * seed : 8 * seed + 8] = d[seed], 1
    (pair,) = compare(sums, counts)
    t = d.mean() / np.sqrt((d.var(axis=1, ddof=1) / 8).sum() / 9)
    assert pair.difference == pytest.approx(d.mean())
    assert pair.p == pytest.approx(2 * scipy.stats.t.sf(abs(t), 21))


def test_many_methods_have_tukeys_range():
    """Of methods without correlation q is that of Tukey's studentised range, of many users: 3.858 / √2 of five."""
    rng = np.random.default_rng(5)
    sums, counts = rng.normal(size=(5, 1, 4000)), np.ones((1, 4000))
    found = compare(sums, counts)
    se = [np.std(sums[pair.first] - sums[pair.second], ddof=1) / 4000**0.5 for pair in found]
    q = [(pair.high - pair.difference) / s for pair, s in zip(found, se, strict=True)]
    assert q == pytest.approx([scipy.stats.studentized_range.ppf(0.95, 5, np.inf) / 2**0.5] * 10, rel=0.02)


@pytest.mark.parametrize("root", [False, True])
def test_the_standard_error_is_that_of_a_bootstrap_over_users(root):
    sums, counts = squared_errors(n_users=400)
    (pair,) = compare(sums, counts, root)
    rng = np.random.default_rng(9)
    values = []
    for _ in range(2000):
        picks = rng.integers(0, 400, 400)
        ratios = sums[:, :, picks].sum(-1) / counts[:, picks].sum(-1)
        values.append((np.sqrt(ratios) if root else ratios).mean(axis=1))
    first, second = np.array(values).T
    se = (pair.high - pair.difference) / scipy.stats.t.ppf(0.975, 399)
    assert se == pytest.approx(np.std(first - second), rel=0.07)


def test_variances_are_moderated_by_their_mean():
    """Three methods, of which two agree on all of six users: their interval is not a point."""
    sums, counts = per_user(n_users=6, n_seeds=1)
    sums[1] = sums[0]
    found = compare(sums, counts)
    v = np.array([0.0, *(np.var((sums[0] - sums[2])[0], ddof=1) / 6,) * 2])
    se = np.sqrt((5 * v + 2 * v.mean()) / 7)
    widths = np.array([pair.high - pair.low for pair in found])
    assert widths / widths[1] == pytest.approx(se / se[1], rel=1e-6)
    assert found[0].p == 1


def test_a_few_users_with_most_ratings_leave_few_degrees_of_freedom():
    """Counts 1, 1, 1, 1, 1, 5: (10)² / 30 − 1 = 2.33."""
    assert paired._degrees_of_freedom(np.array([[1.0, 1, 1, 1, 1, 5]])) == pytest.approx(100 / 30 - 1)
    assert paired._degrees_of_freedom(np.ones((3, 7))) == pytest.approx(6)
    assert paired._degrees_of_freedom(np.kron(np.eye(3), np.ones(7))) == pytest.approx(18)


def test_simultaneous_intervals_cover_together():
    """All three true differences at once, in about 95 of 100 samples of users; loose bounds, fixed seeds."""
    truth = (0.03, 0.0, -0.02)
    covered = 0
    for seed in range(300):
        sums, counts = per_user(seed, n_users=12, shift=truth)
        covered += all(
            pair.low <= truth[pair.first] - truth[pair.second] <= pair.high for pair in compare(sums, counts)
        )
    assert 0.92 <= covered / 300 <= 0.98


def test_p_is_uniform_without_a_difference():
    p = [compare(*per_user(seed, n_methods=2, n_users=12))[0].p for seed in range(400)]
    assert scipy.stats.kstest(p, "uniform").pvalue > 0.01
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("nested", [False, True])
def test_noise_is_seldom_a_difference(nested):
    """Any of ten pairs, in at most 5 of 100 samples; tools/significance.py does it on many sizes."""
    rng, false, n = np.random.default_rng(6), 0, 6
    for _ in range(400):
        sums, counts = rng.normal(size=(5, 3, n)), np.ones((3, n))
        if nested:
            own = np.kron(np.eye(3), np.ones(n))
            sums, counts = np.tile(sums, (1, 1, 3)) * own, own
        false += any(pair.p_holm < 0.05 for pair in compare(sums, counts))
    assert false <= 0.05 * 400 + 2 * (0.05 * 0.95 * 400) ** 0.5
