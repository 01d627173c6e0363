"""Inductive matrix completion: scores, the exact minimiser, what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from dotbench.baselines.item_mean import ItemMean
from dotbench.errors import DotbenchError, FitFailed
from dotbench.features.arrays import Features
from dotbench.losses.squared import Squared
from dotbench.models.imc import IMC
from dotbench.models.nimc import NIMC
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.method import MethodChoice, WrongChoice, resolve, settings_class
from dotbench.solvers.base import Problem
from dotbench.solvers.closed_form import ClosedForm, bilinear_ridge

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
M, N, D, E = 12, 9, 3, 4


@pytest.fixture
def data():
    """Pairs, ratings, and features of users and items."""
    rng = np.random.default_rng(0)
    pairs = np.argwhere(rng.random((M, N)) < 0.6)
    x, y = rng.standard_normal((M, D)).astype(np.float32), rng.standard_normal((N, E)).astype(np.float32)
    return pairs, rng.uniform(1, 5, len(pairs)), Features(x, y, [], [])


def matrix(data, dtype=torch.float64):
    pairs, ratings, _ = data
    return TrainMatrix(pairs, M, N, dtype=dtype, ratings=ratings).ready()


def settings(**values):
    defaults = {"embedding_size": 4, "init_std": 0.1, "features": "some", "activation": "relu"}
    known = settings_class([NIMC, Squared, ClosedForm])
    return known(**{**defaults, "regularization": 0.7, "weighted": False, "offset": "none", **values})


def problem(data, **values):
    own = settings(**values)
    return Problem(
        model=IMC,
        loss=Squared(own),
        settings=own,
        train=lambda dtype: matrix(data, dtype),
        validate=lambda users, items: {"validation": float((users @ items.T).sum())},
        init_seed=0,
        device="cpu",
        features=data[2],
    )


@pytest.mark.parametrize(("model", "phi"), [(IMC, lambda a: a), (NIMC, torch.tanh)])
def test_scores_are_those_of_the_formula(data, model, phi):
    train, features = matrix(data, torch.float32), data[2]
    made = model(settings(activation="tanh"), train, torch.Generator().manual_seed(0), features)
    u, v = made.parameters()
    p, q = phi(torch.from_numpy(features.users) @ u), phi(torch.from_numpy(features.items) @ v)
    vectors = made.vectors()
    assert torch.allclose(vectors.users(), p)
    assert torch.allclose(vectors.items(torch.tensor([2, 5])), q[[2, 5]])
    assert model.scores_unseen({})


def test_features_of_both_sides_are_needed(data):
    bare = Features(np.zeros((M, 0), np.float32), data[2].items, [], [])
    with pytest.raises(FitFailed, match="no column for users"):
        IMC(settings(), matrix(data), torch.Generator(), bare)
    with pytest.raises(WrongChoice, match="by features alone"):
        resolve(MethodChoice(model="imc", loss="squared", solver="sgd"))


def test_the_exact_minimiser_is_that_of_the_normal_equations(data):
    """Against ridge regression on x ⊗ y, row by row."""
    pairs, ratings, features = data
    x, y = (side.astype(np.float64) for side in (features.users, features.items))
    design = np.einsum("na,nb->nab", x[pairs[:, 0]], y[pairs[:, 1]]).reshape(len(pairs), -1)
    expected = np.linalg.solve(design.T @ design + 0.7 * np.eye(D * E), design.T @ ratings).reshape(D, E)
    train = matrix(data)
    found = bilinear_ridge(torch.from_numpy(x), torch.from_numpy(y), train, train.ratings, 0.7)
    assert np.allclose(found.numpy(), expected)
    solution = ClosedForm().solve(problem(data))
    assert np.allclose((solution.users @ solution.items.T).numpy(), x @ expected @ y.T, atol=1e-4)
    assert solution.curve[0]["loss"] == pytest.approx(
        (((ratings - design @ expected.ravel()) ** 2).sum() + 0.7 * (expected**2).sum()) / len(ratings)
    )


def test_an_offset_is_taken_out_and_put_back(data):
    solution = ClosedForm().solve(problem(data, offset="mean", regularization=1e12))
    assert np.allclose((solution.users @ solution.items.T).numpy(), data[1].mean(), atol=1e-3)


def test_item_means_and_a_constant_item_make_a_regression_on_users(data):
    """Against scikit-learn's ridge regression of what the baseline `item-mean` leaves."""
    pairs, ratings, features = data
    split = SimpleNamespace(train=pairs, ratings={"train": ratings}, n_items=N)
    baseline = ItemMean(SimpleNamespace(shrinkage=5.0), 0)
    baseline.train(split)
    means = baseline.predict(pairs)
    x = features.users.astype(np.float64)
    weights = Ridge(alpha=0.7, fit_intercept=False).fit(x[pairs[:, 0]], ratings - means).coef_
    alone = (pairs, ratings, Features(features.users, np.ones((N, 1), np.float32), [], []))
    solution = ClosedForm().solve(problem(alone, offset="item-mean"))
    expected = (x @ weights)[:, None] + baseline.means
    assert np.allclose((solution.users @ solution.items.T).numpy(), expected, atol=1e-4)


def test_a_rank_below_that_of_the_minimiser_is_refused(data):
    with pytest.raises(DotbenchError, match="'embedding_size': found 2; allowed is 3"):
        ClosedForm().solve(problem(data, embedding_size=2))


def test_only_linear_models_of_squared_error_have_one():
    assert ClosedForm.can_solve(IMC, Squared)
    assert not ClosedForm.can_solve(NIMC, Squared)
    with pytest.raises(WrongChoice, match="cannot minimise"):
        resolve(MethodChoice(model="nimc", loss="squared", solver="closed-form", set={"features": "movielens"}))
