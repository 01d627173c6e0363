"""The table of how long towers train until they explain a share of the truth: from curves that are known."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from simulations_data import contents_of, write_job

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations.targets import T2RecTargets, T2RecTargetsSettings
from dotbench.papers.t2rec.tables.targets import target
from dotbench.reporting.kind import table_kinds
from dotbench.simulations.entry import SimulationEntry

NOISE, SPREAD = 0.6, 2.0
EXPLAINED = (0.0, 0.5, 0.8, 0.9, 0.95)  # after each epoch of a good fit; half of it after those of a bad one


def entry() -> SimulationEntry:
    settings = T2RecTargetsSettings(ratings=[300], sizes=[3], depths=[2], widths=[6], replications=2)
    return SimulationEntry(T2RecTargets.title, T2RecTargets(settings))


def write(one: SimulationEntry) -> None:
    """Replication k needs (k + 1) seconds an epoch. Towers of width 6 explain 47.5 % at most, of depth 2 in the second
    replication."""
    absent = dict.fromkeys(one.simulation.columns)
    for label, job in one.jobs.items():
        rows = []
        for k in job.settings["seeds"]:
            facts = {**absent, **job.settings["facts"], "replication": k, "hyperparameters": "{}", "status": "ok"}
            varied = facts["varied"]
            bad = varied == "width" or (varied == "depth" and k == 1)
            values = [target(NOISE, SPREAD, share / 2 if bad else share) for share in EXPLAINED]
            curve = json.dumps([[(k + 1.0) * n, value] for n, value in enumerate(values, 1)])
            facts |= {"seconds": 1.0, "cpu_seconds": 1.0}
            facts |= {"noise_rmse": NOISE, "truth_sd": SPREAD, "curve": curve, "excess_rmse": 1.0}
            rows.append({**facts, "role": "reported"})
            rows.append({**facts, "role": "tuning", "curve": None})
        write_job(one, label, rows)


def test_the_first_epoch_at_the_target_and_the_seconds_until_then(workdir: Path) -> None:
    one = entry()
    write(one)
    table_kinds()["targets"]().write(contents_of(one, kind="targets", report_item="targets", title="Targets."), workdir)
    with (workdir / "targets.csv").open() as stream:
        rows = {row["varied"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["vectors", "depth", "width"]
    vectors = rows["vectors"]
    assert [vectors["reached_50"], vectors["reached_90"]] == ["2", "2"]
    assert [float(vectors[f"epochs_{share}_mean"]) for share in (50, 90)] == [2, 4]
    assert [float(vectors[f"cpu_seconds_{share}_mean"]) for share in (50, 90)] == [3, 6]  # of 2 and 4, of 4 and 8
    assert float(vectors["cpu_seconds_epoch"]) == pytest.approx(1.5)
    assert [rows["depth"]["reached_50"], rows["depth"]["epochs_50_mean"]] == ["1", ""]
    assert [rows["width"]["reached_50"], rows["width"]["reached_90"]] == ["0", "0"]
    text = (workdir / "targets.md").read_text()
    assert "1 of 2" in text
    assert "0 of 2" in text


def test_targets_lie_between_the_noise_and_the_mean() -> None:
    assert target(NOISE, SPREAD, 1.0) == pytest.approx(NOISE)
    assert target(NOISE, SPREAD, 0.0) == pytest.approx((NOISE**2 + SPREAD**2) ** 0.5)


def test_a_reported_fit_has_its_curve_and_the_truth_behind_its_target(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"users": 40, "ratings": [300], "replications": 1, "epochs": 3, "noise": 0.25}
    simulation = T2RecTargets(T2RecTargetsSettings(**settings, widths=[6], learning_rates=[0.003, 0.001]))
    [job] = [job for job in simulation.jobs() if job.settings["facts"]["varied"] == "width"]
    rows = simulation.run(job.settings, Execution("cpu", say=lambda text: None), Checkpoint(tmp_path, "k"))
    [reported] = [row for row in rows if row["role"] == "reported"]
    [tuning] = [row for row in rows if row["role"] == "tuning"]
    assert tuning["curve"] is None
    curve = json.loads(reported["curve"])
    assert len(curve) == reported["epochs"] == 3
    seconds, values = zip(*curve, strict=True)
    assert list(seconds) == sorted(seconds)
    assert min(values) == pytest.approx(reported["valid_rmse"], rel=1e-6)
    assert reported["noise_rmse"] == pytest.approx(0.5, rel=0.3)  # of 42 held-out pairs
    assert reported["truth_sd"] > 0
