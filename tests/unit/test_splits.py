"""The default split cuts each user 80/10/10 by the seed alone; splits of prepared data, and their files."""

import hashlib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.datasets.interactions import PARTS, Split, load_split
from dotbench.datasets.splits.base import make_splitter
from dotbench.datasets.splits.per_user_random import per_user_random
from dotbench.datasets.splitting import make_split, write_split
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json

pytestmark = pytest.mark.seconds

USERS = st.lists(st.integers(0, 8), max_size=150).map(lambda rows: np.array(rows, np.int64))
SEEDS = st.integers(0, 2**32)
DEFAULT = make_splitter({"kind": "per-user-random"})


def expected_sizes(n: int) -> tuple[int, int, int]:
    """(train, valid, test) of a user with n pairs, in whole numbers."""
    held = max(n // 10, 1)
    if n == 1:
        return 1, 0, 0
    return (1, 0, 1) if n == 2 else (n - 2 * held, held, held)


@given(USERS, SEEDS)
@settings(max_examples=100, deadline=None)
def test_every_user_is_cut_as_documented(users: np.ndarray, seed: int) -> None:
    part = per_user_random(users, seed)
    assert part.shape == users.shape
    for user, n in Counter(users.tolist()).items():
        assert tuple(np.bincount(part[users == user], minlength=3)) == expected_sizes(n)


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 19, 20, 29, 30, 70, 100, 290, 300, 1000, 12345])
def test_a_user_of_any_length_is_cut_as_documented(n: int) -> None:
    assert tuple(np.bincount(per_user_random(np.zeros(n, np.int64), 0), minlength=3)) == expected_sizes(n)


def test_a_larger_share_is_held_out() -> None:
    part = per_user_random(np.zeros(10, np.int64), 0, share=0.3)
    assert tuple(np.bincount(part)) == (4, 3, 3)


@given(USERS, SEEDS)
@settings(max_examples=50, deadline=None)
def test_the_seed_alone_decides(users: np.ndarray, seed: int) -> None:
    first = per_user_random(users, seed)
    np.random.seed(1)  # noqa: NPY002  a global state that must not matter
    np.testing.assert_array_equal(per_user_random(users, seed), first)


def test_another_seed_gives_another_split() -> None:
    users = np.repeat(np.arange(20), 20)
    assert (per_user_random(users, 0) != per_user_random(users, 1)).any()


def test_the_split_of_finished_runs_stays_what_it_was() -> None:
    users = np.random.default_rng(7).integers(0, 40, 1000)
    content = hashlib.sha256(per_user_random(users, 3).tobytes()).hexdigest()
    assert content == "44a4bf65074cd329aeebcfd9730d2c57580f969dd5fd9bcce6d471f1e6bda687"


def test_each_pair_is_held_out_with_the_documented_chance() -> None:
    users = np.repeat(np.arange(3), 10)
    parts = np.array([per_user_random(users, seed) for seed in range(2000)])
    for part in (1, 2):
        chance = (parts == part).mean(0)
        assert np.abs(chance - 0.1).max() < 5 * np.sqrt(0.1 * 0.9 / 2000)


# splits of prepared data


def write_data(folder: Path, rows: list[tuple[int, int, float]], has_ratings: bool = True) -> Path:
    """Prepared data as ``prepare`` leaves them: every row a rating, each pair once an interaction."""
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"]).astype({"user": "int32", "item": "int32"})
    frame = frame.astype({"rating": "float32"}) if has_ratings else frame[["user", "item"]]
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "ratings.parquet", index=False)
    frame.drop_duplicates(["user", "item"]).to_parquet(folder / "interactions.parquet", index=False)
    n_users, n_items = int(frame["user"].max()) + 1, int(frame["item"].max()) + 1
    counts = {"users": n_users, "items": n_items}
    write_json(folder / "stats.json", {"dataset": "own", **counts, "raw": counts, "has_ratings": has_ratings})
    return folder


ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(1, 5).map(float)), min_size=1, max_size=60
).map(lambda rows: [*rows, (5, 0, 1.0), (5, 1, 2.0), (5, 2, 3.0)])  # user 5 always has a valid and a test pair


