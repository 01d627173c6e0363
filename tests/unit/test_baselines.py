"""The adapters to scikit-surprise give what surprise gives when used the ordinary way."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import surprise

from dotbench.baselines._released import Released
from dotbench.baselines._surprise import SurpriseBaseline, trainset
from dotbench.datasets.interactions import Split
from dotbench.models.base import models

ADAPTERS = {name: model for name, model in models().items() if issubclass(model, SurpriseBaseline)}
RELEASED = {name: model for name, model in models().items() if issubclass(model, Released)}

# How surprise's documentation would have it; settings are the adapters' own defaults unless said here.
ORDINARY = {
    "baseline-only": lambda: surprise.BaselineOnly(
        bsl_options={"method": "als", "reg_u": 15, "reg_i": 10, "n_epochs": 10}, verbose=False
    ),
    "co-clustering": lambda: surprise.CoClustering(n_cltr_u=3, n_cltr_i=3, n_epochs=20, random_state=7),
    "knn-basic": lambda: surprise.KNNBasic(k=40, sim_options={"name": "msd", "user_based": True}, verbose=False),
    "knn-with-means": lambda: surprise.KNNWithMeans(
        k=40, sim_options={"name": "msd", "user_based": True}, verbose=False
    ),
    "slope-one": lambda: surprise.SlopeOne(),
    "svd": lambda: surprise.SVD(n_factors=100, n_epochs=20, lr_all=0.005, reg_all=0.02, random_state=7),
    "svdpp": lambda: surprise.SVDpp(n_factors=20, n_epochs=20, lr_all=0.007, reg_all=0.02, random_state=7),
}


def rating_split(seed=0, n_users=25, n_items=20, whole_stars=False):
    """Half stars, if not whole ones; user 24 and item 19 are absent from train."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(np.argwhere(rng.random((n_users, n_items)) < 0.5))
    known = (pairs[:, 0] < n_users - 1) & (pairs[:, 1] < n_items - 1)
    held = ~known | (rng.random(len(pairs)) < 0.2)
    ratings = rng.integers(1, 11, len(pairs)).astype(np.float32) / (1 if whole_stars else 2)
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
    cls = models()[name]
    baseline = cls(SimpleNamespace(**{**cls.Settings().model_dump(), **settings}), seed)
    baseline.train(split)
    return baseline


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_predictions_are_those_of_surprise(name):
    split = rating_split()
    algorithm = ORDINARY[name]().fit(ordinary_trainset(split))
    expected = [algorithm.predict(user, item, clip=False).est for user, item in split.test.tolist()]
    settings = {"as_released": True} if name in RELEASED else {}
    found = trained(name, split, **settings).predict(split.test)
    assert found.dtype == np.float64
    assert found.shape == (len(split.test),)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_settings_reach_the_algorithm():
    split = rating_split()
    changed = {
        "baseline-only": {"user_shrinkage": 1.0},
        "co-clustering": {"user_clusters": 5},
        "knn-basic": {"user_based": False},
        "knn-with-means": {"neighbors": 2},
        "svd": {"biased": False},
        "svdpp": {"regularization": 0.5},
    }
    for name, settings in changed.items():
        other = trained(name, split, **settings).predict(split.test)
        assert not np.allclose(other, trained(name, split).predict(split.test))


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_exact_is_the_released_one_where_nothing_is_cut_off(name):
    """On whole stars, of unknown users and items too; on half stars the released one is another."""
    whole, half = rating_split(whole_stars=True), rating_split()
    exact, released = (trained(name, whole, as_released=way).predict(whole.test) for way in (False, True))
    np.testing.assert_allclose(exact, released, rtol=1e-12)
    exact, released = (trained(name, half, as_released=way).predict(half.test) for way in (False, True))
    assert np.abs(exact - released).max() > 0.1


def test_slope_one_by_brute_force():
    split = rating_split()
    rated = {}
    for (user, item), rating in zip(split.train.tolist(), split.ratings["train"].tolist(), strict=True):
        rated.setdefault(user, {})[item] = rating
    mean = split.ratings["train"].mean(dtype=float)

    def predicted(user, item):
        if user not in rated or not any(item in ratings for ratings in rated.values()):
            return mean
        deviations = []
        for j in rated[user]:
            both = [ratings for ratings in rated.values() if item in ratings and j in ratings]
            if both:
                deviations.append(np.mean([ratings[item] - ratings[j] for ratings in both]))
        return np.mean(list(rated[user].values())) + (np.mean(deviations) if deviations else 0.0)

    asked = np.argwhere(np.ones((25, 20)))
    expected = [predicted(user, item) for user, item in asked.tolist()]
    assert trained("slope-one", split).predict(asked) == pytest.approx(expected, rel=1e-12)


