"""The Python interface: light to import, equal to `dotbench fit` and to the stages, and clear about mistakes."""

import doctest
import gc
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse, stats

import dotbench as db
from dotbench import paths
from dotbench.cli import evaluate as evaluate_stage
from dotbench.cli import fit as fit_stage
from dotbench.cli import main as command
from dotbench.cli import split as split_stage
from dotbench.cli import tune as tune_stage
from dotbench.cli.stage import Hardware
from dotbench.datasets.splits.base import make_splitter
from dotbench.errors import DotbenchError
from dotbench.files import canonical_json, read_json
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.runs.method import MethodChoice, from_identity, resolve, settings_classes
from dotbench.solvers.base import solvers
from dotbench.statistics.paired import compare, standings

pytestmark = pytest.mark.seconds


def quiet(text: str) -> None:
    """Says nothing."""


@pytest.fixture
def tiny(workdir: Path) -> db.Dataset:
    return db.load("sim-tiny", say=quiet)


def ratings(n_users: int = 12, n_items: int = 15, seed: int = 0) -> pd.DataFrame:
    """Two of three pairs, in random order, with ratings in half stars and times of a day apart."""
    rng = np.random.default_rng(seed)
    pairs = [(u, i) for u in range(n_users) for i in range(n_items) if (u + 2 * i) % 3]
    frame = pd.DataFrame(rng.permutation(pairs), columns=["who", "what"])
    frame["who"] += 100
    frame["stars"] = rng.integers(2, 11, len(frame)) / 2
    frame["when"] = 1_500_000_000 + 86_400 * np.arange(len(frame))
    return frame


def dataset(frame: Any, **more: Any) -> db.Dataset:
    columns = {"user": "who", "item": "what", "rating": "stars", "time": "when"}
    return db.Dataset.from_frame(frame, **{**columns, "core": 1, "say": quiet, **more})


# importing


def test_the_import_alone_loads_no_other_module_of_the_package_and_no_library() -> None:
    code = "import json, sys; old = set(sys.modules); import dotbench; print(json.dumps([*set(sys.modules) - old]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert [name for name in loaded if name.startswith("dotbench")] == ["dotbench"]
    assert not {"torch", "numpy", "pandas", "pydantic", "pyarrow"} & set(loaded)


def test_every_name_of_the_interface_is_there_and_documented() -> None:
    for name in db.__all__:
        assert name in dir(db)
        assert inspect.getdoc(getattr(db, name)) if name != "__version__" else db.__version__
    with pytest.raises(AttributeError, match="module 'dotbench' has no attribute 'Datset'"):
        db.Datset  # noqa: B018


