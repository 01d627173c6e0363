"""Starts of NIMC from moments: expectations, joint diagonalisation, signs, norms, pairing, table and figure."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from simulations_data import shown

from dotbench.papers.nimc.recovery.diagonalise import components, joint_diagonaliser
from dotbench.papers.nimc.recovery.moments import (
    Pairs,
    first_moments,
    fourth_moment,
    gamma,
    mixed_moment,
    third,
    third_moment,
)
from dotbench.papers.nimc.recovery.problems import draw
from dotbench.papers.nimc.recovery.tensor import component_errors, tensor_start
from dotbench.papers.nimc.simulations.tensor import NIMCTensor, NIMCTensorSettings
from dotbench.reporting.kind import figure_kinds, table_kinds

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)


def truth(law="orthogonal", d=5, k=2, seed=0):
    return draw(3, 4, d, k, seed, law=law).truth


def units(w):
    return w / np.linalg.norm(w, axis=0)


# --- moments


def test_gammas_against_what_is_known():
    """ReLU: γ_0 = σ/√2π, γ_1 = σ/2, γ_2 = 2σ/√2π, γ_3 = 3σ/2, so that its third Hermite coefficient vanishes; sigmoid
    and tanh by their symmetries; α of sigmoid at three norms, as an earlier program had it."""
    for sigma in (0.3, 2.0):
        expected = [sigma / (2 * np.pi) ** 0.5, sigma / 2, 2 * sigma / (2 * np.pi) ** 0.5, 1.5 * sigma]
        assert [gamma("relu", j, sigma) for j in range(4)] == pytest.approx(expected, rel=1e-5)
        assert third("relu", sigma) == pytest.approx(0, abs=1e-5)
        assert gamma("sigmoid", 0, sigma) == pytest.approx(0.5)
        assert gamma("tanh", 0, sigma) == pytest.approx(0, abs=1e-12)
    assert [third("sigmoid", s) / 2 for s in (0.5, 1, 10**0.5)] == pytest.approx([-0.006, -0.031, -0.135], abs=5e-4)


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_moments_are_near_their_expectations(activation):
    """Within 6 standard errors, from 200,000 pairs: the sums of rank-one terms that the docstrings state."""
    w, n = truth(), 200_000
    pairs = Pairs(w, activation, n, seed=1)
    u, v = units(w[0]), units(w[1])
    norms = [np.linalg.norm(side, axis=0) for side in w]
    g = {j: [np.array([gamma(activation, j, s) for s in side]) for side in norms] for j in range(4)}
    found = first_moments(pairs)
    assert found.a == pytest.approx(float(g[0][0] @ g[0][1]), abs=0.02)
    assert np.allclose(found.ax, u @ (g[1][0] * g[0][1]), atol=0.03)
    assert np.allclose(found.ay, v @ (g[1][1] * g[0][0]), atol=0.03)
    assert np.allclose(found.axy, (u * (g[1][0] * g[1][1])) @ v.T, atol=0.05)
    bases = tuple(np.linalg.qr(side)[0] for side in w)
    b, c = bases[0].T @ u, bases[1].T @ v
    he3 = g[3][0] - 3 * g[1][0]
    cube = np.einsum("l,al,bl,cl->abc", he3 * g[0][1], b, b, b)
    assert np.allclose(third_moment(pairs, bases[0], found.a), cube, atol=0.1)
    mixed = np.einsum("l,al,bl,cl->abc", (g[2][0] - g[0][0]) * g[1][1], b, b, c)
    assert np.allclose(mixed_moment(pairs, bases, found.a), mixed, atol=0.1)
    fourth = np.einsum("l,al,bl,cl,wl->abcw", he3 * g[1][1], b, b, b, c)
    assert np.allclose(fourth_moment(pairs, bases, found.a), fourth, atol=0.2)


# --- decomposition


def test_matrices_with_a_common_factor_are_diagonalised():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((4, 4))
    matrices = np.stack([factor * rng.standard_normal(4) @ factor.T for _ in range(6)])
    v = joint_diagonaliser(matrices, np.eye(4))
    found = v @ matrices @ v.T
    assert np.abs(found * ~np.eye(4, dtype=bool)).max() < 1e-8 * np.abs(found).max()


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("symmetric", [True, False])
def test_exact_tensors_give_their_components(k, symmetric):
    rng = np.random.default_rng(k)
    b = units(rng.standard_normal((k, k)))
    last = b if symmetric else rng.standard_normal((k + 1, k))
    tensor = np.einsum("l,al,bl,cl->abc", rng.choice([-1.0, 1.0], k) * (1 + rng.random(k)), b, b, last)
    found = components(tensor, seed=0)
    assert np.sort(np.abs(found.T @ b).max(axis=0)) == pytest.approx(np.ones(k), abs=1e-6)


# --- starts


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_more_pairs_bring_the_start_nearer(activation):
    """Signs, pairing and norms included; the error falls as 1 / √N."""
    w = truth(d=6, k=2)
    errors = []
    for count in (20_000, 500_000):
        start = tensor_start(Pairs(w, activation, count, seed=2), 2, seed=0)
        directions, norms = component_errors(start, w, activation)
        errors.append(directions.mean())
    assert errors[1] < 0.08
    assert norms.max() < 0.5
    assert errors[1] < errors[0] / 2


def test_errors_of_components_by_hand():
    """Two components in another order: one as it should be but for a swap of lengths, the other's v turned round."""
    u, v = np.eye(3)[:, :2], np.eye(3)[:, 1:]
    found = np.stack([u[:, ::-1] * [1, 2], v[:, ::-1] * [-1, 0.5]])
    directions, norms = component_errors(found, np.stack([u, v]), "relu")
    assert sorted(directions) == pytest.approx([0, 1])
    assert norms == pytest.approx([0, 0])
    both = np.stack([-u, -v])
    assert component_errors(both, np.stack([u, v]), "tanh")[0] == pytest.approx([0, 0])
    one = np.stack([u[:, :1], v[:, :1]])
    assert component_errors(-one, one, "sigmoid")[0] == pytest.approx([2])


# --- report items


@pytest.mark.usefixtures("svg_alone")
def test_table_and_figure_set_moments_beside_random_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"activations": ["relu"], "laws": ["orthogonal"], "pairs": [5000, 50_000], "observations": [300]}
    settings |= {"replications": 2, "users": 30, "dimension": 4, "components": 2, "iterations": 1000}
    simulation = NIMCTensor(NIMCTensorSettings(**settings))
    assert [job.label for job in simulation.jobs()] == ["relu-orthogonal-m300-r0to1"]
    contents = shown(simulation)
    table_kinds()["tensor"]().write(contents, Path("out"))
    with open("out/shown.csv") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["start"] for line in lines] == ["random", "moments, N = 5,000", "moments, N = 50,000"]
    assert lines[0]["direction_error_mean"] == ""
    assert float(lines[2]["direction_error_mean"]) < float(lines[1]["direction_error_mean"])
    assert lines[2]["recovered"] == "2"
    assert float(lines[2]["test_error_median"]) < 1e-3
    assert "moments, N = 50,000" in Path("out/shown.md").read_text()
    figure_kinds()["tensor"]().write(contents, Path("out"))
    assert Path("out/shown.svg").is_file()
