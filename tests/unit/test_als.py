"""ALS: every half sweep against a dense solve row by row, a falling objective, and the package `implicit`."""

from types import SimpleNamespace

import implicit
import numpy as np
import pytest
import scipy.sparse
import torch

from dotbench.errors import FitFailed
from dotbench.losses import _rows
from dotbench.losses.rg2 import RG2
from dotbench.losses.wrmf import WRMF
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.method import settings_class
from dotbench.solvers.als import ALS
from dotbench.solvers.base import Problem

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)


def random_pairs(seed=0, n_users=12, n_items=15, density=0.3, empty=(), unseen=()):
    """Distinct pairs; ``empty`` users and ``unseen`` items have none, every other user has one at least."""
    rng = np.random.default_rng(seed)
    filled = rng.random((n_users, n_items)) < density
    filled[np.arange(n_users), rng.integers(0, n_items - len(unseen), n_users)] = True
    filled[list(empty)] = False
    filled[:, list(unseen)] = False
    return np.argwhere(filled)


def matrix(pairs, n_users=12, n_items=15, dtype=torch.float64):
    return TrainMatrix(pairs, n_users, n_items, dtype=dtype)


def dense(train):
    filled = np.zeros((train.n_users, train.n_items))
    filled[train.users, train.items] = 1
    return filled


