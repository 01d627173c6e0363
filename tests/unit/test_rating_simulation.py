"""Table 1 of T2Rec as a simulation: its data, how a method is tuned and reported, mistakes in its settings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.datasets.generators.covariates import SimulatedData
from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError, FitFailed
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations.table1 import T2RecTable1, T2RecTable1Settings, shipped
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.settings import Settings, validate
from dotbench.simulations import choice, comparison
from dotbench.simulations.base import simulations
from dotbench.simulations.choice import RatingChoice
from dotbench.simulations.comparison import Comparison, DataSet, Protocol
from dotbench.simulations.methods.base import Fitted, RatingData, RatingMethod, Task
from dotbench.simulations.rating_methods import rating_methods
from dotbench.tuning.grid import edges, points

pytestmark = pytest.mark.seconds

TABLE1 = simulations()["t2rec-table1"]
EXECUTION = Execution("cpu", say=lambda text: None)


class LevelSettings(Settings):
    """Settings of the method `level`."""

    level: float = 0.0
    fails: bool = False


class Level(RatingMethod):
    """Predicts ``level`` everywhere; with a 7 it fails."""

    name = "level"
    title = "Level"
    Settings = LevelSettings
    seen: list[tuple[float, int, int]] = []

    def fit(self, task: Any, execution: Execution) -> Fitted:
        level = task.settings.level
        self.seen.append((level, len(task.data.pairs), len(task.data.valid_pairs)))
        if level == 7:
            raise FitFailed("seven")
        return Fitted(lambda pairs: np.full(len(pairs), level), epochs=3, ended="level")


class Early(Level):
    name = "early"
    stops_early = True


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The methods `level` and `early`."""
    monkeypatch.setattr(Level, "seen", [])
    for module in (choice, comparison):
        monkeypatch.setattr(module, "rating_methods", lambda: {"level": Level(), "early": Early()})


def simulate(value: float = 4.0, n: int = 100) -> SimulatedData:
    """Every rating is ``value``."""
    pairs = np.stack(np.divmod(np.arange(n), 10), axis=1)
    nothing = np.zeros((10, 2))
    return SimulatedData(nothing, nothing, nothing, nothing, pairs, np.full(n, value))


def rows(tmp_path: Path, grid: list[float], method: str = "level", folds: int = 1, refit: bool = True) -> list[Any]:
    stated = {"name": "own", "title": "Own", "method": method, "set": {}, "grid": {"level": grid}}
    draws = {3: lambda: simulate(4.0), 4: lambda: simulate(1.0)}
    return Comparison(draws, stated, Protocol(0.3, folds, 0.2, refit), EXECUTION, Checkpoint(tmp_path, "k")).rows()


def test_parts_of_a_data_set_are_disjoint_and_the_same_for_every_method() -> None:
    found = [DataSet(simulate(), 5, Protocol(0.3, folds, 0.2, True)) for folds in (1, 1, 5)]
    assert all(np.array_equal(found[0].test, other.test) for other in found)
    assert sorted([*found[0].test, *found[0].train]) == list(range(100))
    assert [len(held) for held in found[0].held] == [14]
    assert sorted(np.concatenate(found[2].held)) == sorted(found[2].train)
    assert [len(held) for held in found[2].held] == [14] * 5
    data = found[0].data(found[0].held[0])
    assert (len(data.pairs), len(data.valid_pairs)) == (56, 14)
    assert not np.array_equal(DataSet(simulate(), 6, Protocol(0.3, 1, 0.2, True)).test, found[0].test)


@pytest.mark.usefixtures("levels")
def test_each_replication_is_tuned_and_refitted(tmp_path: Path) -> None:
    found = rows(tmp_path, [0.0, 3.5])
    assert [(row["replication"], row["role"]) for row in found] == [
        (3, "tuning"), (3, "tuning"), (4, "tuning"), (4, "tuning"), (3, "reported"), (4, "reported")
    ]  # fmt: skip
    assert [row["valid_rmse"] for row in found[:4]] == [4.0, 0.5, 1.0, 2.5]
    chosen = {row["replication"]: row for row in found[4:]}
    assert [json.loads(chosen[k]["hyperparameters"])["level"] for k in (3, 4)] == [3.5, 0.0]
    assert [chosen[k]["test_rmse"] for k in (3, 4)] == [0.5, 1.0]
    assert [chosen[k]["valid_rmse"] for k in (3, 4)] == [0.5, 1.0]
    assert [chosen[k]["on_edge"] for k in (3, 4)] == ["level (high)", ""]  # 0 is a bound of the setting
    assert all(row["test_rmse"] is None and row["train_rmse"] is None for row in found[:4])
    assert Level.seen == [(0.0, 56, 14), (3.5, 56, 14)] * 2 + [(3.5, 70, 0), (0.0, 70, 0)]
    chosen = {row["replication"]: row for row in rows(tmp_path / "above", [0.5, 3.5])[4:]}
    assert [chosen[k]["on_edge"] for k in (3, 4)] == ["level (high)", "level (low)"]


