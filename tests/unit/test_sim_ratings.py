"""Simulated ratings: sizes are exact, and the preference that they are made from is in them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dotbench.datasets.generators.sim_ratings import SimRatings, SimRatingsSettings, Truth

SIZES = {"users": 120, "items": 160, "ratings": 4800, "rank": 3, "min_ratings": 15}


def generator(**changed: Any) -> SimRatings:
    return SimRatings(SimRatingsSettings(**{**SIZES, **changed}))


def rows(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """User and item rows of a table: the ids count from 1."""
    return frame["user"].astype(int).to_numpy() - 1, frame["item"].astype(int).to_numpy() - 1


def preference(truth: Truth) -> np.ndarray:
    return truth.users @ truth.items.T


@st.composite
def sizes(draw: st.DrawFn) -> dict[str, int]:
    users, items = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    least = draw(st.integers(1, items))
    ratings = draw(st.integers(users * least, users * items))
    return {"users": users, "items": items, "min_ratings": least, "ratings": ratings, "seed": draw(st.integers(0, 99))}


@given(sizes())
@settings(max_examples=60, deadline=None)
def test_sizes_are_exact_and_no_pair_is_repeated(given_sizes: dict[str, int]) -> None:
    frame = generator(**given_sizes).generate()
    user, item = rows(frame)
    assert len(frame) == given_sizes["ratings"]
    assert set(user) == set(range(given_sizes["users"]))
    assert np.bincount(user).min() >= given_sizes["min_ratings"]
    assert item.min() >= 0
    assert item.max() < given_sizes["items"]
    assert not frame.duplicated(["user", "item"]).any()


def test_the_default_sizes_reach_every_user_and_item() -> None:
    frame = generator().generate()
    assert len(frame) == 4800
    assert frame["user"].nunique() == 120
    assert frame["item"].nunique() == 160
    assert frame["user"].value_counts().min() >= 15


def test_columns_are_those_of_a_parser() -> None:
    frame = generator().generate()
    assert list(frame.columns) == ["user", "item", "rating", "timestamp"]
    assert frame["rating"].dtype == np.float32
    assert frame["timestamp"].dtype == np.int64
    assert frame["timestamp"].is_monotonic_increasing
    assert all(type(value) is str for value in [*frame["user"], *frame["item"]])


def test_ratings_are_the_whole_numbers_1_to_5() -> None:
    assert set(generator().generate()["rating"]) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_equal_settings_give_equal_tables_whatever_ran_before() -> None:
    first = generator().generate()
    np.random.seed(12345)  # noqa: NPY002  a global state that must not matter
    one = generator()
    one.truth()
    pd.testing.assert_frame_equal(one.generate(), first)
    pd.testing.assert_frame_equal(one.generate(), first)


def test_another_seed_gives_another_table() -> None:
    assert not generator(seed=1).generate().equals(generator().generate())


def test_users_read_in_blocks_are_all_there() -> None:
    frame = generator(users=900, items=5000, ratings=2000, min_ratings=2).generate()
    user, _ = rows(frame)
    assert np.bincount(user, minlength=900).min() >= 2
    assert len(frame) == 2000


def test_without_noise_a_rating_is_the_documented_formula() -> None:
    one = generator(noise=0.0)
    user, item = rows(frame := one.generate())
    truth = one.truth()
    points = 3.5 + 0.35 * truth.user_bias[user] + 0.4 * truth.item_bias[item] + 0.7 * preference(truth)[user, item]
    np.testing.assert_array_equal(frame["rating"], np.clip(np.round(points), 1, 5))


def test_the_preference_has_variance_1_and_the_given_rank() -> None:
    matrix = preference(generator(users=400, items=400, ratings=8000).truth())
    assert np.linalg.matrix_rank(matrix) == 3
    assert matrix.var() == pytest.approx(1, abs=0.15)


def advantage(one: SimRatings) -> np.ndarray:
    """Of each user: mean preference for the rated items above the mean for all items."""
    user, item = rows(one.generate())
    matrix = preference(one.truth())
    rated = np.bincount(user, matrix[user, item]) / np.bincount(user)
    return rated - matrix.mean(1)


def test_users_rate_what_they_prefer() -> None:
    gains = advantage(generator())
    assert gains.mean() > 0.3
    assert (gains > 0).mean() > 0.9


def test_without_selection_preference_does_not_matter() -> None:
    gains = advantage(generator(selection=0.0))
    assert abs(gains.mean()) < 4 * gains.std() / np.sqrt(len(gains))


def test_ratings_follow_the_preference() -> None:
    one = generator()
    user, item = rows(frame := one.generate())
    assert np.corrcoef(frame["rating"], preference(one.truth())[user, item])[0, 1] > 0.35


def test_exposed_items_are_rated_more() -> None:
    one = generator(selection=0.0)
    _, item = rows(one.generate())
    counts = pd.Series(np.bincount(item, minlength=160))
    exposure = pd.Series(one.truth().log_exposure)
    assert counts.corr(exposure, method="spearman") > 0.8


def test_activity_skew_spreads_the_users() -> None:
    even = generator(activity_skew=0.0).generate()["user"].value_counts()
    skewed = generator(activity_skew=1.0).generate()["user"].value_counts()
    assert even.max() - even.min() <= 1
    assert skewed.max() > 2 * skewed.median()


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ({"ratings": 1799}, "allow 1800 to 19200"),
        ({"ratings": 19201}, "allow 1800 to 19200"),
        ({"min_ratings": 161, "ratings": 19200}, "allow 19320 to 19200"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_what_would(changed: dict[str, int], allowed: str) -> None:
    with pytest.raises(ValidationError, match=allowed):
        generator(**changed)


@pytest.mark.parametrize("key", ["users", "items", "ratings", "rank", "min_ratings"])
def test_sizes_begin_at_1(key: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        generator(**{key: 0})
