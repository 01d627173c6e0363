"""The command ``dotbench``: what it prints and writes, and that a mistake is one message and the status 1."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rich.markup
import typer

from dotbench import __version__
from dotbench.cli import main as command
from dotbench.cli.listing import listing, overview
from dotbench.datasets.catalogue import definition_files
from dotbench.datasets.generators.sim_ratings import SimRatings, SimRatingsSettings
from dotbench.datasets.splits.base import splitters
from dotbench.features.base import feature_sets
from dotbench.files import read_json
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.simulations.base import simulations
from dotbench.solvers.base import solvers
from dotbench.studies.base import studies

pytestmark = pytest.mark.seconds

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # some terminals and services get colours
METRICS = ["ndcg@10", "mrr@10", "recall@10"]
SMALL = ["--dataset", "sim-tiny", "--device", "cpu", "--model", "mf"]
WRMF = [*SMALL, "--loss", "wrmf", "--set", "embedding_size=4", "--set", "epochs=3"]


@dataclass
class Result:
    status: int
    out: str
    err: str


@pytest.fixture
def dotbench(workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """``dotbench("list", "models")`` runs the command in this process; an exception it lets through fails the test."""

    def run(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["dotbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        status: Any = 0
        try:
            command.main()
        except SystemExit as end:
            status = end.code or 0
        out, err = (COLOUR.sub("", text) for text in capsys.readouterr())
        return Result(status, out, err) if isinstance(status, int) else Result(1, out, f"{err}{status}\n")

    return run


def in_a_process(*arguments: str, folder: Path) -> Result:
    code = "from dotbench.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=folder)
    return Result(done.returncode, done.stdout, done.stderr)


def problem(result: Result) -> str:
    """The one message of a command that fails."""
    assert result.status == 1
    assert result.err.startswith("error: ")
    assert "Traceback" not in result.err
    return result.err.removeprefix("error: ").strip()


# looking around

KINDS: dict[str, Callable[[], Any]] = {
    "datasets": definition_files,
    "splits": splitters,
    "models": models,
    "losses": losses,
    "solvers": solvers,
    "studies": studies,
}
EVERY = {**KINDS, "features": feature_sets, "simulations": simulations}


@pytest.mark.parametrize("kind", KINDS)
def test_list_has_every_name(dotbench, kind: str) -> None:
    result = dotbench("list", kind)
    assert result.status == 0
    names = [line.split()[0] for line in result.out.splitlines() if line and not line.startswith(" ")]
    assert sorted(name for name in names if name != "name") == sorted(KINDS[kind]())


def test_list_shows_an_own_dataset_and_where_it_is_defined(dotbench, define) -> None:
    define("own", source={"file": "a.csv"}, format={"columns": {"user": 0, "item": 1}})
    lines = [line for line in dotbench("list", "datasets").out.splitlines() if line.startswith("own ")]
    assert len(lines) == 1
    assert "a.csv" in lines[0]
    assert "config/datasets/own.yaml" in lines[0]


def test_list_alone_says_what_can_be_listed(dotbench) -> None:
    kinds = [row[0] for row in overview()[1]]
    out = dotbench("list").out
    assert all(re.search(rf"^{kind} ", out, re.MULTILINE) for kind in kinds)
    assert {*EVERY, "splits", "metrics", "suites", "targets"} == set(kinds)
    assert problem(dotbench("list", "no")).endswith(f"allowed are {', '.join(sorted(kinds))}")
    assert problem(dotbench("list", "-c", "a.yaml")) == "-c: found without a kind; use it with 'list targets'"


def test_list_of_another_kind_is_told_with_those_that_are(dotbench) -> None:
    message = problem(dotbench("list", "dataset"))
    assert message.startswith("unknown kind 'dataset': did you mean 'datasets'? allowed are datasets, ")


@pytest.mark.parametrize("name", [None, "run", "plan", "status", "export", "import", "fit", "evaluate", "list", "data"])
def test_help_is_there_for_every_command(dotbench, name: str | None) -> None:
    result = dotbench(*([name] if name else []), "--help")
    assert result.status == 0
    assert "Usage: " in result.out
    assert "--help" in result.out


def test_help_lists_every_command(dotbench) -> None:
    out = dotbench("--help").out
    assert all(f" {name} " in out for name in ("run", "plan", "status", "export", "import", "fit", "evaluate"))


def test_the_version_is_the_package_s(dotbench) -> None:
    assert dotbench("--version").out.strip() == f"dotbench {__version__}"


# mistakes of a fit

FIT_MISTAKES = {
    "dataset": (
        ["--dataset", "sim-tin", "--model", "popularity"],
        "unknown dataset 'sim-tin': did you mean 'sim-tiny'? allowed are ",
    ),
    "model": (["--model", "populrity"], "--model: unknown model 'populrity': did you mean 'popularity'? allowed are "),
    "loss": (
        ["--model", "mf", "--loss", "sofmax"],
        "--loss: unknown loss 'sofmax': did you mean 'softmax'? allowed are bce, bpr, ",
    ),
    "no loss": (["--model", "mf"], "--loss: missing; allowed are bce, bpr, "),
    "solver": (["--model", "mf", "--loss", "bpr", "--solver", "als"], "--solver: 'als' cannot minimise the loss 'bpr'"),
    "solver that there is not": (
        ["--model", "lightgcn", "--loss", "wrmf"],
        "--loss: no solver can minimise the loss 'wrmf' of the model 'lightgcn'; 'wrmf' goes with mf; 'lightgcn' goes",
    ),
    "truth value for a number": (
        ["--model", "mf", "--loss", "bpr", "--set", "epochs=yes"],
        "--set epochs: found True; a number is needed (YAML reads yes, no, on and off as true and false",
    ),
    "setting of what has none": (
        ["--model", "popularity", "--set", "epochs=1"],
        "--set epochs: unknown key; no key is allowed here",
    ),
    "negative size": (
        ["--model", "mf", "--loss", "bpr", "--set", "embedding_size=-1"],
        "--set embedding_size: found -1; input should be greater than or equal to 1",
    ),
    "unknown hyperparameter": (
        ["--model", "mf", "--loss", "bpr", "--set", "embeding_size=1"],
        "--set embeding_size: unknown key; allowed are batch_decay, batch_size, ",
    ),
    "unknown features": (
        ["--model", "two-tower", "--loss", "bpr", "--set", "features=movilens"],
        "--set features: unknown feature set 'movilens': did you mean 'movielens'? allowed are ",
    ),
    "towers without an input": (
        ["--model", "two-tower", "--loss", "bpr", "--set", "ids=false"],
        "--set ids: found False; towers without ids need 'features'",
    ),
    "no value": (["--model", "mf", "--loss", "bpr", "--set", "epochs"], "--set: found 'epochs'; allowed is key=value"),
    "no key": (["--model", "mf", "--loss", "bpr", "--set", "=3"], "--set: found '=3'; allowed is key=value"),
    "value that is no YAML": (["--model", "mf", "--loss", "bpr", "--set", "epochs=[3"], "--set"),
    "device": (
        ["--model", "popularity", "--device", "gpu"],
        "key 'device': found 'gpu'; allowed are auto, cpu and cuda",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), FIT_MISTAKES.values(), ids=FIT_MISTAKES)
def test_a_mistake_of_a_fit_is_told_and_nothing_is_written(dotbench, workdir: Path, arguments, message: str) -> None:
    dataset = [] if "--dataset" in arguments else ["--dataset", "sim-tiny"]
    assert problem(dotbench("fit", *dataset, *arguments, "--out", "out")).startswith(message)
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--seed", "-1"], ["--threads", "0"], ["--seed", "one"], ["--sed", "1"]])
def test_a_wrong_option_is_a_usage_error(dotbench, workdir: Path, arguments: list[str]) -> None:
    result = dotbench("fit", *SMALL, "--loss", "bpr", "--out", "out", *arguments)
    assert result.status == 2
    assert arguments[0] in result.err
    assert list(workdir.iterdir()) == []


def test_a_mistake_ends_the_process_with_1_and_without_a_traceback(workdir: Path) -> None:
    result = in_a_process("fit", "--dataset", "nothing", "--model", "popularity", "--out", "out", folder=workdir)
    assert result.out == ""
    assert problem(result).startswith("unknown dataset 'nothing': allowed are ")
    assert list(workdir.iterdir()) == []


# a fit


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The outputs of a real fit in a process of its own, and what it printed."""
    folder = tmp_path_factory.mktemp("fitted")
    result = in_a_process("fit", *WRMF, "--out", "out", folder=folder)
    assert result.status == 0, result.err
    return folder / "out", result.out