@pytest.mark.usefixtures("levels")
def test_without_a_refit_the_fit_beside_the_holdout_is_reported(tmp_path: Path) -> None:
    for method, refit in (("level", False), ("early", True)):
        found = rows(tmp_path / method, [0.0, 3.5], method, refit=refit)
        reported = {row["replication"]: row for row in found if row["role"] == "reported"}
        assert len(found) == 4
        assert [reported[k]["test_rmse"] for k in (3, 4)] == [0.5, 1.0]
        assert all(row["test_rmse"] is None for row in found if row["role"] == "tuning")
    assert {seen[1:] for seen in Level.seen} == {(56, 14)}


@pytest.mark.usefixtures("levels")
def test_folds_are_averaged_and_what_stops_early_has_a_holdout(tmp_path: Path) -> None:
    found = rows(tmp_path / "a", [0.0, 3.5], folds=5)
    assert len(found) == 2 * (5 * 2 + 1)
    assert [row["fold"] for row in found[:4]] == [0, 0, 1, 1]
    assert len(rows(tmp_path / "b", [0.0, 3.5], "early", folds=5)) == 4


@pytest.mark.usefixtures("levels")
def test_a_setting_that_fails_is_not_chosen(tmp_path: Path) -> None:
    found = rows(tmp_path, [7.0, 0.0])
    assert [(row["status"], row["reason"]) for row in found[:2]] == [("failed", "seven"), ("ok", None)]
    assert [row["test_rmse"] for row in found if row["role"] == "reported"] == [4.0, 1.0]


@pytest.mark.usefixtures("levels")
def test_where_every_setting_fails_the_replication_has_a_row_that_says_so(tmp_path: Path) -> None:
    stated = {"name": "own", "title": "Own", "method": "level", "set": {"level": 7.0}, "grid": {"fails": [True, False]}}
    found = Comparison({3: simulate}, stated, Protocol(0.3, 1, 0.2, True), EXECUTION, Checkpoint(tmp_path, "k")).rows()
    assert [(row["role"], row["status"]) for row in found] == [("tuning", "failed")] * 2 + [("reported", "failed")]
    assert found[-1]["reason"] == "every setting failed: seven"


@pytest.mark.usefixtures("levels")
def test_an_interrupted_comparison_ends_with_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def untimed(found: list[Any]) -> list[Any]:
        return [{key: value for key, value in row.items() if "seconds" not in key} for row in found]

    whole = rows(tmp_path / "whole", [0.0, 3.5])
    fit, made = Level.fit, []

    def cut(self: Level, task: Any, execution: Execution) -> Fitted:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(task)
        return fit(self, task, execution)

    monkeypatch.setattr(Level, "fit", cut)
    with pytest.raises(KeyboardInterrupt):
        rows(tmp_path / "cut", [0.0, 3.5])
    monkeypatch.setattr(Level, "fit", fit)
    monkeypatch.setattr(Level, "seen", [])
    assert untimed(rows(tmp_path / "cut", [0.0, 3.5])) == untimed(whole)
    assert len(Level.seen) == 6 - 3


def test_points_of_a_grid_and_its_edges() -> None:
    grid = {"a=b": [1, 2], "c": ["x", "y"]}
    assert points(grid)[1] == {"a": 1, "b": 1, "c": "y"}
    assert len(points(grid)) == 4
    assert points({}) == [{}]
    assert edges({"a": [1, 2, 3], "b": ["x", "y"], "c": [5]}, {"a": 3, "b": "x", "c": 5}) == {"a": "high"}
    assert edges(grid, {"a": 1, "b": 1, "c": "y"}) == {"a=b": "low"}
    assert edges({"a": [0, 1], "b": [False, True]}, {"a": 0, "b": True}) == {}  # a bound of the setting; no number