@pytest.mark.parametrize("module", ["data", "fitting", "result", "comparing"])
def test_the_examples_of_the_documentation_are_right(workdir: Path, module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"dotbench.interface.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_no_hyperparameter_has_the_name_of_an_argument() -> None:
    arguments = {*inspect.signature(db.fit).parameters, "label"} - {"settings"}
    parts = [*models().values(), *losses().values(), *solvers().values()]
    classes = [*settings_classes(parts), *(part.Batches for part in losses().values() if hasattr(part, "Batches"))]
    assert not arguments & {key for cls in classes for key in cls.model_fields}


# frames


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(who=frame["who"].astype(str), what=frame["what"].astype(str))


FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas, text": as_text,
    "pandas, objects": lambda frame: as_text(frame).astype({"who": object, "what": object}),
    "pandas, categories": lambda frame: as_text(frame).astype({"who": "category", "what": "category"}),
    "pandas, small numbers": lambda frame: frame.astype({"who": "uint8", "what": "int16", "stars": "float32"}),
    "pandas, arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "pandas, another index": lambda frame: frame.set_index(pd.Index(range(len(frame), 0, -1), name="who")),
    "pandas, dates": lambda frame: frame.assign(when=pd.to_datetime(frame["when"], unit="s")),
    "pandas, dates of a zone": lambda frame: frame.assign(
        when=pd.to_datetime(frame["when"], unit="s", utc=True).dt.tz_convert("Asia/Tokyo")
    ),
    "polars": pl.from_pandas,
    "polars, text": lambda frame: pl.from_pandas(as_text(frame)),
    "polars, categories": lambda frame: pl.from_pandas(as_text(frame)).with_columns(
        pl.col("who", "what").cast(pl.Categorical)
    ),
    "polars, dates": lambda frame: pl.from_pandas(frame).with_columns(pl.from_epoch("when", time_unit="s")),
    "polars, in chunks": lambda frame: pl.concat(
        [pl.from_pandas(frame[:50]), pl.from_pandas(frame[50:])], rechunk=False
    ),
    "polars, decimals": lambda frame: pl.from_pandas(frame).with_columns(pl.col("stars").cast(pl.Decimal(10, 1))),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_prepared_as_a_file_with_the_same_rows(workdir: Path, define, kind: str) -> None:
    frame = ratings()
    frame.to_csv("rows.csv", index=False)
    columns = {"user": "who", "item": "what", "rating": "stars", "timestamp": "when"}
    define(
        "rows",
        source={"file": "rows.csv"},
        format={"header": True, "columns": columns},
        prepare={"core": 3, "min_rating": 2},
    )
    file, own = db.load("rows", say=quiet), dataset(FRAMES[kind](frame), core=3, min_rating=2)
    assert own.stats["sha256"] == file.stats["sha256"]
    assert own.stats["interactions"] < own.stats["raw"]["rows"] == len(frame)
    assert [str(one) for one in own.users] == file.users
    assert {type(one) for one in own.items} == {str if "text" in kind or "objects" in kind or "cat" in kind else int}


def test_a_frame_without_ratings_and_times_has_pairs_alone(workdir: Path) -> None:
    data = dataset(ratings(), rating=None, time=None)
    assert list(pd.read_parquet(data.folder / "interactions.parquet").columns) == ["user", "item"]
    with pytest.raises(DotbenchError, match="frame: has no ratings"):
        db.fit(data, loss="squared", solver="als", device="cpu")


def test_columns_may_have_numbers_as_names(workdir: Path) -> None:
    frame = ratings().set_axis([0, 1, 2, 3], axis=1)
    assert dataset(frame, user=0, item=1, rating=2, time=3).stats["sha256"] == dataset(ratings()).stats["sha256"]


def changed(column: str, row: int, value: Any) -> Callable[[pd.DataFrame], Any]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object)
        values[row] = value
        return frame.assign(**{column: values.infer_objects()})

    return change


FRAME_MISTAKES: dict[str, tuple[Callable[[pd.DataFrame], Any], dict[str, Any], str]] = {
    "no frame": (lambda f: f.to_dict(), {}, "frame: found dict; allowed is a frame of pandas or polars"),
    "unknown column": (
        lambda f: f,
        {"item": "wat"},
        "item: the frame has no column 'wat'; its columns are 'who', 'what', ",
    ),
    "unknown rating": (pl.from_pandas, {"rating": "r"}, "rating: the frame has no column 'r'; its columns are 'who', "),
    "a column twice": (
        lambda f: f.set_axis(["who", "what", "stars", "what"], axis=1),
        {"time": None},
        "item: the frame has 2 columns 'what'",
    ),
    "no rows": (lambda f: f[:0], {}, "frame: has no rows"),
    "no rows, polars": (lambda f: pl.from_pandas(f[:0]), {}, "frame: has no rows"),
    "missing id": (changed("who", 3, None), {}, "column 'who': 1 of 120 values are missing, row 3 first"),
    "missing text": (
        lambda f: changed("what", 7, None)(as_text(f)),
        {},
        "column 'what': 1 of 120 values are missing, row 7",
    ),
    "ids with decimals": (
        lambda f: f.assign(who=f["who"] + 0.5),
        {},
        "column 'who': found double; ids are text or whole numbers",
    ),
    "ids of two types": (lambda f: changed("what", 4, "x")(f), {}, "column 'what': values of one type are needed: "),
    "lists as ids": (lambda f: f.assign(what=[[1]] * len(f)), {}, "column 'what': found list<"),
    "NaN": (changed("stars", 5, np.nan), {}, "column 'stars': 1 of 120 values are missing, row 5 first"),
    "NaN, polars": (
        lambda f: pl.from_pandas(f).with_columns(
            pl.when(pl.int_range(pl.len()) == 5).then(float("nan")).otherwise("stars").alias("stars")
        ),
        {},
        "column 'stars': row 5 has nan; allowed is a finite number",
    ),
    "infinity": (changed("stars", 6, np.inf), {}, "column 'stars': row 6 has inf; allowed is a finite number"),
    "beyond float32": (changed("stars", 6, 1e39), {}, "column 'stars': row 6 has 1e+39; allowed is a finite number"),
    "text as ratings": (
        lambda f: f.assign(stars="five"),
        {},
        "column 'stars': found large_string; ratings are numbers",
    ),
    "truth values as ratings": (lambda f: f.assign(stars=True), {}, "column 'stars': found bool; ratings are numbers"),
    "milliseconds": (
        lambda f: f.assign(when=f["when"] * 1000),
        {},
        "column 'when': row 0 has 1500000000000; allowed is a time of the years 1 to 9999, as a date or in seconds",
    ),
    "text as times": (lambda f: f.assign(when="today"), {}, "column 'when': found large_string; times are dates, or "),
    "repeated pair": (
        lambda f: pd.concat([f, f[:1]]),
        {"duplicates": "error"},
        "frame: found 1 repeated pairs, the first at row 121 (user '",
    ),
    "unknown rule": (lambda f: f, {"duplicates": "last"}, "from_frame: key 'prepare.duplicates': found 'last'; "),
    "no core": (lambda f: f, {"core": 99}, "frame: key 'prepare.core': found 99, which leaves no interactions of 120"),
    "threshold without ratings": (
        lambda f: f,
        {"rating": None, "min_rating": 3},
        "frame: key 'prepare.min_rating' needs a rating column",
    ),
    "a name that is none": (lambda f: f, {"name": "My data"}, "from_frame: key 'name': found 'My data'; "),
}


