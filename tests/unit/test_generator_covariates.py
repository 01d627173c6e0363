"""Simulations with covariates: printed formulas by brute force, stated variances, known smoothness."""

from math import cos, floor, log, pi, sin
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dotbench.datasets.generators.covariates import CovariateGenerator, Noise
from dotbench.datasets.generators.sim_irregular import SimIrregular, SimIrregularSettings
from dotbench.datasets.generators.sim_manifold import SimManifold, SimManifoldSettings
from dotbench.datasets.generators.sim_nimc import SimNimc, SimNimcSettings
from dotbench.datasets.generators.sim_smooth import SQUARE, SimSmooth, SimSmoothSettings
from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings

pytestmark = pytest.mark.seconds

SIZES = {"users": 60, "items": 50, "ratings": 900}


def t2rec(**changed: Any) -> SimT2Rec:
    return SimT2Rec(SimT2RecSettings(**{**SIZES, **changed}))


def smooth(**changed: Any) -> SimSmooth:
    return SimSmooth(SimSmoothSettings(**{**SIZES, "covariates": 6, "dimension": 2, **changed}))


def irregular(law: str = "jumps", **changed: Any) -> SimIrregular:
    return SimIrregular(SimIrregularSettings(**{**SIZES, "law": law, "covariates": 6, "dimension": 2, **changed}))


def manifold(**changed: Any) -> SimManifold:
    return SimManifold(SimManifoldSettings(**{**SIZES, "covariates": 6, "dimension": 2, **changed}))


def nimc(**changed: Any) -> SimNimc:
    return SimNimc(SimNimcSettings(**{**SIZES, **changed}))


# noise

LAWS = [
    Noise(law="gaussian", variance=0.4),
    Noise(law="student-t", variance=0.4, degrees_of_freedom=6),
    Noise(law="laplace", variance=0.4),
    Noise(law="outliers", variance=0.4, outlier_share=0.1, outlier_scale=5),
    Noise(law="heteroscedastic", variance=0.4),
]
HEAVY = Noise(law="infinite-variance", variance=0.4)
KURTOSIS = {"gaussian": 3, "student-t": 6, "laplace": 6, "outliers": 3 * (0.9 + 0.1 * 5**4) / (0.9 + 0.1 * 5**2) ** 2}


@pytest.mark.parametrize("noise", LAWS, ids=lambda noise: noise.law)
def test_noise_has_mean_0_and_the_stated_variance(noise: Noise) -> None:
    truth = np.random.default_rng(1).standard_normal(400_000)
    drawn = noise.draw(truth, np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0, abs=0.005)
    assert drawn.var() == pytest.approx(0.4, rel=0.02)
    if noise.law in KURTOSIS:
        assert (drawn**4).mean() / drawn.var() ** 2 == pytest.approx(KURTOSIS[noise.law], rel=0.12)


def test_heteroscedastic_noise_grows_away_from_the_mean() -> None:
    truth = np.repeat([-3.0, 0.0, 3.0], 100_000)  # mean 0, variance 6
    drawn = LAWS[4].draw(truth, np.random.default_rng(0)).reshape(3, -1)
    np.testing.assert_allclose(drawn.var(1), 0.4 * np.array([1 + 9 / 6, 1, 1 + 9 / 6]) / 2, rtol=0.03)


def test_noise_of_infinite_variance_has_the_quartiles_of_the_normal_and_the_tail_of_its_law() -> None:
    drawn = HEAVY.draw(np.zeros(400_000), np.random.default_rng(0)) / HEAVY.variance**0.5
    assert np.quantile(drawn, [0.25, 0.5, 0.75]) == pytest.approx([-0.6745, 0, 0.6745], abs=0.01)
    far = np.sort(np.abs(drawn))[::-1]
    index = 1 / np.log(far[:2000] / far[2000]).mean()  # Hill's estimate: P(|ε| > x) falls as x^−1.5
    assert index == pytest.approx(1.5, rel=0.1)


def test_no_variance_is_no_noise() -> None:
    for noise in (*LAWS, HEAVY):
        silent = noise.model_copy(update={"variance": 0.0})
        assert not silent.draw(np.arange(9.0), np.random.default_rng(0)).any()


# what all have in common


