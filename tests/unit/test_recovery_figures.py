"""Figure 1 (a) and (b) of NIMC: curves and rates, recovery against the start."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from simulations_data import shown

from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.recovery.directions import worst_direction
from dotbench.papers.nimc.simulations._recovery import Trial, problems, starts
from dotbench.papers.nimc.simulations.convergence import NIMCConvergence, NIMCConvergenceSettings, fixed_steps, outcome
from dotbench.papers.nimc.simulations.curvature import NIMCCurvature, NIMCCurvatureSettings
from dotbench.papers.nimc.simulations.distance import NIMCDistance, NIMCDistanceSettings
from dotbench.papers.nimc.summaries.distance import _radii
from dotbench.reporting.kind import figure_kinds, table_kinds

pytestmark = [pytest.mark.seconds, pytest.mark.usefixtures("svg_alone")]

torch.set_num_threads(1)
SMALL = {"users": 30, "dimension": 3, "components": 1, "replications": 2}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a simulation in a folder of its own and gives the contents of its report items."""
    monkeypatch.chdir(tmp_path)
    return shown


def lines_of(path="out/shown.csv"):
    with open(path) as stream:
        return list(csv.DictReader(stream))


# --- the outcome of a curve


def test_levels_and_rate_of_a_geometric_curve():
    """f_t = 3 · 10^(−.26 t): a level of 10⁻² is reached after 2 / .26 iterations, 7.7."""
    facts = outcome(3 * 10.0 ** (-0.26 * np.arange(81)))
    assert (facts["to_1e2"], facts["to_1e4"], facts["to_1e8"]) == (8, 16, 31)
    assert facts["rate"] == pytest.approx(0.26)
    assert facts["final"] == pytest.approx(10**-20.8)
    points = json.loads(facts["curve"])
    assert points[0] == [0, 1.0]
    assert points[-1][0] == 80
    assert [place for place, _ in points] == sorted({place for place, _ in points})


def test_levels_that_are_not_reached_and_curves_that_diverge():
    facts = outcome(np.array([2.0, 1.0, 0.9]))
    assert facts["to_1e2"] is None
    assert facts["rate"] is None
    assert facts["status"] == "ok"
    assert outcome(np.array([2.0, 5.0, np.inf, np.nan]))["status"] == "failed"


def test_the_fixed_step_is_that_of_the_hessian_at_the_truth():
    """There the residuals vanish, so that the Hessian is autograd's."""
    settings = NIMCConvergenceSettings(**SMALL, observations=60)
    trials = [Trial(30, 0.1, 0)]
    data = problems(settings, "tanh", 60, trials, Execution("cpu"))
    truth = data.truth[0]

    def objective(flat):
        w = flat.view_as(truth)
        p, q = torch.tanh(data.inputs[0, 0] @ w[0]), torch.tanh(data.inputs[1, 0] @ w[1])
        found = (p[data.rows[0, 0]] * q[data.rows[0, 1]]).sum(1)
        return (found - data.values[0]).square().sum() / 120

    hessian = torch.autograd.functional.hessian(objective, truth.flatten())
    assert fixed_steps(data) == pytest.approx([1 / float(torch.linalg.eigvalsh(hessian)[-1])])


def test_a_start_lies_where_alpha_says():
    settings = NIMCDistanceSettings(**SMALL)
    trials = [Trial(30, alpha, 4) for alpha in (0.0, 0.25, 1.0)]
    truth = problems(settings, "relu", 40, trials, Execution("cpu")).truth
    at = starts(settings, trials, truth)
    assert torch.equal(at[0], truth[0])
    assert torch.allclose(at[1], 0.75 * truth[0] + 0.25 * at[2])