@pytest.mark.parametrize("kind", FRAME_MISTAKES)
def test_a_mistake_in_a_frame_is_told(workdir: Path, kind: str) -> None:
    change, more, message = FRAME_MISTAKES[kind]
    with pytest.raises(DotbenchError) as error:
        dataset(change(ratings()), **more)
    assert str(error.value).startswith(message)


def test_a_repeated_pair_is_taken_once_the_first(workdir: Path) -> None:
    frame = ratings()
    twice = pd.concat([frame, frame.assign(stars=1.0)])
    said: list[str] = []
    data = dataset(twice, say=said.append)
    assert said == [f"frame: dropped {len(frame)} repeated pairs of user and item, keeping the first of each"]
    kept = pd.read_parquet(data.folder / "interactions.parquet")
    assert kept["rating"].tolist() == frame["stars"].tolist()


def test_times_decide_a_temporal_split(workdir: Path) -> None:
    data = dataset(pl.from_pandas(ratings()).with_columns(pl.from_epoch("when", time_unit="s")))
    fit = db.fit(data, model="item-mean", split="leave-one-out", device="cpu")
    frame = ratings().sort_values("when")
    last = frame.groupby("who").tail(1).set_index("who")["what"]
    tested = fit.predictions[fit.predictions["part"] == "test"].set_index("user")["item"]
    assert tested.to_dict() == last.to_dict()
    assert datetime.fromtimestamp(int(frame["when"].iloc[0]), UTC).year == 2017


# one fit


SAME = {
    "popularity": ({"model": "popularity"}, {}),
    "softmax": ({"model": "mf", "loss": "softmax"}, {"embedding_size": 4, "epochs": 3, "updates": 3}),
    "rg2": ({"model": "mf", "loss": "rg2", "solver": "spectral"}, {"embedding_size": 4}),
    "lightgcn": ({"model": "lightgcn", "loss": "bpr"}, {"embedding_size": 4, "epochs": 2, "updates": 2}),
    "squared": ({"model": "mf", "loss": "squared", "solver": "als"}, {"embedding_size": 4, "epochs": 3}),
    "svd": ({"model": "svd"}, {"epochs": 2}),
}


