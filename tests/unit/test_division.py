"""A division that others made: from the definition and the raw files to the split `files`."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.config.benchmark import parse_benchmark
from dotbench.config.plan import Plan
from dotbench.datasets.catalogue import BUILT_IN, definition_content, load_dataset, read_definition
from dotbench.datasets.fetch import fetch
from dotbench.datasets.interactions import PARTS, Split
from dotbench.datasets.prepare import prepare
from dotbench.datasets.splits.base import TEST, TRAIN, VALID, Pairs, make_splitter
from dotbench.datasets.splitting import make_split, write_split
from dotbench.errors import DotbenchError
from dotbench.evaluation.ranking import evaluate_ranking
from dotbench.evaluation.topk import vector_scorer
from dotbench.files import digest, read_json

pytestmark = pytest.mark.seconds

Content = dict[str, list[tuple[Any, ...]]]
TRAINING = [("a", "x", 5), ("a", "y", 4), ("b", "x", 3), ("b", "z", 1)]
TESTING = [("b", "y", 2), ("a", "w", 5), ("c", "x", 4)]


@pytest.fixture
def divided(define: Callable[..., Path], workdir: Path):
    """``divided({"train": triples, …}, …)`` prepares own divided files; gives (stats, folder)."""

    def run(content: Content, choices: dict[str, Any] | None = None, **others: Any) -> tuple[dict[str, Any], Path]:
        for part, triples in content.items():
            (workdir / f"{part}.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in triples))
        source = {"parts": {part: f"{part}.csv" for part in content}}
        columns = {"user": 0, "item": 1, "rating": 2}
        define("own", source=source, format={"columns": columns}, prepare=choices or {}, **others)
        fetch("own", workdir / "raw", lambda _: None)
        return prepare("own", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None), workdir / "data"

    return run


def ids(folder: Path, split: Split, part: str) -> list[tuple[str, str]]:
    """A part's pairs by their ids."""
    names = [pd.read_csv(folder / f"{kind}.csv", dtype=str, keep_default_na=False)["id"] for kind in ("users", "items")]
    return [(names[0][user], names[1][item]) for user, item in getattr(split, part)]


def of(triples: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    return [(user, item) for user, item, *_ in triples]


@pytest.mark.parametrize("task", ["ranking", "rating"])
def test_parts_are_those_of_the_files(divided: Any, task: str) -> None:
    """Preparation keeps all of them, though nothing is said of a core; users and items of the test part alone too."""
    valid = [("b", "w", 1)]
    stats, folder = divided({"train": TRAINING, "valid": valid, "test": TESTING})
    assert stats["parts"] == {"train": 4, "valid": 1, "test": 3}
    assert (stats["users"], stats["items"], stats["interactions"]) == (3, 4, 8)
    for seed in (0, 1):
        split = make_split(folder, task, seed, make_splitter({"kind": "files"}))
        assert {part: ids(folder, split, part) for part in PARTS} == {
            "train": of(TRAINING),
            "valid": of(valid),
            "test": of(TESTING),
        }
        if task == "rating":
            assert {part: list(values) for part, values in split.ratings.items()} == {
                "train": [5, 4, 3, 1],
                "valid": [1],
                "test": [2, 5, 4],
            }


def test_without_validation_it_is_cut_from_train(divided: Any, tmp_path: Path) -> None:
    stats, folder = divided({"train": TRAINING, "test": TESTING})
    assert stats["parts"] == {"train": 4, "test": 3}
    splitter = make_splitter({"kind": "files"})
    splits = [make_split(folder, "ranking", seed, splitter) for seed in range(12)]
    for split in splits:
        assert ids(folder, split, "test") == of(TESTING)
        assert sorted(ids(folder, split, "train") + ids(folder, split, "valid")) == of(TRAINING)
        assert Counter(user for user, _ in ids(folder, split, "valid")) == {"a": 1, "b": 1}
    assert len({split.content_digest() for split in splits}) == 4  # two choices for each of two users
    write_split(splits[0], "own", "ranking", 0, splitter, tmp_path)
    manifest = read_json(tmp_path / "split.json")
    assert manifest["title"] == "Split given by the files"
    assert manifest["split"] == {"kind": "files", "valid": 0.1}
    assert manifest["unseen"] == {"users": 1, "items": 1 + len({"x", "y", "z"} - set(split_items(folder, splits[0])))}


@pytest.mark.parametrize("content", [{}, {"valid": [("b", "w", 1)]}])
def test_validation_by_the_test_part_trains_on_all_else(divided: Any, tmp_path: Path, content: Content) -> None:
    """As open leaderboards do. The test part's ranking leaves out training pairs alone, so its metrics are those of
    validation."""
    _, folder = divided({"train": TRAINING, "test": TESTING} | content)
    splitter = make_splitter({"kind": "files", "validation": "test"})
    split = make_split(folder, "ranking", 0, splitter)
    assert sorted(ids(folder, split, "train")) == sorted(of(TRAINING) + of(content.get("valid", [])))
    assert ids(folder, split, "valid") == ids(folder, split, "test") == of(TESTING)
    vectors = torch.randn(split.n_users, 4), torch.randn(split.n_items, 4)
    metrics, _ = evaluate_ranking(split, vector_scorer(*vectors))
    assert metrics["valid"] == metrics["test"]
    write_split(split, "own", "ranking", 0, splitter, tmp_path)
    assert "chosen by its test part" in read_json(tmp_path / "split.json")["title"]
    assert "better than they would be on new data" in splitter.remark


def split_items(folder: Path, split: Split) -> list[str]:
    return [item for _, item in ids(folder, split, "train")]


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=80)


