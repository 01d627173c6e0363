"""What limits the towers, as a simulation: its rows, what is kept of it, the published line."""

from pathlib import Path
from typing import Any

import pytest

from dotbench.errors import DotbenchError
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations import capacity
from dotbench.papers.t2rec.simulations.capacity import T2RecCapacity
from dotbench.papers.t2rec.simulations.table1 import shipped
from dotbench.papers.t2rec.towers.settings import Training
from dotbench.settings import validate
from dotbench.simulations.base import simulations
from dotbench.simulations.jobs import from_identity

pytestmark = pytest.mark.seconds

TINY = {
    "sizes": [40],
    "dimensions": [2],
    "widths": [8],
    "ratings": 1200,
    "replications": 1,
    "steps": 300,
    "training": {"epochs": 2},
    "started": {"optimizer": "sgd", "learning_rate": 1e-7, "momentum": 0.0, "epochs": 1},
}


@pytest.fixture
def tiny() -> T2RecCapacity:
    return T2RecCapacity(validate(T2RecCapacity.Settings, TINY, "test"))


def run(tiny: T2RecCapacity, folder: Path, said: list[str]) -> dict[str, Any]:
    rows = [
        row
        for job in tiny.jobs()
        for row in tiny.run(job.settings, Execution("cpu", say=said.append), Checkpoint(folder / job.label, "k"))
    ]
    assert all(row.keys() == tiny.columns.keys() for row in rows)
    assert {row["status"] for row in rows} == {"ok"}
    return {row["way"]: row for row in rows}


@pytest.mark.slow
def test_towers_are_trained_in_every_way(tiny: T2RecCapacity, tmp_path: Path) -> None:
    found = run(tiny, tmp_path, [])
    assert set(found) == set(capacity.TITLES)
    assert {way: row["width"] for way, row in found.items()} == dict.fromkeys(found, 8) | {"bilinear": None}
    assert found["bilinear"]["rmse"] == pytest.approx(0.1**0.5, rel=0.1)  # the noise
    assert found["start-test"]["rmse"] == pytest.approx(found["regressed"]["rmse"], rel=0.15)  # other points of a law
    assert found["start-train"]["rmse"] == pytest.approx(found["regressed"]["rmse"], rel=0.15)
    # training that goes nowhere leaves the towers of the regression
    for end in ("test", "train"):
        assert found[f"started-{end}"]["rmse"] == pytest.approx(found[f"start-{end}"]["rmse"], rel=1e-3)
    assert found["start-test"]["seconds"] is None
    assert found["regressed-own"]["rmse"] < found["regressed"]["rmse"] < found["test"]["rmse"]  # 40 points, not all
    assert [found[way]["epochs"] for way in ("test", "started-train", "bilinear")] == [2, 1, None]
    assert found["train"]["seconds"] is None
    assert found["test"]["seconds"] > 0


@pytest.mark.slow
def test_what_is_kept_is_not_trained_again(
    tiny: T2RecCapacity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tiny, tmp_path, [])
    for name in ("train", "represent"):
        monkeypatch.setattr(capacity, name, None)
    assert run(tiny, tmp_path, []) == first


@pytest.mark.slow
def test_training_that_diverges_is_a_failed_row(tmp_path: Path) -> None:
    diverging = {"optimizer": "sgd", "learning_rate": 1e20, "momentum": 0.0, "epochs": 2}
    simulation = T2RecCapacity(validate(T2RecCapacity.Settings, {**TINY, "training": diverging}, "test"))
    execution = Execution("cpu", say=lambda text: None)
    rows = simulation.run(simulation.jobs()[0].settings, execution, Checkpoint(tmp_path, "k"))
    failed = {row["way"]: row["reason"] for row in rows if row["status"] == "failed"}
    assert failed == dict.fromkeys(("test", "train"), "training diverged in its first epoch")


def test_settings_are_checked_with_their_lists_and_jobs_without_them() -> None:
    with pytest.raises(DotbenchError, match="101 ratings do not fit: 10 users × 10 items"):
        validate(T2RecCapacity.Settings, {"sizes": [10], "ratings": 101}, "test")
    large = {"sizes": [3000], "ratings": 5_000_000}  # more than the default sizes hold
    for name in ("t2rec-capacity", "t2rec-table1"):
        simulation = simulations()[name](validate(simulations()[name].Settings, large, "test"))
        assert from_identity(simulation.identity()).folder == simulation.folder


def test_the_published_number_is_the_guide() -> None:
    simulation = simulations()["t2rec-capacity"](T2RecCapacity.Settings())
    lines = [{"users": 1500, "dimension": 20, "width": width} for width in (25, 100, None)]
    assert simulation.guides(lines) == {"T2Rec as published": [(25, 0.496), (100, 0.496)]}
    assert simulation.guides([{"users": 7, "dimension": 20, "width": 25}]) == {}


def test_one_training_by_muon_is_in_all_three_simulations() -> None:
    chosen = shipped("optimizers")["muon-weak-long-whole"]
    row = shipped()["t2rec-muon"]
    assert row["method"] == chosen["method"] == "towers-to-the-end"
    trained = [Training(**{**method["set"], "patience": 450}) for method in (chosen, row)]
    assert trained == [T2RecCapacity.Settings().training] * 2