def start(rows, size, seed=0):
    return torch.randn(rows, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def brute_force(weights, targets, ridges, fixed):
    """argmin_x Σ_j w_rj (t_rj − x·f_j)² + ridge_r ‖x‖² for every row r, by one dense system each."""
    solution = np.zeros((len(weights), fixed.shape[1]))
    for row, (w, t, ridge) in enumerate(zip(weights, targets, ridges, strict=True)):
        if w.any():
            system = fixed.T @ (w[:, None] * fixed) + ridge * np.eye(fixed.shape[1])
            solution[row] = np.linalg.solve(system, fixed.T @ (w * t))
    return solution


def rg2_cells(train):
    """W and S of the loss, dense, shape (M, N)."""
    filled = dense(train)
    counts = filled.sum(1, keepdims=True)
    weights = np.repeat(counts / (2 * train.n_items * counts.sum()), train.n_items, axis=1)
    return weights, filled * train.n_items / np.maximum(counts, 1) - 1


def rg2(regularization=0.1):
    return RG2(SimpleNamespace(regularization=regularization))


def wrmf_loss(alpha=1.5, regularization=0.1):
    return WRMF(SimpleNamespace(alpha=alpha, regularization=regularization))


def relative(a, b):
    return np.abs(np.asarray(a) - b).max() / np.abs(b).max()


@pytest.mark.parametrize("regularization", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("empty", [(), (0, 7)])
def test_rg2_half_sweeps_are_the_dense_weighted_minimisers(regularization, empty):
    train = matrix(random_pairs(1, empty=empty, unseen=(14,)))
    weights, targets = rg2_cells(train)
    items, users = start(15, 4), start(12, 4, seed=1)
    expected = brute_force(weights, targets, regularization * weights.sum(1), items.numpy())
    assert relative(rg2(regularization).best_users(train, items), expected) < 1e-9
    expected = brute_force(weights.T, targets.T, regularization * weights.sum(0), users.numpy())
    assert relative(rg2(regularization).best_items(train, users), expected) < 1e-9


@pytest.mark.parametrize("alpha", [0.0, 0.5, 8.0])
@pytest.mark.parametrize("regularization", [0.0, 0.1, 30.0])
def test_wrmf_half_sweeps_are_the_dense_weighted_minimisers(alpha, regularization):
    train = matrix(random_pairs(2, empty=(5,), unseen=(14,)))
    filled = dense(train)
    weights = 1 + alpha * filled
    items, users = start(15, 4), start(12, 4, seed=1)
    loss = wrmf_loss(alpha, regularization)
    expected = brute_force(weights, filled, [regularization] * 12, items.numpy())
    assert relative(loss.best_users(train, items), expected) < 1e-9
    expected = brute_force(weights.T, filled.T, [regularization] * 15, users.numpy())
    assert relative(loss.best_items(train, users), expected) < 1e-9


def test_wrmf_solves_rows_alike_whatever_the_block(monkeypatch):
    """Rows of very different length: one user has every item, most have one or two."""
    pairs = random_pairs(3, n_users=40, n_items=30, density=0.03)
    pairs = np.unique(np.concatenate([pairs, np.stack([np.zeros(30, int), np.arange(30)], axis=1)]), axis=0)
    train = matrix(pairs, 40, 30)
    items = start(30, 4)
    whole = wrmf_loss().best_users(train, items)
    for cells in (1, 8, 50, 300):
        monkeypatch.setattr(_rows, "CELLS", cells)
        assert relative(wrmf_loss().best_users(train, items), whole.numpy()) < 1e-12


@pytest.mark.parametrize("loss", [rg2(0.0), rg2(0.05), wrmf_loss(0.5, 0.0), wrmf_loss(8.0, 0.1)])
def test_objective_never_rises(loss):
    train = matrix(random_pairs(4, empty=(3,)))
    users, items = torch.zeros(12, 4, dtype=torch.float64), start(15, 4)
    values = []
    for _ in range(15):
        users = loss.best_users(train, items)
        values.append(loss.objective(train, users, items))
        items = loss.best_items(train, users)
        values.append(loss.objective(train, users, items))
    assert values[-1] < 0.99 * values[0]
    assert (np.diff(values) <= 1e-12 * np.abs(values[1:])).all()


@pytest.mark.parametrize("loss", [rg2(), wrmf_loss()])
def test_users_without_positives_stay_zero(loss):
    train = matrix(random_pairs(5, empty=(0, 11)))
    users = loss.best_users(train, start(15, 4))
    assert (users[[0, 11]] == 0).all()
    assert (users[1:11] != 0).all()


@pytest.mark.parametrize("loss", [rg2(), wrmf_loss()])
def test_rank_beyond_the_matrix(loss):
    """K = 20 for 12 users and 15 items: the ridge keeps every system solvable, and more columns cannot harm."""
    train = matrix(random_pairs(6))
    values = {}
    for size in (12, 20):
        items = start(15, size)
        for _ in range(300):
            users = loss.best_users(train, items)
            items = loss.best_items(train, users)
        assert torch.isfinite(users).all()
        assert torch.isfinite(items).all()
        values[size] = loss.objective(train, users, items)
    assert values[20] <= values[12] * (1 + 1e-6)


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured")
@pytest.mark.parametrize("alpha", [0.0, 1.5])
def test_wrmf_is_the_exact_als_of_implicit(alpha):
    """implicit weights a positive by its own alpha, here 1 + α; same start, same order of half sweeps."""
    train = matrix(random_pairs(7, n_users=30, n_items=25), 30, 25)
    loss, sweeps = wrmf_loss(alpha, 0.2), 5
    items = start(25, 4)
    peer = implicit.cpu.als.AlternatingLeastSquares(
        factors=4,
        regularization=0.2,
        alpha=1 + alpha,
        dtype=np.float64,
        use_cg=False,
        use_native=True,
        iterations=sweeps,
        num_threads=1,
        random_state=0,
    )
    peer.user_factors, peer.item_factors = np.zeros((30, 4)), items.numpy().copy()
    peer.fit(scipy.sparse.csr_matrix(dense(train)), show_progress=False)
    for _ in range(sweeps):
        users = loss.best_users(train, items)
        items = loss.best_items(train, users)
    assert relative(users, peer.user_factors) < 1e-10
    assert relative(items, peer.item_factors) < 1e-10


# --- the solver


def problem(loss, train_pairs, validate=lambda users, items: {"validation": 0.0}, **settings):
    values = {"embedding_size": 4, "init_std": 0.1, "epochs": 30, "patience": 30, "dtype": "float64", **settings}
    return Problem(
        model=MatrixFactorization,
        loss=loss,
        settings=settings_class([MatrixFactorization, type(loss), ALS])(**values),
        train=lambda dtype: matrix(train_pairs, dtype=dtype),
        validate=validate,
        init_seed=0,
        device="cpu",
    )


@pytest.mark.parametrize("loss", [rg2(), wrmf_loss()])
def test_solver_sweeps_users_then_items(loss):
    pairs = random_pairs(8)
    seen = []

    def validate(users, items):
        seen.append((users, items))
        return {"validation": float(len(seen))}

    solution = ALS().solve(problem(loss, pairs, validate))
    train = matrix(pairs)
    first_users, first_items = seen[0]
    assert torch.equal(first_items, loss.best_items(train, first_users))
    assert torch.equal(seen[1][0], loss.best_users(train, first_items))
    assert [row["updates"] for row in solution.curve] == [2 * (k + 1) for k in range(30)]
    assert solution.best_epoch == 30
    assert solution.curve[-1]["loss"] == loss.objective(train, solution.users, solution.items)


@pytest.mark.parametrize("make", [lambda: rg2(0.0), lambda: wrmf_loss(1.0, 0.0)])
def test_singular_system_fails_the_fit(make):
    """More columns than rows and no ridge."""
    with pytest.raises(FitFailed, match="singular"):
        ALS().solve(problem(make(), random_pairs(9), embedding_size=20))


@pytest.mark.parametrize("loss", [rg2(0.01), wrmf_loss(2.0, 0.1)])
def test_single_precision_stays_near_double(loss):
    pairs = random_pairs(10)
    ends = [ALS().solve(problem(loss, pairs, dtype=dtype)).curve[-1]["loss"] for dtype in ("float32", "float64")]
    assert ends[0] == pytest.approx(ends[1], rel=1e-4)