@pytest.mark.parametrize("direction", ["random", "worst"])
def test_a_start_in_a_direction_lies_at_its_distance(direction):
    own = {"direction": direction, "truths": "orthogonal", "activations": ["tanh"]}
    simulation = NIMCDistance(NIMCDistanceSettings(**SMALL, **own))
    trials = [Trial(30, alpha, seed) for alpha in (0.5, 3.0) for seed in (4, 5)]
    data = problems(simulation.settings, "tanh", 40, trials, Execution("cpu"), "orthogonal")
    away = simulation._away(data, trials, Execution("cpu")) - data.truth
    distances = away.flatten(1).norm(dim=1) / data.truth.flatten(1).norm(dim=1)
    assert distances.tolist() == pytest.approx([0.5, 0.5, 3.0, 3.0])
    assert torch.allclose(6 * away[0], away[2])
    alone = problems(simulation.settings, "tanh", 40, trials[1:2], Execution("cpu"), "orthogonal")
    cosine = (worst_direction(alone)[0] * away[1]).sum() / away[1].norm()
    assert (float(cosine) == pytest.approx(1)) == (direction == "worst")


@pytest.mark.parametrize("direction", ["random", "worst"])
@pytest.mark.parametrize(("spectrum", "singular"), [("largest", [4.0, 1.0]), ("least", [4.0, 1.0])])
def test_truths_of_a_spectrum_are_those_of_the_curvature_and_a_held_row_stays(direction, spectrum, singular):
    shape = {"users": 30, "dimension": 3, "components": 2, "activations": ["relu"]}
    own = {"direction": direction, "spectrum": spectrum, "condition": 4.0, "hold_row": True}
    simulation = NIMCDistance(NIMCDistanceSettings(**shape, **own))
    data = simulation._problems("relu", 200, [Trial(30, 2.0, 7)], Execution("cpu"))
    assert torch.linalg.svdvals(data.truth[0]).tolist() == [pytest.approx(singular)] * 2
    curved = NIMCCurvature(NIMCCurvatureSettings(dimension=3, components=2, spectrum=spectrum, condition=4.0))
    assert torch.equal(data.truth[0], torch.from_numpy(curved._instance("distance", 0.1, 7)[0].truth))
    varied = curved._instance("largest", 9.0, 7)[0].truth  # what is varied counts before the spectrum
    assert np.linalg.svd(varied[0])[1] == pytest.approx([9.0, 1.0])
    away = simulation._away(data, [Trial(30, 2.0, 7)], Execution("cpu")) - data.truth
    assert (away[0, 0, 0] == 0).all()
    assert float(away.norm() / data.truth.norm()) == pytest.approx(2)
    assert data.held == 1
    told = " ".join(simulation.notes())
    assert "singular values 4, 1" in told
    assert "held" in told
    assert "singular values are 4, 1" in " ".join(curved.notes())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"hold_row": True}, "allowed with a 'direction' alone"),
        ({"spectrum": "least", "condition": 2.0}, "allowed with a 'direction' alone"),
        (
            {"direction": "worst", "activations": ["relu"]},
            "null directions at the truth; allowed with 'hold_row: true'",
        ),
    ],
)
def test_settings_of_starts_that_do_not_go_together_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        NIMCDistanceSettings(**settings)


def test_beyond_a_random_start_lie_directions_alone():
    with pytest.raises(ValueError, match="allowed without a 'direction' is up to 1"):
        NIMCDistanceSettings(distances=[0.5, 1.5])


def test_half_of_the_trials_recover_the_truth_up_to_a_radius():
    """Of 4 trials 4, 3, 1 and 0 do: a half lies in the middle between 1 and 3."""
    shares = {0.5: 4, 1.0: 3, 3.0: 1, 9.0: 0}
    same = {name: "" for name in ("label", "folder", "activation", "users", "observations", "ratio", "method", "title")}
    cells = [(alpha, seed, seed < count) for alpha, count in shares.items() for seed in range(4)]
    table = pd.DataFrame([same | {"distance": a, "replication": s, "recovered": int(r)} for a, s, r in cells])
    (line,) = _radii(table)
    assert (line["trials"], line["least"], line["greatest"], line["radius"]) == (4, 0.5, 9.0, 2.0)
    assert 0.5 <= line["low"] < 2 < line["high"] <= 9
    (line,) = _radii(table[table["distance"] < 2])
    assert line["radius"] == line["greatest"] == 1
    (line,) = _radii(table[table["distance"] > 2])
    assert line["radius"] is None


# --- report items


