"""Models of features with biases: known answers, an independent implementation, and users without a training pair."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge as SklearnRidge

from dotbench.datasets.interactions import Split
from dotbench.features._permuted import permuted
from dotbench.features.arrays import Features
from dotbench.losses.squared import Squared, SquaredSettings
from dotbench.models.hybrid import Hybrid, HybridSettings
from dotbench.models.linear import Linear, LinearSettings
from dotbench.numerics.matrix import TrainMatrix
from dotbench.solvers.ridge import Ridge, additive_ridge

PAIRS = np.array([(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2)])  # user 3 and item 3 are new
RATINGS = np.array([4.0, 3.0, 2.0, 5.0, 1.0, 3.5], np.float32)


@pytest.fixture
def features() -> Features:
    rng = np.random.default_rng(0)
    users, items = (rng.normal(size=(4, columns)).astype(np.float32) for columns in (3, 2))
    return Features(users, items, ["a", "b", "c"], ["d", "e"])


def matrix(dtype: torch.dtype = torch.float64) -> TrainMatrix:
    return TrainMatrix(PAIRS, 4, 4, torch.device("cpu"), dtype, RATINGS).ready()


@pytest.mark.parametrize("ridge", [0.1, 3.0, 100.0])
def test_the_ridge_agrees_with_scikit_learn(features: Features, ridge: float) -> None:
    x, y = (torch.from_numpy(side).double() for side in (features.users, features.items))
    targets = torch.from_numpy(RATINGS).double()
    a, b = additive_ridge(x, y, matrix(), targets, ridge)
    design = np.hstack([features.users[PAIRS[:, 0]], features.items[PAIRS[:, 1]]]).astype(float)
    theirs = SklearnRidge(alpha=ridge, fit_intercept=False).fit(design, RATINGS)
    assert torch.cat([a, b]).numpy() == pytest.approx(theirs.coef_, abs=1e-9)


def test_the_ridge_predicts_new_rows_by_their_features(features: Features) -> None:
    loss = Squared(SquaredSettings(regularization=0.5))
    problem: Any = SimpleNamespace(
        loss=loss,
        features=features,
        settings_of=lambda kind: LinearSettings(features="own") if kind is LinearSettings else loss.settings,
        train=lambda dtype: matrix(dtype),
        validate=lambda users, items: {"validation": 0.0},
    )
    solution = Ridge().solve(problem)
    x, y = (torch.from_numpy(side).double() for side in (features.users, features.items))
    mean = RATINGS.mean()
    a, b = additive_ridge(x, y, matrix(), torch.from_numpy(RATINGS - mean).double(), 0.5)
    found = (solution.users @ solution.items.T).numpy()
    assert found == pytest.approx((mean + (x @ a)[:, None] + (y @ b)[None, :]).numpy(), abs=1e-5)


def test_a_hybrid_scores_by_sums_of_embeddings_and_biases(features: Features) -> None:
    settings = HybridSettings(embedding_size=5, features="own")
    model = Hybrid(settings, matrix(), torch.Generator().manual_seed(1), features)
    vectors = model.vectors()
    for side in (vectors.users(), vectors.items()):
        assert side.shape == (4, 5)
    sums = []
    for tower, inputs in zip(model.sides, (features.users, features.items), strict=True):
        shift, own, weights = tower.parameters
        scaled = inputs / np.sqrt((inputs[:3] ** 2).mean(0))  # rows 0 to 2 are in training
        assert not own[3].any()
        sums.append((shift + own).detach().numpy() + scaled @ weights.detach().numpy())
    user, item = sums
    expected = user[:, :3] @ item[:, :3].T + user[:, 3:] + item[:, 3:].T
    assert (vectors.users() @ vectors.items().T).detach().numpy() == pytest.approx(expected, abs=1e-6)


def test_training_leaves_the_embedding_of_a_new_row_at_zero(features: Features) -> None:
    model = Hybrid(
        HybridSettings(embedding_size=4, features="own"), matrix(), torch.Generator().manual_seed(0), features
    )
    step = torch.optim.Adam(model.parameters(), lr=0.1, weight_decay=0.01)
    loss = Squared(SquaredSettings(regularization=0.0))
    batch = torch.from_numpy(PAIRS[:, 0]), torch.from_numpy(PAIRS[:, 1]), torch.from_numpy(RATINGS).double()
    before = model.sides[0].parameters[1].detach().clone()
    for _ in range(3):
        step.zero_grad()
        loss.estimate(model.vectors(), matrix(), batch).backward()
        step.step()
    after = model.sides[0].parameters[1].detach()
    assert not torch.equal(before[0], after[0])
    assert not after[3].any()


def test_a_linear_model_has_no_interaction(features: Features) -> None:
    model = Linear(LinearSettings(embedding_size=4, features="own"), matrix(), torch.Generator(), features)
    for weights in model.parameters():
        torch.nn.init.ones_(weights)
    vectors = model.vectors()
    scores = (vectors.users() @ vectors.items().T).detach().numpy()
    assert scores == pytest.approx(features.users.sum(1)[:, None] + features.items.sum(1)[None, :], abs=1e-6)


def trained_on(n_users: int, n_items: int, n_pairs: int) -> Split:
    """Users below ``n_users`` and items below ``n_items`` have training pairs, of 20 and 15."""
    rng = np.random.default_rng(n_pairs)
    train = np.stack([np.arange(n_pairs) % n_users, rng.permutation(n_pairs) % n_items], axis=1)
    return Split(20, 15, train, train[:0], train[:0], {})


def test_permuted_features_are_those_of_others_of_the_same_kind() -> None:
    """Known rows exchange theirs with known ones, new rows with new ones; each split has a permutation of its own."""
    users, items = np.arange(60).reshape(20, 3), np.arange(30).reshape(15, 2)
    features = Features(users, items, ["a", "b", "c"], ["d", "e"])
    found = permuted(features, trained_on(12, 9, 60))
    for side, known in (("users", 12), ("items", 9)):
        before, after = getattr(features, side), getattr(found, side)
        for group in (slice(0, known), slice(known, None)):
            assert not np.array_equal(before[group], after[group])
            assert sorted(map(tuple, before[group])) == sorted(map(tuple, after[group]))
    assert np.array_equal(found.users, permuted(features, trained_on(12, 9, 60)).users)
    assert not np.array_equal(found.users, permuted(features, trained_on(12, 9, 61)).users)
    assert found.user_names == features.user_names
