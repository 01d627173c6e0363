"""Preparation: threshold, then duplicates, then k-core; rows lead back to ids; counts are told and checked."""

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.datasets import prepare as prepare_module
from dotbench.datasets.fetch import fetch
from dotbench.datasets.interactions import PARTS, Split
from dotbench.datasets.kcore import k_core
from dotbench.datasets.prepare import prepare
from dotbench.datasets.splits.base import DEFAULT, make_splitter
from dotbench.datasets.splitting import make_split
from dotbench.errors import DotbenchError
from dotbench.files import file_digest, read_json
from dotbench.reporting.records import dataset_label

pytestmark = pytest.mark.seconds

Triples = list[tuple[str, str, float]]
OUTPUTS = ["interactions.parquet", "items.csv", "ratings.parquet", "stats.json", "users.csv"]


@pytest.fixture
def prepared(define: Callable[..., Path], workdir: Path):
    """``prepared(triples, min_rating=…, …)`` prepares own ratings; gives (stats, folder)."""

    def run(
        triples: list[tuple[Any, ...]],
        columns: int = 3,
        published: Any = None,
        say: Any = lambda _: None,
        **choices: Any,
    ) -> tuple[dict[str, Any], Path]:
        (workdir / "own.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in triples))
        names = dict(zip(("user", "item", "rating"), range(columns), strict=False))
        extra = {"published": published} if published else {}
        define("own", source={"file": "own.csv"}, format={"columns": names}, prepare={"core": 1, **choices}, **extra)
        fetch("own", workdir / "raw", lambda _: None)
        return prepare("own", workdir / "data", workdir / "raw" / "manifest.json", say), workdir / "data"

    return run


def table(folder: Path, name: str) -> Triples:
    """Rows of a parquet file with the ids in the place of row numbers."""
    frame = pd.read_parquet(folder / f"{name}.parquet")
    ids = {kind: read_ids(folder, kind) for kind in ("user", "item")}
    columns = [[ids[kind][row] for row in frame[kind]] for kind in ("user", "item")]
    return list(zip(*columns, frame.get("rating", [None] * len(frame)), strict=True))


def read_ids(folder: Path, kind: str) -> list[str]:
    frame = pd.read_csv(folder / f"{kind}s.csv", dtype=str, keep_default_na=False)
    assert list(frame.columns) == ["row", "id"]
    assert list(frame["row"].astype(int)) == list(range(len(frame)))
    return list(frame["id"])


def problem(run: Callable[..., Any], *arguments: Any, **choices: Any) -> str:
    with pytest.raises(DotbenchError) as caught:
        run(*arguments, **choices)
    return str(caught.value)


# order of the steps


def test_the_threshold_comes_before_the_duplicates(prepared) -> None:
    stats, folder = prepared([("u", "i", 2), ("u", "i", 5), ("u", "j", 3)], min_rating=3)
    assert table(folder, "interactions") == [("u", "i", 5.0), ("u", "j", 3.0)]
    assert (stats["below_min_rating"], stats["duplicates_dropped"]) == (1, 0)


def test_of_repeated_pairs_the_first_is_kept(prepared) -> None:
    _, folder = prepared([("u", "i", 4), ("v", "i", 1), ("u", "i", 5), ("u", "i", 3)])
    assert table(folder, "interactions") == [("u", "i", 4.0), ("v", "i", 1.0)]


def test_the_duplicates_come_before_the_core(prepared) -> None:
    square = [(u, i, 5) for u in "ab" for i in "xy"]
    stats, folder = prepared([*square, ("c", "x", 5), ("c", "x", 5)], core=2)
    assert table(folder, "interactions") == [(u, i, 5.0) for u, i, _ in square]  # c has one item, though two rows
    assert (stats["duplicates_dropped"], stats["outside_core"]) == (1, 1)


def test_the_share_of_the_most_popular_tenth(prepared) -> None:
    """Of eleven items two are the tenth, rounded up: here they have 4 and 2 of 15 interactions."""
    rows = [(f"u{k}", "top", 5) for k in range(4)] + [("u0", "next", 5), ("u1", "next", 5)]
    stats, _ = prepared([*rows, *((f"u{k}", f"i{k}", 5) for k in range(9)), ("u9", "below", 1)], min_rating=3)
    assert stats["popular_tenth"] == pytest.approx(6 / 15)


def test_a_rating_equal_to_the_threshold_stays(prepared) -> None:
    _, folder = prepared([("u", "i", 2.5), ("u", "j", 2.4)], min_rating=2.5)
    assert table(folder, "interactions") == [("u", "i", 2.5)]


def test_no_threshold_keeps_all(prepared) -> None:
    _, folder = prepared([("u", "i", -1), ("u", "j", 0)])
    assert len(table(folder, "interactions")) == 2


# k-core

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40)


