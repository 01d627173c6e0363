"""iALS: its objective, minimisers and fixed point, by the formula of the paper written out for every pair."""

import numpy as np
import pytest
import torch

from dotbench.losses.ials import IALS
from dotbench.losses.wrmf import WRMF
from dotbench.numerics.matrix import TrainMatrix

torch.set_num_threads(1)
M, N, K = 12, 15, 3
A0, LAMBDA = 0.2, 0.05


def matrix(seed=0):
    filled = np.random.default_rng(seed).random((M, N)) < 0.3
    filled[4], filled[:, 7] = False, False
    return TrainMatrix(np.argwhere(filled), M, N, dtype=torch.float64)


def loss(exponent=1.0, regularization=LAMBDA):
    return IALS(IALS.Settings(unobserved_weight=A0, regularization=regularization, frequency_exponent=exponent))


def written_out(train, users, items, exponent):
    """The objective pair by pair, as the paper has it."""
    positive = torch.zeros(M, N, dtype=torch.float64)
    positive[train.users, train.items] = 1
    scores = users @ items.T
    of_users = (positive.sum(1) + A0 * N) ** exponent
    of_items = (positive.sum(0) + A0 * M) ** exponent
    data = (positive * (scores - 1) ** 2).sum() + A0 * (scores**2).sum()
    return data + LAMBDA * ((of_users * (users**2).sum(1)).sum() + (of_items * (items**2).sum(1)).sum())


def vectors(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, K, generator=generator, dtype=torch.float64) for n in (M, N))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_objective_is_the_one_written_out(exponent):
    train, (users, items) = matrix(), vectors()
    expected = float(written_out(train, users, items, exponent))
    assert loss(exponent).objective(train, users, items) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_half_sweeps_have_no_gradient_left(exponent):
    train, (users, items) = matrix(), vectors()
    best_users = loss(exponent).best_users(train, items).requires_grad_()
    best_items = loss(exponent).best_items(train, users).requires_grad_()
    gradients = [
        *torch.autograd.grad(written_out(train, best_users, items, exponent), best_users),
        *torch.autograd.grad(written_out(train, users, best_items, exponent), best_items),
    ]
    for gradient in gradients:
        assert gradient.abs().max() < 1e-11


def test_the_fixed_point_has_no_gradient_in_either_side():
    train, (users, items) = matrix(), vectors()
    one = loss()
    for _ in range(600):
        users = one.best_users(train, items)
        items = one.best_items(train, users)
    ends = [side.requires_grad_() for side in (users, items)]
    gradients = torch.autograd.grad(written_out(train, *ends, 1.0), ends)
    assert max(float(gradient.abs().max()) for gradient in gradients) < 1e-9
    assert float(users.detach().abs().max()) > 0.1


def test_plain_norms_are_wrmf_but_for_the_target_of_a_positive():
    """With ν = 0, α = 1/α₀ and λ/α₀ the systems are those of `wrmf`, whose right-hand sides count 1 + α, not α."""
    train, (_, items) = matrix(), vectors()
    alpha = 1 / A0
    other = WRMF(WRMF.Settings(alpha=alpha, regularization=LAMBDA / A0)).best_users(train, items)
    torch.testing.assert_close(loss(0.0).best_users(train, items) * (1 + alpha) / alpha, other)
