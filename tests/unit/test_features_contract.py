"""What every feature set keeps, by discovery: rows, types, names, sameness, and that test rows do not enter."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from features_data import random_source

from dotbench.cli.features import main
from dotbench.cli.stage import run
from dotbench.datasets.interactions import load_split
from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features, load_features
from dotbench.features.base import TrainingSettings, feature_sets
from dotbench.features.source import Source
from dotbench.features.writing import write_features
from dotbench.files import file_digest, read_json

pytestmark = pytest.mark.seconds

SETS = feature_sets()
FROM_ROWS = [name for name, part in SETS.items() if issubclass(part.Settings, TrainingSettings)]


def compute(name: str, source: Source, **settings: object) -> Features:
    return SETS[name](SETS[name].Settings(**settings)).compute(source)


def dense(matrix: object) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def same(one: Features, other: Features) -> bool:
    names = (one.user_names, one.item_names) == (other.user_names, other.item_names)
    return names and all(
        np.array_equal(dense(getattr(one, side)), dense(getattr(other, side))) for side in ("users", "items")
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    return random_source(tmp_path_factory.mktemp("own"))


def changed(source: Source, frame, where: np.ndarray, folder: Path) -> Source:
    """The same data, but the text, rating and votes of some rows are others."""
    for name in ("users.csv", "items.csv", "stats.json"):
        (folder / name).write_bytes((source.folder / name).read_bytes())
    frame = frame.drop(columns="part").copy()
    frame.loc[where, "text"] = "The zither broke at once, a hideous zither with an excellent lid."
    frame.loc[where, "rating"] = 6 - frame.loc[where, "rating"] * 0.5
    frame.loc[where, ["useful", "funny", "cool"]] += 50
    frame.to_parquet(folder / "ratings.parquet", index=False)
    return dataclasses.replace(source, folder=folder)


def test_all_are_found():
    assert list(SETS) == [
        "aspects",
        "constant",
        "demographics",
        "item-factors",
        "movielens",
        "movielens-permuted",
        "ngrams",
        "ngrams-permuted",
        "votes",
        "yelp-profile",
    ]
    assert FROM_ROWS == ["aspects", "item-factors", "ngrams", "votes"]


@pytest.mark.parametrize("name", SETS)
def test_shape_type_and_names(name, made):
    source, _ = made
    found = compute(name, source)
    for side, names, n in ((found.users, found.user_names, 30), (found.items, found.item_names, 25)):
        assert side.shape == (n, len(names))
        assert side.dtype == np.float32
        assert np.isfinite(dense(side)).all()
        assert len(set(names)) == len(names)
    assert found.users.shape[1] + found.items.shape[1] > 0
    assert max(np.abs(dense(side)).sum() for side in (found.users, found.items)) > 0


@pytest.mark.parametrize("name", SETS)
def test_the_same_twice(name, made):
    source, _ = made
    assert same(compute(name, source), compute(name, source))


@pytest.mark.parametrize("name", SETS)
def test_what_is_not_training_changes_nothing(name, made, tmp_path):
    source, frame = made
    other = changed(source, frame, (frame["part"] != 0).to_numpy(), tmp_path)
    assert same(compute(name, source), compute(name, other))


@pytest.mark.parametrize("name", FROM_ROWS)
def test_what_is_training_does(name, made, tmp_path):
    source, frame = made
    other = changed(source, frame, (frame["part"] == 0).to_numpy() & (np.arange(len(frame)) % 5 == 0), tmp_path)
    assert not same(compute(name, source), compute(name, other))


@pytest.mark.parametrize("name", FROM_ROWS)
def test_the_leaky_variant_sees_the_test_part_and_is_named_so(name, made, tmp_path):
    source, frame = made
    other = changed(source, frame, (frame["part"] == 2).to_numpy(), tmp_path)
    assert not same(compute(name, source, leaky=True), compute(name, other, leaky=True))
    assert SETS[name](SETS[name].Settings(leaky=True)).label == f"{name}-leaky"
    assert SETS[name](SETS[name].Settings()).label == name


@pytest.mark.parametrize("name", FROM_ROWS)
def test_the_leaky_variant_is_the_honest_one_where_all_is_training(name, made):
    source, frame = made
    everything = dataclasses.replace(source.split, train=frame[["user", "item"]].to_numpy(np.int64))
    whole = dataclasses.replace(source, split=everything)
    assert same(compute(name, whole), compute(name, source, leaky=True))


@pytest.mark.parametrize("name", SETS)
def test_written_and_read_back(name, made, tmp_path):
    source, _ = made
    source.split.save(tmp_path / "split.npz")
    assert load_split(tmp_path / "split.npz").content_digest() == source.split.content_digest()
    settings = {"leaky": True} if name in FROM_ROWS else {}
    path = write_features(name, settings, source.folder, tmp_path / "split.npz", tmp_path / "out", list(source.files))
    label = f"{name}-leaky" if settings else name
    facts = read_json(path)
    assert path == tmp_path / "out" / f"{label}.json"
    assert all(output.name.startswith(label) for output in path.parent.iterdir())
    assert facts["sha256"] == {o: file_digest(path.parent / o) for o in facts["sha256"]}
    assert (facts["dataset"], facts["features"], facts["leaky"]) == ("own", name, bool(settings))
    found = load_features(path.parent / f"{label}.npz")
    assert same(found, compute(name, source, **settings))
    assert (facts["users"], facts["items"]) == (list(found.users.shape), list(found.items.shape))


def test_the_entry_point(made, tmp_path, monkeypatch):
    source, _ = made
    source.split.save(tmp_path / "split.npz")
    given = {"features": "movielens", "settings": "{}", "data": source.folder, "split": tmp_path / "split.npz"}
    given["folder"] = tmp_path / "out"
    options = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    files = [
        {"path": str(path), "bytes": path.stat().st_size, "sha256": file_digest(path), "role": "users"}
        for path in source.files
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    monkeypatch.setattr("sys.argv", ["features", *options, "--manifest", str(tmp_path / "manifest.json")])
    with pytest.raises(SystemExit, match="0"):
        run(main)
    assert same(load_features(tmp_path / "out" / "movielens.npz"), compute("movielens", source))


def test_wrong_names_settings_and_files_are_told(made, tmp_path):
    source, _ = made
    source.split.save(tmp_path / "split.npz")
    arguments = (source.folder, tmp_path / "split.npz", tmp_path / "out", [])
    with pytest.raises(DotbenchError, match=r"unknown feature set 'ngram': did you mean 'ngrams'\?"):
        write_features("ngram", {}, *arguments)
    with pytest.raises(DotbenchError, match="feature set ngrams: key 'sise': unknown key; allowed are "):
        write_features("ngrams", {"sise": 3}, *arguments)
    with pytest.raises(DotbenchError, match=r"side files: found none; needed is users\.dat"):
        write_features("movielens", {}, *arguments)
    with pytest.raises(DotbenchError, match="item-factors: key 'size': found 25; allowed is less than the 30 users"):
        write_features("item-factors", {"size": 25}, *arguments)
    assert not (tmp_path / "out").exists()
    np.savez(tmp_path / "other.npz", users=np.zeros((2, 1)))
    with pytest.raises(DotbenchError, match=r"other\.npz: not a file of features"):
        load_features(tmp_path / "other.npz")