@given(ROWS, SEEDS, st.sampled_from(["ranking", "rating"]))
@settings(max_examples=30, deadline=None)
def test_parts_are_disjoint_and_complete(rows, seed: int, task: str) -> None:
    first: dict[tuple[int, int], float] = {}
    for user, item, rating in rows:
        first.setdefault((user, item), rating)
    with tempfile.TemporaryDirectory() as folder:
        data = write_data(Path(folder), rows)
        split = make_split(data, task, seed, DEFAULT)
        again = make_split(data, task, seed, DEFAULT)
    pairs = [tuple(pair) for part in PARTS for pair in getattr(split, part).tolist()]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == set(first)
    sizes = Counter(user for user, _ in first)
    for user, n in sizes.items():
        assert tuple((getattr(split, part)[:, 0] == user).sum() for part in PARTS) == expected_sizes(n)
    if task == "rating":  # the rating of the first of a repeated pair
        ratings = [value for part in PARTS for value in split.ratings[part].tolist()]
        assert dict(zip(pairs, ratings, strict=True)) == first
    else:
        assert split.ratings == {}
    assert again.content_digest() == split.content_digest()


GRID = [(user, item, float(1 + (user + item) % 5)) for user in range(6) for item in range(20)]


def test_shapes_and_types_are_the_documented_ones(tmp_path: Path) -> None:
    split = make_split(write_data(tmp_path, GRID), "rating", 0, DEFAULT)
    assert (split.n_users, split.n_items) == (6, 20)
    for part, n in zip(PARTS, (96, 12, 12), strict=True):
        assert getattr(split, part).shape == (n, 2)
        assert getattr(split, part).dtype == np.int64
        assert split.ratings[part].shape == (n,)
        assert split.ratings[part].dtype == np.float32


def test_a_rating_split_reaches_rows_outside_the_interactions(tmp_path: Path) -> None:
    data = write_data(tmp_path, GRID)
    stats = read_json(data / "stats.json")
    write_json(data / "stats.json", {**stats, "users": 2, "items": 3})
    interactions = pd.DataFrame([(u, i) for u in range(2) for i in range(3)], columns=["user", "item"])
    interactions.to_parquet(data / "interactions.parquet", index=False)
    ranking, rating = (make_split(data, task, 0, DEFAULT) for task in ("ranking", "rating"))
    assert (ranking.n_users, ranking.n_items) == (2, 3)
    assert (rating.n_users, rating.n_items) == (6, 20)


def test_a_rating_split_without_ratings_is_told(tmp_path: Path) -> None:
    with pytest.raises(DotbenchError, match="own: has no ratings; rating studies need a rating column"):
        make_split(write_data(tmp_path, GRID, has_ratings=False), "rating", 0, DEFAULT)


@pytest.mark.parametrize(("n", "part"), [(1, "valid"), (2, "valid")])
def test_users_with_too_few_pairs_are_told(tmp_path: Path, n: int, part: str) -> None:
    rows = [(user, item, 5.0) for user in range(3) for item in range(n)]
    with pytest.raises(DotbenchError, match=f"own: the {part} part is empty: no user has enough ranking pairs"):
        make_split(write_data(tmp_path, rows), "ranking", 0, DEFAULT)