@pytest.mark.parametrize(
    "one",
    [t2rec(), smooth(), irregular(), manifold(binary=3, binary_share=0.4), nimc(replacement=False)],
    ids=lambda one: one.name,
)
def test_a_simulation_is_its_parts(one: CovariateGenerator) -> None:
    simulation = one.simulate()
    assert {array.dtype for array in (simulation.users, simulation.user_vectors, simulation.ratings)} == {
        np.dtype(np.float64)
    }
    assert simulation.users.shape[0] == 60
    assert simulation.items.shape[0] == 50
    assert len(simulation.ratings) == len(simulation.pairs) == len(np.unique(simulation.pairs, axis=0)) == 900
    np.testing.assert_array_equal(simulation.user_vectors, one.user_vectors(simulation.users))
    every = np.argwhere(np.ones((60, 50), bool))
    matrix = simulation.user_vectors @ simulation.item_vectors.T
    np.testing.assert_allclose(simulation.truth(every), matrix.ravel(), atol=1e-12)
    noise = simulation.ratings - simulation.truth(simulation.pairs)
    assert noise.var() == pytest.approx(one.settings.noise.variance, rel=0.2)
    np.testing.assert_allclose(one.user_vectors(simulation.users[7:8]), simulation.user_vectors[7:8])
    table = one.generate()
    np.testing.assert_array_equal(table["user"].astype(int), simulation.pairs[:, 0] + 1)
    np.testing.assert_array_equal(table["rating"], simulation.ratings.astype(np.float32))


@pytest.mark.parametrize("make", [t2rec, smooth, irregular, manifold, nimc])
def test_equal_seeds_give_equal_simulations(make: Any) -> None:
    first, second, other = make().simulate(), make().simulate(), make(seed=1).simulate()
    np.testing.assert_array_equal(first.ratings, second.ratings)
    np.testing.assert_array_equal(first.pairs, second.pairs)
    for array in ("users", "user_vectors", "item_vectors", "ratings"):
        assert np.abs(getattr(first, array) - getattr(other, array)).max() > 0.1


@pytest.mark.parametrize("replacement", [True, False])
def test_popularity_skews_both_sides(replacement: bool) -> None:
    def counts(skew: float) -> list[np.ndarray]:
        pairs = nimc(popularity_skew=skew, replacement=replacement).simulate().pairs
        return [np.sort(np.bincount(pairs[:, side], minlength=n))[::-1] for side, n in ((0, 60), (1, 50))]

    for even, skewed in zip(counts(0.0), counts(1.0), strict=True):
        assert skewed[:5].sum() > 1.5 * even[:5].sum()


def test_pairs_without_replacement_follow_the_stated_law() -> None:
    """Two of four cells with weights 1, ½, ½, ¼ one after the other; the places are random, so up to relabelling."""
    found = np.zeros(2)
    for seed in range(3000):
        pairs = nimc(users=2, items=2, ratings=2, replacement=False, popularity_skew=1.0, seed=seed).simulate().pairs
        found[int((pairs[0] != pairs[1]).all())] += 1  # two cells on a diagonal
    w = np.array([1, 1 / 2, 1 / 2, 1 / 4]) / 2.25
    diagonal = sum(w[i] * w[j] / (1 - w[i]) + w[j] * w[i] / (1 - w[j]) for i, j in ((0, 3), (1, 2)))
    assert found[1] / 3000 == pytest.approx(diagonal, abs=4 * np.sqrt(diagonal * (1 - diagonal) / 3000))


def test_all_pairs_can_be_observed_and_no_more() -> None:
    assert len(np.unique(t2rec(ratings=3000, popularity_skew=1.0).simulate().pairs, axis=0)) == 3000
    with pytest.raises(ValidationError, match="3001 ratings do not fit: 60 users × 50 items"):
        t2rec(ratings=3001)
    assert len(nimc(ratings=3001).simulate().pairs) == 3001


# T2Rec


def test_t2rec_is_the_printed_series() -> None:
    one = t2rec(dimension=3, covariates=7, functions=2)
    simulation = one.simulate()
    assert (simulation.users[:, 3:6] == simulation.users[:, :3]).all()
    assert (simulation.users[:, 6] == simulation.users[:, 0]).all()
    a, b, z = one.stream(3).uniform(-0.15, 0.15, (2, 3, 2, 7))[1]
    for row in (0, 17):
        y = simulation.items[row].tolist()
        for j in range(2):
            value = sum(a[j, k] * sin(2 * pi * y[k]) + b[j, k] * cos(2 * pi * y[k]) for k in range(7))
            value += sum(z[j, k] * y[k] * y[k + 1] for k in range(6))
            assert simulation.item_vectors[row, j] == pytest.approx(value, abs=1e-12)