@pytest.mark.slow
def test_convergence_is_told_by_method_and_activation(run):
    simulation = NIMCConvergence(NIMCConvergenceSettings(**SMALL, observations=300, iterations=600))
    contents = run(simulation)
    table_kinds()["descent"]().write(contents, Path("out"))
    lines = {(line["activation"], line["method"]): line for line in lines_of()}
    assert len(lines) == 15
    for phi in ("sigmoid", "relu", "tanh"):
        assert all(lines[phi, method]["to_1e4_reached"] == "2" for method in ("gd", "l-bfgs", "lm"))
        iterations = [float(lines[phi, method]["to_1e4_max"]) for method in ("lm", "l-bfgs", "gd")]
        assert iterations == sorted(iterations)
        assert float(lines[phi, "gd-fixed"]["step_min"]) > 0
    assert "Levenberg" in Path("out/shown.md").read_text()
    figure_kinds()["descent"]().write(contents, Path("out"))
    points = lines_of()
    assert {point["relative"] for point in points if point["iteration"] == "0"} == {"1.0"}
    assert Path("out/shown.svg").is_file()


@pytest.mark.parametrize("count", [4, 5, 8, 9])
def test_columns_of_the_figure_stand_in_several_rows_if_they_are_many(monkeypatch, tmp_path, count):
    """Nine are four, four and one; the axes of the three absent ones are not visible."""
    from dotbench.papers.nimc.figures import distance as figure

    drawn = []
    same = {"activation": "relu", "observations": 9, "title": "GD", "share": 1.0, "low": 0.5, "high": 1.0}
    ends = [f"test_error_{end}" for end in ("median", "min", "max")]
    rows = [same | {"distance": alpha} | dict.fromkeys(ends, alpha / 1e3) for alpha in (0.1, 1.0)]
    cells = [row | {"label": f"setting {k}"} for k in range(count) for row in rows]
    monkeypatch.setattr(figure, "read_simulations", lambda contents: [])
    monkeypatch.setattr(figure, "cells", lambda entries: cells)
    monkeypatch.setattr(figure, "write_csv", lambda *own: None)
    monkeypatch.setattr(figure.Sheet, "save", lambda sheet, *own: drawn.append(sheet))
    figure_kinds()["distance"]().write(SimpleNamespace(size="double", report_item="shown"), tmp_path)
    [sheet] = drawn
    visible = [axis for axis in sheet.axes.flat if axis.get_visible()]
    assert len(visible) == 2 * count
    assert all(len(axis.lines) or axis.collections for axis in visible)
    assert len(sheet.axes) == 2 * (-(-count // 4))
    titles = [" ".join(axis.get_title().split()) for axis in visible if axis.get_title()]
    assert titles == [f"setting {k}, ReLU, m = 9" for k in range(count)]
    plt.close(sheet.figure)


def test_distance_is_told_by_method_and_alpha(run):
    settings = {"activations": ["relu"], "observations": [300], "distances": [0.0, 1.0], "iterations": 600}
    contents = run(NIMCDistance(NIMCDistanceSettings(**SMALL, **settings)))
    table_kinds()["distance"]().write(contents, Path("out"))
    lines = {(float(line["distance"]), line["method"]): line for line in lines_of()}
    assert set(lines) == {(alpha, method) for alpha in (0.0, 1.0) for method in ("gd", "l-bfgs")}
    assert lines[0.0, "gd"]["recovered"] == lines[0.0, "gd"]["trials"] == "2"
    assert float(lines[0.0, "gd"]["test_error_max"]) < 1e-6
    assert "2/2" in Path("out/shown.md").read_text()
    assert [line["method"] for line in lines_of("out/shown_radii.csv")] == ["gd", "l-bfgs"]
    table_kinds()["radii"]().write(contents, Path("out"))
    assert [(line["method"], line["greatest"]) for line in lines_of()] == [("gd", "1.0"), ("l-bfgs", "1.0")]
    assert "| L-BFGS" in Path("out/shown.md").read_text()
    figure_kinds()["distance"]().write(contents, Path("out"))
    assert len(lines_of()) == 4
    assert Path("out/shown.svg").is_file()
