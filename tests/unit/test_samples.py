"""Entries that NIMC's recovery needs: jobs, trials, thresholds, exponents, tables and the figure."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from simulations_data import shown

from dotbench.errors import DotbenchError
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.figures.samples import NONE_ACTIVE
from dotbench.papers.nimc.recovery.features import EXCESS, LAWS
from dotbench.papers.nimc.simulations.samples import SCANS, NIMCSamples, NIMCSamplesSettings, _better
from dotbench.papers.nimc.summaries.samples import _exponents, _lines
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.settings import validate
from dotbench.statistics import thresholds
from dotbench.statistics.thresholds import threshold_exponent

pytestmark = [pytest.mark.seconds, pytest.mark.usefixtures("svg_alone")]

torch.set_num_threads(1)
NOTHING = {scan: [] for scan in SCANS}
SMALL = {"d": 4, "k": 1, "replications": 4, "pack": 4, "starts": 3, "ratios": [0.5, 2.0, 8.0]}


def of(**settings):
    return NIMCSamples(NIMCSamplesSettings(**{**NOTHING, **SMALL, **settings}))


def rows_of(simulation, workdir):
    return pd.DataFrame(
        row
        for job in simulation.jobs()
        for row in simulation.run(job.settings, Execution("cpu", say=print), Checkpoint(workdir / job.label, "key"))
    )


def test_a_job_is_a_value_and_an_activation():
    labels = [job.label for job in of(dimension=[4, 6], noise=[0.1], activations=["sigmoid"]).jobs()]
    assert [label.split("-")[0] for label in labels] == ["dimension", "dimension", "noise"]
    assert len(set(labels)) == 3
    assert of(dimension=[4]).folder == of(rows=[2.0]).folder  # more of them compute only what is new
    assert of(starts=2).folder != of(starts=3).folder


def test_fewer_entries_than_parameters_recover_nothing_and_many_do(tmp_path):
    rows = rows_of(of(dimension=[4], activations=["sigmoid"]), tmp_path)
    share = rows.groupby(["start", "ratio"])["recovered"].mean()
    assert share["near", 0.5] == share["best", 0.5] == 0
    assert share["near", 8.0] == share["best", 8.0] == 1
    assert (rows["observations"] == (rows["ratio"] * 8).round()).all()
    assert (share["first"] <= share["best"]).all()
    skipped = rows[(rows["start"] != "near") & (rows["ratio"] == 0.5)]
    assert set(skipped["ended"]) == {"not run"}


def test_the_best_of_the_starts_has_the_least_training_error():
    spent = {"iterations": 20, "seconds": 1.0, "cpu_seconds": 1.0}
    first, second = ({"train_error": e, "starts": n, "recovered": n, **spent} for e, n in ((0.2, 1), (0.1, 2)))
    lost = {"train_error": None, "starts": 3, "recovered": 0, **spent}
    assert _better(first, second)["recovered"] == 2
    best = _better(_better(first, second), lost)
    assert (best["train_error"], best["starts"], best["iterations"]) == (0.1, 3, 60)


def test_setups_have_what_is_varied():
    simulation = of(k=3, d=6)
    assert simulation.setup("least", 2.0).singular == (2.0, 2.0, 1.0)
    assert simulation.setup("largest", 4.0).singular == (4.0, 1.0, 1.0)
    instance = simulation.setup("scale", 3.0).instance(50, 0)
    assert np.linalg.svd(instance.truth[0], compute_uv=False) == pytest.approx([3.0] * 3)
    assert simulation.setup("rows", 2.0).n == 12
    assert simulation.setup("extra", -1.0).fitted == 2
    signs = simulation.setup("features", -2.0).instance(50, 0)
    assert set(np.unique(signs.x)) == {-1.0, 1.0}
    near = simulation.setup("extra", 1.0).near(instance.truth, 0, 0.1)
    assert near.shape == (2, 6, 4)
    assert np.linalg.norm(near[:, :, :3] - 0.9 * instance.truth) < 0.5


@pytest.mark.parametrize("name", list(LAWS))
def test_features_have_mean_0_variance_1_and_their_kurtosis(name):
    z = LAWS[name](np.random.default_rng(0), (400_000,))
    assert abs(z.mean()) < 0.01
    assert z.var() == pytest.approx(1, abs=0.01)
    assert (z**4).mean() - 3 == pytest.approx(EXCESS[name], abs=0.3)


def test_a_fit_of_too_few_components_cannot_recover(tmp_path):
    rows = rows_of(of(k=2, extra=[-1, 0], activations=["relu"], ratios=[2.0, 12.0]), tmp_path)
    share = rows[rows["start"] == "near"].groupby(["value", "ratio"])["recovered"].mean()
    assert share[-1.0, 12.0] == 0
    assert share[0.0, 12.0] == 1


def test_noise_has_its_deviation(monkeypatch, tmp_path):
    """A start near the truth with many entries leaves residuals of the noise's size, and a smaller error."""
    rows = rows_of(of(noise=[0.1], activations=["sigmoid"], ratios=[2.0, 40.0], replications=2, pack=2), tmp_path)
    near = rows[(rows["start"] == "near") & (rows["ratio"] == 40.0)]
    assert near["train_error"].to_numpy() == pytest.approx(0.1, rel=0.2)
    assert (near["test_error"] < 0.05).all()
    assert (near["recovered"] == 1).all()