def test_t2rec_has_the_scale_of_the_paper() -> None:
    """Theory: variance 30 (.0075 (50 + 49/9))² + .1; main effects about a tenth of it."""
    simulations = [t2rec(users=800, items=800, ratings=40_000, seed=seed).simulate() for seed in range(8)]
    assert np.mean([s.ratings.std() for s in simulations]) == pytest.approx(2.29, abs=0.06)
    shares = []
    for simulation in simulations:
        matrix = simulation.user_vectors @ simulation.item_vectors.T
        shares.append((matrix.mean(0).var() + matrix.mean(1).var()) / matrix.var())
    assert np.mean(shares) == pytest.approx(0.104, abs=0.025)


# smoothness


def differences(one: SimSmooth, order: int, level: int) -> float:
    """Root mean square of the differences of ``order`` of all functions along the first axis, at width 2^(−level)."""
    rng = np.random.default_rng(5)
    d = one.settings.dimension
    start = np.floor(rng.random((4000, d)) * (2**level - order)) / 2**level
    total = 0.0
    for k, factor in enumerate({1: (-1, 1), 2: (1, -2, 1), 3: (-1, 3, -3, 1)}[order]):
        x = start.copy()
        x[:, 0] += k / 2**level
        total = total + factor * one.user_vectors(x)
    return float(np.sqrt((total**2).mean()))


@pytest.mark.parametrize(("beta", "order"), [(0.5, 1), (0.8, 1), (1.5, 2), (2.4, 3)])
@pytest.mark.parametrize("dimension", [1, 3])
def test_differences_shrink_with_the_stated_exponent(beta: float, order: int, dimension: int) -> None:
    one = smooth(smoothness=beta, dimension=dimension, functions=4, levels=14)
    levels = np.arange(4, 10)
    sizes = [differences(one, order, level) for level in levels]
    slope = -np.polyfit(levels, np.log2(sizes), 1)[0]
    assert slope == pytest.approx(beta, abs=0.12)


def test_a_smooth_function_has_no_steps_or_kinks_between_cells() -> None:
    one = smooth(smoothness=2.5, levels=3)
    for step in (1e-4, 1e-5):
        x = np.full((3, 2), 0.3)
        x[:, 0] = 0.5 + step * np.array([-1, 0, 1])
        left, middle, right = one.user_vectors(x)
        assert np.abs(right - middle).max() < 40 * step
        assert np.abs(left - 2 * middle + right).max() < 400 * step**2


def test_the_truth_has_the_stated_variance_in_every_dimension() -> None:
    for dimension in (2, 4):
        variances = []
        for seed in range(4):
            s = smooth(users=400, items=400, dimension=dimension, variance=2.0, seed=seed, levels=6).simulate()
            variances.append(((s.user_vectors @ s.item_vectors.T) ** 2).mean())
        assert np.mean(variances) == pytest.approx(2.0, rel=0.15)


def test_the_weight_has_the_square_that_the_scale_uses() -> None:
    t = (np.arange(100_000) + 0.5) / 100_000
    s = t**3 * (t * (6 * t - 15) + 10)
    assert (s**2 + (1 - s) ** 2).mean() == pytest.approx(SQUARE, rel=1e-8)


def test_a_smooth_truth_is_not_additive_over_coordinates() -> None:
    """First-order Sobol indices: the covariance of f at points that share one coordinate only."""
    rng = np.random.default_rng(0)
    shares = {}
    for dimension in (1, 2, 4):
        one = smooth(dimension=dimension, covariates=dimension, levels=4, functions=30, smoothness=1.0)
        x = rng.random((6000, dimension))
        f = one.user_vectors(x)
        total = 0.0
        for axis in range(dimension):
            y = rng.random(x.shape)
            y[:, axis] = x[:, axis]
            total += float(((f - f.mean(0)) * (one.user_vectors(y) - f.mean(0))).mean(0).sum())
        shares[dimension] = total / f.var(0).sum()
    assert shares[1] == pytest.approx(1, abs=0.05)
    assert shares[2] < 0.65
    assert shares[4] < 0.25


def test_only_the_first_coordinates_matter_and_the_others_repeat_them() -> None:
    one = smooth(dimension=2, covariates=5)
    x = one.simulate().users
    assert (x[:, 2:4] == x[:, :2]).all()
    other = x.copy()
    other[:, 2:] = 0.123
    np.testing.assert_array_equal(one.user_vectors(other), one.user_vectors(x))
    assert np.corrcoef(one.user_vectors(x).ravel(), one.item_vectors(x).ravel())[0, 1] ** 2 < 0.2


# irregular truths

IRREGULAR = ["smooth", "cusp", "logarithm", "jumps"]
PROFILES = {
    "smooth": lambda t: 2**0.5 * cos(2 * pi * t),
    "cusp": lambda t: (abs(2 * t) ** 0.3 - 1 / 1.3) / (1 / 1.6 - 1 / 1.3**2) ** 0.5,
    "logarithm": lambda t: 1 + log(abs(2 * t)),
    "jumps": lambda t: 1.0 if t >= 0 else -1.0,
}