def ids(folder: Path, kind: str) -> np.ndarray:
    frame = pd.read_csv(folder / f"{kind}.csv", dtype=str)
    assert list(frame.columns) == ["row", "id"]
    assert list(frame["row"].astype(int)) == list(range(len(frame)))
    return frame["id"].to_numpy()


def test_a_fit_leaves_the_documented_files_and_no_other(fitted) -> None:
    folder, out = fitted
    assert sorted(path.name for path in folder.iterdir()) == [
        "curve.csv",
        "fit.json",
        "item_vectors.npy",
        "items.csv",
        "metrics.json",
        "per_user.parquet",
        "split.json",
        "split.npz",
        "user_vectors.npy",
        "users.csv",
    ]
    assert "MF WRMF (ALS): 3 epochs" in out
    assert "written to out" in out


def test_fit_json_has_the_settings_and_the_outcome(fitted) -> None:
    record = read_json(fitted[0] / "fit.json")
    assert (record["dataset"], record["model"], record["loss"], record["solver"]) == ("sim-tiny", "mf", "wrmf", "als")
    assert (record["split_seed"], record["init_seed"], record["status"], record["reason"]) == (0, 0, "ok", None)
    assert record["hyperparameters"] == {
        "embedding_size": 4,
        "init_std": 0.02,
        **losses()["wrmf"].defaults["als"],
        "epochs": 3,
        "patience": 10,
        "validate_every": 1,
        "dtype": "float32",
    }
    assert (record["epochs"], record["updates"], record["device"]) == (3, 6, "cpu")


