"""The closed-form optimum of RG2 on awkward shapes: against ALS, against Eq. 22, and in single precision."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dotbench.losses.rg2 import RG2
from dotbench.numerics.matrix import TrainMatrix
from dotbench.solvers.decomposition import decompose

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)


def rg2(regularization):
    return RG2(SimpleNamespace(regularization=regularization))


def random_train(seed, n_users, n_items, density=0.3, empty=(), unseen=(), dtype=torch.float64):
    rng = np.random.default_rng(seed)
    filled = rng.random((n_users, n_items)) < density
    filled[np.arange(n_users), rng.integers(0, n_items - len(unseen), n_users)] = True
    filled[list(empty)] = False
    filled[:, list(unseen)] = False
    return TrainMatrix(np.argwhere(filled), n_users, n_items, dtype=dtype)


def checkerboard(n_users, n_items):
    """Users like the items of their own parity: S is ±1, and T has rank one."""
    users, items = np.indices((n_users, n_items))
    return TrainMatrix(np.argwhere(users % 2 == items % 2), n_users, n_items, dtype=torch.float64)


def weights_and_targets(train):
    """W and S, dense, of shape (M, N)."""
    filled = torch.zeros(train.n_users, train.n_items, dtype=torch.float64)
    filled[train.users, train.items] = 1
    counts = filled.sum(1, keepdim=True)
    weights = (counts / (2 * train.n_items * counts.sum())).expand(filled.shape)
    return weights, filled * train.n_items / counts.clamp(min=1) - 1


def optimum(train, regularization, rank):
    tolerance = 1e-15 if train.dtype == torch.float64 else 1e-6
    spectrum = decompose(RG2.target(train), rank, 4, tolerance, 500, 0, "cpu", train.dtype)
    return rg2(regularization).optimum(train, spectrum, rank)


def als(train, regularization, rank, seed, sweeps):
    loss = rg2(regularization)
    generator = torch.Generator().manual_seed(seed)
    items = torch.randn(train.n_items, rank, generator=generator, dtype=torch.float64)
    for _ in range(sweeps):
        users = loss.best_users(train, items)
        items = loss.best_items(train, users)
    return users, items


SHAPES = {
    "wide": (random_train(0, 9, 25), 3),
    "high": (random_train(1, 30, 8), 3),
    "users without positives, items never seen": (random_train(2, 14, 12, empty=(0, 5, 13), unseen=(10, 11)), 4),
    "one column": (random_train(3, 12, 10), 1),
    "every singular value": (random_train(4, 10, 7), 6),  # the rows of T sum to zero: N − 1 of them
    "rank below that asked for": (checkerboard(12, 10), 4),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("regularization", [0.0, 0.02, 0.2])
def test_als_ends_at_the_closed_form_from_every_start(shape, regularization):
    train, rank = SHAPES[shape]
    if regularization == 0 and shape == "rank below that asked for":
        rank = 1  # without a ridge ALS cannot have more columns than T has singular values
    users, items = optimum(train, regularization, rank)
    best = rg2(regularization).objective(train, users, items)
    for seed in range(3):
        swept = als(train, regularization, rank, seed, sweeps=500)
        assert rg2(regularization).objective(train, *swept) == pytest.approx(best, rel=1e-9)
        assert torch.allclose(swept[0] @ swept[1].T, users @ items.T, atol=1e-5 * float((users @ items.T).abs().max()))


def test_target_is_the_centred_normalised_matrix():
    """T = ½ √(N/|D|) diag(1/√n) R (I − 11ᵀ/N); hence ‖T‖² = ¼ (MN/|D| − 1), and a user's scores sum to zero."""
    train = random_train(11, 13, 9, empty=(2,))
    filled = torch.zeros(13, 9, dtype=torch.float64)
    filled[train.users, train.items] = 1
    centred = filled - filled.mean(1, keepdim=True)
    scale = 0.5 * (9 / len(train.users) * train.inverse_counts).sqrt()
    assert torch.allclose(RG2.target(train).matmul(torch.eye(9, dtype=torch.float64)), scale[:, None] * centred)
    active = len(train.active_users)
    assert active == 12
    assert RG2.target(train).squared_norm() == pytest.approx((active * 9 / len(train.users) - 1) / 4, rel=1e-12)
    users, items = optimum(train, 0.05, 4)
    assert torch.allclose(users @ items.sum(0), torch.zeros(13, dtype=torch.float64), atol=1e-10)


def test_optimum_is_a_fixed_point_of_both_half_sweeps():
    train = random_train(5, 20, 15, empty=(3,))
    users, items = optimum(train, 0.05, 4)
    loss = rg2(0.05)
    assert torch.allclose(loss.best_users(train, items), users, atol=1e-9)
    assert torch.allclose(loss.best_items(train, users), items, atol=1e-9)