@pytest.mark.parametrize("law", IRREGULAR)
def test_an_irregular_truth_is_the_printed_sum(law: str) -> None:
    one = irregular(law, dimension=3, functions=2, terms=2, exponent=0.3, frequency=1.7, variance=3.0)
    rng = one.stream(3)
    drawn, phases = rng.standard_normal((2, 2, 3, 2))[1], rng.random((2, 2, 2))[1]
    y = one.simulate().items[:9]
    for row, found in zip(y[:, :3].tolist(), one.item_vectors(y), strict=True):
        for j in range(2):
            value = 0.0
            for k in range(2):
                w = 1.7 * drawn[k, :, j] / (drawn[k, :, j] ** 2).sum() ** 0.5
                t = sum(a * b for a, b in zip(w.tolist(), row, strict=True)) + phases[k, j]
                value += PROFILES[law](t - floor(t) - 0.5)
            assert found[j] == pytest.approx(value * one.scale, abs=1e-9)


@pytest.mark.parametrize("law", IRREGULAR)
def test_an_irregular_truth_has_the_stated_variance_in_every_draw(law: str) -> None:
    for seed in range(3):
        one = irregular(law, variance=2.0, functions=3, seed=seed)
        rng = np.random.default_rng([seed, 99])
        users, items = one.covariates(200_000, rng), one.covariates(200_000, rng)
        truth = (one.user_vectors(users) * one.item_vectors(items)).sum(1)
        assert truth.var() == pytest.approx(2.0, rel=0.05)


def test_irregular_truths_are_as_hoelder_as_stated() -> None:
    """At ever smaller distances h from the singular place: h^α, log h, both sides of a jump, or a slope."""
    h = 10.0 ** -np.arange(3, 9)

    def along(law: str, steps: np.ndarray) -> np.ndarray:
        """The function at t = ``steps``, up to sign, over c."""
        one = irregular(law, dimension=1, covariates=1, functions=1, terms=1, exponent=0.1, variance=1.0)
        rng = one.stream(3)
        w, phase = np.sign(rng.standard_normal((2, 1))[0, 0]), rng.random((2, 1))[0, 0]
        return one.user_vectors((w * (0.5 - phase) + steps)[:, None])[:, 0] / one.scale

    mean, sd = 1 / 1.1, (1 / 1.2 - 1 / 1.1**2) ** 0.5
    np.testing.assert_allclose(along("cusp", h) * sd + mean, (2 * h) ** 0.1, rtol=1e-6)
    np.testing.assert_allclose(along("logarithm", h) - 1, np.log(2 * h), rtol=1e-6)
    np.testing.assert_array_equal(np.sort([along("jumps", h), along("jumps", -h)], axis=0)[:, -1], [-1, 1])
    assert (np.abs(along("smooth", h) - along("smooth", -h)) < 20 * h).all()


# NIMC


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh", "linear"])
def test_nimc_is_the_printed_model(activation: str) -> None:
    one = nimc(activation=activation, rank=3, covariates=4)
    phi = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "relu": lambda z: z if z > 0 else 0.0,
        "tanh": np.tanh,
        "linear": lambda z: z,
    }[activation]
    simulation = one.simulate()
    u, v = one.weights()
    for (user, item), rating in zip(simulation.pairs[:20], simulation.ratings[:20], strict=True):
        x, y = simulation.users[user], simulation.items[item]
        expected = sum(phi(x @ u[:, j]) * phi(y @ v[:, j]) for j in range(3))
        assert rating == pytest.approx(expected)  # no noise unless asked for


def test_nimc_weights_are_gaussian_or_orthogonal() -> None:
    drawn = nimc(covariates=200, rank=100).weights()
    assert drawn.std() == pytest.approx(1, abs=0.03)
    for side in nimc(covariates=10, rank=5, weights="orthogonal").weights():
        np.testing.assert_allclose(side.T @ side, 10 * np.eye(5), atol=1e-12)
    with pytest.raises(ValidationError, match="11 columns of 10 coordinates cannot be orthogonal"):
        nimc(rank=11, weights="orthogonal")


def test_nimc_observes_pairs_again_only_with_replacement() -> None:
    pairs = nimc(ratings=2500).simulate().pairs
    assert len(np.unique(pairs, axis=0)) < 2500
    pairs = nimc(ratings=2500, replacement=False).simulate().pairs
    assert len(np.unique(pairs, axis=0)) == 2500