@given(PAIRS, st.integers(0, 1000), st.floats(0.01, 0.99))
@settings(max_examples=200, deadline=None)
def test_the_share_is_of_each_users_training_pairs(rows: list[tuple[int, int]], seed: int, share: float) -> None:
    users, given_parts = np.array(rows, np.int64).reshape(-1, 2).T
    pairs = Pairs(users, np.arange(len(users)), given=given_parts.astype(np.int8))
    part = make_splitter({"kind": "files", "valid": share}).assign(pairs, seed)
    if (given_parts == VALID).any():
        np.testing.assert_array_equal(part, given_parts)
        return
    np.testing.assert_array_equal(part == TEST, given_parts == TEST)
    for user, n in Counter(users[given_parts == TRAIN].tolist()).items():
        held = int((part[users == user] == VALID).sum())
        assert held == min(max(int(share * n + 1e-9), 1), n - 1)


def test_every_training_pair_has_the_same_chance() -> None:
    pairs = Pairs(np.zeros(12, np.int64), np.arange(12), given=np.repeat(np.array([TEST, TRAIN], np.int8), [4, 8]))
    splitter = make_splitter({"kind": "files", "valid": 0.25})
    parts = np.array([splitter.assign(pairs, seed) for seed in range(2000)])
    assert (parts[:, :4] == TEST).all()
    assert np.abs((parts[:, 4:] == VALID).mean(0) - 1 / 4).max() < 5 * np.sqrt(3 / 16 / 2000)


def test_another_split_takes_all_pairs(divided: Any) -> None:
    _, folder = divided({"train": TRAINING, "test": TESTING})
    split = make_split(folder, "rating", 0, make_splitter({"kind": "per-user-random"}))
    assert sum(len(getattr(split, part)) for part in PARTS) == len(TRAINING + TESTING)


# preparation


def test_threshold_and_core_are_applied_where_they_are_named(divided: Any) -> None:
    stats, _ = divided({"train": TRAINING, "test": TESTING}, {"min_rating": 3})
    assert (stats["parts"], stats["below_min_rating"], stats["outside_core"]) == ({"train": 3, "test": 2}, 2, 0)
    stats, _ = divided({"train": TRAINING, "test": TESTING}, {"core": 2})
    assert (stats["parts"], stats["outside_core"]) == ({"train": 3, "test": 1}, 3)
    assert load_dataset("ml-100k").prepare.core == 5


@pytest.mark.parametrize("first", ["train", "valid"])
def test_a_pair_in_two_parts_is_refused(divided: Any, first: str) -> None:
    content = {"train": TRAINING, "valid": [("b", "w", 1)], "test": TESTING}
    user, item, _ = content[first][0]
    with pytest.raises(DotbenchError) as caught:
        divided({**content, "test": [*TESTING, (user, item, 1)]})
    assert str(caught.value) == (
        f"own: found 1 pairs in two parts of the divided data, the first in {first} and in test "
        f"(user '{user}', item '{item}'); allowed is each pair in one part"
    )


def test_a_pair_twice_in_one_part_is_a_duplicate_like_any(divided: Any) -> None:
    stats, folder = divided({"train": [*TRAINING, ("a", "x", 1)], "test": TESTING})
    assert (stats["duplicates_dropped"], stats["parts"]) == (1, {"train": 4, "test": 3})
    split = make_split(folder, "rating", 0, make_splitter({"kind": "files"}))
    assert len(split.train) + len(split.valid) == 4


