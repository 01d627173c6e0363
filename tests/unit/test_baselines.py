"""The adapters to scikit-surprise give what surprise gives when used the ordinary way."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import surprise

from dotbench.baselines._surprise import SurpriseBaseline, trainset
from dotbench.datasets.interactions import Split
from dotbench.models.base import models

ADAPTERS = {name: model for name, model in models().items() if issubclass(model, SurpriseBaseline)}

# How surprise's documentation would have it; settings are the adapters' own defaults unless said here.
ORDINARY = {
    "baseline-only": lambda: surprise.BaselineOnly(
        bsl_options={"method": "als", "reg_u": 15, "reg_i": 10, "n_epochs": 10}, verbose=False
    ),
    "co-clustering": lambda: surprise.CoClustering(n_cltr_u=3, n_cltr_i=3, n_epochs=20, random_state=7),
    "knn-basic": lambda: surprise.KNNBasic(k=40, sim_options={"name": "msd", "user_based": True}, verbose=False),
    "slope-one": lambda: surprise.SlopeOne(),
    "svd": lambda: surprise.SVD(n_factors=100, n_epochs=20, lr_all=0.005, reg_all=0.02, random_state=7),
    "svdpp": lambda: surprise.SVDpp(n_factors=20, n_epochs=20, lr_all=0.007, reg_all=0.02, random_state=7),
}


def rating_split(seed=0, n_users=25, n_items=20):
    """Half stars; user 24 and item 19 are absent from train."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(np.argwhere(rng.random((n_users, n_items)) < 0.5))
    known = (pairs[:, 0] < n_users - 1) & (pairs[:, 1] < n_items - 1)
    held = ~known | (rng.random(len(pairs)) < 0.2)
    ratings = rng.integers(1, 11, len(pairs)).astype(np.float32) / 2
    parts = {"train": ~held, "valid": held, "test": held}
    return Split(
        n_users,
        n_items,
        **{part: pairs[chosen] for part, chosen in parts.items()},
        ratings={part: ratings[chosen] for part, chosen in parts.items()},
    )


def ordinary_trainset(split):
    frame = pd.DataFrame(
        {"user": split.train[:, 0], "item": split.train[:, 1], "rating": split.ratings["train"].astype(float)}
    )
    scale = (frame["rating"].min(), frame["rating"].max())
    return surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=scale)).build_full_trainset()


def trained(name, split, seed=7, **settings):
    cls = ADAPTERS[name]
    baseline = cls(SimpleNamespace(**{**cls.Settings().model_dump(), **settings}), seed)
    baseline.train(split)
    return baseline


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_predictions_are_those_of_surprise(name):
    split = rating_split()
    algorithm = ORDINARY[name]().fit(ordinary_trainset(split))
    expected = [algorithm.predict(user, item, clip=False).est for user, item in split.test.tolist()]
    found = trained(name, split).predict(split.test)
    assert found.dtype == np.float64
    assert found.shape == (len(split.test),)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_settings_reach_the_algorithm():
    split = rating_split()
    changed = {
        "baseline-only": {"user_shrinkage": 1.0},
        "co-clustering": {"user_clusters": 5},
        "knn-basic": {"user_based": False},
        "svd": {"embedding_size": 3},
        "svdpp": {"regularization": 0.5},
    }
    for name, settings in changed.items():
        other = trained(name, split, **settings).predict(split.test)
        assert not np.allclose(other, trained(name, split).predict(split.test))


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_unknown_users_and_items_get_a_prediction(name):
    split = rating_split()
    mean = split.ratings["train"].mean()
    found = trained(name, split).predict(np.array([[24, 19], [24, 0], [0, 19]]))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(mean, rel=1e-6)  # nothing is known: the mean rating


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_same_seed_same_predictions(name):
    split = rating_split()
    first, second, third = (trained(name, split, seed).predict(split.test) for seed in (1, 1, 2))
    assert first.tolist() == second.tolist()
    assert (first.tolist() != third.tolist()) == (name in ("co-clustering", "svd", "svdpp"))


def test_predictions_are_not_clipped():
    """User 0 and item 0 are 2 above the rest; together, 4: outside of the scale."""
    pairs = np.argwhere(np.ones((6, 6)) > 0)
    values = (1 + 2 * (pairs == 0).sum(1)).astype(np.float32)
    held = (pairs == 0).all(1)
    split = Split(6, 6, pairs[~held], pairs[held], pairs[held], {"train": values[~held]})
    found = trained("baseline-only", split, user_shrinkage=0.0, item_shrinkage=0.0, epochs=50).predict(split.test)
    assert values[~held].max() == 3
    assert found == pytest.approx([5.0], abs=1e-3)


def test_trainset_is_the_one_of_surprise():
    split = rating_split()
    own, ordinary = trainset(split), ordinary_trainset(split)
    for name in ("n_users", "n_items", "n_ratings", "rating_scale", "global_mean"):
        assert getattr(own, name) == getattr(ordinary, name)
    assert {k: list(v) for k, v in own.ur.items()} == {k: list(v) for k, v in ordinary.ur.items()}
    assert {k: list(v) for k, v in own.ir.items()} == {k: list(v) for k, v in ordinary.ir.items()}
    assert own.to_inner_uid(int(split.train[0, 0])) == 0