@pytest.mark.parametrize("make", [t2rec, smooth, irregular])
def test_a_dimension_has_as_many_covariates(make: Any) -> None:
    with pytest.raises(ValidationError, match="dimension 9 is more than the 8 covariates"):
        make(dimension=9, covariates=8)
    assert make(dimension=8, covariates=8).settings.dimension == 8


# manifolds


@pytest.mark.parametrize(("dimension", "covariates"), [(1, 12), (2, 12), (3, 12), (2, 2)])
def test_a_manifold_has_its_dimension_and_not_that_of_the_space(dimension: int, covariates: int) -> None:
    """A ball of twice the radius has 2^d times as many neighbours."""
    one = manifold(dimension=dimension, covariates=covariates)
    x = one.covariates(40_000, one.stream(0))
    assert x.shape == (40_000, covariates)
    rank = np.linalg.matrix_rank(x - x.mean(0), tol=0.1)
    assert rank > 2 * dimension or covariates == dimension  # it is curved: no plane of its dimension holds it
    middle = x[np.abs(one.places(x) - 0.5).max(1) < 0.25][:200]
    distances = np.sqrt(((middle[:, None] - x[None]) ** 2).sum(2))
    radius = np.quantile(distances, {1: 0.02, 2: 0.004, 3: 0.002}[dimension])
    near, far = ((distances < scale * radius).sum() - len(middle) for scale in (1, 2))
    assert np.log2(far / near) == pytest.approx(dimension, abs=0.15)


def test_the_truth_is_that_of_the_place_on_the_manifold_whatever_the_space() -> None:
    places = np.random.default_rng([3, 0]).random((60, 2))
    known = smooth(smoothness=2.5, dimension=2, covariates=2, seed=3).vectors(places, 0)
    for covariates, binary in ((2, 0), (9, 0), (40, 5)):
        one = manifold(smoothness=2.5, covariates=covariates, binary=binary, seed=3)
        simulation = one.simulate()
        np.testing.assert_allclose(one.places(simulation.users), places, atol=1e-12)
        np.testing.assert_allclose(simulation.user_vectors, known, atol=1e-8)
    analytic = manifold(smoothness="analytic", covariates=9, seed=3).simulate()
    known = irregular("smooth", covariates=2, seed=3).vectors(places, 0)
    np.testing.assert_allclose(analytic.user_vectors, known, atol=1e-8)


def test_covariates_are_a_rotation_of_a_graph() -> None:
    """Steps along the manifold are at least as long as those of t, and of a rotation's length."""
    one = manifold(covariates=7)
    x = one.covariates(500, np.random.default_rng(0))
    waves, phases, rotation = one._shape
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(7), atol=1e-12)
    t = one.places(x)
    z = np.column_stack([t, np.sin(t @ waves + phases) / np.sqrt(6)])
    np.testing.assert_allclose(np.diff(x, axis=0) @ np.diff(x, axis=0).T, np.diff(z, axis=0) @ np.diff(z, axis=0).T)
    lengths = np.linalg.norm(waves, axis=0)
    assert ((lengths >= 1) & (lengths <= 2 * np.pi)).all()


def test_binary_covariates_move_the_truth_by_their_share() -> None:
    idle, used = (manifold(binary=12, binary_share=share, variance=2.0) for share in (0.0, 0.5))
    x = used.covariates(4000, used.stream(0))
    assert set(np.unique(x[:, 6:])) == {0, 1}
    assert x[:, 6:].mean() == pytest.approx(0.5, abs=0.02)
    flipped = np.column_stack([x[:, :6], 1 - x[:, 6:]])
    np.testing.assert_array_equal(idle.user_vectors(x), idle.user_vectors(flipped))
    effects = (used.user_vectors(x) - used.user_vectors(flipped)) / 2
    place = np.sqrt(0.5) * idle.user_vectors(x)
    np.testing.assert_allclose(used.user_vectors(x), place + effects, atol=1e-12)
    variances = []
    for seed in range(12):
        one = manifold(binary=12, binary_share=0.5, variance=2.0, users=400, items=400, seed=seed).simulate()
        variances.append((one.user_vectors @ one.item_vectors.T).var())
    assert np.mean(variances) == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dimension": 7}, "dimension 7 is more than the 6 covariates"),
        ({"smoothness": 3}, "'smoothness': found 3; allowed are analytic and numbers in"),
        ({"binary_share": 0.5}, "'binary_share': found 0.5 without binary covariates; allowed is 0"),
    ],
)
def test_a_manifold_that_cannot_be(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        manifold(**changed)