@pytest.mark.parametrize("kind", SAME)
def test_a_fit_has_the_numbers_of_the_command_and_of_the_workflow(
    tiny: db.Dataset, workdir: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    names, settings = SAME[kind]
    fit = db.fit(tiny, **names, seed=3, device="cpu", **settings)

    options = [f"--{key}={value}" for key, value in names.items()]
    options += [f"--set={key}={value}" for key, value in settings.items()]
    words = ["dotbench", "fit", "--dataset=sim-tiny", *options, "--seed=3", "--device=cpu", "--out=out"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        command.main()
    assert not end.value.code
    by_command = db.Fit.load("out")

    assert by_command.settings == fit.settings
    assert by_command.metrics == fit.metrics
    pd.testing.assert_frame_equal(by_command.per_user, fit.per_user)

    identity = resolve(MethodChoice(**names_of(fit), set=fit.settings, grid={})).identity({"task": task_of(fit)})
    stages = by_stages(identity, task_of(fit), seed=3)
    assert read_json(stages / "metrics.json")["metrics"] == fit.metrics
    assert (stages / "per_user.parquet").read_bytes() == (fit.folder / "per_user.parquet").read_bytes()
    with np.load(stages / "fitted.npz") as arrays:
        if task_of(fit) == "ranking":
            np.testing.assert_array_equal(arrays["user_vectors"], fit.user_vectors)
            np.testing.assert_array_equal(arrays["item_vectors"], fit.item_vectors)
        else:
            both = np.concatenate([arrays["valid"], arrays["test"]])
            np.testing.assert_array_equal(both, fit.predictions["prediction"])
    ours, theirs = (pd.read_csv(folder / "curve.csv") for folder in (fit.folder, stages))
    for column in ("epoch", "updates", "loss", fit.record["validation_metric"]):
        np.testing.assert_array_equal(ours[column], theirs[column])


def names_of(fit: db.Fit) -> dict[str, Any]:
    model, loss, solver = (fit.record[key] for key in ("model", "loss", "solver"))
    return {"model": model} if loss == "none" else {"model": model, "loss": loss, "solver": solver}


def task_of(fit: db.Fit) -> str:
    return "ranking" if (fit.folder / "user_vectors.npy").is_file() else "rating"


def by_stages(identity: dict[str, Any], task: str, seed: int) -> Path:
    """The folder of a run as the workflow's jobs make it: split, tune, fit, evaluate."""
    identity = json.loads(canonical_json(identity))
    splitter, hardware = make_splitter({"kind": "per-user-random"}), Hardware("cpu", 1)
    split = paths.split("sim-tiny", task, seed)
    split_stage.main(paths.data("sim-tiny"), "sim-tiny", task, seed, splitter.identity(), split)
    run = paths.run("sim-tiny", "by-stages")
    identity["protocol"]["tuning_seed"] = 1000
    tune_stage.main(identity, "sim-tiny", run, run / "checkpoints", hardware=hardware)
    fit = paths.fit("sim-tiny", "by-stages", seed, seed)
    seeds = fit_stage.SeedOptions(seed, seed)
    fit_stage.main(identity, "sim-tiny", run / "chosen.json", split / "split.npz", seeds, fit, hardware=hardware)
    evaluate_stage.main(fit, split / "split.npz", fit)
    assert from_identity(identity).names
    return fit


def test_metrics_curve_vectors_and_record_belong_together(tiny: db.Dataset) -> None:
    fit = db.fit(
        tiny, loss="bpr", solver="sgd", embedding_size=4, epochs=3, updates=3, device="cpu", split_seed=1, init_seed=2
    )
    assert (fit.record["split_seed"], fit.record["init_seed"], fit.settings["embedding_size"]) == (1, 2, 4)
    assert list(fit.curve["epoch"]) == list(range(1, fit.record["epochs"] + 1))
    assert fit.curve["ndcg@10"].max() == pytest.approx(fit.metrics["valid"]["ndcg@10"], rel=1e-4)
    assert fit.per_user["ndcg@10"].mean() == pytest.approx(fit.metrics["test"]["ndcg@10"])
    assert set(fit.per_user["user"]) <= set(fit.users)
    assert fit.user_vectors.shape == (len(fit.users), 4)
    assert fit.item_vectors.shape == (len(fit.items), 4)
    assert "ndcg@10" in repr(fit)


def test_recommendations_are_the_best_items_that_the_user_was_not_trained_on(workdir: Path) -> None:
    data = dataset(ratings(), rating=None)
    fit = db.fit(data, loss="rg2", solver="spectral", embedding_size=3, device="cpu")
    with np.load(fit.folder / "split.npz") as split:
        train = {(fit.users[u], fit.items[i]) for u, i in split["train"]}
    for row, user in enumerate(fit.users):
        scores = {
            item: float(sum(a * b for a, b in zip(fit.user_vectors[row], fit.item_vectors[column], strict=True)))
            for column, item in enumerate(fit.items)
            if (user, item) not in train
        }
        found = fit.recommend(user, k=4)
        assert len(found) == 4
        assert set(found["item"]) <= scores.keys()
        assert sorted(scores.values(), reverse=True)[:4] == pytest.approx(list(found["score"]), abs=1e-6)
        assert [scores[item] for item in found["item"]] == pytest.approx(list(found["score"]), abs=1e-6)
        assert set(fit.recommend(np.int64(user), k=1000)["item"]) == scores.keys()


@pytest.mark.parametrize("settings", [{"model": "ease"}, {"model": "item-knn", "neighbors": 2}])
def test_methods_that_weigh_items_by_items_recommend(workdir: Path, settings: dict[str, Any]) -> None:
    """By dense weights and by sparse ones: the sum over the user's training items; also after saving."""
    fit = db.fit(dataset(ratings(), rating=None), device="cpu", **settings)
    with np.load(fit.folder / "split.npz") as split:
        train = [np.flatnonzero(split["train"][:, 0] == row) for row in range(len(fit.users))]
        own = [split["train"][rows, 1] for rows in train]
    if settings["model"] == "ease":
        weights = np.load(fit.folder / "item_weights.npy")
    else:
        parts = [np.load(fit.folder / f"item_weights_{part}.npy") for part in ("data", "indices", "indptr")]
        weights = sparse.csr_matrix(tuple(parts), (len(fit.items), len(fit.items))).toarray()
    fit.save("kept")
    for row, user in enumerate(fit.users):
        found = fit.recommend(user, k=3)
        scores = weights[own[row]].sum(0)
        assert not {fit.items[item] for item in own[row]} & set(found["item"])
        expected = np.sort(np.delete(scores, own[row]))[::-1][:3]
        assert list(found["score"]) == pytest.approx(list(expected), abs=1e-6)
        pd.testing.assert_frame_equal(db.Fit.load("kept").recommend(user, k=3), found)
    with pytest.raises(DotbenchError, match="user_vectors: this method keeps none; see recommend"):
        _ = fit.user_vectors


def test_ids_of_files_are_text_and_a_number_finds_them(tiny: db.Dataset) -> None:
    fit = db.fit(tiny, model="popularity", device="cpu")
    pd.testing.assert_frame_equal(fit.recommend(5), fit.recommend("5"))
    assert {type(item) for item in fit.recommend(5)["item"]} == {str}


def test_a_fit_is_saved_and_loaded_with_its_ids(workdir: Path) -> None:
    fit = db.fit(dataset(ratings()), loss="rg2", solver="spectral", embedding_size=3, device="cpu")
    rated = db.fit(dataset(ratings()), model="baseline-only", device="cpu")
    rated.save("kept")
    Path("kept", "notes.txt").write_text("mine")
    assert fit.save("kept") == Path("kept")
    again = db.Fit.load("kept")
    assert sorted(path.name for path in Path("kept").iterdir()) == sorted(
        [*(p.name for p in fit.folder.iterdir()), "notes.txt"]
    )
    assert again.metrics == fit.metrics
    assert again.users == fit.users
    pd.testing.assert_frame_equal(again.recommend(100), fit.recommend(100))
    assert again.save("kept") == Path("kept")
    assert db.Fit.load("kept").metrics == fit.metrics


def test_a_fit_s_own_folder_goes_with_it(tiny: db.Dataset) -> None:
    fit = db.fit(tiny, model="popularity", device="cpu")
    folder = fit.folder
    assert folder.is_dir()
    del fit
    gc.collect()
    assert not folder.exists()


def test_a_rating_fit_has_predictions_with_the_errors_that_its_metrics_say(workdir: Path) -> None:
    frame = ratings()
    fit = db.fit(dataset(frame), loss="squared", solver="als", embedding_size=2, epochs=2, device="cpu")
    known = frame.set_index(["who", "what"])["stars"]
    for part, rows in fit.predictions.groupby("part"):
        assert [known[pair] for pair in zip(rows["user"], rows["item"], strict=True)] == list(rows["rating"])
        assert np.sqrt(((rows["rating"] - rows["prediction"]) ** 2).mean()) == pytest.approx(fit.metrics[part]["rmse"])
    for name in ("user_vectors", "item_vectors"):
        with pytest.raises(DotbenchError, match=f"{name}: a rating method keeps none"):
            getattr(fit, name)
    with pytest.raises(DotbenchError, match="a rating method keeps none"):
        fit.recommend(100)


def test_torch_has_its_threads_back(tiny: db.Dataset) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    db.fit(tiny, loss="rg2", solver="spectral", embedding_size=2, device="cpu", threads=1)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_features_are_computed_for_the_split(workdir: Path) -> None:
    towers = {
        "model": "two-tower",
        "loss": "rg2",
        "solver": "sgd",
        "features": "item-factors",
        "epochs": 1,
        "updates": 1,
    }
    fit = db.fit(dataset(ratings(30, 40)), **towers, embedding_size=4, device="cpu")
    assert fit.user_vectors.shape == (30, 4)


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "data by name": ({"data": "sim-tiny"}, "data: found 'sim-tiny'; allowed is what dotbench.load or dotbench.Dataset"),
    "model": ({"model": "populrity"}, "model: unknown model 'populrity': did you mean 'popularity'?"),
    "no loss": ({}, "loss: missing; allowed are bce, bpr, "),
    "loss": ({"loss": "sofmax"}, "loss: unknown loss 'sofmax': did you mean 'softmax'?"),
    "solver": ({"loss": "bpr", "solver": "als"}, "solver: 'als' cannot minimise the loss 'bpr'"),
    "setting": ({"loss": "bpr", "embeding_size": 3}, "embeding_size: unknown key; allowed are "),
    "value": ({"loss": "bpr", "embedding_size": -1}, "embedding_size: found -1; "),
    "split": ({"loss": "bpr", "split": "per-user"}, "split: unknown split 'per-user'"),
    "split's setting": (
        {"loss": "bpr", "split": {"kind": "k-fold", "fold": 3}},
        "split: fold: unknown key; allowed are ",
    ),
    "split of no kind": ({"loss": "bpr", "split": 3}, "split: found 3; allowed is a name, or a mapping"),
    "seed": ({"loss": "bpr", "seed": -1}, "split_seed: found -1; allowed is a whole number from 0 to 4294967295"),
    "large seed": ({"loss": "bpr", "init_seed": 2**32}, "init_seed: found 4294967296; "),
    "seed that is no number": ({"loss": "bpr", "seed": "a"}, "split_seed: found 'a'; "),
    "threads": ({"loss": "bpr", "threads": 0}, "threads: found 0; allowed is a whole number from 1"),
    "device": ({"loss": "bpr", "device": "tpu"}, "key 'device': found 'tpu'; allowed are auto, cpu and cuda"),
    "diverging": (
        {"loss": "bpr", "learning_rate": 1e38, "epochs": 2, "updates": 2, "device": "cpu"},
        "the fit failed: NaN or infinity in epoch ",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_of_a_fit_is_told(tiny: db.Dataset, kind: str) -> None:
    arguments, message = MISTAKES[kind]
    with pytest.raises(DotbenchError) as error:
        db.fit(**{"data": tiny, **arguments})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("user", ["nobody", 1000, None, ["1"]])
def test_an_unknown_user_is_told(tiny: db.Dataset, user: Any) -> None:
    fit = db.fit(tiny, model="popularity", device="cpu")
    with pytest.raises(DotbenchError) as error:
        fit.recommend(user)
    assert str(error.value).startswith(f"user: found {user!r}, who is not among the 120 users of 'sim-tiny'")


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_a_number_of_items_that_is_none_is_told(tiny: db.Dataset, k: Any) -> None:
    with pytest.raises(DotbenchError, match=r"k: found .*; allowed is a whole number from 1"):
        db.fit(tiny, model="popularity", device="cpu").recommend("1", k=k)


def test_a_folder_without_a_fit_is_told(workdir: Path) -> None:
    with pytest.raises(DotbenchError, match=r"nothing: holds no fit: fit\.json, metrics\.json, "):
        db.Fit.load("nothing")


def test_an_unknown_dataset_is_told(workdir: Path) -> None:
    with pytest.raises(DotbenchError, match="unknown dataset 'sim-tin': did you mean 'sim-tiny'"):
        db.load("sim-tin")


# comparing


RIVALS = [
    "popularity",
    {"loss": "rg2", "solver": "spectral", "embedding_size": 4},
    {"loss": "wrmf", "epochs": 2, "label": "W"},
]


def test_a_comparison_is_the_statistics_of_the_single_fits(tiny: db.Dataset) -> None:
    table = db.compare(RIVALS, tiny, seeds=3, device="cpu")
    assert list(table["method"]) == ["Popularity", "MF RG2 (spectral)", "W"]
    assert list(table["seeds"]) == [3, 3, 3]
    named = [{"model": "popularity"}, *({key: one[key] for key in one if key != "label"} for one in RIVALS[1:])]
    fits = [[db.fit(tiny, **one, seed=seed, device="cpu") for seed in range(3)] for one in named]
    for metric in ("ndcg@10", "mrr@10", "recall@10"):
        values = np.array([[fit.metrics["test"][metric] for fit in method] for method in fits])
        np.testing.assert_allclose(table[f"{metric}_mean"], values.mean(axis=1))
        low, high = stats.t.interval(0.95, 2, values.mean(axis=1), stats.sem(values, axis=1))
        np.testing.assert_allclose(table[f"{metric}_low"], low)
        np.testing.assert_allclose(table[f"{metric}_high"], high)
        sums = np.array([[of_users(fit, metric) for fit in method] for method in fits])
        counts = np.array([~np.isnan(one) for one in sums[0]], float)
        pairs = compare(np.nan_to_num(sums), counts)
        assert list(table[f"{metric}_standing"]) == standings(3, int(values.mean(axis=1).argmax()), pairs)


def of_users(fit: db.Fit, metric: str) -> np.ndarray:
    """A metric by the user's row; NaN for users without a test item."""
    return fit.per_user.set_index("user")[metric].reindex(fit.users).to_numpy()


def test_a_comparison_of_rating_methods_is_of_errors(workdir: Path) -> None:
    table = db.compare(
        ["item-mean", {"loss": "squared", "embedding_size": 2, "epochs": 2}],
        dataset(ratings()),
        seeds=[4, 2],
        device="cpu",
    )
    assert [column for column in table if column.endswith("_mean")] == ["rmse_mean", "mae_mean"]


def test_a_failed_fit_is_a_row_with_its_reason(tiny: db.Dataset) -> None:
    diverging = {"loss": "bpr", "learning_rate": 1e38, "epochs": 2, "updates": 2}
    table = db.compare(["popularity", diverging], tiny, seeds=2, device="cpu")
    assert list(table["failed"]) == [0, 2]
    assert table["failure"][1].startswith("NaN or infinity in epoch ")
    assert np.isnan(table["ndcg@10_mean"][1])


COMPARISON_MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "one name": ({"methods": "popularity"}, "methods: found 'popularity'; allowed is a list"),
    "none": ({"methods": []}, "methods: none; needed is one or more"),
    "a number": ({"methods": [3]}, "methods[0]: found 3; allowed is a model's name or a mapping"),
    "no text": ({"methods": [{"model": 3}]}, "methods[0]: model: found 3; allowed is text"),
    "unknown loss": ({"methods": ["popularity", {"loss": "rg"}]}, "methods[1]: loss: unknown loss 'rg'"),
    "unknown setting": ({"methods": [{"loss": "rg2", "lambda": 3}]}, "methods[0]: lambda: unknown key"),
    "two alike": ({"methods": ["popularity"] * 2}, "methods[1]: has the label 'Popularity' of another method; "),
    "two tasks": (
        {"methods": ["popularity", "svd"]},
        "methods[1]: is for rating, but the methods before it are for ranking",
    ),
    "no seeds": ({"methods": ["popularity"], "seeds": 0}, "seeds: found 0; allowed is a number from 1"),
    "seeds twice": ({"methods": ["popularity"], "seeds": [1, 1]}, "seeds: found [1, 1]; "),
    "seeds as text": ({"methods": ["popularity"], "seeds": "ab"}, "seeds: found 'a'; allowed is a whole number"),
}


@pytest.mark.parametrize("kind", COMPARISON_MISTAKES)
def test_a_mistake_of_a_comparison_is_told(tiny: db.Dataset, kind: str) -> None:
    arguments, message = COMPARISON_MISTAKES[kind]
    with pytest.raises(DotbenchError) as error:
        db.compare(data=tiny, **arguments)
    assert str(error.value).startswith(message)
