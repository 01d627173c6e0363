"""Newton-CG: products against dense matrices by autograd, conjugate gradients, descent, the known optimum."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dotbench.features.arrays import Features
from dotbench.losses.rg2 import RG2
from dotbench.models.base import models
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.method import settings_class
from dotbench.solvers import newton_cg
from dotbench.solvers.base import Problem
from dotbench.solvers.decomposition import decompose
from dotbench.solvers.newton_cg import NewtonCG, NewtonTrainer, conjugate_gradients, linearised

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
SHAPE = 8, 6
SIZE = 3
LAMBDA = 0.3
MODELS = {
    "mf": {"init_std": 0.5},
    "lightgcn": {"init_std": 0.5, "layers": 2},
    "two-tower": {"init_std": 0.5, "width": 4, "layers": 2, "activation": "tanh", "features": "movielens"},
    "two-tower-relu": {"init_std": 0.5, "width": 4, "features": "none"},
}


def matrix(seed=0, n_users=SHAPE[0], n_items=SHAPE[1], empty=(2,)):
    rng = np.random.default_rng(seed)
    filled = rng.random((n_users, n_items)) < 0.4
    filled[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    filled[list(empty)] = False
    return TrainMatrix(np.argwhere(filled), n_users, n_items, dtype=torch.float64)


def blocks(n_users=40, n_items=30, groups=3):
    """Users who like the items of their own group, with noise: two clear singular values."""
    rng = np.random.default_rng(0)
    chance = np.where(np.arange(n_users)[:, None] % groups == np.arange(n_items) % groups, 0.7, 0.08)
    return TrainMatrix(np.argwhere(rng.random((n_users, n_items)) < chance), n_users, n_items, dtype=torch.float64)


def rg2(regularization=LAMBDA):
    return RG2(SimpleNamespace(regularization=regularization))


def random_pair(seed, shape=SHAPE, size=SIZE):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, size, dtype=torch.float64, generator=generator) for n in shape)


def cells(train):
    """W and S, dense."""
    filled = torch.zeros(train.n_users, train.n_items, dtype=torch.float64)
    filled[train.users, train.items] = 1
    counts = filled.sum(1, keepdim=True)
    weights = (counts / (2 * train.n_items * filled.sum())).expand_as(filled)
    return weights, filled * train.n_items / counts.clamp(min=1) - 1


def flat(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def split(vector, n_users=SHAPE[0], n_items=SHAPE[1], size=SIZE):
    users, items = vector.split([n_users * size, n_items * size])
    return users.view(n_users, size), items.view(n_items, size)


def dense_objective(train, vector, regularization=LAMBDA):
    weights, targets = cells(train)
    users, items = split(vector)
    norms = (users**2).sum(1)[:, None] + (items**2).sum(1)
    return (weights * ((targets - users @ items.T) ** 2 + regularization * norms)).sum()


def dense_gauss_newton(train, vector, regularization=LAMBDA):
    """Jᵀ diag(2W) J plus the Hessian of the regulariser, J the Jacobian of the scores."""
    weights, _ = cells(train)
    jacobian = torch.autograd.functional.jacobian(lambda v: (split(v)[0] @ split(v)[1].T).reshape(-1), vector)
    regulariser = flat((2 * weights.sum(1)[:, None].expand(-1, SIZE), 2 * weights.sum(0)[:, None].expand(-1, SIZE)))
    return jacobian.T @ (2 * weights.reshape(-1, 1) * jacobian) + regularization * torch.diag(regulariser)


# --- the products of RG2


@pytest.mark.parametrize("empty", [(), (2, 5)])
def test_gradient_is_that_of_the_dense_objective(empty):
    train, (users, items) = matrix(empty=empty), random_pair(0)
    vector = flat((users, items)).requires_grad_()
    (expected,) = torch.autograd.grad(dense_objective(train, vector), vector)
    assert rg2().objective(train, users, items) == pytest.approx(dense_objective(train, vector).item(), rel=1e-13)
    assert torch.allclose(flat(rg2().gradient(train, users, items)), expected, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("regularization", [0.0, LAMBDA])
def test_gauss_newton_product_is_the_dense_one(regularization):
    train, vectors = matrix(), random_pair(1)
    full = dense_gauss_newton(train, flat(vectors), regularization)
    loss, n = rg2(regularization), len(full)
    found = torch.stack(
        [flat(loss.gauss_newton(train, *vectors, *split(row))) for row in torch.eye(n, dtype=torch.float64)]
    )
    assert (found - full).abs().max() < 1e-10 * full.abs().max()
    assert torch.allclose(found, found.T, atol=1e-16)
    assert torch.linalg.eigvalsh(full).min() > -1e-15
    assert found.abs().max() > 1e-3


def test_metric_is_the_hessian_of_the_regulariser():
    train, vectors = matrix(), random_pair(2)
    with_it, without = (dense_gauss_newton(train, flat(vectors), strength) for strength in (1.0, 0.0))
    found = flat([weight.expand(-1, SIZE) for weight in rg2().metric(train)])
    assert torch.allclose(torch.diag(found), with_it - without, atol=1e-15)


# --- through a model


def some_features():
    rng = np.random.default_rng(4)
    return Features(*(rng.random((n, 2)).astype(np.float32) for n in SHAPE), ["a", "b"], ["c", "d"])


def model(name, train, seed=0):
    cls = models()[name.removesuffix("-relu")]
    settings = cls.Settings(**{"embedding_size": SIZE, **MODELS[name]})
    given = some_features() if MODELS[name].get("features", "none") != "none" else None
    return cls(settings, train, torch.Generator().manual_seed(seed), given)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_gauss_newton_of_a_model_is_the_dense_one(name):
    """Jᵀ G J against the Jacobian of the vectors, column by column."""
    train = matrix()
    made = model(name, train)
    start = [parameter.detach() for parameter in made.parameters()]
    sizes = [parameter.numel() for parameter in start]

    def both(vector):
        parts = [part.view_as(old) for part, old in zip(vector.split(sizes), start, strict=True)]
        vectors = made.vectors(parts)
        return flat((vectors.users(), vectors.items()))

    jacobian = torch.autograd.functional.jacobian(both, flat(start))
    vectors, push, pull = linearised(made, start)
    assert torch.equal(flat(vectors), both(flat(start)))
    identity = torch.eye(sum(sizes), dtype=torch.float64)
    changes = [push([part.view_as(old) for part, old in zip(row.split(sizes), start, strict=True)]) for row in identity]
    assert torch.allclose(torch.stack([flat(change) for change in changes]), jacobian.T, rtol=1e-10, atol=1e-14)
    products = torch.stack([flat(pull(rg2().gauss_newton(train, *vectors, *change))) for change in changes])
    expected = jacobian.T @ dense_gauss_newton(train, flat(vectors)) @ jacobian
    assert (products - expected).abs().max() < 1e-10 * expected.abs().max()
    assert torch.allclose(products, products.T, atol=1e-14)
    for direction in torch.randn(5, sum(sizes), dtype=torch.float64, generator=torch.Generator().manual_seed(0)):
        assert direction @ products @ direction >= 0
    value = torch.autograd.functional.jacobian(lambda v: dense_objective(train, both(v)), flat(start))
    assert torch.allclose(flat(pull(rg2().gradient(train, *vectors))), value, rtol=1e-9, atol=1e-14)


# --- conjugate gradients


def system(n=12, rank=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(n, rank, dtype=torch.float64, generator=generator)
    scale = torch.logspace(-2, 2, n, dtype=torch.float64)
    return scale[:, None] * (root @ root.T) * scale, scale * torch.randn(n, dtype=torch.float64, generator=generator)


def test_conjugate_gradients_solve_a_system():
    full, right = system()
    found = conjugate_gradients(lambda d: full @ d, right, 1 / full.diagonal(), 1e-12, 200)
    assert torch.allclose(full @ found, right, rtol=1e-8, atol=1e-8 * right.abs().max())


def test_conjugate_gradients_stop_at_the_tolerance_and_at_the_cap():
    full, right = system()
    scale = 1 / full.diagonal()
    counted = []

    def run(tolerance, iterations):
        counted.clear()
        found = conjugate_gradients(lambda d: counted.append(1) or full @ d, right, scale, tolerance, iterations)
        residual = right - full @ found
        return math.sqrt((residual @ (scale * residual)) / (right @ (scale * right))), len(counted)

    reached, steps = run(0.5, 100)
    assert reached <= 0.5
    assert run(0.5, steps - 1)[0] > 0.5
    assert run(1e-12, 3)[1] == 3


def test_conjugate_gradients_of_a_singular_system_and_of_zero():
    full, _ = system(rank=5)
    right = full @ torch.ones(12, dtype=torch.float64)
    found = conjugate_gradients(lambda d: full @ d, right, 1 / full.diagonal(), 1e-10, 200)
    assert torch.allclose(full @ found, right, rtol=1e-6, atol=1e-6 * right.abs().max())
    assert (conjugate_gradients(lambda d: full @ d, 0 * right, 1 / full.diagonal(), 0.1, 10) == 0).all()


def test_conjugate_gradients_go_nowhere_along_negative_curvature():
    right = torch.ones(3, dtype=torch.float64)
    assert (conjugate_gradients(lambda d: -d, right, right, 0.1, 10) == 0).all()


# --- steps


def problem(name, train, loss, validate=lambda users, items: {"validation": 0.5}, **settings):
    cls = models()[name]
    known = settings_class([cls, type(loss), NewtonCG])
    values = {"embedding_size": 4, "dtype": "float64", **settings}
    return Problem(
        model=cls,
        loss=loss,
        settings=known(**{key: value for key, value in values.items() if key in known.model_fields}),
        train=lambda dtype: train,
        validate=validate,
        init_seed=0,
        device="cpu",
        say=lambda text: None,
    )


def optimum(train, regularization, rank=4):
    spectrum = decompose(RG2.target(train), rank, 8, 1e-15, 500, 0, "cpu", train.dtype)
    loss = rg2(regularization)
    return loss.objective(train, *loss.optimum(train, spectrum, rank))


@pytest.mark.parametrize("name", ["mf", "lightgcn", "two-tower"])
def test_objective_falls_with_every_step(name):
    train, loss = blocks(), rg2(0.1)
    trainer = NewtonTrainer(problem(name, train, loss, width=8))
    values = [trainer.loss()]
    for _ in range(15):
        assert trainer.epoch() == 1
        values.append(trainer.loss())
        assert trainer.loss() == loss.objective(train, *trainer.vectors())
    assert all(after <= before for before, after in itertools.pairwise(values))
    assert values[-1] < values[0] - 0.1


@pytest.mark.parametrize("regularization", [0.0, 0.1, 0.4])
def test_mf_ends_at_the_optimum(regularization):
    train = blocks()
    made = problem("mf", train, rg2(regularization), cg_tolerance=1e-3, cg_iterations=200, embedding_size=2)
    trainer, best = NewtonTrainer(made), optimum(train, regularization, rank=2)
    for _ in range(50):
        trainer.epoch()
        assert trainer.loss() >= best * (1 - 1e-12)
    assert trainer.loss() == pytest.approx(best, rel=1e-8)


def test_towers_wide_enough_come_near_the_optimum_of_free_vectors():
    train = blocks()
    trainer = NewtonTrainer(problem("two-tower", train, rg2(0.1), width=16, activation="tanh"))
    for _ in range(60):
        trainer.epoch()
    best = optimum(train, 0.1)
    zero = rg2(0.1).objective(train, *(torch.zeros(n, 4, dtype=torch.float64) for n in (40, 30)))
    assert best * (1 - 1e-12) < trainer.loss() < best + 0.02 * (zero - best)


def test_a_step_that_does_not_descend_is_not_taken():
    class Uphill(RG2):
        def gradient(self, *arguments):
            return tuple(-part for part in super().gradient(*arguments))

    train = blocks()
    trainer = NewtonTrainer(problem("mf", train, Uphill(SimpleNamespace(regularization=0.1)), init_std=0.5))
    before = trainer.vectors()
    trainer.epoch()
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.vectors(), strict=True))
    assert trainer.damping == pytest.approx(0.1 * newton_cg.FACTOR)


def test_damping_shrinks_where_the_quadratic_model_is_right():
    """A regulariser that leaves nothing of the data is a quadratic."""
    trainer = NewtonTrainer(problem("mf", blocks(), rg2(1e4)))
    trainer.epoch()
    assert trainer.damping == pytest.approx(0.1 / newton_cg.FACTOR)


def test_preconditioner_of_free_vectors_is_the_inverse_metric():
    train = matrix()
    trainer = NewtonTrainer(problem("mf", train, rg2(), embedding_size=2_000))
    vectors, _, pull = linearised(trainer.model, trainer.parameters)
    found = trainer._preconditioner(vectors, pull)
    expected = flat([weight.expand(-1, 2_000) for weight in rg2().metric(train)])
    assert (found[expected == 0] == 0).all()
    assert torch.allclose(found[expected > 0], 1 / expected[expected > 0], rtol=0.15)


def test_solver_stops_early_and_keeps_the_best_step():
    values = iter([0.1, 0.4, 0.3, 0.2, 0.1, 0.0])
    train = blocks()
    made = problem("mf", train, rg2(), validate=lambda users, items: {"validation": next(values)}, patience=3)
    solution = NewtonCG().solve(made)
    assert [row["updates"] for row in solution.curve] == [1, 2, 3, 4, 5]
    assert solution.best_epoch == 2
    assert isinstance(solution.users, torch.Tensor)
    assert rg2().objective(train, solution.users, solution.items) == solution.curve[1]["loss"]
