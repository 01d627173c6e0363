"""Simulated interactions at scale: exact counts, and the stated law of the choice."""

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dotbench.datasets.catalogue import has_ratings, load_dataset
from dotbench.datasets.generators import sim_interactions
from dotbench.datasets.generators.sim_interactions import SimInteractions, SimInteractionsSettings
from dotbench.datasets.generators.sim_ratings import Truth
from dotbench.datasets.kcore import k_core
from dotbench.datasets.prepare import prepare

pytestmark = pytest.mark.seconds

SIZES = {"users": 300, "items": 200, "interactions": 6000, "rank": 3}


def generator(**changed: Any) -> SimInteractions:
    return SimInteractions(SimInteractionsSettings(**{**SIZES, **changed}))


def rows(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return frame["user"].astype(int).to_numpy() - 1, frame["item"].astype(int).to_numpy() - 1


@st.composite
def sizes(draw: st.DrawFn) -> dict[str, Any]:
    users, items = draw(st.integers(1, 15)), draw(st.integers(1, 15))
    core = draw(st.integers(1, min(users, items)))
    interactions = draw(st.integers(max(users, items) * core, users * items))
    return {
        "users": users,
        "items": items,
        "core": core,
        "interactions": interactions,
        "disliked": draw(st.integers(0, users * items - interactions)),
        "popularity_skew": draw(st.sampled_from([0.0, 1.0, 4.0])),
        "activity_skew": draw(st.sampled_from([0.0, 1.0, 4.0])),
        "selection": draw(st.sampled_from([0.0, 2.0, 30.0])),
        "seed": draw(st.integers(0, 99)),
    }


@given(sizes())
@settings(max_examples=100, deadline=None)
def test_counts_are_exact_and_everything_survives_the_core(given_sizes: dict[str, Any]) -> None:
    frame = generator(**given_sizes).generate()
    user, item = rows(frame)
    assert len(frame) == given_sizes["interactions"] + given_sizes["disliked"]
    assert not frame.duplicated(["user", "item"]).any()
    liked = frame["rating"].to_numpy() >= 3 if given_sizes["disliked"] else np.ones(len(frame), bool)
    assert liked.sum() == given_sizes["interactions"]
    assert set(user[liked]) == set(range(given_sizes["users"]))
    assert set(item[liked]) == set(range(given_sizes["items"]))
    assert k_core(user[liked], item[liked], given_sizes["core"]).all()


def test_the_paths_by_proposal_and_over_all_items_both_draw_the_stated_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """One user takes 2 of 5 items, many times: every ordered choice's probability is known in closed form."""
    one = generator(users=4000, items=5, interactions=8000, core=2, rank=1)
    truth = Truth(
        users=np.full((4000, 1), 0.8),
        items=np.array([[1.5], [0.3], [-0.7], [-1.6], [0.0]]),
        user_bias=np.zeros(4000),
        item_bias=np.zeros(5),
        log_exposure=np.log([0.4, 0.25, 0.2, 0.1, 0.05]),
    )
    none = np.zeros(0, np.int32)
    for liked, rounds in itertools.product((True, False), (0, 1, 5)):
        monkeypatch.setattr(sim_interactions, "ROUNDS", rounds)
        relevance = 1 / (1 + np.exp(-(2.0 if liked else -2.0) * 0.8 * truth.items[:, 0]))
        weight = np.exp(truth.log_exposure) * relevance
        p = weight / weight.sum()
        expected = {
            (i, j): p[i] * p[j] / (1 - p[i]) + p[j] * p[i] / (1 - p[j]) for i, j in itertools.combinations(range(5), 2)
        }
        user, item = one._choose(np.random.default_rng(7), truth, np.full(4000, 2), (none, none), liked)
        assert (user == np.repeat(np.arange(4000), 2)).all()
        found = pd.Series(list(map(tuple, item.reshape(-1, 2)))).value_counts()
        chi_squared = sum((found.get(pair, 0) - 4000 * q) ** 2 / (4000 * q) for pair, q in expected.items())
        assert chi_squared < 27.9  # 9 degrees of freedom: exceeded with probability 0.001


def test_users_take_what_is_relevant_among_what_they_meet() -> None:
    one = generator(popularity_skew=0.0)
    user, item = rows(one.generate())
    truth = one.truth()
    preference = truth.users @ truth.items.T
    assert preference[user, item].mean() > preference.mean() + 0.4
    none = generator(popularity_skew=0.0, selection=0.0)
    user, item = rows(none.generate())
    assert abs(preference[user, item].mean() - preference.mean()) < 0.05


def test_the_preference_has_variance_1_and_the_given_rank() -> None:
    truth = generator(users=500, items=500, interactions=5000).truth()
    matrix = truth.users @ truth.items.T
    assert np.linalg.matrix_rank(matrix) == 3
    assert matrix.var() == pytest.approx(1, abs=0.15)


def test_repair_touches_only_what_is_short() -> None:
    one = generator(popularity_skew=3.0)
    truth = one.truth()
    none = np.zeros(0, np.int32)
    user, item = one._choose(np.random.default_rng(0), truth, np.full(300, 20), (none, none), True)
    before = np.bincount(item, minlength=200)
    assert (before < 5).sum() > 10
    repaired = item.copy()
    one._repair(np.random.default_rng(1), truth, user, repaired)
    after = np.bincount(repaired, minlength=200)
    assert (after[before < 5] == 5).all()
    assert (after[before >= 5] >= 5).all()
    assert (repaired != item).sum() == (5 - before[before < 5]).sum()
    assert not pd.DataFrame({"user": user, "item": repaired}).duplicated().any()


def test_without_noise_stars_are_the_documented_formula() -> None:
    one = generator(noise=0.0, disliked=1000)
    user, item = rows(frame := one.generate())
    truth = one.truth()
    points = 3.5 + 0.35 * truth.user_bias[user] + 0.4 * truth.item_bias[item]
    points = np.rint(points + 0.7 * (truth.users[user] * truth.items[item]).sum(1))
    liked = frame["rating"] >= 3
    np.testing.assert_array_equal(frame["rating"], np.where(liked, points.clip(3, 5), points.clip(1, 2)))


def test_columns_are_those_of_a_parser() -> None:
    frame = generator().generate()
    assert list(frame.columns) == ["user", "item", "rating", "timestamp"]
    assert frame["rating"].dtype == np.float32
    assert frame["timestamp"].dtype == np.int64
    assert all(type(value) is str for value in [*frame["user"], *frame["item"]])
    assert list(generator(rated=False).generate().columns) == ["user", "item", "timestamp"]


def test_equal_settings_give_equal_tables() -> None:
    pd.testing.assert_frame_equal(generator().generate(), generator().generate())
    assert not generator(seed=1).generate().equals(generator().generate())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"interactions": 1499}, "allow 1500 interactions to 60000 pairs"),
        ({"interactions": 59000, "disliked": 1001}, "allow 1500 interactions to 60000 pairs"),
        ({"core": 201, "interactions": 60000}, "core 201 needs as many users and items"),
        ({"disliked": 1, "rated": False}, "found 'rated: false'"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_what_would(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        generator(**changed)


def test_implicit_data_promise_no_ratings() -> None:
    assert not has_ratings(load_dataset("like-steam"))
    assert has_ratings(load_dataset("like-ml-10m"))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("like-musical-instruments", (1429, 900, 10261)),
        ("like-ml-10m", (69815, 9888, 8240192)),
        ("like-electronics", (192403, 63001, 1689188)),
        ("like-steam", (281204, 11961, 3484497)),
    ],
)
def test_presets_are_prepared_to_the_published_counts(name: str, counts: tuple[int, int, int], tmp_path: Path) -> None:
    if counts[2] > 1_000_000 and not os.environ.get("DOTBENCH_LARGE"):
        pytest.skip("takes minutes; set DOTBENCH_LARGE to run it")
    stats = prepare(name, tmp_path, None, lambda _: None)
    assert (stats["users"], stats["items"], stats["interactions"]) == counts