def test_co_clustering_of_one_cluster_by_hand():
    """μ + (μ_u − μ) + (μ_i − μ); μ where the item is unknown."""
    found = trained("co-clustering", means_split(), user_clusters=1, item_clusters=1)
    assert found.predict(np.array([[0, 1], [3, 0], [2, 2]])) == pytest.approx([5 + 1 - 3.25, 1 + 4 - 3.25, 3.25])


def test_co_clusters_are_found():
    """Two kinds of users who like two kinds of items, of one mean: blocks of 4.5 and 1.5 have no error in the end."""
    pairs = np.argwhere(np.ones((20, 20)))
    ratings = np.where((pairs[:, 0] < 10) == (pairs[:, 1] < 10), 4.5, 1.5)
    split = Split(20, 20, pairs, pairs[:0], pairs[:0], {"train": ratings})
    errors = [
        np.abs(trained("co-clustering", split, seed, user_clusters=2, item_clusters=2).predict(pairs) - ratings).max()
        for seed in range(5)
    ]
    assert min(errors) < 1e-12


@pytest.mark.parametrize("name", sorted(ADAPTERS | RELEASED))
def test_unknown_users_and_items_get_a_prediction(name):
    split = rating_split()
    mean = split.ratings["train"].mean()
    found = trained(name, split).predict(np.array([[24, 19], [24, 0], [0, 19]]))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(mean, rel=1e-6)  # nothing is known: the mean rating


def test_unbiased_factors_predict_the_mean_of_the_unknown():
    split = rating_split()
    found = trained("svd", split, biased=False).predict(np.array([[24, 19], [24, 0], [0, 19]]))
    assert found == pytest.approx([split.ratings["train"].mean()] * 3, rel=1e-6)


@pytest.mark.parametrize("name", sorted(ADAPTERS | RELEASED))
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


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_no_scale_clips(name):
    split = rating_split()
    baseline = trained(name, split)
    free = baseline.predict(split.test).tolist()
    baseline.fitted.trainset.rating_scale = (3, 3)
    assert baseline.predict(split.test).tolist() == free


# --- means


def means_split():
    """Item 0 has the ratings 5, 4, 3, item 1 a 1, item 2 none."""
    pairs = np.array([[0, 0], [1, 0], [2, 0], [3, 1]])
    return Split(4, 3, pairs, pairs, pairs, {"train": np.array([5, 4, 3, 1], np.float32)})


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("constant", {}, [3.25, 3.25, 3.25]),
        ("item-mean", {"shrinkage": 0.0}, [4, 1, 3.25]),
        ("item-mean", {"shrinkage": 2.0}, [(12 + 6.5) / 5, (1 + 6.5) / 3, 3.25]),
    ],
)
def test_means_by_hand(name, settings, expected):
    baseline = models()[name](SimpleNamespace(**settings), 0)
    baseline.train(means_split())
    assert baseline.predict(np.array([[3, 0], [0, 1], [1, 2]])) == pytest.approx(expected, rel=1e-12)


def test_trainset_is_the_one_of_surprise():
    split = rating_split()
    own, ordinary = trainset(split), ordinary_trainset(split)
    for name in ("n_users", "n_items", "n_ratings", "rating_scale", "global_mean"):
        assert getattr(own, name) == getattr(ordinary, name)
    assert {k: list(v) for k, v in own.ur.items()} == {k: list(v) for k, v in ordinary.ur.items()}
    assert {k: list(v) for k, v in own.ir.items()} == {k: list(v) for k, v in ordinary.ir.items()}
    assert own.to_inner_uid(int(split.train[0, 0])) == 0


@pytest.mark.parametrize("name", ["knn-basic", "knn-with-means"])
@pytest.mark.parametrize("user_based", [True, False])
@pytest.mark.parametrize("whole_stars", [True, False])
def test_predictions_at_once_are_those_of_surprise(name: str, user_based: bool, whole_stars: bool) -> None:
    """With ties of similarity, which whole stars make, and with users, items and both that are unknown."""
    rng = np.random.default_rng(3)
    pairs = rng.permutation(np.argwhere(rng.random((40, 50)) < 0.2))
    ratings = rng.normal(size=len(pairs)) if not whole_stars else rng.integers(1, 6, len(pairs)).astype(float)
    rows = {"train": ratings, "valid": ratings[:0], "test": ratings[:0]}
    baseline_class = models()[name]
    baseline = baseline_class(baseline_class.Settings(neighbors=4, user_based=user_based), 0)
    baseline.train(Split(42, 51, pairs, pairs[:0], pairs[:0], rows))
    asked = np.argwhere(np.ones((42, 51)))  # the last users and the last item are unknown
    one_by_one = [baseline.fitted.predict(u, i, clip=False).est for u, i in asked.tolist()]
    np.testing.assert_allclose(baseline.predict(asked), one_by_one, rtol=1e-12, atol=1e-12)
    assert baseline.predict(asked[:0]).shape == (0,)
