"""Curvature of NIMC: null directions, scales, the table and the figure."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from simulations_data import shown

from dotbench.errors import DotbenchError
from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.recovery.directions import worst_direction
from dotbench.papers.nimc.recovery.fresh import Population
from dotbench.papers.nimc.recovery.population import population_hessian
from dotbench.papers.nimc.recovery.problems import Problems, draw
from dotbench.papers.nimc.simulations.curvature import (
    SCANS,
    NIMCCurvature,
    NIMCCurvatureSettings,
    bound_by_condition,
    orthogonal,
)
from dotbench.reporting.kind import figure_kinds, table_kinds

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
SMALL = {"dimension": 4, "components": 2, "n": 60, "m": 800, "replications": 2}
NOTHING = {scan.replace("-", "_"): [] for scan in SCANS}


def of(**settings):
    return NIMCCurvature(NIMCCurvatureSettings(**{**SMALL, **NOTHING, **settings}))


def rows_of(simulation):
    execution = Execution("cpu")
    return pd.DataFrame(row for job in simulation.jobs() for row in simulation.run(job.settings, execution, None))


def test_a_job_is_a_scan_and_an_activation():
    labels = [job.label.rpartition("-")[0] for job in of(rows=[5], entry=[0.1], models=["relu", "tanh"]).jobs()]
    assert labels == ["rows-relu-r0to1", "rows-tanh-r0to1", "entry-relu-r0to1", "entry-tanh-r0to1"]


def test_null_directions_at_the_truth_are_those_of_the_models_invariances():
    """Linear: U R, V R⁻ᵀ, k² directions. ReLU: U D, V D⁻¹, k of them, and none where a row of U is held. Sigmoid and
    tanh: none. With fewer entries than parameters, 16, every one has some."""
    rows = rows_of(of(observations=[10, 800]))
    null = rows.groupby(["model", "value"])["null"].unique().to_dict()
    expected = {"linear": [4], "relu": [2], "relu-fixed": [0], "sigmoid": [0], "tanh": [0]}
    assert {model: list(null[model, 800.0]) for model in expected} == expected
    assert all((null[model, 10.0] >= 4).all() for model in expected)
    assert (rows["negative"] == 0).all()
    assert (rows["smallest_positive"] > 0).all()


def test_away_from_the_truth_curvature_is_negative():
    rows = rows_of(of(distance=[0.001, 1.0], models=["sigmoid"]))
    assert (rows[rows["value"] == 1]["smallest"] < 0).all()
    assert (rows[rows["value"] == 0.001]["smallest"] > 0).all()


def test_away_from_the_truth_a_row_that_is_held_is_the_truths(monkeypatch):
    seen = []
    hessian = Problems.hessian
    monkeypatch.setattr(Problems, "hessian", lambda self, at: seen.append(at - self.truth) or hessian(self, at))
    rows_of(of(distance=[0.1], models=["relu-fixed", "relu"]))
    held, free = seen[:2], seen[2:]
    assert all((away[:, 0, 0] == 0).all() and (away[:, 0, 1:] != 0).all() for away in held)
    assert all((away != 0).all() for away in free)
    assert [float(away.norm()) for away in seen] == pytest.approx([0.2] * 4)  # of ‖W*‖ = 2, in U and V


def test_relus_curvature_falls_with_the_square_of_the_least_entry():
    rows = rows_of(of(entry=[1e-3, 1e-2], models=["relu-fixed", "tanh"]))
    at = rows.groupby(["model", "value"])["smallest"].median()
    assert at["relu-fixed", 1e-2] / at["relu-fixed", 1e-3] == pytest.approx(100, rel=0.2)
    assert at["tanh", 1e-2] / at["tanh", 1e-3] == pytest.approx(1, rel=0.2)


def test_truths_have_their_singular_values():
    matrix = orthogonal(6, np.array([4.0, 1.0, 0.5]), np.random.default_rng(0))
    assert matrix.shape == (6, 3)
    assert np.linalg.svd(matrix, compute_uv=False) == pytest.approx([4, 1, 0.5])
    simulation = of(largest=[8.0])
    instance, _ = simulation._instance("largest", 8.0, 0)
    for side in instance.truth:
        assert np.linalg.svd(side, compute_uv=False) == pytest.approx([8, 1])
    for value in (0.2, 0.01):
        instance, distance = simulation._instance("entry", value, 0)
        assert np.abs(instance.truth[0, 0]).min() == pytest.approx(value)
        assert np.linalg.svd(instance.truth[0], compute_uv=False) == pytest.approx([1, 1])
        assert distance == 0
    with pytest.raises(DotbenchError, match=r"'entry': found 0\.9; allowed here is at most"):
        simulation._instance("entry", 0.9, 0)


@pytest.mark.parametrize(("scan", "power"), [("largest", -9), ("least", -3)])
def test_the_bound_has_the_printed_definition_of_the_condition_number(scan, power):
    """At k = 5, λ = σ₁⁵ / Π σ_i: one large singular value gives λ = σ⁴, all but one large give λ = σ."""
    assert bound_by_condition(scan, 2.0, 5) == pytest.approx(2.0**power)
    lines = [{"scan": scan, "value": value, "model": "tanh", "median": 0.1 / value} for value in (1.0, 2.0, 4.0)]
    assert of(components=2).guides(lines) == {"1 / λ²κ": [(1.0, 0.1), (2.0, 0.1 / 8), (4.0, 0.1 / 64)]}


def test_the_bound_for_relu_has_the_fourth_power_of_kappa():
    assert bound_by_condition("largest", 2.0, 5, kappa=4) == pytest.approx(2.0**-12)
    lines = [{"scan": "least", "value": value, "model": "relu-fixed", "median": 1.0} for value in (1.0, 2.0)]
    assert of(components=3, held_entry=0.1).guides(lines) == {"1 / λ²κ⁴": [(1.0, 1.0), (2.0, 2.0**-6)]}
    assert of(components=3).guides(lines) == {}  # u₀ is not held


@pytest.mark.parametrize("scan", ["largest", "least"])
def test_scans_of_singular_values_hold_the_least_entry_of_relus_row(scan):
    simulation = of(held_entry=0.1)
    for value in (1.0, 8.0):
        truth = simulation._instance(scan, value, 0, "relu-fixed")[0].truth
        assert np.abs(truth[0, 0]).min() == pytest.approx(0.1)
        assert np.linalg.svd(truth[0], compute_uv=False) == pytest.approx([value, 1.0])
        free = simulation._instance(scan, value, 0, "relu")[0].truth
        assert np.abs(free[0, 0]).min() != pytest.approx(0.1)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "linear"])
def test_the_population_hessian_is_the_mean_of_many_samples(activation):
    rng = np.random.default_rng(0)
    truth = np.stack([orthogonal(3, np.array([2.0, 1.0]), rng) for _ in "uv"])
    exact = population_hessian(truth, activation)
    sampled = Population(activation, torch.from_numpy(truth)[None]).hessian(0, 200_000, rng).numpy()
    assert np.abs(exact - sampled).max() < 0.02 * np.abs(exact).max()
    assert np.abs(exact - exact.T).max() < 1e-12


def test_the_population_hessian_of_a_linear_model_by_hand():
    """The block of u_a and u_b is I v_aᵀv_b, that of u_a and v_b is E[u_bᵀx x] E[v_aᵀy y]ᵀ = u_b v_aᵀ."""
    rng = np.random.default_rng(1)
    u, v = truth = rng.standard_normal((2, 3, 2))
    blocks = population_hessian(truth, "linear").reshape(2, 3, 2, 2, 3, 2)
    assert blocks[0, :, 0, 0, :, 1] == pytest.approx(np.eye(3) * (v[:, 0] @ v[:, 1]), abs=1e-8)
    assert blocks[0, :, 0, 1, :, 1] == pytest.approx(np.outer(u[:, 1], v[:, 0]), abs=1e-8)


def test_the_worst_direction_is_worse_than_random_ones():
    rows = rows_of(of(distance=[0.02], worst=[0.02], models=["sigmoid", "relu-fixed"], replications=3))
    least = rows.groupby(["model", "scan"])["smallest"].median()
    assert least["sigmoid", "worst"] < least["sigmoid", "distance"]
    assert least["relu-fixed", "worst"] < least["relu-fixed", "distance"]


def test_the_worst_direction_is_against_the_derivative_of_the_least_eigenvalue():
    """That is found by differences along each parameter. A parameter that is held does not move."""
    problems = Problems([draw(60, 800, 3, 2, seed=0)], "tanh")
    truth, step = problems.truth, 1e-4
    found = worst_direction(problems)
    slopes = torch.zeros_like(truth).flatten()
    for place in range(len(slopes)):
        move = torch.zeros_like(slopes)
        move[place] = step
        ends = [truth + sign * move.view_as(truth) for sign in (1, -1)]
        ahead, behind = (torch.linalg.eigvalsh(problems.hessian(end)[0])[0] for end in ends)
        slopes[place] = (ahead - behind) / (2 * step)
    assert torch.allclose(found.flatten(), -slopes / slopes.norm(), atol=1e-3)
    assert (worst_direction(problems, held=2).flatten()[:2] == 0).all()


def test_populations_are_scanned_for_smooth_activations_alone():
    jobs = of(population_least=[1.0, 2.0]).jobs()
    assert [job.settings["model"] for job in jobs] == ["sigmoid", "tanh"]
    rows = rows_of(of(population_least=[1.0, 4.0], models=["tanh"]))
    fall = rows.groupby("value")["smallest"].median()
    assert 0 < fall[4.0] < fall[1.0]


def test_the_worst_direction_is_the_gradient_of_the_least_eigenvalue(monkeypatch):
    """Against central differences of the eigenvalue itself along every axis."""
    seen = []
    hessian = Problems.hessian
    monkeypatch.setattr(Problems, "hessian", lambda self, at: seen.append((self, at)) or hessian(self, at))
    rows_of(of(worst=[0.02], models=["sigmoid"], replications=1))
    problems, at = seen[-1]
    found = (at - problems.truth).flatten()
    least = [
        torch.linalg.eigvalsh(hessian(problems, problems.truth + sign * 1e-5 * axis.view_as(at))[0])[0]
        for axis in torch.eye(at.numel(), dtype=at.dtype)
        for sign in (1, -1)
    ]
    slopes = torch.stack(least).view(-1, 2)
    expected = slopes[:, 1] - slopes[:, 0]  # downwards
    assert torch.allclose(found / found.norm(), expected / expected.norm(), atol=1e-2)


@pytest.fixture
def contents(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return shown(of(entry=[1e-3, 3e-3, 1e-2], observations=[10, 800], models=["relu-fixed", "linear"]))


def test_the_table_has_slopes_where_there_are_some(contents):
    table_kinds()["curvature"]().write(contents, Path("out"))
    with open("out/shown.csv") as stream:
        lines = {(line["scan"], line["model"]): line for line in csv.DictReader(stream)}
    assert len(lines) == 4
    assert float(lines["entry", "relu-fixed"]["slope_mean"]) == pytest.approx(2, abs=0.1)
    assert lines["entry", "linear"]["slope_mean"] == ""
    assert lines["observations", "linear"]["null_at_last"] == "4.0"
    assert "Zero there" in Path("out/shown.md").read_text()


def test_the_radius_of_definiteness_is_where_half_of_the_instances_are_definite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    away = {"distance": [1e-4, 0.3, 3.0], "worst": [1e-4, 0.3, 3.0]}
    table_kinds()["definite"]().write(shown(of(**away, models=["tanh", "linear"])), Path("out"))
    with open("out/shown.csv") as stream:
        lines = {(line["scan"], line["model"]): line for line in csv.DictReader(stream)}
    assert len(lines) == 4
    assert lines["distance", "linear"]["radius"] == lines["worst", "linear"]["radius"] == ""
    assert 1e-4 < float(lines["worst", "tanh"]["radius"]) <= float(lines["distance", "tanh"]["radius"]) < 3
    assert "< 0.0001" in Path("out/shown.md").read_text()


@pytest.mark.parametrize(("labels", "panels"), [(1, 1), (8, 1), (9, 9)])
def test_labels_have_panels_of_their_own_if_there_are_more_lines_than_styles(monkeypatch, tmp_path, labels, panels):
    """Two activations of 8 labels are 16 lines, as many as there are styles."""
    from matplotlib import pyplot as plt

    from dotbench.papers.nimc.figures import curvature as figure

    drawn = []
    same = {"scan": "worst", "replications": 2, "null": 0.0, "negative": 0.0, "folder": "f"}
    points = [
        same
        | {"label": f"setting {k}", "model": model, "title": model, "value": value}
        | dict.fromkeys(("median", "min", "max"), 1e-3 / value)
        for k in range(labels)
        for model in ("sigmoid", "tanh")
        for value in (0.1, 0.2)
    ]
    entry = SimpleNamespace(simulation=SimpleNamespace(guides=lambda lines: {}))
    monkeypatch.setattr(figure, "read_simulations", lambda contents: [entry])
    monkeypatch.setattr(figure, "labelled", lambda entries: None)
    monkeypatch.setattr(figure, "_points", lambda table: points)
    monkeypatch.setattr(figure.Sheet, "save", lambda sheet, *own: drawn.append(sheet))
    figure_kinds()["curvature"]().write(SimpleNamespace(size="double", report_item="shown"), tmp_path)
    visible = [axis for axis in drawn[0].axes.flat if axis.get_visible()]
    assert len(visible) == panels
    assert all(len(axis.containers) == 2 * labels // panels for axis in visible)
    assert ("setting 0" in visible[0].get_xlabel()) == (panels > 1)
    plt.close(drawn[0].figure)


@pytest.mark.slow
def test_the_figure_has_every_point_and_the_theorems_order(contents):
    figure_kinds()["curvature"]().write(contents, Path("out"))
    with open("out/shown.csv") as stream:
        assert len(list(csv.DictReader(stream))) == 2 * (3 + 2)
    text = Path("out/shown.svg").read_text()
    for word in ("u₀²", "null directions", "negative curvature"):
        assert word in text