def test_the_curve_has_a_row_an_epoch_and_ends_at_the_record(fitted) -> None:
    folder, _ = fitted
    record, curve = read_json(folder / "fit.json"), pd.read_csv(folder / "curve.csv")
    assert list(curve.columns) == ["epoch", "updates", "seconds", "cpu_seconds", "loss", "ndcg@10", "mrr@10"]
    assert list(curve["epoch"]) == [1, 2, 3]
    assert curve["seconds"].is_monotonic_increasing
    assert curve["loss"].is_monotonic_decreasing  # every half sweep of ALS is an exact minimisation
    assert float(f"{record['train_seconds']:.4g}") == curve["seconds"].iloc[-1]
    assert float(f"{record['validation']:.5g}") == curve["ndcg@10"].max() == curve["ndcg@10"][record["best_epoch"] - 1]


def test_shapes_of_vectors_ids_and_split_agree(fitted) -> None:
    folder, _ = fitted
    users, items = (np.load(folder / f"{kind}_vectors.npy") for kind in ("user", "item"))
    assert users.shape == (len(ids(folder, "users")), 4)
    assert items.shape == (len(ids(folder, "items")), 4)
    assert users.dtype == items.dtype == np.float32
    with np.load(folder / "split.npz") as split:
        assert sorted(split) == ["shape", "test", "train", "valid"]
        assert tuple(split["shape"]) == (len(users), len(items))
        for part in ("train", "valid", "test"):
            assert split[part].ndim == 2
            assert split[part].shape[1] == 2
            assert split[part].dtype == np.int64


