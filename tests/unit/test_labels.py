"""Starts of NIMC at equal numbers of labels: moments of observed entries, fitted norms, restarts, the table."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from simulations_data import shown

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.recovery.moments import Pairs, first_moments
from dotbench.papers.nimc.recovery.observed import Entries, with_norms
from dotbench.papers.nimc.recovery.problems import draw
from dotbench.papers.nimc.simulations.labels import NIMCLabels, NIMCLabelsSettings
from dotbench.reporting.kind import table_kinds

pytestmark = pytest.mark.seconds
torch.set_num_threads(1)


def test_moments_of_the_entries_are_means_over_them():
    instance = draw(7, 50, 3, 2, seed=0)
    moments = first_moments(Entries.of(instance, "sigmoid"))
    x, y = instance.x[instance.rows[0]], instance.y[instance.rows[1]]
    a = ((1 / (1 + np.exp(-x @ instance.truth[0]))) * (1 / (1 + np.exp(-y @ instance.truth[1])))).sum(1)
    assert moments.a == pytest.approx(a.mean())
    assert moments.ax == pytest.approx((a[:, None] * x).mean(0))
    assert moments.axy == pytest.approx(np.einsum("m,md,me->de", a - a.mean(), x, y) / 50)
    assert isinstance(Entries.of(instance, "relu"), Pairs)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_norms_are_found_where_the_directions_are_right(activation):
    """Of ReLU |u||v| alone: the rest is the same model."""
    instance = draw(60, 800, 4, 2, seed=1)
    entries = Entries.of(instance, activation)
    start = instance.truth * np.array([[[0.5, 1.5]], [[1.4, 0.7]]])
    found = with_norms(start, entries)
    norms, true = (np.linalg.norm(w, axis=1) for w in (found, instance.truth))
    if activation == "relu":
        norms, true = norms.prod(axis=0), true.prod(axis=0)
    assert norms == pytest.approx(true, rel=1e-4)
    directions = found / np.linalg.norm(found, axis=1, keepdims=True)
    assert directions == pytest.approx(start / np.linalg.norm(start, axis=1, keepdims=True))


def test_every_start_uses_m_labels_and_the_table_shows_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(
        "dotbench.papers.nimc.simulations.labels.Pairs", lambda *rest: seen.append(rest[2]) or Pairs(*rest)
    )
    monkeypatch.setattr(
        "dotbench.papers.nimc.simulations.labels.draw", lambda n, m, *rest: seen.append(m) or draw(n, m, *rest)
    )
    settings = {"activations": ["relu"], "observations": [601], "replications": 2, "users": 40, "dimension": 4}
    contents = shown(NIMCLabels(NIMCLabelsSettings(**settings, components=1, iterations=400, restarts=3)))
    assert sorted(set(seen)) == [300, 301, 601]  # half of the labels for the fit, half for the moments
    table_kinds()["labels"]().write(contents, Path("out"))
    with open("out/shown.csv") as stream:
        lines = {line["kind"]: line for line in csv.DictReader(stream)}
    assert len(lines) == 7
    assert lines["small"]["direction_error_mean"] == ""
    assert int(lines["restarts"]["recovered"]) >= int(lines["random"]["recovered"])
    assert int(lines["budget"]["recovered"]) >= int(lines["random"]["recovered"])
    assert lines["entries-norms"]["recovered"] == "2"
    assert lines["random"]["direction_error_mean"] == ""
    assert "norms fitted to them" in Path("out/shown.md").read_text()


def test_a_small_start_is_the_random_one_a_tenth_as_large():
    simulation = NIMCLabels(NIMCLabelsSettings(dimension=4, components=2))
    instance = draw(5, 9, 4, 2, seed=3)
    random, small = (simulation._start(kind, "relu", 9, instance, 3) for kind in ("random", "small"))
    assert small == pytest.approx(0.1 * random)


def test_random_starts_go_on_until_they_have_cost_the_budget_of_a_fit(tmp_path):
    """Where no fit is good enough. It is the last start alone that may go beyond the budget."""
    settings = {"observations": [40], "replications": 3, "users": 9, "dimension": 3, "components": 2}
    simulation = NIMCLabels(
        NIMCLabelsSettings(
            **settings, activations=["sigmoid"], kinds=["random", "budget"], iterations=400, fitted=1e-30
        )
    )
    rows = simulation.run(simulation.jobs()[0].settings, Execution("cpu"), Checkpoint(tmp_path, "key"))
    random, budget = ([row for row in rows if row["kind"] == kind] for kind in ("random", "budget"))
    assert any(row["iterations"] < 400 for row in random)
    assert all(400 <= row["iterations"] < 800 for row in budget)
    assert all(more["train_error"] <= one["train_error"] for one, more in zip(random, budget, strict=True))
