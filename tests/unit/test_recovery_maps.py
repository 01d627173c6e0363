"""Recovery maps of NIMC: jobs, rows, shares with their intervals, thresholds, table and figure."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import optimize
from simulations_data import shown

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.simulations import _recovery
from dotbench.papers.nimc.simulations.maps import NIMCMaps, NIMCMapsSettings
from dotbench.papers.nimc.summaries.recovery import Map
from dotbench.reporting.claims.findings import FAILS, HOLDS, OPEN
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.statistics.intervals import wilson_interval
from dotbench.statistics.thresholds import threshold, threshold_interval

pytestmark = [pytest.mark.seconds, pytest.mark.usefixtures("svg_alone")]

torch.set_num_threads(1)
SMALL = {
    "dimension": 3,
    "components": 1,
    "replications": 3,
    "pack": 2,
    "iterations": 400,
    "second_order_iterations": 60,
}
AXES = [{"activation": "relu", "users": [6, 30], "observations": [12, 150]}]


def of(**settings):
    return NIMCMaps(NIMCMapsSettings(**{"maps": AXES, **SMALL, **settings}))


def rows_of(simulation, workdir):
    return [
        row
        for job in simulation.jobs()
        for row in simulation.run(job.settings, Execution("cpu"), Checkpoint(workdir / job.label, "key"))
    ]


def test_a_job_is_an_activation_a_method_and_a_number_of_entries():
    labels = [job.label.rpartition("-")[0] for job in of().jobs()]
    assert labels[:4] == ["relu-gd-m12-r0to1", "relu-gd-m12-r2to2", "relu-gd-m150-r0to1", "relu-gd-m150-r2to2"]
    assert len(labels) == 8
    assert of(methods=["gd"]).folder == of().folder  # more methods, trials or maps compute only what is new
    assert of(distance=0.5).folder != of().folder


def test_trials_start_where_they_should_and_recover_what_they_can(tmp_path):
    """With 50 entries for each parameter most random starts recover the truth, with 2 hardly any does; a start at the
    truth does at once."""
    rows = pd.DataFrame(rows_of(of(replications=6, pack=6), tmp_path))
    assert len(rows) == 2 * 2 * 2 * 6
    failed = rows[rows["status"] != "ok"]
    assert set(failed["reason"]) <= {"every observed entry is 0"}  # of a ReLU model, where they are few
    assert (failed["observations"] == 12).all()
    assert rows[(rows["users"] == 30) & (rows["observations"] == 150)]["recovered"].mean() > 0.7
    assert rows[(rows["users"] == 6) & (rows["observations"] == 12)]["recovered"].mean() < 0.3
    rows = rows[rows["status"] == "ok"]
    assert (rows["recovered"] == (rows["test_error"] <= 1e-3)).all()
    assert (rows["fitted"] == (rows["train_error"] <= 1e-5)).all()
    assert (rows["printed_error"][rows["recovered"] == 1] > 1e-2).all()  # a ReLU model cannot pass it
    there = pd.DataFrame(rows_of(of(distance=0.0), tmp_path))
    assert (there["iterations"] == 20).all()
    assert (there["printed_error"].dropna() < 1e-6).all()


def test_trials_are_the_same_in_every_pack(tmp_path):
    first = pd.DataFrame(rows_of(of(), tmp_path)).drop(columns=["seconds", "cpu_seconds"])
    second = pd.DataFrame(rows_of(of(pack=1), tmp_path)).drop(columns=["seconds", "cpu_seconds"])
    keys = ["users", "observations", "replication", "method"]
    first, second = (frame.sort_values(keys).reset_index(drop=True) for frame in (first, second))
    assert (first[[*keys, "recovered"]] == second[[*keys, "recovered"]]).all(axis=None)


def test_a_trial_that_diverges_is_not_recovered(monkeypatch, tmp_path):
    def broken(d, k, seed, deviation):
        return np.full((2, d, k), np.nan)

    monkeypatch.setattr(_recovery, "random_start", broken)
    axes = [{"activation": "relu", "users": [30], "observations": [150]}]
    rows = rows_of(of(methods=["gd"], maps=axes), tmp_path)
    assert {(row["status"], row["reason"], row["recovered"], row["test_error"]) for row in rows} == {
        ("failed", "diverged", 0, None)
    }


# --- shares and thresholds


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (3, 5), (5, 5), (17, 20)])
def test_wilsons_interval_is_where_the_score_test_does_not_reject(successes, trials):
    """Its ends solve |p̂ − p| = 1.96 √(p (1 − p) / n)."""
    low, high = wilson_interval(successes, trials)
    share = successes / trials

    def excess(p):
        return abs(share - p) - 1.959963984540054 * (p * (1 - p) / trials) ** 0.5

    assert low == pytest.approx(0 if successes == 0 else optimize.brentq(excess, 1e-12, share - 1e-12), abs=1e-9)
    assert high == pytest.approx(1 if successes == trials else optimize.brentq(excess, share + 1e-12, 1 - 1e-12))


@pytest.mark.parametrize("trials", range(1, 200))
def test_wilsons_interval_holds_the_share_to_the_last_digit(trials):
    """A figure's whiskers are differences from the share, and may not be negative."""
    assert wilson_interval(0, trials)[0] == 0
    assert wilson_interval(trials, trials)[1] == 1
    for successes in range(trials + 1):
        low, high = wilson_interval(successes, trials)
        assert 0 <= low <= successes / trials <= high <= 1