def test_ids_lead_back_to_the_ratings(fitted) -> None:
    folder, _ = fitted
    sizes = {"users": 120, "items": 160, "ratings": 4800, "rank": 3, "seed": 0, "min_ratings": 15}
    frame = SimRatings(SimRatingsSettings(**sizes)).generate()
    rated = set(map(tuple, frame.loc[frame["rating"] >= 3, ["user", "item"]].to_numpy().tolist()))
    with np.load(folder / "split.npz") as split:
        rows = np.concatenate([split[part] for part in ("train", "valid", "test")])
    pairs = set(zip(ids(folder, "users")[rows[:, 0]], ids(folder, "items")[rows[:, 1]], strict=True))
    assert len(pairs) == len(rows)
    assert pairs <= rated


def test_metrics_are_the_means_over_users(fitted) -> None:
    folder, out = fitted
    metrics, frame = read_json(folder / "metrics.json"), pd.read_parquet(folder / "per_user.parquet")
    assert list(frame.columns) == ["user", "n_relevant", "hits", *METRICS]
    assert frame["user"].is_unique
    assert metrics["n_users_evaluated"] == len(frame)
    for name in METRICS:
        assert metrics["metrics"]["test"][name] == pytest.approx(frame[name].mean())
        assert 0 < metrics["metrics"]["test"][name] < 1
        assert f"{metrics['metrics']['test'][name]:.4f}" in out
    assert metrics["metrics"]["valid"]["ndcg@10"] == pytest.approx(read_json(folder / "fit.json")["validation"])


def vectors_of(folder: Path, **changed: Path) -> list[str | Path]:
    files = {"user-vectors": folder / "user_vectors.npy", "item-vectors": folder / "item_vectors.npy"}
    files |= {"split": folder / "split.npz"} | {key.replace("_", "-"): path for key, path in changed.items()}
    return [part for key, path in files.items() for part in (f"--{key}", path)]


def test_evaluate_gives_the_numbers_of_the_fit(dotbench, fitted, workdir: Path) -> None:
    result = dotbench("evaluate", *vectors_of(fitted[0]), "--out", "again")
    assert result.status == 0
    expected = read_json(fitted[0] / "metrics.json")
    printed = json.loads(result.out)
    assert printed == {key: expected[key] for key in ("metrics", "n_users_evaluated")}
    assert read_json(workdir / "again" / "metrics.json") == printed
    frames = [pd.read_parquet(folder / "per_user.parquet") for folder in (fitted[0], workdir / "again")]
    pd.testing.assert_frame_equal(*frames)


def test_evaluate_without_out_writes_nothing(dotbench, fitted, workdir: Path) -> None:
    assert dotbench("evaluate", *vectors_of(fitted[0])).status == 0
    assert list(workdir.iterdir()) == []


# seeds


@dataclass
class Seeded:
    record: dict[str, Any]
    vectors: np.ndarray
    train: np.ndarray


@pytest.fixture
def seeded(dotbench, workdir: Path):
    """``seeded("--seed", "3")`` is a short fit with these options."""

    def run(*options: str) -> Seeded:
        out = workdir / ("fit" + "".join(options))
        short = [*SMALL, "--loss", "wrmf", "--set", "embedding_size=2", "--set", "epochs=1"]
        assert dotbench("fit", *short, *options, "--out", out).status == 0
        with np.load(out / "split.npz") as split:
            return Seeded(read_json(out / "fit.json"), np.load(out / "item_vectors.npy"), split["train"])

    return run


def test_a_split_is_named(dotbench, workdir: Path) -> None:
    options = ["fit", "--dataset", "sim-tiny", "--model", "popularity", "--out", "out"]
    result = dotbench(*options, "--split", "{kind: leave-one-out, choose: random}", "--seed", "2")
    assert result.status == 0, result.err
    identity = {"kind": "leave-one-out", "choose": "random"}
    assert all(
        read_json(workdir / "out" / name)["split"] == identity for name in ("fit.json", "metrics.json", "split.json")
    )
    with np.load(workdir / "out" / "split.npz") as found:
        assert len(np.unique(found["test"][:, 0])) == len(found["test"]) == 120
    assert dotbench(*options).status == 0
    assert all("split" not in read_json(workdir / "out" / name) for name in ("fit.json", "metrics.json", "split.json"))