def test_the_manifest_tells_sizes_and_content(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", GRID)
    write_split(make_split(data, "ranking", 3, DEFAULT), "own", "ranking", 3, DEFAULT, tmp_path / "split3")
    split = load_split(tmp_path / "split3" / "split.npz")
    assert read_json(tmp_path / "split3" / "split.json") == {
        "dataset": "own",
        "task": "ranking",
        "seed": 3,
        "users": 6,
        "items": 20,
        "train": 96,
        "valid": 12,
        "test": 12,
        "content": split.content_digest(),
    }


# files


def arrays(**changed: Any) -> dict[str, Any]:
    pairs = {"train": [[0, 0], [1, 2]], "valid": [[0, 1]], "test": [[1, 0]]}
    content = {"shape": np.array([2, 3]), **{part: np.array(value) for part, value in pairs.items()}}
    return {name: value for name, value in {**content, **changed}.items() if value is not None}


def problem(path: Path, vectors: tuple[int, int] | None = None, **changed: Any) -> str:
    np.savez(path, **arrays(**changed))
    with pytest.raises(DotbenchError) as caught:
        load_split(path, vectors)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_saved_split_is_read_back(tmp_path: Path) -> None:
    ratings = {part: np.array([1.0] * n, np.float32) for part, n in zip(PARTS, (2, 1, 1), strict=True)}
    split = Split(2, 3, **{part: arrays()[part] for part in PARTS}, ratings=ratings)
    split.save(tmp_path / "split.npz")
    again = load_split(tmp_path / "split.npz")
    assert (again.n_users, again.n_items) == (2, 3)
    assert again.content_digest() == split.content_digest()
    assert set(again.ratings) == set(PARTS)


def test_the_content_digest_tells_splits_apart() -> None:
    one, other = (
        Split(2, 3, train, arrays()["valid"], arrays()["test"], {})
        for train in (np.array([[0, 0], [1, 2]]), np.array([[1, 2], [0, 0]]))
    )
    assert one.content_digest() != other.content_digest()


def test_the_shape_is_taken_from_the_vectors_where_the_file_has_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "split.npz", **arrays(shape=None))
    split = load_split(tmp_path / "split.npz", (4, 5))
    assert (split.n_users, split.n_items) == (4, 5)
    assert problem(tmp_path / "split.npz", shape=None).startswith("holds no array 'shape'")


def test_an_absent_part_is_told(tmp_path: Path) -> None:
    message = problem(tmp_path / "split.npz", valid=None, test=None)
    assert message == "holds no array valid, test; needed are train, valid, test"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.zeros(4, np.int64), "int64 of shape (4,)"),
        (np.zeros((4, 3), np.int64), "int64 of shape (4, 3)"),
        (np.zeros((4, 2)), "float64 of shape (4, 2)"),
        (np.array([["0", "1"]]), "<U1 of shape (1, 2)"),
    ],
)
def test_a_part_that_is_no_pairs_of_rows_is_told(tmp_path: Path, value: np.ndarray, found: str) -> None:
    message = problem(tmp_path / "split.npz", test=value)
    assert message == f"array 'test' is {found}; needed are row numbers of shape (n, 2)"


@pytest.mark.parametrize("pair", [[2, 0], [0, 3], [-1, 0], [0, -1]])
def test_rows_out_of_range_are_told(tmp_path: Path, pair: list[int]) -> None:
    message = problem(tmp_path / "split.npz", valid=np.array([pair]))
    assert message.startswith("array 'valid' ")
    assert str(tuple(pair)) in message
    assert message.endswith("there are (2, 3) rows")


def test_a_negative_row_among_good_ones_is_shown(tmp_path: Path) -> None:
    message = problem(tmp_path / "split.npz", valid=np.array([[1, 2], [-1, 0]]))
    assert message.startswith("array 'valid' ")
    assert "-1" in message


def test_vectors_of_another_size_are_told(tmp_path: Path) -> None:
    message = problem(tmp_path / "split.npz", (2, 4))
    assert message == "is a split of (2, 3) users and items; the vectors are for (2, 4)"


def test_a_shape_that_is_none_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "split.npz", **{**arrays(), "shape": np.array([2])})
    with pytest.raises(DotbenchError, match=r"split\.npz: .*'shape'"):
        load_split(tmp_path / "split.npz")


def test_one_array_in_the_place_of_a_split_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "split.npy", np.zeros((3, 2)))
    with pytest.raises(DotbenchError, match=r"split\.npy: "):
        load_split(tmp_path / "split.npy")


def test_arrays_of_objects_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "split.npz", **arrays(test=np.array([[0, "x"]], dtype=object)))
    with pytest.raises(DotbenchError, match=r"split\.npz: "):
        load_split(tmp_path / "split.npz")