def test_counts_of_the_parts_are_compared_with_the_published_ones(divided: Any) -> None:
    counts = {"users": 3, "items": 4, "interactions": 7, "train": 4, "test": 3}
    stats, _ = divided({"train": TRAINING, "test": TESTING}, published=counts)
    assert stats["counts_differ"] == []
    with pytest.raises(DotbenchError, match=r"other counts than published: train 4 \(published 5\)\. To accept them"):
        divided({"train": TRAINING, "test": TESTING}, published={**counts, "train": 5})


# what is told


def test_data_without_a_division_are_refused(define: Callable[..., Path], workdir: Path) -> None:
    (workdir / "own.csv").write_text("a,x\nb,x\n")
    define("own", source={"file": "own.csv"}, format={"columns": {"user": 0, "item": 1}}, prepare={"core": 1})
    fetch("own", workdir / "raw", lambda _: None)
    prepare("own", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    with pytest.raises(DotbenchError, match="own: the split 'files' needs data that come divided into parts; name"):
        make_split(workdir / "data", "ranking", 0, make_splitter({"kind": "files"}))


def test_a_configuration_is_refused_before_anything_runs(divided: Any, workdir: Path) -> None:
    divided({"train": TRAINING, "test": TESTING})
    study = {"study": "ranking", "split": "files", "methods": [{"model": "popularity"}]}
    values = {"name": "mine", "datasets": ["own"], "studies": [study]}
    assert Plan(parse_benchmark(values, [])).entries[0].splitter.name == "files"
    with pytest.raises(
        DotbenchError, match="dataset 'ml-100k', in the study 'ranking': the split 'files' needs data that come divided"
    ):
        Plan(parse_benchmark({**values, "datasets": ["own", "ml-100k"]}, []))


def test_a_part_without_pairs_is_told(divided: Any) -> None:
    _, folder = divided({"train": [("a", "x", 5), ("b", "z", 5)], "test": TESTING})
    with pytest.raises(DotbenchError, match="own: the valid part is empty: no file has ranking pairs that"):
        make_split(folder, "ranking", 0, make_splitter({"kind": "files"}))


MEMBERS = [{"path": "a", "role": "train"}, {"path": "b", "role": "test"}, {"path": "c", "role": "users"}]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            {"parts": {"train": "a", "tset": "b"}},
            "key 'source.parts.tset': unknown key; allowed are test, train, valid",
        ),
        ({"parts": {"train": "a"}}, "key 'source.parts.test': missing, and needed"),
        ({"parts": {"train": "a", "test": "b"}, "file": "c"}, "is needed, not file and parts"),
        ({"obtain": "x", "members": MEMBERS[:1]}, "roles train and test (valid is optional), not train"),
        ({"obtain": "x", "members": [*MEMBERS, {"path": "d"}]}, "(valid is optional), not ratings, test, train"),
    ],
)
def test_a_division_that_is_not_one_is_refused(define: Callable[..., Path], source: dict[str, Any], said: str) -> None:
    path = define("own", source=source, format={"columns": {"user": 0, "item": 1}})
    with pytest.raises(DotbenchError) as caught:
        read_definition(path)
    assert said in str(caught.value)


def test_members_say_which_part_they_are(
    define: Callable[..., Path], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = workdir / "local" / "own"
    local.mkdir(parents=True)
    (local / "a").write_text("0 7 8 9\n1 7\n")
    (local / "b").write_text("0 5\n1 8 9\n")
    (local / "c").write_text("")
    define("own", source={"obtain": "x", "members": MEMBERS}, format={"parser": "adjacency"})
    monkeypatch.setenv("DOTBENCH_DATA", str(workdir / "local"))
    manifest = fetch("own", workdir / "raw", lambda _: None)
    assert [entry["role"] for entry in manifest["files"]] == ["train", "test", "users"]
    stats = prepare("own", workdir / "data", workdir / "raw" / "manifest.json", lambda _: None)
    assert stats["parts"] == {"train": 4, "test": 3}


DIGESTS = {
    "ml-100k": "69a318575c b7a358478a",
    "ml-1m": "9f14185b5e da8731e9f3",
    "steam-sample": "a8f56dd8b8 1899e2dd0d",
    "sim-tiny": "663be62a13 9b2e328ac3",
    "yelp": "c2ae24f5b0 4f54c4412a",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_definitions_without_a_division_keep_their_digests(name: str) -> None:
    """Otherwise everything that has been prepared would be prepared again."""
    dataset = read_definition(BUILT_IN / f"{name}.yaml")
    found = [digest(definition_content(dataset)), digest(dataset.source.model_dump(mode="json"))]
    assert " ".join(found) == DIGESTS[name]
