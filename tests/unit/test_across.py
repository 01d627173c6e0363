"""Comparison across datasets: known values, another implementation, and brute force."""

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dotbench.errors import DotbenchError
from dotbench.reporting.across import across
from dotbench.statistics.across import MIN_DATASETS, PRIOR, ROPE, practical, rank


def test_the_critical_difference_is_the_published_one() -> None:
    """Demšar (2006): 4 methods on 14 datasets differ at .05 by 2.569 √(4 · 5 / (6 · 14)) = 1.25."""
    found = rank(np.random.default_rng(0).random((14, 4)))
    assert found.critical == pytest.approx(2.569 * (20 / 84) ** 0.5, abs=5e-4)


@pytest.mark.parametrize(("n", "k"), [(3, 3), (8, 5), (20, 2)])
def test_it_agrees_with_scipy_and_scikit_posthocs(n: int, k: int) -> None:
    import scikit_posthocs

    scores = np.random.default_rng(n).random((n, k)) + 0.1 * np.arange(k)
    found = rank(scores)
    if k > 2:  # scipy asks for three
        chi2 = stats.friedmanchisquare(*scores.T).statistic
        f = (n - 1) * chi2 / (n * (k - 1) - chi2)
        assert found.p == pytest.approx(stats.f.sf(f, k - 1, (k - 1) * (n - 1)))
    theirs = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    assert found.p_of is not None
    assert found.p_of == pytest.approx(theirs, abs=1e-6)
    assert found.critical is not None
    for a, b in itertools.combinations(range(k), 2):
        assert (abs(found.average[a] - found.average[b]) >= found.critical) == (found.p_of[a, b] <= 0.05)


def test_ties_share_a_rank_and_agreement_is_certain() -> None:
    found = rank(np.array([[0.3, 0.2, 0.2], [0.9, 0.5, 0.4], [0.9, 0.5, 0.4]]))
    assert found.ranks.tolist() == [[1, 2.5, 2.5], [1, 2, 3], [1, 2, 3]]
    assert rank(np.tile([0.3, 0.2, 0.1], (4, 1))).p == 0


def test_few_datasets_or_one_method_are_not_tested() -> None:
    for shape in ((MIN_DATASETS - 1, 4), (MIN_DATASETS, 1)):
        found = rank(np.random.default_rng(0).random(shape))
        assert (found.p, found.critical, found.p_of) == (None, None, None)
        assert found.average.shape == shape[1:]


def test_practical_equivalence_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(3)
    first, second = np.array([0.3, 0.21, 0.4, 0.1]), np.array([0.29, 0.2, 0.405, 0.11])
    z = [0.0, *(2 * (a - b) / (a + b) for a, b in zip(first, second, strict=True))]
    wins = {"better": 0.0, "equal": 0.0, "worse": 0.0}
    draws = 4000
    for _ in range(draws):
        gamma = [rng.gamma(PRIOR), *rng.gamma(1.0, size=len(first))]  # Dirichlet by its definition
        weights = [value / sum(gamma) for value in gamma]
        theta = dict.fromkeys(wins, 0.0)
        for i, j in itertools.product(range(len(z)), repeat=2):
            mean = (z[i] + z[j]) / 2
            theta["better" if mean > ROPE else "worse" if mean < -ROPE else "equal"] += weights[i] * weights[j]
        wins[max(theta, key=lambda name: theta[name])] += 1 / draws
    found = practical(first, second)
    for name, share in wins.items():
        assert getattr(found, name) == pytest.approx(share, abs=0.03)


def test_practical_equivalence_of_clear_cases() -> None:
    scores = np.linspace(0.1, 0.4, 8)
    assert practical(scores, scores).equal == 1
    assert practical(1.01 * scores, scores).equal > 0.99
    better = practical(1.2 * scores, scores)
    assert better.better > 0.99
    mirrored = practical(scores, 1.2 * scores)
    assert mirrored.worse == pytest.approx(better.better, abs=0.01)
    assert better.better + better.equal + better.worse == pytest.approx(1)


def test_without_a_method_on_every_dataset_the_table_study_and_configuration_are_named() -> None:
    failed = {"status": "failed"}
    runs = [SimpleNamespace(dataset="a", label="M", seeds=[0], place="results", metrics=lambda: [failed])]
    contents: Any = SimpleNamespace(
        metrics=["ndcg@10"], runs=runs, labels={"a": "A"}, report_item="ranks", study="comparison", name="own"
    )
    with pytest.raises(DotbenchError, match=r"'ranks' of the study 'comparison' in the configuration 'own'.*\(a\)"):
        across(contents, "ndcg@10")


def test_new_users_are_ranked_for_themselves_and_a_seed_without_any_is_passed_over() -> None:
    """Two datasets, two seeds; the second seed of the second dataset has no new users."""

    def seeds(*values: tuple[float, float | None]) -> list[dict[str, Any]]:
        parts = [{"test": {"rmse": warm}} | ({"cold_user": {"rmse": new}} if new else {}) for warm, new in values]
        return [{"status": "ok", "metrics": metrics} for metrics in parts]

    records = {
        ("a", "M"): seeds((1.0, 2.0), (2.0, 4.0)),
        ("b", "M"): seeds((1.0, 3.0), (2.0, None)),
        ("a", "N"): seeds((2.0, 1.0), (2.0, 1.0)),
        ("b", "N"): seeds((2.0, 3.5), (2.0, None)),
    }
    runs = [
        SimpleNamespace(dataset=dataset, label=label, seeds=[0, 1], place="results", metrics=lambda found=found: found)
        for (dataset, label), found in records.items()
    ]
    contents: Any = SimpleNamespace(metrics=["rmse"], runs=runs, labels={"a": "A", "b": "B"}, report_item="ranks")
    assert across(contents, "rmse").values.tolist() == [[1.5, 2], [1.5, 2]]
    new = across(contents, "rmse", "cold_user")
    assert new.values.tolist() == [[3, 1], [3, 3.5]]
    assert new.ranks().average.tolist() == [1.5, 1.5]


def test_a_slope_has_students_interval() -> None:
    """Against the formula, and a known answer without noise."""
    from dotbench.statistics.regression import slope

    x, y = np.array([1.0, 2.0, 4.0, 7.0]), np.array([0.3, 0.1, 0.9, 1.2])
    found = slope(x, y)
    assert found is not None
    u = x - x.mean()
    b = u @ y / (u @ u)
    error = np.sqrt(((y - y.mean() - b * u) ** 2).sum() / 2 / (u @ u))
    assert (found.value, found.low) == pytest.approx((b, b - 4.302652730 * error))
    assert found.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    exact = slope(x, 2 * x + 1)
    assert exact is not None
    assert (exact.value, exact.low, exact.high) == pytest.approx((2, 2, 2))
    assert slope(x[:2], y[:2]) is None
    assert slope([1, 1, 1], [1, 2, 3]) is None
