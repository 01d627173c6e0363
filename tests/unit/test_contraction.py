"""Gradient descent with fresh samples: derivatives, what is held, and the speed that the Hessian predicts."""

import numpy as np
import pytest
import torch

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.nimc.recovery.fresh import Population, descend
from dotbench.papers.nimc.recovery.problems import Instance, Problems
from dotbench.papers.nimc.simulations.contraction import NIMCContraction, NIMCContractionSettings, contraction

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
D, K, M = 4, 2, 30


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "linear"])
def test_gradient_and_hessian_are_those_of_the_recovery_problems(activation):
    """Of problems in which every row is observed once, with a row of its own on the other side."""
    truth, w, x, y = drawn(1, 2, D, K), drawn(1, 2, D, K, seed=1), drawn(1, M, D, seed=2), drawn(1, M, D, seed=3)
    rows = np.stack([np.arange(M)] * 2)
    same = Problems([Instance(x[0].numpy(), y[0].numpy(), rows, truth[0].numpy())], activation)
    population = Population(activation, truth)
    torch.testing.assert_close(population.gradient(w, x, y), same.value_and_gradient(w)[1])
    held = Population(activation, truth, held=1).gradient(w, x, y)
    assert (held[:, 0, 0] == 0).all()
    torch.testing.assert_close(held[:, 0, 1:], population.gradient(w, x, y)[:, 0, 1:])

    pairs = np.random.default_rng(5).standard_normal((2, M, D))
    seen = Problems([Instance(*pairs, rows, truth[0].numpy())], activation)
    found = population.hessian(0, M, np.random.default_rng(5))
    torch.testing.assert_close(found, seen.gauss_newton(truth)[2][0])
    free = Population(activation, truth, held=1).hessian(0, M, np.random.default_rng(5))
    torch.testing.assert_close(free, found[K:, K:])


def test_a_linear_side_contracts_as_the_quadratic_does():
    """With k = d = 1, U held and φ linear: v ← v − η u*² mean(x² y²) (v − v*), by hand."""
    truth = torch.tensor([[[[2.0]], [[3.0]]]], dtype=torch.float64)
    population = Population("linear", truth, held=1)
    found = descend(population, truth + torch.tensor([[[0.0]], [[1.0]]]), truth.new_tensor([0.01]), 50, 3, [rng()])
    away, same = 1.0, rng()
    for step in range(3):
        x, y = same.standard_normal((2, 50))
        away *= 1 - 0.01 * 4 * np.mean(x**2 * y**2)
        assert found[step + 1, 0] == pytest.approx(away, rel=1e-12)


def rng():
    return np.random.default_rng(7)


def test_the_half_life_is_told_of_a_curve():
    curve = 3.0 * 0.5 ** (np.arange(41) / 8)
    assert contraction(curve)["half_life"] == pytest.approx(8)
    assert contraction(curve)["final"] == pytest.approx(2**-5)
    floor = np.maximum(2.0 ** -np.arange(200.0), 1e-16)  # rounding is left out
    assert contraction(floor)["half_life"] == pytest.approx(1)
    assert contraction(np.linspace(1, 2, 20))["reason"] == "the distance does not fall"
    assert contraction(np.array([1.0, 1e200, np.nan]))["reason"] == "diverged"
    assert contraction(np.array([1.0, np.nan, np.nan]))["reason"] not in NIMCContraction.expected_failures


def test_with_enough_pairs_the_hessian_tells_the_speed_and_with_few_nothing_contracts(tmp_path):
    settings = {"models": ["tanh", "relu-fixed"], "observations": [5, 400], "distances": [0.05], "replications": 2}
    shape = {"dimension": D, "components": K, "iterations": 600, "pairs": 20_000}
    simulation = NIMCContraction(NIMCContractionSettings(**settings, **shape))
    execution = Execution("cpu", say=lambda text: None)
    rows = [
        row
        for job in simulation.jobs()
        for row in simulation.run(job.settings, execution, Checkpoint(tmp_path / job.label, "k"))
    ]
    assert len(rows) == 2 * 2 * 2
    for row in rows:
        if row["observations"] == 5:
            assert row["status"] == "failed"
            assert row["reason"] in simulation.expected_failures
        else:
            assert row["half_life"] == pytest.approx(row["predicted"], rel=0.15)
            assert row["ratio"] == pytest.approx(row["half_life"] / row["predicted"])
    lines = [{"title": "tanh", "observations": m, "predicted_mean": 7.0} for m in (5, 400)]
    assert simulation.guides(lines) == {"tanh, by the Hessian": [(5, 7.0), (400, 7.0)]}
