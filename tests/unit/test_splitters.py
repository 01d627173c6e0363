"""What each kind of split promises: who is held out, that nothing leaks, that the seed decides."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.datasets.interactions import COLD, PARTS, load_split
from dotbench.datasets.splits.base import Pairs, make_splitter, splitters
from dotbench.datasets.splitting import make_split, write_split
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json

pytestmark = pytest.mark.seconds

TRAIN, VALID, TEST, COLD_USER, COLD_ITEM, COLD_BOTH = range(6)
SEEDS = st.integers(0, 2**32)


def table(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users, items and times, every pair once."""
    kept = {(user, item): time for user, item, time in rows}
    pairs = np.array(list(kept), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.array(list(kept.values()), np.int64)


DATA = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 15), st.integers(0, 30)), max_size=150).map(table)
BIG = table([(u, i, (u * 31 + i * 17) % 97) for u in range(25) for i in range(30) if (u + i) % 3])


def assign(data: Any, seed: int, kind: str, **values: Any) -> np.ndarray:
    return make_splitter({"kind": kind, **values}).assign(Pairs(*data), seed)


IDENTITIES = [*({"kind": name} for name in splitters()), {"kind": "leave-one-out", "choose": "random"}]
KINDS = st.sampled_from(IDENTITIES)


@given(DATA, SEEDS, KINDS)
@settings(max_examples=150, deadline=None)
def test_every_pair_is_in_one_part_that_the_seed_decides(data: Any, seed: int, identity: dict[str, Any]) -> None:
    pairs = Pairs(*data, given=data[2] % 3 // 2 * TEST)
    part = make_splitter(identity).assign(pairs, seed)
    assert part.shape == data[0].shape
    assert part.dtype == np.int8
    assert set(part.tolist()) <= set(range(6))
    np.random.seed(1)  # noqa: NPY002  a global state that must not matter
    np.testing.assert_array_equal(make_splitter(identity).assign(pairs, seed), part)


@pytest.mark.parametrize("identity", IDENTITIES, ids=str)
def test_the_tuning_split_is_none_of_the_reported_ones(identity: dict[str, Any]) -> None:
    splitter = make_splitter(identity)
    pairs = Pairs(*BIG, given=BIG[2] % 3 // 2 * TEST)
    parts = [splitter.assign(pairs, seed) for seed in (0, 1, 2, 3, 4, 1000)]
    assert len({(part == TEST).tobytes() for part in parts}) == (1 if splitter.same_test else 6)
    found = {part.tobytes() for part in parts}
    assert len(found) == (1 if splitter.seedless else 6)  # without chance, tuning has the validation part alone


# leave-one-out


@given(DATA, SEEDS, st.sampled_from(["latest", "random"]))
@settings(max_examples=100, deadline=None)
def test_leave_one_out_holds_out_one_pair_of_each_user(data: Any, seed: int, choose: str) -> None:
    users, _, times = data
    part = assign(data, seed, "leave-one-out", choose=choose)
    for user, n in Counter(users.tolist()).items():
        own = part[users == user]
        assert tuple(np.bincount(own, minlength=3)) == ((n - 2, 1, 1) if n > 2 else (1, 0, n - 1))
        if choose == "latest":
            when = [times[users == user][own == k].tolist() for k in (TRAIN, VALID, TEST)]
            assert when[VALID] + when[TEST] == sorted(times[users == user].tolist())[max(n - 2, 1) :]


def test_leave_one_out_at_random_gives_each_pair_the_same_chance() -> None:
    users = np.zeros(8, np.int64)
    parts = np.array([assign((users, users, None), seed, "leave-one-out", choose="random") for seed in range(2000)])
    for held in (VALID, TEST):
        assert np.abs((parts == held).mean(0) - 1 / 8).max() < 5 * np.sqrt(7 / 64 / 2000)


# global temporal


@given(DATA, SEEDS)
@settings(max_examples=150, deadline=None)
def test_in_the_temporal_split_nothing_of_the_future_is_learned(data: Any, seed: int) -> None:
    users, items, times = data
    part = assign(data, seed, "global-temporal")
    later = part != TRAIN
    if later.any():
        assert times[later].min() > times[~later].max(initial=-1)
    if (part == TEST).any():
        assert times[part == TEST].min() > times[part <= VALID].max(initial=-1)
    for time in np.unique(times):  # a time is on one side
        assert len({TRAIN, VALID, TEST} & set(part[times == time].tolist())) <= 1
    new_user, new_item = (~np.isin(rows, rows[part == TRAIN]) for rows in (users, items))
    for code, mask in (
        (COLD_USER, new_user & ~new_item),
        (COLD_ITEM, new_item & ~new_user),
        (COLD_BOTH, new_user & new_item),
    ):
        np.testing.assert_array_equal(part == code, mask)


def test_the_temporal_split_cuts_at_eight_and_nine_tenths() -> None:
    users, items = np.zeros(100, np.int64), np.zeros(100, np.int64)
    times = np.random.default_rng(0).permutation(100)
    part = assign((users, items, times), 0, "global-temporal")
    np.testing.assert_array_equal(part, np.digitize(times, [80, 90]))
    tied = assign((users, items, np.minimum(times, 85)), 0, "global-temporal")
    np.testing.assert_array_equal(tied, np.digitize(times, [80, 85]))


# new users


@given(DATA, SEEDS)
@settings(max_examples=100, deadline=None)
def test_a_new_user_is_in_one_part_alone(data: Any, seed: int) -> None:
    users = data[0]
    part = assign(data, seed, "new-users")
    groups = [set(users[part == k].tolist()) for k in range(3)]
    n = len(set(users.tolist()))
    assert sum(map(len, groups)) == n == len(set.union(*groups))
    assert len(groups[TEST]) == round(n / 5)
    assert len(groups[VALID]) == round((n - round(n / 5)) / 10)


# warm and cold


@given(DATA, SEEDS, st.integers(1, 15), st.integers(1, 18))
@settings(max_examples=150, deadline=None)
def test_everything_outside_the_block_is_cold(data: Any, seed: int, n_users: int, n_items: int) -> None:
    users, items, _ = data
    there = len(set(users.tolist())), len(set(items.tolist()))
    if n_users > there[0] or n_items > there[1]:
        with pytest.raises(DotbenchError, match=r"key 'split\.(users|items)': found \d+, of \d+ "):
            assign(data, seed, "warm-cold", users=n_users, items=n_items)
        return
    part = assign(data, seed, "warm-cold", users=n_users, items=n_items)
    for rows, wanted, outside in ((users, n_users, (COLD_USER, COLD_BOTH)), (items, n_items, (COLD_ITEM, COLD_BOTH))):
        sampled, rest = (set(rows[np.isin(part, outside) == cold].tolist()) for cold in (False, True))
        assert not sampled & rest
        assert len(sampled) == wanted
    n = int((part <= TEST).sum())
    sizes = np.bincount(part[part <= TEST], minlength=3)
    assert sizes[TEST] == round(0.3 * n)
    assert sizes[VALID] == round(0.2 * (n - round(0.3 * n)))


def test_the_block_is_the_papers_share_where_no_size_is_given() -> None:
    users, items = (axis.ravel() for axis in np.mgrid[:359, :151])
    part = assign((users, items, None), 0, "warm-cold")
    assert len(set(users[part <= TEST].tolist())) == 150
    assert len(set(items[part <= TEST].tolist())) == 100


# cold start


@given(DATA, SEEDS, st.floats(0, 0.9), st.floats(0, 0.9))
@settings(max_examples=150, deadline=None)
def test_parts_of_a_cold_start_are_told_by_what_was_trained(data: Any, seed: int, share: float, other: float) -> None:
    users, items, _ = data
    part = assign(data, seed, "cold-start", users=share, items=other)
    new_user, new_item = (~np.isin(rows, rows[part == TRAIN]) for rows in (users, items))
    for code, mask in (
        (COLD_USER, new_user & ~new_item),
        (COLD_ITEM, new_item & ~new_user),
        (COLD_BOTH, new_user & new_item),
    ):
        np.testing.assert_array_equal(part == code, mask)
    for rows, wanted, new in ((users, share, new_user), (items, other, new_item)):
        assert len(set(rows[new].tolist())) >= round(wanted * len(set(rows.tolist())))


def test_a_cold_start_holds_out_the_shares() -> None:
    users, items = (axis.ravel() for axis in np.mgrid[:50, :40])
    part = assign((users, items, None), 0, "cold-start", users=0.2, items=0.1)
    sizes = [10 * 36, 40 * 4, 10 * 4]  # new users, new items, both
    assert np.bincount(part).tolist() == [40 * 36 - 2 * 144, 144, 144, *sizes]


# k-fold


@given(DATA, st.integers(2, 7), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_the_folds_of_a_shuffle_are_disjoint_and_complete(data: Any, folds: int, shuffle: int) -> None:
    n = len(data[0])
    parts = np.array([assign(data, shuffle * folds + fold, "k-fold", folds=folds) for fold in range(folds)])
    np.testing.assert_array_equal((parts == TEST).sum(0), np.ones(n))
    sizes = (parts == TEST).sum(1)
    assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal((parts == VALID).sum(1), (n - sizes) // 10)


def test_another_shuffle_has_other_folds() -> None:
    first, second = ({assign(BIG, seed, "k-fold").tobytes() for seed in range(5 * k, 5 * k + 5)} for k in (0, 1))
    assert len(first | second) == 10


# splits of prepared data


def write_data(folder: Path, data: Any, timestamps: bool = True) -> Path:
    users, items, times = data
    frame = pd.DataFrame({"user": users, "item": items, "rating": (users + items) % 5 + 1.0, "timestamp": times})
    frame = frame if timestamps else frame.drop(columns="timestamp")
    for file in ("ratings", "interactions"):
        frame.to_parquet(folder / f"{file}.parquet", index=False)
    counts = {"users": int(users.max()) + 1, "items": int(items.max()) + 1}
    write_json(folder / "stats.json", {"dataset": "own", **counts, "raw": counts, "has_ratings": True})
    return folder


def test_cold_parts_are_kept_beside_the_others_and_never_tuned_on(tmp_path: Path) -> None:
    splitter = make_splitter({"kind": "warm-cold", "users": 10, "items": 12})
    split = make_split(write_data(tmp_path, BIG), "rating", 0, splitter)
    write_split(split, "own", "rating", 0, splitter, tmp_path)
    again = load_split(tmp_path / "split.npz")
    assert again.content_digest() == split.content_digest()
    assert list(again.cold) == list(COLD)
    pairs = np.concatenate([*(getattr(again, part) for part in PARTS), *again.cold.values()])
    assert len(np.unique(pairs, axis=0)) == len(pairs) == len(BIG[0])
    ratings = np.concatenate([again.ratings[part] for part in (*PARTS, *COLD)])
    np.testing.assert_array_equal(ratings, pairs.sum(1) % 5 + 1.0)
    tuning = again.without_test()
    assert tuning.cold == {}
    assert set(tuning.ratings) == set(PARTS)
    assert len(tuning.test) == len(tuning.ratings["test"]) == 0
    np.testing.assert_array_equal(tuning.valid, split.valid)


def test_the_manifest_tells_kind_settings_and_who_is_unseen(tmp_path: Path) -> None:
    splitter = make_splitter({"kind": "new-users"})
    split = make_split(write_data(tmp_path, BIG), "ranking", 2, splitter)
    write_split(split, "own", "ranking", 2, splitter, tmp_path)
    manifest = read_json(tmp_path / "split.json")
    assert manifest["split"] == {"kind": "new-users"}
    assert manifest["unseen"] == {"users": 5 + 2, "items": 0}
    assert manifest["cold"] == {}
    assert manifest["title"] == "New users 4:1 split"


@pytest.mark.parametrize("identity", [{"kind": "global-temporal"}, {"kind": "leave-one-out", "choose": "latest"}])
def test_absent_timestamps_are_told(tmp_path: Path, identity: dict[str, Any]) -> None:
    splitter = make_splitter(identity)
    data = write_data(tmp_path, BIG, timestamps=False)
    settings = ", ".join(f"{key}: {value}" for key, value in identity.items())
    with pytest.raises(DotbenchError, match=f"own: has no timestamps, which the split '{settings}' needs"):
        make_split(data, "ranking", 0, splitter)
    assert make_split(data, "ranking", 0, make_splitter({"kind": "leave-one-out", "choose": "random"}))


def test_an_empty_part_is_told(tmp_path: Path) -> None:
    users = np.repeat(np.arange(10), 10)
    data = (users, np.tile(np.arange(10), 10), users)  # each user comes after the one before: all later ones are new
    with pytest.raises(DotbenchError, match="own: the valid part is empty: there are too few different times, or no"):
        make_split(write_data(tmp_path, data), "ranking", 0, make_splitter({"kind": "global-temporal"}))
