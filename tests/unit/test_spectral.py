"""The spectral solver: decomposition against dense SVD, and RG2's closed-form optimum against ALS and L-BFGS."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
import torch

from dotbench.losses.rg2 import RG2, SparsePlusRankOne
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.method import settings_class
from dotbench.solvers.base import Problem
from dotbench.solvers.decomposition import decompose, load_spectrum
from dotbench.solvers.spectral import Spectral

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
CPU = "cpu"
RANK = 4


def toy(seed=0, n_users=20, n_items=16, empty=(), dtype=torch.float64):
    """Four blocks of users with tastes of their own and some noise: four clear singular values."""
    rng = np.random.default_rng(seed)
    chance = np.full((n_users, n_items), 0.06)
    for block, width in enumerate((3, 4, 4, 5)):
        first = (0, 3, 7, 11)[block]
        chance[block::4, first : first + width] = 0.95
    filled = rng.random((n_users, n_items)) < chance
    filled[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    filled[list(empty)] = False
    return TrainMatrix(np.argwhere(filled), n_users, n_items, dtype=dtype)


def dense(train):
    filled = torch.zeros(train.n_users, train.n_items, dtype=torch.float64)
    filled[train.users, train.items] = 1
    return filled


def dense_target(train):
    """√(W/2) S, cell by cell, zero for a user without positives."""
    filled = dense(train).numpy()
    counts = filled.sum(1, keepdims=True)
    weights = counts / (2 * train.n_items * counts.sum())
    return np.sqrt(weights / 2) * (filled * train.n_items / np.maximum(counts, 1) - 1)


def rg2(regularization):
    return RG2(SimpleNamespace(regularization=regularization))


def spectrum_of(train, rank=RANK, tolerance=1e-15, iterations=500, block_size=4, seed=0):
    target = RG2.target(train)
    return decompose(target, rank, block_size, tolerance, iterations, seed, CPU, train.dtype)


def optimum(train, regularization, rank=RANK):
    users, items = rg2(regularization).optimum(train, spectrum_of(train, rank), rank)
    return users, items, rg2(regularization).objective(train, users, items)


# --- the linear map


@pytest.mark.parametrize("empty", [(), (0, 5)])
def test_target_is_the_weighted_score_matrix(empty):
    train = toy(empty=empty)
    target = RG2.target(train)
    assert target.shape == (20, 16)
    product = target.matmul(torch.eye(16, dtype=torch.float64)).numpy()
    assert np.allclose(product, dense_target(train), rtol=1e-13, atol=1e-15)


def test_sparse_plus_rank_one_equals_dense():
    train = toy(1)
    generator = torch.Generator().manual_seed(0)
    scale, offset = (torch.randn(20, generator=generator, dtype=torch.float64) for _ in range(2))
    linear = SparsePlusRankOne(train, scale, offset)
    full = scale[:, None] * dense(train) - offset[:, None]
    right = torch.randn(16, 3, generator=generator, dtype=torch.float64)
    left = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    assert torch.allclose(linear.matmul(right), full @ right, rtol=1e-12)
    assert torch.allclose(linear.rmatmul(left), full.T @ left, rtol=1e-12)
    assert linear.squared_norm() == pytest.approx(float((full**2).sum()), rel=1e-13)


def test_squared_norm_of_the_target():
    train = toy(2, empty=(3,))
    assert RG2.target(train).squared_norm() == pytest.approx((dense_target(train) ** 2).sum(), rel=1e-13)


# --- the decomposition


@pytest.mark.parametrize("rank", [1, RANK, 16])
def test_decomposition_equals_dense_svd(rank):
    train = toy()
    spectrum = spectrum_of(train, rank)
    left, values, right = np.linalg.svd(dense_target(train))
    assert spectrum.values.numpy() == pytest.approx(values[:rank], rel=1e-12, abs=1e-14)
    assert spectrum.residual < 1e-7
    for found, expected, rows in ((spectrum.left, left, 20), (spectrum.right, right.T, 16)):
        assert found.shape == (rows, rank)
        assert torch.allclose(found.T @ found, torch.eye(rank, dtype=torch.float64), atol=1e-12)
        alike = np.abs((found.numpy() * expected[:, :rank]).sum(0))[: min(rank, RANK)]  # up to sign
        assert alike == pytest.approx(np.ones(min(rank, RANK)), abs=1e-10)


def test_decomposition_does_not_depend_on_its_start():
    train = toy(3)
    values = [spectrum_of(train, seed=seed).values.numpy() for seed in range(3)]
    assert np.allclose(values, values[0], rtol=1e-12)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
def test_the_energy_missed_is_within_the_bound(tolerance):
    """200 × 150 with singular values that fall slowly: no gap after the rank."""
    rng = np.random.default_rng(0)
    train = TrainMatrix(np.argwhere(rng.random((200, 150)) < 0.1), 200, 150, dtype=torch.float64)
    every = np.linalg.svd(dense_target(train), compute_uv=False)
    spectrum = spectrum_of(train, rank=10, tolerance=tolerance)
    missed = (every[:10] ** 2).sum() / float((spectrum.values**2).sum()) - 1
    assert 0 < missed <= spectrum.missed <= tolerance
    assert 3 < spectrum.iterations < 38  # neither at once nor when the space is exhausted


def test_decomposition_in_single_precision():
    single, double = spectrum_of(toy(dtype=torch.float32), tolerance=1e-6), spectrum_of(toy())
    assert single.values.dtype == torch.float32
    assert torch.allclose(single.values.double(), double.values, rtol=1e-4)
    assert single.residual < 1e-2
    product = [(s.left * s.values @ s.right.T).double() for s in (single, double)]
    assert (product[0] - product[1]).norm() < 1e-3 * product[1].norm()


@pytest.mark.parametrize("shape", [(20, 16), (16, 20)])
def test_residual_and_missed_are_of_the_triplets_returned(shape):
    train = toy(4, *shape)
    spectrum = spectrum_of(train, iterations=1, block_size=4, tolerance=0.5)
    target, values = dense_target(train), spectrum.values.numpy()
    left, right = spectrum.left.numpy(), spectrum.right.numpy()
    errors = [target @ right - left * values, target.T @ left - right * values]
    largest = max(np.linalg.norm(error, axis=0).max() for error in errors)
    assert spectrum.iterations == 1
    assert spectrum.residual == pytest.approx(largest / values[0], rel=1e-9)
    assert spectrum.residual > 1e-3
    far = target @ target.T if shape[0] < shape[1] else target.T @ target
    near = left if shape[0] < shape[1] else right
    remainder = far @ near - near @ (near.T @ far @ near)
    assert spectrum.missed == pytest.approx(np.linalg.norm(remainder, "nuc") / (values**2).sum(), rel=1e-9)


def test_rank_beyond_the_matrix_gives_every_triplet():
    train = toy(n_users=20, n_items=16, empty=(0,))
    assert spectrum_of(train, rank=40).values.shape == (16,)


def test_saved_spectrum_is_read_back(tmp_path):
    spectrum = spectrum_of(toy())
    spectrum.save(tmp_path / "s.npz")
    read = load_spectrum(tmp_path / "s.npz", CPU, torch.float64)
    assert read.facts() == spectrum.facts()
    assert all(torch.equal(getattr(read, name), getattr(spectrum, name)) for name in ("left", "values", "right"))


# --- the optimum


@pytest.mark.parametrize("regularization", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("empty", [(), (2, 9)])
def test_objective_at_the_optimum_in_closed_form(regularization, empty):
    """2 ( ‖T‖² − Σ_{k≤K} (s_k − λ/2)₊² )."""
    train = toy(empty=empty)
    values = np.linalg.svd(dense_target(train), compute_uv=False)[:RANK]
    shrunk = np.maximum(values - regularization / 2, 0)
    expected = 2 * ((dense_target(train) ** 2).sum() - (shrunk**2).sum())
    users, _, value = optimum(train, regularization)
    assert value == pytest.approx(expected, rel=1e-11)
    assert (users[list(empty)] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("regularization", [0.0, 0.05, 0.3])
def test_als_ends_at_the_optimum_from_every_start(regularization):
    train, loss = toy(), rg2(regularization)
    best = optimum(train, regularization)[2]
    for seed in range(6):
        items = torch.randn(16, RANK, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        for _ in range(400):
            users = loss.best_users(train, items)
            items = loss.best_items(train, users)
            value = loss.objective(train, users, items)
            assert value >= best * (1 - 1e-12)
        assert value == pytest.approx(best, rel=1e-8)


def test_no_descent_finds_a_better_solution():
    """L-BFGS on the dense objective over P and Q, from random starts."""
    train, regularization = toy(), 0.05
    best = optimum(train, regularization)[2]
    filled = dense(train)
    counts = filled.sum(1, keepdim=True)
    weights = (counts / (2 * 16 * filled.sum())).expand(20, 16)
    targets = filled * 16 / counts - 1

    def objective(flat):
        x = torch.from_numpy(flat).requires_grad_()
        users, items = x[: 20 * RANK].view(20, RANK), x[20 * RANK :].view(16, RANK)
        norms = (users**2).sum(1)[:, None] + (items**2).sum(1)
        value = (weights * ((targets - users @ items.T) ** 2 + regularization * norms)).sum()
        value.backward()
        return value.item(), x.grad.numpy()

    rng = np.random.default_rng(0)
    ends = [
        scipy.optimize.minimize(objective, rng.standard_normal(36 * RANK), jac=True, method="L-BFGS-B").fun
        for _ in range(6)
    ]
    assert min(ends) >= best * (1 - 1e-9)
    assert min(ends) == pytest.approx(best, rel=1e-5)


def test_one_decomposition_serves_smaller_ranks_and_every_regularization():
    train = toy()
    large = spectrum_of(train, rank=8)
    for rank in (1, 2, 4):
        fresh = spectrum_of(train, rank)
        for regularization in (0.0, 0.1, 0.4):
            loss = rg2(regularization)
            read, new = loss.optimum(train, large, rank), loss.optimum(train, fresh, rank)
            assert read[0].shape == (20, rank)
            assert torch.allclose(read[0] @ read[1].T, new[0] @ new[1].T, atol=1e-9)
            assert loss.objective(train, *read) == pytest.approx(loss.objective(train, *new), rel=1e-12)


def test_collapse_at_twice_the_largest_singular_value():
    train = toy()
    edge = 2 * np.linalg.svd(dense_target(train), compute_uv=False)[0]
    at_zero = 2 * (dense_target(train) ** 2).sum()
    for factor, alive in ((0.95, True), (1.05, False)):
        regularization = factor * edge
        users, items, value = optimum(train, regularization)
        assert bool((users != 0).any() and (items != 0).any()) is alive
        assert bool(value < at_zero * (1 - 1e-6)) is alive
        loss = rg2(regularization)  # ALS agrees
        swept = torch.randn(16, RANK, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        for _ in range(500):
            swept = loss.best_items(train, loss.best_users(train, swept))
        assert bool(swept.abs().max() > 1e-3) is alive


# --- the solver


def problem(train, **settings):
    values = {"tolerance": 1e-15, "block_size": 4, "iterations": 500, "dtype": "float64", **settings}
    return Problem(
        model=MatrixFactorization,
        loss=rg2(0.05),
        settings=settings_class([MatrixFactorization, RG2, Spectral])(**values),
        train=lambda dtype: train,
        validate=lambda users, items: {"validation": 0.25},
        init_seed=0,
        device=CPU,
    )


def test_solver_gives_the_optimum():
    train = toy()
    solution = Spectral().solve(problem(train, embedding_size=RANK))
    assert solution.curve[0]["loss"] == pytest.approx(optimum(train, 0.05)[2], rel=1e-12)
    assert solution.curve[0]["validation"] == 0.25
    assert solution.extra["decomposition"]["rank"] == RANK


def test_solver_pads_a_rank_beyond_the_matrix_with_zeros():
    train = toy()
    solution = Spectral().solve(problem(train, embedding_size=30))
    assert solution.users.shape == (20, 30)
    assert solution.items.shape == (16, 30)
    assert (solution.users[:, 16:] == 0).all()
    assert solution.curve[0]["loss"] == pytest.approx(optimum(train, 0.05, rank=16)[2], rel=1e-12)