def test_thresholds_by_hand():
    trials = np.array([[0, 0], [0, 1], [1, 1]])
    assert threshold([1, 2, 4], trials) == 2  # a half at 2
    assert threshold([1, 2, 4], np.array([[0, 0], [0, 0], [1, 1]])) == 3
    assert threshold([1, 2, 4], np.ones((3, 2))) == 1
    assert threshold([1, 2, 4], np.zeros((3, 2))) is None
    # 0, 1, 1/2, 1 is nearest to 0, 3/4, 3/4, 1, and passes a half two thirds of the way from 1 to 2
    assert threshold([1, 2, 3, 4], np.array([[0, 0], [1, 1], [0, 1], [1, 1]])) == pytest.approx(1 + 2 / 3)


def test_a_thresholds_interval_holds_it_and_shrinks_with_the_trials():
    x = np.arange(1, 11)
    chance = 1 / (1 + np.exp(-(x - 5.5)))[:, None]
    few, many = (np.random.default_rng(0).random((10, trials)) < chance for trials in (8, 200))
    (low, high), (near, far) = threshold_interval(x, few), threshold_interval(x, many)
    assert low < 5.5 < high
    assert near < 5.5 < far
    assert far - near < (high - low) / 2
    assert threshold_interval([1, 2], np.zeros((2, 4))) == (None, None)


# --- table and figure


@pytest.fixture
def contents(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return shown(of())


@pytest.mark.slow
def test_the_figure_has_every_cell(contents):
    figure_kinds()["recovery"]().write(replace(contents, kind="recovery"), Path("out"))
    with open("out/shown.csv") as stream:
        cells = list(csv.DictReader(stream))
    assert len(cells) == 8
    assert {cell["trials"] for cell in cells} == {"3"}
    assert {cell["ratio"] for cell in cells} == {"2.0", "25.0"}
    assert all(float(cell["low"]) <= float(cell["share"]) <= float(cell["high"]) for cell in cells)
    assert all(int(cell["recovered"]) + int(cell["fits_only_observed"]) <= 3 for cell in cells)
    text = Path("out/shown.svg").read_text()
    for mark in ("half of the trials recover", "fit the observed entries alone", "do not even fit these"):
        assert mark in text


@pytest.mark.slow
def test_the_table_has_the_threshold_of_every_column(contents):
    table_kinds()["thresholds"]().write(replace(contents, kind="thresholds"), Path("out"))
    with open("out/shown.csv") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["users"], line["method"]) for line in lines] == [("6", "gd"), ("30", "gd"), ("6", "lm"), ("30", "lm")]
    text = Path("out/shown.md").read_text()
    assert "| ReLU | 30 |" in " ".join(text.split())
    assert "k = 1, d = 3" in text


def test_a_lost_trial_is_told_from_one_with_too_few_entries():
    same = {"users": 5, "observations": 40, "ratio": 2.0, "method": "gd", "status": "ok", "threshold": 1e-3}
    same |= {"printed_error": 1.0, "ended": "cap"}
    outcomes = [(0.5, 1e-6, 0, 1), (0.5, 0.04, 0, 0), (0.5, 0.2, 0, 0), (1e-4, 1e-6, 1, 1)]
    rows = [
        {**same, "test_error": test, "train_error": train, "recovered": recovered, "fitted": fitted}
        for test, train, recovered, fitted in outcomes
    ]
    [cell] = Map("", "a folder", "relu", "GD", pd.DataFrame(rows)).cells()
    assert (cell["recovered"], cell["fitted"], cell["fits_only_observed"], cell["share"]) == (1, 2, 2, 0.25)
    assert (cell["capped"], cell["stalled"]) == (3, 0)


def test_an_interval_without_an_end_is_beyond_all_that_were_tried(monkeypatch) -> None:
    """Of a threshold: in some resamples half of the trials never recover."""
    from dotbench.papers.nimc import arguments

    def lines(activation: str, threshold: float, low: float | None, high: float | None) -> list[dict]:
        same = {"label": "", "method": "gd", "title": "GD", "users": 100, "activation": activation}
        return [same | {"threshold": threshold, "low": low, "high": high}]

    def says(relu, sigmoid) -> str:
        known = [("ReLU, GD", lines("relu", *relu)), ("sigmoid, GD", lines("sigmoid", *sigmoid))]
        monkeypatch.setattr(arguments, "_thresholds", lambda _: known)
        return arguments.relu_needs_more(None).verdict

    assert says((3.0, 2.5, None), (1.0, 0.9, 1.2)) == HOLDS
    assert says((3.0, 2.5, None), (2.8, 2.0, None)) == OPEN
    assert says((1.0, 0.5, 1.5), (2.0, 1.8, None)) == FAILS
