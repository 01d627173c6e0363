"""Conjugate gradients come to the solution of every row's system, and ALS with them to the optimum of ALS."""

import itertools

import numpy as np
import pytest
import torch

from dotbench.losses.base import LeastSquaresLoss, losses
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix, csr_tensor, sampled_product
from dotbench.runs.method import settings_class
from dotbench.solvers.als import ALS
from dotbench.solvers.als_cg import ALSCG
from dotbench.solvers.base import Problem

torch.set_num_threads(1)
M, N, K = 14, 17, 4
LOSSES = {name: loss for name, loss in losses().items() if issubclass(loss, LeastSquaresLoss)}
every_loss = pytest.mark.parametrize("name", LOSSES)


def matrix(dtype=torch.float64, seed=0):
    """Users 3 and 9 and item 16 have no pair."""
    rng = np.random.default_rng(seed)
    filled = rng.random((M, N)) < 0.3
    filled[[3, 9]], filled[:, 16] = False, False
    pairs = np.argwhere(filled)
    return TrainMatrix(pairs, M, N, dtype=dtype, ratings=rng.integers(1, 6, len(pairs)).astype(np.float64))


def systems(name, train, **settings):
    """Of the users and of the items, at random vectors."""
    loss = LOSSES[name](LOSSES[name].Settings(**{"regularization": 0.3, **settings}))
    generator = torch.Generator().manual_seed(1)
    users, items = (torch.randn(n, K, generator=generator, dtype=train.dtype) for n in (M, N))
    return (loss.user_systems(train, items), users), (loss.item_systems(train, users), items)


def test_every_loss_with_systems_is_here():
    assert set(LOSSES) >= {"wrmf", "ials", "squared", "rg2-released"}


@every_loss
def test_k_steps_solve_systems_of_k_unknowns(name):
    for rows, start in systems(name, matrix()):
        torch.testing.assert_close(rows.approached(start, K), rows.solution(), rtol=1e-8, atol=1e-10)


@every_loss
def test_every_step_comes_nearer(name):
    """In the norm of the systems, in which conjugate gradients are the nearest of their space."""
    for rows, start in systems(name, matrix()):
        errors = []
        for steps in range(K + 1):
            error = rows.approached(start, steps) - rows.solution()
            errors.append((error * rows._product(error)).sum(1))
        assert all((after <= before + 1e-12).all() for before, after in itertools.pairwise(errors))
        assert errors[1].sum() < 0.9 * errors[0].sum()


@every_loss
def test_rows_that_have_arrived_stay(name):
    for rows, _ in systems(name, matrix()):
        end = rows.solution()
        assert torch.isfinite(rows.approached(end, 2 * K)).all()
        torch.testing.assert_close(rows.approached(end, 2 * K), end)


@pytest.mark.parametrize("name", ["wrmf", "ials", "squared"])
def test_rows_without_positives_are_zero_from_any_start(name):
    (users, start), (items, other) = systems(name, matrix())
    assert (users.approached(start, 1)[[3, 9]] == 0).all()
    assert (items.approached(other, 1)[16] == 0).all()


@pytest.mark.parametrize("mkl", [True, False])
def test_sampled_product_by_hand(mkl, monkeypatch):
    """Rows of two, no and one entry; with MKL and without."""
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)
    pattern = csr_tensor(
        *(torch.tensor(one, dtype=torch.int32) for one in ([0, 2, 2, 3], [0, 2, 1])), torch.ones(3), (3, 3)
    )
    left = torch.tensor([[1.0, 2], [3, 4], [5, 6]])
    right = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    assert sampled_product(pattern, left, right, 10.0).to_dense().tolist() == [[10, 0, 30], [0, 0, 0], [0, 60, 0]]


def solved(solver, name, **settings):
    """The loss's value after many sweeps."""
    cls = settings_class([MatrixFactorization, LOSSES[name], solver])
    values = {"embedding_size": K, "init_std": 0.3, "regularization": 0.3, "dtype": "float64", **settings}
    known = cls(**{key: value for key, value in values.items() if key in cls.model_fields})
    problem = Problem(
        model=MatrixFactorization,
        loss=LOSSES[name](known),
        settings=known,
        train=matrix,
        validate=lambda users, items: {"validation": 0.0},
        init_seed=0,
        device="cpu",
        say=lambda text: None,
    )
    return [row["loss"] for row in solver().solve(problem).curve]


@pytest.mark.parametrize(("name", "settings"), [("wrmf", {"alpha": 2.0}), ("ials", {"regularization": 0.1})])
def test_the_optimum_is_that_of_exact_sweeps(name, settings):
    exact = solved(ALS, name, epochs=120, patience=120, **settings)
    steps = {n: solved(ALSCG, name, epochs=120, patience=120, steps=n, **settings) for n in (1, 3)}
    for curve in steps.values():
        assert (np.diff(curve) <= 1e-12 * curve[0]).all()  # it falls, as that of ALS does
        assert curve[-1] == pytest.approx(exact[-1], rel=1e-4)
    assert len({steps[1][0], steps[3][0], exact[0]}) == 3