def is_core(pairs: list[tuple[int, int]], core: int) -> bool:
    users, items = Counter(u for u, _ in pairs), Counter(i for _, i in pairs)
    return all(users[u] >= core and items[i] >= core for u, i in pairs)


def mask(pairs: list[tuple[int, int]], core: int) -> list[bool]:
    users, items = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    return list(k_core(users, items, core))


@given(PAIRS, st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_k_core_is_what_is_left_after_removing_one_pair_at_a_time(pairs, core: int) -> None:
    left = list(range(len(pairs)))
    while True:
        users, items = (Counter(pairs[k][side] for k in left) for side in (0, 1))
        out = next((k for k in left if users[pairs[k][0]] < core or items[pairs[k][1]] < core), None)
        if out is None:
            break
        left.remove(out)
    assert [k for k, stays in enumerate(mask(pairs, core)) if stays] == left


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=9, unique=True), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_k_core_is_the_largest_subset_that_is_one(pairs, core: int) -> None:
    subsets = itertools.chain.from_iterable(itertools.combinations(pairs, n) for n in range(len(pairs), -1, -1))
    largest = next(subset for subset in subsets if is_core(list(subset), core))
    assert {pair for pair, stays in zip(pairs, mask(pairs, core), strict=True) if stays} == set(largest)


def test_a_chain_falls_apart_from_its_end() -> None:
    chain = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]
    assert mask(chain, 2) == [False] * 6
    assert mask([*chain, (2, 0)], 2) == [True] * 5 + [False] + [True]  # now a cycle, with one loose end


# rows, ids and counts


def test_interactions_rows_are_gapless_and_ids_lead_back(prepared) -> None:
    triples = [("late", "x", 1), ("01", "NA", 5), ("1", "y", 5), ("01", "y", 4), ("u,v", "null", 2), ("1", "NA", 3)]
    quoted = [(f'"{u}"', i, r) for u, i, r in triples]
    stats, folder = prepared(quoted, min_rating=3, core=2)
    assert table(folder, "ratings") == [(u, i, float(r)) for u, i, r in triples]
    kept = [("01", "NA", 5.0), ("1", "y", 5.0), ("01", "y", 4.0), ("1", "NA", 3.0)]
    assert table(folder, "interactions") == kept
    frame = pd.read_parquet(folder / "interactions.parquet")
    for kind in ("user", "item"):
        assert set(frame[kind]) == set(range(stats[f"{kind}s"]))
    assert read_ids(folder, "user") == ["01", "1", "late", "u,v"]  # those of the interactions first
    assert read_ids(folder, "item") == ["NA", "y", "x", "null"]


TRIPLES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), st.integers(1, 5)), min_size=1, max_size=40
)


