"""What the released RG2 code optimises: its sweeps against the printed systems, and against its own objective."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dotbench.losses.rg2 import RG2
from dotbench.losses.rg2_released import RG2Released
from dotbench.numerics.matrix import TrainMatrix

torch.set_num_threads(1)
M, N, K = 7, 9, 3


def train(empty=True):
    """With ``empty``, user 2 and item 5 have no pair."""
    dense = np.random.default_rng(0).random((M, N)) < 0.4
    dense[:, 0] = True
    if empty:
        dense[2], dense[:, 5] = False, False
    return TrainMatrix(np.argwhere(dense), M, N, dtype=torch.float64)


def loss(alpha=0.3, regularization=0.2, released_sign=False):
    return RG2Released(SimpleNamespace(alpha=alpha, regularization=regularization, released_sign=released_sign))


def vectors(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, K, generator=generator, dtype=torch.float64) for n in (M, N))


@pytest.mark.parametrize("released_sign", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_sweeps_solve_the_systems_of_the_released_code_row_by_row(alpha, released_sign):
    matrix, (users, items), lam = train(), vectors(), 0.2
    found = loss(alpha, lam, released_sign)
    weights = matrix.counts / (2 * N)
    for u in range(M):
        own = items[matrix.items[matrix.users == u]]
        ridge = lam * (len(own) / 2 + alpha * N) + lam
        system = weights[u] * items.T @ items + alpha * own.T @ own + ridge * torch.eye(K, dtype=torch.float64)
        expected = torch.linalg.solve(system, -weights[u] * items.sum(0) + (0.5 + alpha) * own.sum(0))
        assert torch.allclose(found.best_users(matrix, items)[u], expected, rtol=1e-10, atol=1e-13)
    for i in range(N):
        own = users[matrix.users[matrix.items == i]]
        ridge = lam * (weights.sum() + alpha * M)
        system = users.T @ (weights[:, None] * users) + alpha * own.T @ own + ridge * torch.eye(K, dtype=torch.float64)
        pull = (weights[:, None] * users).sum(0) * (1 if released_sign else -1)
        expected = torch.linalg.solve(system, pull + (0.5 + alpha) * own.sum(0))
        assert torch.allclose(found.best_items(matrix, users)[i], expected, rtol=1e-10, atol=1e-13)


def test_objective_is_the_sum_over_cells():
    matrix, (users, items) = train(), vectors()
    alpha, lam = 0.3, 0.2
    scores, total = (users @ items.T).tolist(), 0.0
    for u in range(M):
        own = matrix.items[matrix.users == u].tolist()
        total += len(own) / (2 * N) * sum((o + 1) ** 2 for o in scores[u])
        total += sum(alpha * (scores[u][i] - 1) ** 2 - scores[u][i] for i in own)
        total += lam * (len(own) / 2 + alpha * N + 1) * (users[u] ** 2).sum().item()
    total += lam * (len(matrix.users) / (2 * N) + alpha * M) * (items**2).sum().item()
    assert loss(alpha, lam).objective(matrix, users, items) == pytest.approx(total, rel=1e-12)


def gradient(side, released_sign=False):
    """Largest entry of the objective's gradient in one side's vectors, after that side's sweep."""
    matrix, (users, items) = train(), vectors()
    made = loss(released_sign=released_sign)
    if side == "users":
        users = made.best_users(matrix, items)
    else:
        items = made.best_items(matrix, users)
    moved = users if side == "users" else items
    step, worst = 1e-5, 0.0
    for k in range(moved.numel()):
        values = []
        for sign in (1, -1):
            moved.view(-1)[k] += sign * step
            values.append(made.objective(matrix, users, items))
            moved.view(-1)[k] -= sign * step
        worst = max(worst, abs(values[0] - values[1]) / (2 * step))
    return worst


def test_mended_sweeps_minimise_the_objective_and_the_released_items_sweep_does_not():
    assert gradient("users") < 1e-7
    assert gradient("items") < 1e-7
    assert gradient("users", released_sign=True) < 1e-7
    assert gradient("items", released_sign=True) > 0.1


def test_without_alpha_and_regularisation_it_is_rg2():
    matrix, (users, items) = train(empty=False), vectors()
    released = loss(alpha=0.0, regularization=0.0).objective(matrix, users, items) / len(matrix.users)
    paper = RG2(SimpleNamespace(regularization=0.0)).objective(matrix, users, items)
    assert paper - released == pytest.approx(M * N / 2 / len(matrix.users) - 1, rel=1e-10)
