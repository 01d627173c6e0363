"""Jobs of simulations: rows, records, interruptions, failures, digests."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from simulations_data import Counting, CountingSettings

from dotbench.errors import DotbenchError
from dotbench.execution.attempt import attempt
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.files import read_json
from dotbench.simulations import jobs
from dotbench.simulations.base import simulations
from dotbench.simulations.jobs import run_job, save_job, to_frame


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation `counting` is registered, and has computed nothing yet."""
    monkeypatch.setattr(Counting, "made", [])
    monkeypatch.setattr(jobs, "simulations", lambda: {"counting": Counting})
    monkeypatch.setattr(jobs, "sources_digest", lambda *modules: f"code of {len(modules)}")


def run(folder: Path, replications: list[int], said: list[str] | None = None, **shared: Any) -> tuple[Any, Any]:
    identity = Counting(CountingSettings(**shared)).identity()
    execution = Execution("cpu", say=[].append if said is None else said.append)
    return run_job(identity, "n3", {"size": 3, "replications": replications}, [], execution, folder)


def test_rows_and_record(tmp_path: Path) -> None:
    frame, record = run(tmp_path, [0, 1, 2], factor=1.5)
    assert list(frame.columns) == list(Counting.columns)
    assert frame["error"].tolist() == [0.0, 1.5, 3.0]
    assert frame["size"].tolist() == [3, 3, 3]
    assert (record["rows"], record["failed"], record["reason"]) == (3, 0, None)
    assert record["settings"] == {"factor": 1.5}
    assert record["part"] == {"size": 3, "replications": [0, 1, 2]}
    assert record["seconds"] == pytest.approx(frame["seconds"].sum())
    save_job(frame, record, tmp_path / "part-n3.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "part-n3.parquet"), frame)
    assert read_json(tmp_path / "part-n3.json") == record


def test_a_failed_fit_is_a_row(tmp_path: Path) -> None:
    frame, record = run(tmp_path, [12, 13, 14])
    assert frame["status"].tolist() == ["ok", "failed", "ok"]
    assert frame["reason"].tolist()[1] == "unlucky"
    assert frame["error"].isna().tolist() == [False, True, False]
    assert (record["failed"], record["reason"]) == (1, "unlucky")


def test_a_row_that_is_a_finding_is_no_failure_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counting, "expected_failures", frozenset({"unlucky"}))
    frame, record = run(tmp_path, [12, 13, 14])
    assert frame["reason"].tolist()[1] == "unlucky"
    assert (record["failed"], record["reason"]) == (0, None)


def test_an_interrupted_job_continues_after_its_last_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = run(tmp_path / "whole", [0, 1, 2, 3])
    monkeypatch.setattr(Counting, "made", [])
    monkeypatch.setattr(Counting, "stop_before", 2)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", [0, 1, 2, 3])
    assert Counting.made == [0, 1]
    monkeypatch.setattr(Counting, "stop_before", None)
    said: list[str] = []
    continued, _ = run(tmp_path / "cut", [0, 1, 2, 3], said)
    assert Counting.made == [0, 1, 2, 3]
    assert said[0] == "2 fits of an interrupted run are used again"
    pd.testing.assert_frame_equal(continued.drop(columns="seconds"), whole.drop(columns="seconds"))


@pytest.mark.parametrize("change", ["settings", "job", "code"])
def test_what_was_kept_of_another_job_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    run(tmp_path, [0, 1])
    if change == "code":
        monkeypatch.setattr(jobs, "sources_digest", lambda *modules: "other code")
    run(tmp_path, [0, 1, 2] if change == "job" else [0, 1], factor=2.0 if change == "settings" else 1.0)
    assert Counting.made == ([0, 1, 0, 1, 2] if change == "job" else [0, 1, 0, 1])


def test_kept_rows_come_back_to_the_bit(tmp_path: Path) -> None:
    values = [{"x": 0.1 + 0.2, "y": None, "z": 1e-300}]
    Checkpoint(tmp_path, "k").add("a", values)
    again = Checkpoint(tmp_path, "k")
    assert again.once("a", lambda: pytest.fail("is kept")) == values
    assert "b" not in again
    Checkpoint(tmp_path, "other")
    assert "a" not in Checkpoint(tmp_path, "k")  # dropped with all that lay beside it


def test_the_state_of_the_first_training_outlives_an_interruption(tmp_path: Path) -> None:
    """Before any fit is done, so that no rows are kept yet."""
    Checkpoint(tmp_path / "job", "k").file("fit").write_text("epoch 3")
    assert Checkpoint(tmp_path / "job", "k").file("fit").read_text() == "epoch 3"
    assert not Checkpoint(tmp_path / "job", "other code").file("fit").exists()


@pytest.mark.parametrize("kept", [0, 1, 20])
def test_kept_rows_that_cannot_be_read_count_as_none(tmp_path: Path, kept: int) -> None:
    Checkpoint(tmp_path, "k").add("a", [{"x": 1}])
    file = tmp_path / "rows.json"
    file.write_bytes(file.read_bytes()[:kept])
    again = Checkpoint(tmp_path, "k")
    assert "a" not in again
    again.add("a", [{"x": 2}])
    assert Checkpoint(tmp_path, "k").once("a", lambda: pytest.fail("is kept")) == [{"x": 2}]


def test_an_attempt_tells_why_it_failed() -> None:
    def broken() -> float:
        raise ZeroDivisionError("by zero")

    said: list[str] = []
    found = attempt(broken, said.append)
    assert (found.result, found.reason) == (None, "ZeroDivisionError: by zero")
    assert "Traceback" in said[0]
    assert attempt(lambda: 3, said.append).result == 3

    def absent() -> None:
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"):
        attempt(absent, said.append)


def test_rows_with_other_columns_are_refused() -> None:
    with pytest.raises(
        DotbenchError, match="simulation 'counting': a row has the columns size; allowed are size, repl"
    ):
        to_frame(Counting(CountingSettings()), [{"size": 3}])


def test_the_digest_covers_what_jobs_share() -> None:
    def folder(**settings: Any) -> str:
        return Counting(CountingSettings(**settings)).folder

    assert folder() == folder(replications=50) == folder(sizes=[3, 4])
    assert folder() != folder(factor=2.0)


def test_folders_and_labels_of_table_1_stay_what_they_are() -> None:
    """Finished jobs are found by them."""
    cls = simulations()["t2rec-table1"]
    found = cls(cls.Settings())
    assert found.folder == "t2rec-table1-8e18abb5d0"
    labels = [job.label for job in found.jobs()]
    assert labels[:2] == ["n1500-d20-constant-e9b1ad-r0to4", "n1500-d30-constant-e9b1ad-r0to4"]
    assert len(labels) == len(set(labels)) == 144
    more = cls(cls.Settings(replications=50, sizes=[1500, 5000]))
    assert more.folder == found.folder
    assert len([job.label for job in more.jobs() if job.label in labels]) == 48