@given(TRIPLES, st.sampled_from([None, 2, 4]), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_preparation_agrees_with_plain_python(tmp_path_factory, triples, min_rating: int | None, core: int) -> None:
    folder = tmp_path_factory.mktemp("prepare")
    (folder / "config" / "datasets").mkdir(parents=True)
    (folder / "own.csv").write_text("".join(f"{u},{i},{r}\n" for u, i, r in triples))
    definition = {
        "name": "own",
        "source": {"file": "own.csv"},
        "format": {"columns": {"user": 0, "item": 1, "rating": 2}},
        "prepare": {"min_rating": min_rating, "core": core},
    }
    (folder / "config" / "datasets" / "own.yaml").write_text(json.dumps(definition))
    above = [row for row in triples if min_rating is None or row[2] >= min_rating]
    kept = list({row[:2]: row for row in reversed(above)}.values())[::-1]
    kept.sort(key=lambda row: next(k for k, other in enumerate(above) if other[:2] == row[:2]))
    unique = len(kept)
    while not is_core([row[:2] for row in kept], core):
        users, items = Counter(row[0] for row in kept), Counter(row[1] for row in kept)
        kept = [row for row in kept if users[row[0]] >= core and items[row[1]] >= core]
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        fetch("own", folder / "raw", lambda _: None)
        if not kept:
            with pytest.raises(DotbenchError, match="leaves no interactions"):
                prepare("own", folder / "data", folder / "raw" / "manifest.json", lambda _: None)
            return
        stats = prepare("own", folder / "data", folder / "raw" / "manifest.json", lambda _: None)
    assert table(folder / "data", "interactions") == [(u, i, float(r)) for u, i, r in kept]
    assert table(folder / "data", "ratings") == [(u, i, float(r)) for u, i, r in triples]
    assert stats["below_min_rating"] == len(triples) - len(above)
    assert stats["duplicates_dropped"] == len(above) - unique
    assert stats["outside_core"] == unique - len(kept)


def test_stats_tell_every_count(prepared) -> None:
    triples = [("a", "x", 5), ("a", "y", 4), ("b", "x", 3), ("b", "y", 5), ("a", "x", 1), ("a", "y", 5), ("c", "z", 5)]
    stats, folder = prepared(triples, min_rating=3, core=2)
    assert stats["raw"] == {"users": 3, "items": 3, "rows": 7, "duplicates": 2}
    assert (stats["users"], stats["items"], stats["interactions"]) == (2, 2, 4)
    assert (stats["below_min_rating"], stats["duplicates_dropped"], stats["outside_core"]) == (1, 1, 1)
    assert stats["has_ratings"] is True
    assert stats["origin"] == "own files"
    assert stats["verified"] is None
    assert stats["source_sha256"] == [file_digest("own.csv")]
    assert stats["sha256"] == {name: file_digest(folder / name) for name in stats["sha256"]}
    assert sorted([*stats["sha256"], "stats.json"]) == sorted(path.name for path in folder.iterdir()) == OUTPUTS
    assert read_json(folder / "stats.json") == stats


def test_without_ratings_there_are_none(prepared) -> None:
    stats, folder = prepared([("a", "x"), ("b", "x")], columns=2)
    assert stats["has_ratings"] is False
    assert list(pd.read_parquet(folder / "ratings.parquet").columns) == ["user", "item"]


def test_dropped_duplicates_are_said(prepared) -> None:
    said: list[str] = []
    prepared([("a", "x", 5), ("a", "x", 4), ("a", "x", 3)], say=said.append)
    assert said == ["own: dropped 2 repeated pairs of user and item, keeping the first of each"]


def test_the_definition_names_the_content(prepared) -> None:
    first = prepared([("a", "x", 5)])[0]["definition"]
    assert prepared([("a", "x", 5)])[0]["definition"] == first
    assert prepared([("a", "x", 5)], min_rating=2)[0]["definition"] != first


# what stops


def test_duplicates_stop_where_they_are_errors(prepared) -> None:
    triples = [("a", "x", 1), ("a", "y", 5), ("a", "x", 4), ("b", "x", 4), ("b", "x", 5)]
    message = problem(prepared, triples, duplicates="error")
    assert message.startswith("own: found 2 repeated pairs, the first at row 3 (user 'a', item 'x'); ")
    assert "key 'prepare.duplicates' is 'error'; 'drop' keeps" in message


def test_duplicates_below_the_threshold_are_no_error(prepared) -> None:
    stats, _ = prepared([("a", "x", 1), ("a", "x", 4)], min_rating=3, duplicates="error")
    assert stats["interactions"] == 1


def test_a_threshold_that_leaves_nothing_is_told_with_the_range(prepared) -> None:
    message = problem(prepared, [("a", "x", 1), ("a", "y", 4.5)], min_rating=5)
    assert message == (
        "own: key 'prepare.min_rating': found 5, which leaves no interactions; the ratings go from 1 to 4.5"
    )


def test_a_core_that_leaves_nothing_is_told(prepared) -> None:
    message = problem(prepared, [("a", "x", 1), ("a", "y", 4)], core=2)
    assert message == "own: key 'prepare.core': found 2, which leaves no interactions of 2"


def test_a_threshold_without_ratings_is_told(prepared) -> None:
    message = problem(prepared, [("a", "x")], columns=2, min_rating=3)
    assert message == "own: key 'prepare.min_rating' needs a rating column; set it to null"


def test_other_counts_than_published_stop_with_both_numbers(prepared) -> None:
    published = {"users": 1, "items": 3000, "interactions": 2, "raw_users": 1, "raw_rows": 4}
    message = problem(prepared, [("a", "x", 1), ("a", "y", 4)], published=published)
    assert message.startswith(
        "own: preparation gives other counts than published: items 2 (published 3,000); raw_rows 2 (published 4). "
    )
    assert "DOTBENCH_ACCEPT_COUNTS=own" in message


def test_other_counts_can_be_accepted_and_are_marked(prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_ACCEPT_COUNTS", "other, own")
    said: list[str] = []
    published = {"users": 1, "items": 3000, "interactions": 2}
    stats, _ = prepared([("a", "x", 1), ("a", "y", 4)], published=published, say=said.append)
    assert stats["counts_differ"] == ["items 2 (published 3,000)"]
    assert stats["published"] == published
    assert any("items 2 (published 3,000)" in line for line in said)
    assert dataset_label(stats) == "own (other counts)"


def test_published_counts_that_agree_pass(prepared) -> None:
    published = {"users": 1, "items": 2, "interactions": 2, "raw_users": 1, "raw_items": 2, "raw_rows": 2}
    stats, _ = prepared([("a", "x", 1), ("a", "y", 4)], published=published)
    assert (stats["published"], stats["counts_differ"]) == (published, [])
    assert dataset_label(stats) == "own"


@pytest.mark.parametrize(
    "choices",
    [
        {"min_rating": 6},
        {"core": 3},
        {"duplicates": "error"},
        {"published": {"users": 9, "items": 9, "interactions": 9}},
    ],
)
def test_nothing_is_written_after_an_error(prepared, workdir: Path, choices: dict[str, Any]) -> None:
    problem(prepared, [("a", "x", 1), ("a", "y", 4), ("a", "x", 2)], **choices)
    assert not (workdir / "data").exists()


def test_an_error_leaves_what_was_prepared_before(prepared, workdir: Path) -> None:
    prepared([("a", "x", 1)])
    before = {path.name: path.read_bytes() for path in (workdir / "data").iterdir()}
    problem(prepared, [("a", "x", 1), ("b", "x", 2)], core=7)
    assert {path.name: path.read_bytes() for path in (workdir / "data").iterdir()} == before


def test_a_write_that_fails_leaves_no_stats_of_other_files(
    prepared, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared([("a", "x", 1)])

    def refuse(path: Path, *_: Any) -> None:
        raise DotbenchError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr(prepare_module, "write_csv", refuse)
    problem(prepared, [("b", "y", 2), ("b", "z", 2)])
    stats = workdir / "data" / "stats.json"
    if stats.exists():
        described = read_json(stats)["sha256"]
        assert described == {name: file_digest(stats.parent / name) for name in described}


def test_a_raw_file_that_changed_since_it_was_fetched_is_told(prepared, workdir: Path) -> None:
    prepared([("a", "x", 1)])
    (workdir / "own.csv").write_text("a,x,1\nb,x,1\n")
    message = problem(prepare, "own", workdir / "data", workdir / "raw" / "manifest.json")
    assert message.startswith("own.csv: is not the file of 6 bytes that ")
    assert "delete the manifest to fetch it again" in message


# generated and public data


def test_generated_data_need_no_manifest(workdir: Path) -> None:
    stats = prepare("sim-tiny", workdir / "data", None, lambda _: None)
    assert (stats["raw"]["users"], stats["raw"]["items"], stats["raw"]["rows"]) == (120, 160, 4800)
    assert (stats["origin"], stats["verified"], stats["source_sha256"]) == ("generated", True, [])


def test_ml_100k_has_the_published_counts(local_data: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_DATA", str(local_data))
    manifest = fetch("ml-100k", workdir / "raw", lambda _: None)
    assert (manifest["origin"], manifest["verified"]) == ("local copy", True)
    stats = prepare("ml-100k", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    assert (stats["users"], stats["items"], stats["interactions"]) == (943, 1203, 81697)
    assert (stats["raw"]["users"], stats["raw"]["items"], stats["raw"]["rows"]) == (943, 1682, 100000)


@pytest.mark.slow
def test_ml_1m_with_another_digest_is_refused_until_accepted(
    local_data: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = local_data / "ml-1m" / "ratings.dat"
    official = "77a7c4b150f588c23bb9e1f068aa996c0b413695"
    if not ratings.is_file() or file_digest(ratings, "git-blob") == official:
        pytest.skip(f"needs a copy of MovieLens 1M that is not the official one: {ratings}")
    monkeypatch.setenv("DOTBENCH_DATA", str(local_data))
    message = problem(fetch, "ml-1m", workdir / "raw")
    assert message.startswith(f"{ratings}: git-blob is {file_digest(ratings, 'git-blob')}; allowed is {official}. ")
    assert "DOTBENCH_ACCEPT_UNVERIFIED=ml-1m" in message
    assert not (workdir / "raw" / "manifest.json").exists()
    monkeypatch.setenv("DOTBENCH_ACCEPT_UNVERIFIED", "ml-1m")
    assert fetch("ml-1m", workdir / "raw", lambda _: None)["verified"] is False
    stats = prepare("ml-1m", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    assert (stats["users"], stats["items"], stats["interactions"]) == (6038, 3307, 835789)
    assert stats["verified"] is False
    split = make_split(workdir / "data", "ranking", 0, make_splitter({"kind": DEFAULT}))
    assert len(split.train) == 674131


@pytest.mark.slow
def test_gowalla_is_divided_as_published(local_data: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [local_data / "gowalla" / f"{part}.txt" for part in ("train", "test")]
    if not all(path.is_file() for path in files):
        pytest.skip(f"needs {files[0]} and {files[1].name}")
    monkeypatch.setenv("DOTBENCH_DATA", str(local_data))
    monkeypatch.setenv("DOTBENCH_ACCEPT_UNVERIFIED", "gowalla")
    manifest = fetch("gowalla", workdir / "raw", lambda _: None)
    assert [entry["role"] for entry in manifest["files"]] == ["train", "test"]
    stats = prepare("gowalla", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    assert (stats["users"], stats["items"], stats["parts"]) == (29858, 40981, {"train": 810128, "test": 217242})
    split = make_split(workdir / "data", "ranking", 0, make_splitter({"kind": "files"}))
    lists = {}
    for path in files:
        lines = [line.split() for line in path.read_text().splitlines()]
        lists[path.stem] = {(user, item) for user, *items in lines for item in items}
    users, items = (np.array(read_ids(workdir / "data", kind)) for kind in ("user", "item"))
    found = {part: {*zip(users[pairs[:, 0]], items[pairs[:, 1]], strict=True)} for part, pairs in parts_of(split)}
    assert found["test"] == lists["test"]
    assert found["train"] | found["valid"] == lists["train"]
    assert len(split.train) + len(split.valid) == len(lists["train"])
    assert len(split.valid) == sum(max(n // 10, 1) for n in Counter(user for user, _ in lists["train"]).values())


def parts_of(split: Split) -> list[tuple[str, Any]]:
    return [(part, getattr(split, part)) for part in PARTS]


def test_amazon_video_games_has_the_published_counts(
    local_data: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (local_data / "amazon-video-games" / "Video.txt").is_file():
        pytest.skip(f"needs {local_data / 'amazon-video-games' / 'Video.txt'}")
    monkeypatch.setenv("DOTBENCH_DATA", str(local_data))
    assert fetch("amazon-video-games", workdir / "raw", lambda _: None)["verified"] is True
    stats = prepare("amazon-video-games", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    assert (stats["users"], stats["items"], stats["interactions"]) == (24303, 10672, 231780)
    assert (stats["raw"]["users"], stats["raw"]["items"], stats["raw"]["rows"]) == (31013, 23715, 287107)
    with pytest.raises(DotbenchError, match="amazon-video-games: has no timestamps, which the split 'kind: leave-one"):
        make_split(workdir / "data", "ranking", 0, make_splitter({"kind": "leave-one-out"}))