def test_a_fit_computes_the_features_that_its_model_reads(dotbench, workdir: Path) -> None:
    settings = ["features=item-factors-leaky", "embedding_size=3", "width=4", "epochs=2"]
    options = ["--loss", "rg2", "--solver", "newton-cg", *(word for text in settings for word in ("--set", text))]
    result = dotbench("fit", "--dataset", "sim-tiny", "--model", "two-tower", *options, "--out", "out")
    assert result.status == 0, result.err
    assert read_json(workdir / "out" / "fit.json")["hyperparameters"]["features"] == "item-factors-leaky"
    manifest = read_json(workdir / "out" / "features" / "item-factors-leaky.json")
    assert manifest["leaky"]
    assert manifest["users"] == [120, 0]


def test_cold_parts_are_shown_each_for_itself(dotbench, workdir: Path) -> None:
    options = ["--dataset", "sim-tiny", "--model", "baseline-only", "--split", "warm-cold", "--out", "out"]
    result = dotbench("fit", *options)
    assert result.status == 0, result.err
    shown = {line.split()[0] for line in result.out.splitlines() if line}
    assert {"valid", "test", "cold_user", "cold_item", "cold_both"} <= shown
    metrics = read_json(workdir / "out" / "metrics.json")["metrics"]
    with np.load(workdir / "out" / "predictions.npz") as found, np.load(workdir / "out" / "split.npz") as split:
        assert len(np.unique(found["cold_both"])) == 1  # nothing is known: the mean of the training ratings
        assert found["cold_both"][0] == pytest.approx(split["train_rating"].mean())
        error = split["cold_both_rating"] - split["train_rating"].astype(float).mean()
        assert metrics["cold_both"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k-fol", "--split: unknown split 'k-fol': did you mean 'k-fold'?"),
        ("{kind: k-fold, folds: 1}", "--split: folds: found 1; input should be greater than or equal to 2"),
        ("{kind", "--split: found '{kind', which is not valid YAML"),
        ("3", "--split: found '3'; allowed is a name, or a mapping"),
        ("warm-cold", "--split: 'warm-cold' is a split for rating, not for ranking"),
        ("new-users", "--split: model: 'mf' cannot score users or items without training pairs"),
    ],
)
def test_a_wrong_split_is_told(dotbench, text: str, message: str) -> None:
    result = dotbench("fit", *WRMF, "--out", "out", "--split", text)
    assert problem(result).startswith(message)


def test_seed_names_the_split_and_the_initialisation(seeded) -> None:
    both, apart = seeded("--seed", "3"), seeded("--split-seed", "3", "--init-seed", "3")
    assert (both.record["split_seed"], both.record["init_seed"]) == (3, 3)
    np.testing.assert_array_equal(both.train, apart.train)
    np.testing.assert_array_equal(both.vectors, apart.vectors)


def test_each_seed_alone_changes_its_own_part(seeded) -> None:
    plain, split, init = seeded(), seeded("--split-seed", "3"), seeded("--init-seed", "3")
    seeds = [(one.record["split_seed"], one.record["init_seed"]) for one in (plain, split, init)]
    assert seeds == [(0, 0), (3, 0), (0, 3)]
    assert not np.array_equal(split.train, plain.train)
    np.testing.assert_array_equal(init.train, plain.train)
    assert not np.array_equal(init.vectors, plain.vectors)
    np.testing.assert_array_equal(split.train, seeded("--seed", "3").train)


def test_a_fit_repeated_in_another_folder_is_equal(seeded) -> None:
    np.testing.assert_array_equal(seeded("--seed", "1").vectors, seeded("--seed", "01").vectors)


# other fits