@pytest.mark.parametrize(
    "wrong", [{"ratios": [2.0, 1.0]}, {"components": [5], "dimension": [4]}, {"extra": [-1]}, {"noise": [-0.1]}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(DotbenchError):
        validate(NIMCSamplesSettings, {**NOTHING, **SMALL, **wrong}, "here")


# --- exponents


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(thresholds, "RESAMPLES", 20)


def steps(at, x, trials=12):
    """Successes from a number on, the same in all trials."""
    return np.repeat((np.asarray(x) >= at).astype(float)[:, None], trials, axis=1)


@pytest.mark.usefixtures("few")
def test_an_exponent_by_construction():
    """Half of the trials succeed from 3 d entries on, the others from 3.0001 d on."""
    sizes = [4, 8, 16, 32]
    x = [[d, 3 * d, 3.0001 * d, 6 * d] for d in sizes]
    successes = [np.concatenate([steps(3 * d, at), steps(3.0001 * d, at)], 1) for d, at in zip(sizes, x, strict=True)]
    found = threshold_exponent(sizes, x, successes)
    assert found.value == pytest.approx(1, abs=1e-3)
    assert found.least <= found.low <= found.value <= found.high <= found.greatest
    square = [[d**2 * ratio for ratio in (1, 3, 6)] for d in sizes]
    found = threshold_exponent(sizes, square, [steps(3 * d**2, at) for d, at in zip(sizes, square, strict=True)])
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


@pytest.mark.usefixtures("few")
def test_the_wide_interval_allows_for_every_place_in_the_brackets():
    """Thresholds of 4 and 16, each somewhere between the half of it and itself: the slope of two points is from
    log(8 / 4) / log 4 to log(16 / 2) / log 4. A finer grid is nearer to 1."""
    sizes, x = [4, 16], [[1.0, 2.0, 4.0], [4.0, 8.0, 16.0]]
    found = threshold_exponent(sizes, x, [steps(4, x[0]), steps(16, x[1])])
    assert (found.low, found.high) == pytest.approx((1, 1))
    assert (found.least, found.greatest) == pytest.approx((0.5, 1.5))
    x = [[1.0, 3.9, 4.0], [4.0, 15.6, 16.0]]
    finer = threshold_exponent(sizes, x, [steps(4, x[0]), steps(16, x[1])])
    assert 0.95 < finer.least < 1 < finer.greatest < 1.05
    assert thresholds.bracket([1, 2, 4], steps(4, [1, 2, 4])) == (2, 4)
    assert thresholds.bracket([1, 2, 4], steps(0, [1, 2, 4])) == (1, 1)
    assert thresholds.bracket([1, 2, 4], steps(9, [1, 2, 4])) == (4, 4)


def test_a_gap_of_thresholds_is_one_only_if_exchanging_conditions_says_so():
    """Five conditions of one law: the p of the test is seldom small, although the greatest and the least were chosen.
    One condition that needs twice as much: it is."""
    x = [1.0, 2.0, 3.0, 4.0]
    ps = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ps.append(thresholds.threshold_gap(x, rng.random((5, 4, 10)) < np.array([0.1, 0.4, 0.7, 0.9])[:, None]).p)
    assert sum(p < 0.05 for p in ps) <= 5  # 5 % of 40 are 2; more than 5 have a chance of 1.4 %
    same, other = steps(1.5, x), steps(4, x)
    found = thresholds.threshold_gap(x, np.stack([same, same, other]).astype(float))
    assert found.p < 0.05
    assert (found.ratio, found.low, found.high) == pytest.approx((3.5 / 1.5,) * 3)
    assert thresholds.threshold_gap(x, np.stack([same, same])).p == 1


def test_an_exponents_interval_covers_the_true_one():
    rng = np.random.default_rng(1)
    sizes, ratios = [8, 16, 32, 64], np.linspace(0.5, 4, 8)
    chance = 1 / (1 + np.exp(-4 * (ratios - 2)))[:, None]
    x = [list(d**1.5 * ratios) for d in sizes]
    found = threshold_exponent(sizes, x, [rng.random((8, 40)) < chance for _ in sizes])
    assert found.low < 1.5 < found.high
    assert found.high - found.low < 0.4


def test_an_exponent_needs_every_threshold():
    with pytest.raises(ValueError, match="at size 4"):
        threshold_exponent([2, 4], [[1, 2], [1, 2]], [steps(2, [1, 2]), steps(3, [1, 2])])


def table(known):
    """Trials that succeed from m / 2kd = known[d] on."""
    ratios = [1.0, 2.0, 4.0, 8.0]
    same = {"label": "", "folder": "f", "scan": "dimension", "activation": "relu", "start": "near", "title": "near"}
    return pd.DataFrame(
        same
        | {"value": float(d), "dimension": d, "components": 2, "users": 10 * d, "ratio": ratio, "replication": trial}
        | {"recovered": int(ratio >= at), "test_error": 0.1 / ratio}
        for d, at in known.items()
        for ratio in ratios
        for trial in range(5)
    )


@pytest.mark.usefixtures("few")
def test_thresholds_and_exponents_of_known_trials():
    known = table({4: 4, 8: 4, 16: 4})
    lines = list(_lines(known))
    assert [line["threshold"] for line in lines] == [3.0] * 3  # half way from 2 to 4
    assert [line["entries"] for line in lines] == [48, 96, 192]
    assert lines[0]["test_error_median"] == pytest.approx(0.1 / 8)
    [line] = _exponents(known)
    assert line["exponent"] == pytest.approx(1)
    parameters = [2 * (2 * d - 1) for d in (4, 8, 16)]
    assert line["by_parameters"] == pytest.approx(np.polyfit(np.log([4, 8, 16]), np.log(parameters), 1)[0])
    theorem = [d * np.log(d) ** 2 for d in (4, 8, 16)]
    assert line["by_theorem"] == pytest.approx(np.polyfit(np.log([4, 8, 16]), np.log(theorem), 1)[0])


@pytest.mark.usefixtures("few")
def test_values_whose_threshold_is_not_known_have_no_part_in_an_exponent():
    [line] = _exponents(table({2: 1, 4: 2, 8: 2, 16: 2, 32: 100}))
    assert line["values"] == "4 8 16"
    assert list(_exponents(table({4: 2, 8: 2, 16: 100}))) == []


# --- tables and the figure


@pytest.mark.slow
def test_tables_and_the_figure_show_every_value(tmp_path, monkeypatch):
    monkeypatch.setattr(thresholds, "RESAMPLES", 20)
    monkeypatch.chdir(tmp_path)
    sizes = {"dimension": [3, 4, 5], "features": ["signs", "normal"]}
    contents = shown(of(**sizes, activations=["sigmoid"], replications=2, pack=2, starts=1, ratios=[0.5, 8.0]))
    for kind in ("samples", "exponents"):
        table_kinds()[kind]().write(replace(contents, kind=kind, report_item=kind), Path("out"))
    with open("out/samples.csv") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 5 * 3
    text = Path("out/samples.md").read_text()
    assert "signs" in text
    assert "near the truth" in text
    with open("out/exponents.csv") as stream:
        assert {line["values"] for line in csv.DictReader(stream)} == {"3 4 5"}
    figure_kinds()["samples"]().write(replace(contents, kind="samples", report_item="curves"), Path("out"))
    text = Path("out/curves.svg").read_text()
    for word in ("signs", "at most this, the least m", "growth of Theorem 3.2", "sigmoid, near the truth"):
        assert word in text


def test_an_entry_of_relu_has_a_gradient_unless_every_component_is_off():
    x, y = np.random.default_rng(0).standard_normal((2, 100_000, 3))
    on = ((x @ np.eye(3)[:, :2] > 0) & (y @ np.eye(3)[:, 1:] > 0)).any(axis=1)
    assert on.mean() == pytest.approx(1 - NONE_ACTIVE**2, abs=0.01)