def test_the_shipped_methods_are_valid_and_the_paper_grids_are_the_paper_s() -> None:
    choices = {name: RatingChoice(**method) for name, method in shipped().items()}
    assert list(choices) == [choice.name for choice in TABLE1.Settings().methods]
    for name in ("rsvd", "svd", "svd-biased", "svdpp"):
        grid = choices[name].stated("paper")["grid"]["regularization"]
        assert grid == pytest.approx([10 ** (-6 + k / 3) for k in range(25)], rel=1e-3)
    for name in ("knn-users", "knn-items"):
        assert choices[name].stated("paper")["grid"] == {"neighbors": list(range(5, 51, 5))}
    assert choices["co-clustering"].stated("paper")["grid"] == {"user_clusters=item_clusters": list(range(5, 51, 5))}
    assert choices["constant"].stated("paper")["grid"] == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": [10], "ratings": 101}, "101 ratings do not fit: 10 users × 10 items"),
        ({"folds": 5, "refit": False}, "cross-validation leaves no fit to report"),
        ({"methods": ["svdp"]}, "unknown method of the simulation 'svdp': did you mean 'svdpp'?"),
        ({"methods": ["svd", "svd"]}, "two of 'methods' have the same name"),
        ({"methods": [{"name": "a", "title": "A", "method": "svdp"}]}, "unknown method 'svdp'"),
        (
            {"methods": [{"name": "a", "title": "A", "method": "svd", "grid": {"regularization": [-1.0]}}]},
            "'set' or 'grid', key 'regularization': found -1.0; input should be greater than or equal to 0",
        ),
        (
            {"methods": [{"name": "a", "title": "A", "method": "svd", "grid": {"paper": {"factors": [1]}}}]},
            "'set' or 'grid.paper', key 'factors': unknown key",
        ),
        (
            {"methods": [{"name": "a", "title": "A", "method": "svd", "set": {"epochs": 2}, "grid": {"epochs": [1]}}]},
            "'grid.epochs' needs one or more values, and no value of its own in 'set'",
        ),
        ({"dimensions": [60]}, "dimension 60 is more than the 50 covariates"),
        ({"replication": 3}, "key 'replication': unknown key; allowed are dimensions, first, folds, grid"),
    ],
)
def test_a_mistake_in_the_settings_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DotbenchError) as caught:
        validate(TABLE1.Settings, settings, "simulation")
    assert message in str(caught.value)


def test_a_job_is_the_generator_and_the_baseline(tmp_path: Path) -> None:
    """The constant's test RMSE is the deviation of the test ratings from the training mean."""
    settings = TABLE1.Settings(sizes=[40], dimensions=[3], ratings=600, replications=2, methods=["constant"])
    simulation = TABLE1(settings)
    [job] = simulation.jobs()
    found = simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path, "k"))
    assert [row["replication"] for row in found] == [0, 1]
    for row in found:
        simulation = settings.simulation(40, 3, row["replication"]).simulate()
        data = DataSet(simulation, row["replication"], Protocol(0.3, 1, 0.2, True))
        mean = simulation.ratings[data.train].mean()
        assert row["test_rmse"] == pytest.approx(np.sqrt(np.mean((simulation.ratings[data.test] - mean) ** 2)))
        assert row["train_rmse"] == pytest.approx(simulation.ratings[data.train].std())
        assert row["users"] == 40


def test_a_baseline_as_a_method_is_the_baseline() -> None:
    assert {"constant", "svd", "svdpp", "knn-basic", "co-clustering", "slope-one"} <= set(rating_methods())
    assert rating_methods()["svd"].modules[1] == "dotbench.baselines.svd"


def test_rsvd_is_the_model_mf_with_the_loss_squared_by_als() -> None:
    """The same sweeps from the same start, through a fit of the benchmark."""
    simulation = TABLE1.Settings(sizes=[40], dimensions=[3], ratings=600).simulation(40, 3, 0).simulate()
    pairs, ratings = simulation.pairs, simulation.ratings
    values = {"regularization": 2.0, "embedding_size": 4}
    none = pairs[:0], ratings[:0]
    data = RatingData(simulation.users, simulation.items, pairs[100:], ratings[100:], *none)
    parts = {"train": ratings[100:], "valid": ratings[:100], "test": ratings[:100]}
    split = Split(40, 40, pairs[100:], pairs[:100], pairs[:100], parts)
    same = resolve(MethodChoice(model="mf", loss="squared", solver="als", set={"epochs": 3, **values}, grid={}))
    expected = fit(same, same.settings, Inputs("toy", split), Seeds(5, 5), EXECUTION)
    method = rating_methods()["rsvd-als"]
    settings = method.Settings(sweeps=expected.record.best_epoch, init_std=0.02, **values)
    fitted = method.fit(Task(settings, data, 5, Path("unused")), EXECUTION)
    np.testing.assert_allclose(fitted.predict(pairs[:100]), expected.arrays["test"], rtol=1e-4, atol=1e-5)


def test_the_noise_is_the_generators_and_its_default_keeps_the_jobs() -> None:
    """The paper prints the variance .1; a standard deviation of .1 is another reading."""
    given, other = (T2RecTable1Settings(**{} if noise is None else {"noise": noise}) for noise in (None, 0.01))
    assert [one.simulation(400, 5, 0).settings.noise.variance for one in (given, other)] == [0.1, 0.01]
    assert T2RecTable1(given).folder != T2RecTable1(other).folder
    assert "noise" not in T2RecTable1(given).identity()["settings"]
