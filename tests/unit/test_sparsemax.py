"""Sparsemax: its threshold against the simplex projection, its value and its gradient."""

import numpy as np
import pytest
import torch

from dotbench.losses.sparsemax import Sparsemax, candidates, threshold

torch.set_num_threads(1)


def projection(v):
    """Euclidean projection of a vector onto the simplex, by sorting (Held, Wolfe and Crowder, 1974)."""
    u = np.sort(v)[::-1]
    excess = np.cumsum(u) - 1
    k = np.nonzero(u - excess / np.arange(1, len(v) + 1) > 0)[0][-1]
    return np.maximum(v - excess[k] / (k + 1), 0)


@pytest.mark.parametrize("spread", [0.0, 1e-6, 0.01, 1.0, 100.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_threshold_gives_the_projection_onto_the_simplex(spread, dtype):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20, 300)) * spread + rng.normal(size=(20, 1)) * 5
    tensor = torch.from_numpy(scores).to(dtype)
    found = (tensor - threshold(tensor)).clamp(min=0).double().numpy()
    expected = np.stack([projection(row) for row in tensor.double().numpy()])
    tolerance = 1e-12 if dtype == torch.float64 else 3e-6
    np.testing.assert_allclose(found, expected, atol=tolerance)
    np.testing.assert_allclose(found.sum(1), 1, atol=300 * tolerance)


@pytest.mark.parametrize(("spread", "enough"), [(1.0, 64), (0.01, 512), (0.0001, 600)])
def test_the_support_is_among_the_candidates(spread, enough):
    """Small scores differ too little for a few to be the support."""
    scores = torch.from_numpy(np.random.default_rng(2).normal(size=(9, 600)) * spread)
    found = candidates(scores)
    assert found.shape == (9, enough)
    np.testing.assert_allclose(threshold(found).numpy(), threshold(scores).numpy(), atol=1e-14)


def test_threshold_of_one_item_and_of_ties():
    assert threshold(torch.tensor([[4.0]])).item() == pytest.approx(3.0)
    assert threshold(torch.tensor([[2.0, 2.0, 0.0]])).item() == pytest.approx(1.5)


def problem():
    scores = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 7)))
    rows, items = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([1, 4, 0, 2, 3, 6])
    return scores, rows, items, torch.tensor([2.0, 1.0, 3.0], dtype=torch.float64)


def test_loss_is_the_conjugate_form():
    """Per positive: −o_i + ½‖o‖² − ½‖o − π‖² + ½ with π the projection (Martins and Astudillo, Eq. 10 rewritten)."""
    scores, rows, items, counts = problem()
    found = Sparsemax(None).formula(scores, rows, items, counts)
    expected = np.zeros(3)
    for row, item in zip(rows.tolist(), items.tolist(), strict=True):
        o = scores[row].numpy()
        pi = projection(o)
        expected[row] += -o[item] + (o @ o - (o - pi) @ (o - pi) + 1) / 2
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_gradient_is_the_projection_less_the_positive():
    scores, rows, items, counts = problem()
    leaf = scores.clone().requires_grad_()
    Sparsemax(None).formula(leaf, rows, items, counts).sum().backward()
    expected = np.zeros(scores.shape)
    for row, item in zip(rows.tolist(), items.tolist(), strict=True):
        expected[row] += projection(scores[row].numpy())
        expected[row, item] -= 1
    np.testing.assert_allclose(leaf.grad.numpy(), expected, atol=1e-14)


def test_loss_is_zero_only_for_a_margin_of_one():
    rows, items, counts = torch.tensor([0]), torch.tensor([0]), torch.tensor([1.0])
    values = [
        Sparsemax(None).formula(torch.tensor([[gap, 0.0, -3.0]]), rows, items, counts).item()
        for gap in (0.5, 0.99, 1.0, 7.0)
    ]
    assert values[0] > values[1] > 1e-5
    assert values[2:] == pytest.approx([0.0, 0.0], abs=1e-6)