def test_a_rating_fit_leaves_predictions_with_the_printed_errors(dotbench, workdir: Path) -> None:
    result = dotbench("fit", "--dataset", "sim-tiny", "--model", "baseline-only", "--device", "cpu", "--out", "out")
    assert result.status == 0
    metrics = read_json(workdir / "out" / "metrics.json")["metrics"]
    with np.load(workdir / "out" / "predictions.npz") as found, np.load(workdir / "out" / "split.npz") as split:
        assert tuple(split["shape"]) == (120, 160)
        for part in ("valid", "test"):
            error = found[part] - split[f"{part}_rating"]
            assert metrics[part]["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
            assert metrics[part]["mae"] == pytest.approx(np.abs(error).mean())
    assert len(ids(workdir / "out", "users")) == 120


def test_an_own_dataset_is_fitted_like_any_other(dotbench, define, workdir: Path) -> None:
    pairs = [(u, i) for u in range(10) for i in range(12) if (u + i) % 2]
    (workdir / "own.csv").write_text("".join(f"{u:02d},{i}\n" for u, i in pairs))
    define("own", source={"file": "own.csv"}, format={"columns": {"user": 0, "item": 1}})
    result = dotbench("fit", "--dataset", "own", "--model", "popularity", "--device", "cpu", "--out", "out")
    assert result.status == 0
    assert set(ids(workdir / "out", "users")) == {f"{u:02d}" for u in range(10)}


def test_a_fit_that_diverges_is_told_and_recorded(dotbench, workdir: Path) -> None:
    options = ["--loss", "bpr", "--set", "learning_rate=1e38", "--set", "epochs=2", "--set", "updates=2"]
    message = problem(dotbench("fit", *SMALL, *options, "--out", "out"))
    assert message.startswith("the fit failed: ")
    assert message.endswith("its record is out/fit.json")
    record, metrics = (read_json(workdir / "out" / name) for name in ("fit.json", "metrics.json"))
    assert record["status"] == metrics["status"] == "failed"
    assert record["reason"] == metrics["reason"]
    assert record["reason"] in message
    assert metrics["metrics"] is None


# vectors from elsewhere


@pytest.fixture
def elsewhere(workdir: Path):
    """``elsewhere(users=…, items=…, train=…)`` writes vectors and a split whose best scores are the diagonal's."""

    def write(**changed: Any) -> list[str | Path]:
        pairs = {"train": [[0, 3], [1, 3], [2, 3]], "valid": [[0, 0], [1, 1], [2, 2]]}
        content = {"users": np.eye(3, 4), "items": np.eye(4), **pairs, "test": [[0, 1], [2, 1]], **changed}
        np.save(workdir / "users.npy", content.pop("users"))
        np.save(workdir / "items.npy", content.pop("items"))
        np.savez(workdir / "split.npz", **{part: np.array(value) for part, value in content.items()})
        return ["--user-vectors", "users.npy", "--item-vectors", "items.npy", "--split", "split.npz"]

    return write


def test_known_vectors_have_known_metrics(dotbench, elsewhere) -> None:
    """The validation item is first; the test item is among the two that are left, with equal scores."""
    items = np.eye(4)
    items[1, :3] = 0.5, 1, 0.25  # above the other item that is left
    found = json.loads(dotbench("evaluate", *elsewhere(items=items)).out)
    assert found["metrics"] == {part: dict.fromkeys(METRICS, 1.0) for part in ("valid", "test")}
    assert found["n_users_evaluated"] == 2


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_vectors_of_any_number_type_are_taken(dotbench, elsewhere, dtype: str) -> None:
    options = elsewhere(users=np.eye(3, 4).astype(dtype), items=np.eye(4).astype("float32"))
    assert json.loads(dotbench("evaluate", *options).out)["metrics"]["valid"]["mrr@10"] == 1.0


@pytest.mark.parametrize("absent", ["absent", "empty"])
def test_a_division_without_validation_has_the_metrics_of_its_test(dotbench, elsewhere, workdir, absent: str) -> None:
    """The pairs of validation are then among those that are ranked: the test items stand second."""
    options = elsewhere(valid=[])
    if absent == "absent":
        with np.load("split.npz") as arrays:
            content = {name: arrays[name] for name in arrays if name != "valid"}
        np.savez("split.npz", **content)
    items = np.eye(4)
    items[1, :3] = 0.5, 1, 0.25
    np.save("items.npy", items)
    found = json.loads(dotbench("evaluate", *options).out)
    assert found["metrics"] == {"test": {"ndcg@10": pytest.approx(1 / np.log2(3)), "mrr@10": 0.5, "recall@10": 1.0}}


def test_evaluate_takes_metrics_by_name(dotbench, elsewhere, workdir: Path) -> None:
    items = np.eye(4)
    items[1, :3] = 0.5, 1, 0.25
    asked = ("--metrics", "recall@1, mrr,coverage@1", "--out", "out")
    found = json.loads(dotbench("evaluate", *elsewhere(items=items), *asked).out)["metrics"]
    assert found == {
        "valid": {"recall@1": 1.0, "mrr": 1.0, "coverage@1": 0.75},
        "test": {"recall@1": 1.0, "mrr": 1.0, "coverage@1": 0.25},
    }
    assert list(pd.read_parquet("out/per_user.parquet").columns) == ["user", "recall@1", "mrr"]
    wrong = problem(dotbench("evaluate", *elsewhere(), "--metrics", "ndcg@20,rmse"))
    assert wrong.startswith("metric 'rmse': is of rating; needed is one of ranking")


EVALUATE_MISTAKES = {
    "vectors of other lengths": (
        {"items": np.eye(4, 3)},
        "items.npy: vectors have length 3, those of users.npy have 4",
    ),
    "too few users": (
        {"users": np.eye(2, 4)},
        "split.npz: array 'train' has ",
    ),
    "users of another split": (
        {"shape": [5, 4]},
        "split.npz: is a split of (5, 4) users and items; the vectors are for (3, 4)",
    ),
    "NaN": ({"users": np.full((3, 4), np.nan)}, "--user-vectors users.npy: holds NaN or infinity"),
    "infinity": ({"items": np.full((4, 4), np.inf)}, "--item-vectors items.npy: holds NaN or infinity"),
    "one dimension": (
        {"users": np.ones(3)},
        "--user-vectors users.npy: needed is one array of numbers, shape (rows, K)",
    ),
    "text": (
        {"items": np.full((4, 4), "a")},
        "--item-vectors items.npy: needed is one array of numbers, shape (rows, K)",
    ),
    "test pairs in training": (
        {"train": [[0, 3], [0, 1], [2, 1]]},
        "split.npz: arrays 'train' and 'test' share pairs, 2 in all, the first (0, 1); allowed is each pair in one ",
    ),
    "validation pairs in training": (
        {"train": [[0, 3], [2, 2]]},
        "split.npz: arrays 'train' and 'valid' share pairs, 1 in all, the first (2, 2)",
    ),
    "test pairs in validation": (
        {"test": [[0, 1], [1, 1]]},
        "split.npz: arrays 'valid' and 'test' share pairs, 1 in all, the first (1, 1)",
    ),
    "a test pair twice": (
        {"test": [[0, 1], [2, 1], [0, 1]]},
        "split.npz: array 'test' repeats a pair, (0, 1); allowed is each pair once",
    ),
    "a validation pair twice": ({"valid": [[1, 2], [1, 2]]}, "split.npz: array 'valid' repeats a pair, (1, 2)"),
    "a training pair twice": ({"train": [[1, 3], [1, 3]]}, "split.npz: array 'train' repeats a pair, (1, 3)"),
    "empty test": ({"test": np.zeros((0, 2), int)}, "split.npz: array 'test' is empty; there is nothing to rank"),
    "split without test": ({"test": np.zeros((0, 3), int)}, "split.npz: array 'test' is int64 of shape (0, 3)"),
}


@pytest.mark.parametrize(("changed", "message"), EVALUATE_MISTAKES.values(), ids=EVALUATE_MISTAKES)
def test_a_mistake_of_evaluate_is_told_and_nothing_is_written(
    dotbench, elsewhere, workdir: Path, changed: dict[str, Any], message: str
) -> None:
    assert problem(dotbench("evaluate", *elsewhere(**changed), "--out", "out")).startswith(message)
    assert not (workdir / "out").exists()


@pytest.mark.parametrize("name", ["users.npy", "items.npy", "split.npz"])
def test_an_absent_file_is_told(dotbench, elsewhere, workdir: Path, name: str) -> None:
    options = elsewhere()
    (workdir / name).unlink()
    assert problem(dotbench("evaluate", *options)) == f"{name}: cannot be read: No such file or directory"


@pytest.mark.parametrize("name", ["users.npy", "split.npz"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"], ids=["empty", "text", "half"])
def test_a_file_without_arrays_is_told(dotbench, elsewhere, workdir: Path, name: str, content: bytes) -> None:
    options = elsewhere()
    (workdir / name).write_bytes(content)
    assert name in problem(dotbench("evaluate", *options))


def test_files_in_each_other_s_place_are_told(dotbench, elsewhere) -> None:
    elsewhere()
    options = ["--user-vectors", "split.npz", "--item-vectors", "items.npy", "--split", "split.npz"]
    assert problem(dotbench("evaluate", *options)).startswith("--user-vectors split.npz: needed is one array")
    options = ["--user-vectors", "users.npy", "--item-vectors", "items.npy", "--split", "users.npy"]
    assert "users.npy" in problem(dotbench("evaluate", *options))


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_split_with_an_empty_part_is_told_or_gives_json(dotbench, elsewhere, workdir: Path, part: str) -> None:
    """NaN is no JSON."""
    result = dotbench("evaluate", *elsewhere(**{part: np.zeros((0, 2), int)}), "--out", "out")
    if result.status:
        assert "split.npz" in problem(result)
        return
    for text in (result.out, (workdir / "out" / "metrics.json").read_text()):
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


# terminals


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("arguments", [["list", "losses"], ["fit", "--help"], ["list", "ℓ"]])
def test_any_terminal_can_be_printed_on(workdir: Path, monkeypatch, encoding: str, arguments: list[str]) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    code = "from dotbench.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True)
    assert b"Traceback" not in done.stderr
    text = (done.stdout + done.stderr).decode(encoding)
    assert any(start in text for start in ("\nbpr ", "Usage: ", "error: unknown kind "))
    assert ("ℓ" in text) == (encoding == "utf-8" and arguments[0] == "list")


@pytest.mark.parametrize("kind", ["splits", "features", "models", "losses", "solvers", "studies", "simulations"])
def test_list_shows_first_paragraphs_as_they_are_written(dotbench, kind: str) -> None:
    """Brackets are no markup, and no sentence is cut at the end of a line of the source."""
    header, rows = listing(kind)
    shown = " ".join(dotbench("list", kind).out.split())
    for row in rows:
        assert row[-1]
        assert row[-1] == " ".join((inspect.getdoc(EVERY[kind]()[row[0]]) or "").split("\n\n")[0].split())
        start = row[-1].split()[:3]
        assert " ".join(start) in shown
        assert row[-1].endswith((".", ".)"))
    assert header[0] == "name"


def test_the_formula_of_sml_has_its_hinges(dotbench) -> None:
    assert "[d(u,i) − d(u,j) + m_u]₊ + λ [d(u,i) − d(i,j) + n_i]₊" in dotbench("list", "losses").out


@pytest.mark.parametrize("text", ["[/x]", "[bold]POP[/bold]", ":smile:", "POP [k=10]"])
def test_a_table_shows_its_cells_themselves(capsys: pytest.CaptureFixture[str], text: str) -> None:
    command._show([text], [(text,)])
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [text, text]


@pytest.mark.parametrize("arguments", [["[/x]"], ["fit", "[/x]"], ["list", "[/x]"], ["fit", "--seed", "[/x]"]])
def test_what_a_user_types_is_no_markup(dotbench, arguments: list[str]) -> None:
    result = dotbench(*arguments)
    assert result.status in (1, 2)
    assert "Traceback" not in result.err


def test_the_help_of_no_command_has_markup() -> None:
    """rich reads help as markup: what stands in brackets would be gone."""
    group = typer.main.get_command(command.app)
    for one in [group, *group.commands.values()]:
        for text in [one.help, *(getattr(parameter, "help", None) for parameter in one.params)]:
            assert rich.markup.render(text or "").plain == (text or "")