def test_a_truncation_of_more_than_the_live_rank_adds_zero_columns():
    """Singular values up to λ/2 give nothing: the solution of rank 8 has as many columns as exceed it."""
    train = random_train(6, 20, 15)
    values = decompose(RG2.target(train), 8, 4, 1e-15, 500, 0, "cpu", torch.float64).values
    regularization = float(values[3] + values[4])  # λ/2 between the fourth and the fifth
    users, items = optimum(train, regularization, 8)
    assert ((users != 0).any(0).tolist(), (items != 0).any(0).tolist()) == ([True] * 4 + [False] * 4,) * 2


def test_users_factor_leaves_rankings_alone():
    train = random_train(7, 15, 12)
    spectrum = decompose(RG2.target(train), 4, 4, 1e-15, 500, 0, "cpu", torch.float64)
    users, items = rg2(0.1).optimum(train, spectrum, 4)
    shrunk = (spectrum.values - 0.05).clamp(min=0)
    low_rank = spectrum.left * shrunk @ spectrum.right.T
    assert torch.equal((users @ items.T).argsort(1), low_rank.argsort(1))
    factor = 2 * (train.n_items * len(train.users) / train.counts).sqrt()
    assert torch.allclose(users @ items.T, factor[:, None] * low_rank, rtol=1e-10)


def test_a_factor_on_all_weights_leaves_the_minimiser_of_eq_33_but_not_of_eq_22():
    """Users' vectors of fixed items, from dense systems."""
    train = random_train(8, 12, 10)
    weights, targets = weights_and_targets(train)
    items = torch.randn(10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def best_users(weights, ridges):
        systems = torch.einsum("ui,ik,il->ukl", weights, items, items) + ridges[:, None, None] * torch.eye(3)
        return torch.linalg.solve(systems, (weights * targets) @ items)

    weighted, plain = weights.sum(1), torch.ones(12, dtype=torch.float64)
    ours = rg2(0.1).best_users(train, items)
    for factor in (1.0, float(len(train.users)), 1e-3):
        assert torch.allclose(best_users(factor * weights, 0.1 * factor * weighted), ours, rtol=1e-10)
    first, second = (best_users(factor * weights, 0.1 * plain) for factor in (1.0, 10.0))
    assert not torch.allclose(first, second, rtol=0.1)


@pytest.mark.parametrize(("factor", "alive"), [(0.95, True), (1.05, False)])
def test_the_plain_regulariser_of_eq_22_collapses_at_the_norm_of_w_s(factor, alive):
    """Σ W (S − PQᵀ)² + λ(‖P‖² + ‖Q‖²) by dense ALS: zero is the end iff λ ≥ σ_max(W ∘ S), W ∘ S cell by cell.
    For λ of the paper's grid and real data that is far below the smallest positive value (docs/rg2-spectral.md)."""
    train = random_train(9, 14, 11)
    weights, targets = weights_and_targets(train)
    ridge = factor * float(torch.linalg.matrix_norm(weights * targets, 2)) * torch.eye(3, dtype=torch.float64)
    items = torch.randn(11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for _ in range(400):
        users = torch.linalg.solve(
            torch.einsum("ui,ik,il->ukl", weights, items, items) + ridge, (weights * targets) @ items
        )
        items = torch.linalg.solve(
            torch.einsum("ui,uk,ul->ikl", weights, users, users) + ridge, (weights * targets).T @ users
        )
    assert bool(items.abs().max() > 1e-2) is alive
    assert bool(items.abs().max() < 1e-6) is not alive


@pytest.mark.parametrize("regularization", [0.0, 0.1, 0.3])
def test_drift_of_single_precision(regularization):
    """Relative drift of objective and scores with a spectrum that has no gap after the rank."""
    double = random_train(10, 300, 200, density=0.1)
    single = random_train(10, 300, 200, density=0.1, dtype=torch.float32)
    ends = [optimum(train, regularization, 16) for train in (single, double)]
    values = [rg2(regularization).objective(double, p.double(), q.double()) for p, q in ends]
    scores = [p.double() @ q.double().T for p, q in ends]
    assert abs(values[0] / values[1] - 1) < 1e-6
    assert float((scores[0] - scores[1]).norm() / scores[1].norm()) < 1e-2


@pytest.mark.parametrize("regularization", [0.0, 0.1])
def test_als_is_block_power_iteration_on_the_gramian_of_the_target(regularization):
    """After s sweeps the item vectors span (TᵀT)ˢ times their start, whatever the regularisation."""
    train = random_train(12, 25, 18)
    dense = RG2.target(train).matmul(torch.eye(18, dtype=torch.float64))
    start = torch.randn(18, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    for sweeps in (1, 3):
        _, items = als(train, regularization, 3, seed=4, sweeps=sweeps)
        spans = [torch.linalg.qr(x)[0] for x in (items, torch.linalg.matrix_power(dense.T @ dense, sweeps) @ start)]
        assert torch.allclose(spans[0] @ spans[0].T, spans[1] @ spans[1].T, atol=1e-8)
