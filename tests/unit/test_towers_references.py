"""References: the bilinear model against a dense solution, and errors of towers as errors of ratings."""

import numpy as np
import pytest
import torch

from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings
from dotbench.papers.t2rec.methods.bilinear import period
from dotbench.papers.t2rec.towers.references import bilinear, true_features
from dotbench.papers.t2rec.towers.representation import compared, rating_rmse, represent
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.simulations.methods.base import RatingData, Task
from dotbench.simulations.rating_methods import rating_methods

torch.set_num_threads(1)
DIMENSION = 2


def simulation(**changes):
    values = {"users": 60, "items": 50, "ratings": 2500, "dimension": DIMENSION, "covariates": 5, "functions": 4}
    return SimT2Rec(SimT2RecSettings(**{**values, "amplitude": 0.5, **changes}))


def sample(data, train=1800):
    pairs, ratings = data.pairs, data.ratings
    return Sample(data.users, data.items, pairs[:train], ratings[:train], pairs[train:], ratings[train:])


def test_true_functions_are_linear_in_the_true_features():
    generator = simulation(users=200)
    data = generator.simulate()
    features = true_features(data.users, DIMENSION)
    assert features.shape == (200, 3 * DIMENSION + 1)
    weights, _, rank, _ = np.linalg.lstsq(features, data.user_vectors, rcond=None)
    assert rank == 6  # both products are the same one at d = 2
    np.testing.assert_allclose(features @ weights, data.user_vectors, atol=1e-9)
    wide = true_features(np.random.default_rng(0).random((7, 20))[:, np.arange(50) % 20], 20)
    assert wide.shape == (7, 61)
    assert len(np.unique(wide.round(12), axis=1).T) == 61


def test_bilinear_is_the_dense_ridge_solution():
    data = sample(simulation().simulate())
    found = bilinear(data, DIMENSION, 3.0)
    left, right = (true_features(x, DIMENSION) for x in (data.users, data.items))
    design = np.einsum("nf,ng->nfg", left[data.pairs[:, 0]], right[data.pairs[:, 1]]).reshape(len(data.pairs), -1)
    expected = np.linalg.solve(design.T @ design + 3 * np.eye(design.shape[1]), design.T @ data.ratings)
    np.testing.assert_allclose(found.matrix.reshape(-1), expected, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(
        found.predict(data.users, data.items, data.pairs), design @ expected, rtol=1e-5, atol=1e-6
    )


def test_bilinear_reaches_the_noise():
    data = sample(simulation(noise={"variance": 0.09}).simulate())
    errors = {}
    for strength in (1.0, 1e7):
        predicted = bilinear(data, DIMENSION, strength).predict(data.users, data.items, data.valid_pairs)
        errors[strength] = np.sqrt(np.mean((predicted - data.valid_ratings) ** 2))
    assert errors[1.0] == pytest.approx(0.3, rel=0.1)
    assert errors[1e7] > 0.6


def test_the_method_finds_how_many_covariates_are_different():
    method = rating_methods()["bilinear"]
    simulated = simulation().simulate()
    cut = [simulated.pairs[:1800], simulated.ratings[:1800], simulated.pairs[1800:], simulated.ratings[1800:]]
    data = RatingData(simulated.users, simulated.items, *cut)
    fitted = method.fit(Task(method.Settings(regularization=3.0), data, 0, None), None)
    expected = bilinear(sample(simulated), DIMENSION, 3.0)
    np.testing.assert_allclose(
        fitted.predict(data.valid_pairs), expected.predict(data.users, data.items, data.valid_pairs)
    )
    assert period(np.eye(3)[:, [0, 1, 2, 0]]) == 3
    assert period(np.eye(3)) == 3
    assert period(np.ones((4, 2))) == 1


def test_rating_error_of_towers_that_lack_directions_evenly():
    """f has independent coordinates of variance 1 in eight orthogonal parts, of which the towers know six and four."""
    rng = np.random.default_rng(0)
    n, parts, p = 4000, 8, 3
    pieces = [rng.standard_normal((parts, n, p)) for _ in "ui"]
    true = [piece.sum(0) for piece in pieces]
    found = [pieces[0][:6].sum(0), pieces[1][:4].sum(0)]
    result = compared(found, true, 0.1)
    assert result.user_error == pytest.approx(0.25, abs=0.02)
    assert result.item_error == pytest.approx(0.5, abs=0.02)
    expected = np.sqrt(0.1 + (1 - 0.75 * 0.5) * 64 * p)
    assert result.rating_rmse == pytest.approx(expected, rel=0.02)
    assert result.direct_rmse == pytest.approx(expected, rel=0.02)


def test_direct_error_is_that_over_all_pairs():
    rng = np.random.default_rng(1)
    true, found = ([rng.standard_normal((n, 3)) for n in (20, 30)] for _ in "tf")
    result = compared(found, true, 0.04)
    squares = (true[0] @ true[1].T - found[0] @ found[1].T) ** 2
    assert result.direct_rmse == pytest.approx(np.sqrt(0.04 + squares.mean()))


def test_rating_rmse_at_its_ends():
    assert rating_rmse(0.1, 5.2, 0.0, 0.0) == pytest.approx(0.1**0.5)
    assert rating_rmse(0.1, 5.2, 1.0, 0.3) == pytest.approx(5.3**0.5)
    assert rating_rmse(0.1, 5.2, 0.01, 0.01) == pytest.approx((0.1 + 0.0199 * 5.2) ** 0.5)


@pytest.mark.parametrize("points", ["own", "fresh"])
def test_regression_comes_near_functions_that_towers_can_represent(points):
    generator = simulation(covariates=2)
    architecture = Architecture(depth=3, width=40, embedding_size=4)
    training = Training(optimizer="adam", learning_rate=0.01, schedule="cosine", batch_size=64)
    (short, _), (long, towers) = (represent(generator, architecture, training, steps, points, 0) for steps in (3, 600))
    assert max(long.user_error, long.item_error) < 0.02
    assert min(short.user_error, short.item_error) > 0.3
    excess = [result.direct_rmse**2 - 0.1 for result in (short, long)]
    assert excess[1] < 0.05 * excess[0]
    data = generator.simulate()
    vectors = towers.user_vectors(data.users), towers.item_vectors(data.items)
    own = compared(vectors, [data.user_vectors, data.item_vectors], 0.1)
    if points == "own":
        assert own.direct_rmse == pytest.approx(long.direct_rmse, rel=1e-5)
    assert max(own.user_error, own.item_error) < 0.02
