"""Recovery problems of NIMC: objective and derivatives against autograd, methods, stopping, the criterion."""

import numpy as np
import pytest
import torch

from dotbench.errors import DotbenchError
from dotbench.papers.nimc.recovery import problems as module
from dotbench.papers.nimc.recovery.activations import ACTIVATIONS, VALUES
from dotbench.papers.nimc.recovery.criterion import recovery_errors
from dotbench.papers.nimc.recovery.methods import LBFGS, Adam, Backtracking, FixedStep, LevenbergMarquardt
from dotbench.papers.nimc.recovery.minimise import Rules, minimise
from dotbench.papers.nimc.recovery.problems import Problems, draw, random_start

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
METHODS = {
    "gd-fixed": lambda: FixedStep(1.0),
    "gd": Backtracking,
    "adam": lambda: Adam(400),
    "l-bfgs": lambda: LBFGS(5),
    "lm": LevenbergMarquardt,
}


def instances(sizes=(6, 4, 9), m=30, d=3, k=2):
    return [draw(n, m, d, k, seed) for seed, n in enumerate(sizes)]


def starts(count=3, d=3, k=2):
    return torch.from_numpy(np.stack([random_start(d, k, seed) for seed in range(count)]))


def residuals(instance, activation, w):
    """φ(Uᵀx_i)ᵀ φ(Vᵀy_j) − A_ij, entry by entry."""
    phi = VALUES[activation]
    x, y, truth = (torch.from_numpy(part) for part in (instance.x, instance.y, instance.truth))
    return torch.stack(
        [
            phi(x[i] @ w[0]) @ phi(y[j] @ w[1]) - phi(x[i] @ truth[0]) @ phi(y[j] @ truth[1])
            for i, j in instance.rows.T.tolist()
        ]
    )


@pytest.mark.parametrize("way", ["loop", "dense", "gathered"])  # compiled, on a CPU; of a GPU, run on this machine
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_objective_gradient_and_gauss_newton_matrix_are_those_of_autograd(monkeypatch, activation, way):
    monkeypatch.setattr(module, "DENSE", 10**6 if way == "dense" else 0)
    monkeypatch.setattr(Problems, "_on_gpu", way != "loop")
    monkeypatch.setattr(module, "JACOBIAN", 400)  # one problem at a time
    found, w, m = Problems(instances(), activation), starts(), 30
    value, gradient = found.value_and_gradient(w)
    again = found.gauss_newton(w)
    for r, instance in enumerate(instances()):
        own = w[r].clone().requires_grad_()
        expected = residuals(instance, activation, own).square().sum() / (2 * m)
        expected.backward()
        assert torch.allclose(value[r], expected)
        assert torch.allclose(gradient[r], own.grad, atol=1e-13)
        jacobian = torch.autograd.functional.jacobian(lambda at, i=instance: residuals(i, activation, at), w[r])
        jacobian = jacobian.flatten(1)
        assert torch.allclose(again[2][r], jacobian.T @ jacobian / m, atol=1e-13)
    assert torch.allclose(again[0], value)
    assert torch.allclose(again[1], gradient, atol=1e-13)


@pytest.mark.parametrize("method", ["gd", "l-bfgs", "lm"])
def test_rows_of_u_that_are_held_never_move_and_the_rest_as_ever(method):
    held, free, w = Problems(instances(), "relu", held=2), Problems(instances(), "relu"), starts()
    gradient, expected = held.value_and_gradient(w)[1], free.value_and_gradient(w)[1]
    assert (gradient[:, 0, :2] == 0).all()
    assert torch.equal(gradient[:, 0, 2:], expected[:, 0, 2:])
    assert torch.equal(gradient[:, 1], expected[:, 1])
    matrix = held.gauss_newton(w)[2].view(3, 2, 3, 2, -1)
    assert (matrix[:, 0, :2] == 0).all()
    assert torch.allclose(matrix[:, 1, :, :, 4:], free.gauss_newton(w)[2].view(3, 2, 3, 2, -1)[:, 1, :, :, 4:])
    w[:, 0, :2] = held.truth[:, 0, :2]
    end = minimise(held, w, METHODS[method](), Rules(60, 60), lambda text: None).w
    assert torch.equal(end[:, 0, :2], w[:, 0, :2])
    assert not torch.equal(end[:, 0, 2:], w[:, 0, 2:])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_hessian_is_that_of_autograd(activation):
    found, w = Problems(instances(), activation).hessian(starts()), starts()
    for r, instance in enumerate(instances()):

        def objective(flat, i=instance, shape=w[r].shape):
            return residuals(i, activation, flat.view(shape)).square().sum() / 60

        assert torch.allclose(found[r], torch.autograd.functional.hessian(objective, w[r].flatten()), atol=1e-12)


def test_instances_of_a_seed_share_what_they_can():
    small, large = draw(5, 20, 3, 2, 7), draw(9, 40, 3, 2, 7)
    assert np.array_equal(small.truth, large.truth)
    assert np.array_equal(small.x, large.x[:5])
    assert np.array_equal(draw(5, 40, 3, 2, 7).rows[:, :20], small.rows)
    assert not np.array_equal(draw(5, 20, 3, 2, 8).truth, small.truth)
    assert not np.array_equal(random_start(3, 2, 7), small.truth)


def test_problems_of_different_shapes_are_refused():
    with pytest.raises(DotbenchError, match=r"shapes .*\(2, 20\).*\(2, 30\)"):
        Problems([draw(5, 20, 3, 2, 0), draw(5, 30, 3, 2, 0)], "relu")


@pytest.mark.parametrize("name", METHODS)
def test_a_pack_comes_to_what_its_problems_come_to_alone(monkeypatch, name):
    """Three problems that differ in n and in the distance of their starts, so that they leave at different times. The
    last bits of f, which packs differ in, decide about steps near the end."""
    monkeypatch.setattr("dotbench.papers.nimc.recovery.minimise.CHECK", 1)
    data, rules = [draw(n, 200, 3, 2, seed) for seed, n in enumerate((20, 30, 25))], Rules(iterations=400, window=100)
    away = torch.tensor([1e-5, 0.01, 0.1], dtype=torch.float64)[:, None, None, None]
    start = Problems(data, "sigmoid").truth + away * starts()
    together = minimise(Problems(data, "sigmoid"), start, METHODS[name](), rules)
    assert len(set(together.iterations)) > 1
    for r, instance in enumerate(data):
        alone = minimise(Problems([instance], "sigmoid"), start[r : r + 1], METHODS[name](), rules)
        assert alone.ended[0] == together.ended[r]
        assert alone.iterations[0] == pytest.approx(together.iterations[r], rel=0.1)
        assert torch.allclose(alone.w[0], together.w[r], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("name", ["gd", "l-bfgs", "lm"])
def test_methods_find_the_truth_from_beside_it(name, activation):
    data = [draw(40, 400, 3, 2, seed) for seed in range(3)]
    problems = Problems(data, activation)
    truth = problems.truth.clone()
    start = truth + 0.02 * starts()
    found = minimise(problems, start, METHODS[name](), Rules(iterations=5000, window=5000))
    assert list(found.ended) == ["converged"] * 3
    for r in range(3):
        assert recovery_errors(found.w[r], truth[r], activation, seed=r)[0] < 1e-3


def test_gradient_descent_is_the_textbook_one():
    """Fixed steps, and backtracked ones, against loops over numbers."""
    [instance], w = instances(sizes=(6,)), starts(1)
    problems = Problems([instance], "tanh")
    fixed = minimise(Problems([instance], "tanh"), w, FixedStep(0.3), Rules(40, 40), traced=True)
    at = w.clone()
    for step in range(40):
        value, gradient = problems.value_and_gradient(at)
        assert fixed.trace[step, 0] == pytest.approx(float(value))
        at = at - 0.3 * gradient
    assert torch.allclose(fixed.w, at)
    tracked = minimise(Problems([instance], "tanh"), w, Backtracking(), Rules(40, 40), traced=True)
    at, rate = w.clone(), 1.0
    for step in range(40):
        value, gradient = problems.value_and_gradient(at)
        assert tracked.trace[step, 0] == pytest.approx(float(value))
        new = at - rate * gradient
        taken = problems.value_and_gradient(new)[0] <= value - 0.25 * rate * gradient.square().sum()
        at, rate = (new, 1.1 * rate) if taken else (at, 0.5 * rate)
    assert torch.allclose(tracked.w, at)


def test_adam_is_torchs():
    [instance], w = instances(sizes=(6,)), starts(1)
    problems = Problems([instance], "sigmoid")
    found = minimise(Problems([instance], "sigmoid"), w, Adam(10**9), Rules(60, 60))
    at = w.clone().requires_grad_()
    optimizer = torch.optim.Adam([at], lr=0.01, eps=1e-12)
    for _ in range(60):
        at.grad = problems.value_and_gradient(at.detach())[1]
        optimizer.step()
    assert torch.allclose(found.w, at.detach(), atol=1e-9)


def test_lbfgs_goes_where_the_dense_matrix_of_its_last_pairs_points():
    """H of the last three pairs by the formula of BFGS (Nocedal and Wright, 2006, Eq. 7.16), from γ I."""
    method, problems, memory = LBFGS(3), Problems(instances(), "sigmoid"), 3
    state = method.start(problems, starts())
    kept: list[list[tuple[torch.Tensor, torch.Tensor]]] = [[], [], []]
    for _ in range(12):
        before = {name: state[name].clone() for name in "wg"}
        method.advance(problems, state)
        for r, pairs in enumerate(kept):
            s, y = ((state[name] - before[name])[r].flatten() for name in "wg")
            if s.any():
                pairs.append((s, y))
                s, y = pairs[-1]
                h = (s @ y) / (y @ y) * torch.eye(len(s), dtype=s.dtype)
                for s, y in pairs[-memory:]:
                    v = torch.eye(len(s), dtype=s.dtype) - torch.outer(y, s) / (s @ y)
                    h = v.T @ h @ v + torch.outer(s, s) / (s @ y)
                gradient = state["g"][r].flatten()
                assert torch.allclose(state["direction"][r], -h @ gradient, rtol=1e-8)
                assert torch.allclose(state["slope"][r], -gradient @ h @ gradient, rtol=1e-8)
    assert min(map(len, kept)) > memory


def test_lbfgs_beats_gradient_descent_and_ends_where_it_does():
    rules = Rules(iterations=3000, window=3000)
    data = [draw(40, 400, 3, 2, seed) for seed in range(3)]
    start = Problems(data, "sigmoid").truth + 0.1 * starts()
    quick = minimise(Problems(data, "sigmoid"), start, LBFGS(), rules)
    slow = minimise(Problems(data, "sigmoid"), start, Backtracking(), rules)
    assert list(quick.ended) == ["converged"] * 3
    assert (2 * quick.iterations < slow.iterations).all()


def test_what_ends_a_problem():
    data = instances(sizes=(6, 6, 6))
    problems = Problems(data, "relu")
    start = torch.stack([problems.truth[0], torch.zeros_like(problems.truth[1]), 1e200 * torch.ones(2, 3, 2)])
    found = minimise(problems, start, Backtracking(), Rules(iterations=200, window=40))
    assert list(found.ended) == ["converged", "stalled", "diverged"]
    assert list(found.iterations) == [20, 40, 20]
    assert list(minimise(Problems(data, "relu"), starts(), Adam(60), Rules(60, 60)).ended) == ["cap"] * 3


def test_recovery_is_judged_by_the_model_and_not_by_its_factors():
    """A ReLU model is the same under U D, V D⁻¹ with D > 0; the printed criterion, without V, tells them apart."""
    truth = torch.from_numpy(draw(5, 20, 3, 2, 0).truth)
    scale = torch.tensor([2.0, 0.5], dtype=torch.float64)
    same = torch.stack([truth[0] * scale, truth[1] / scale])
    corrected, printed = recovery_errors(same, truth, "relu", seed=3, fresh=50)
    assert corrected < 1e-14
    assert printed > 0.1
    x, y = np.random.default_rng([3, 5]).standard_normal((2, 50, 3))
    other = truth + 0.1
    model = [np.maximum(x @ w[0].numpy(), 0) @ np.maximum(y @ w[1].numpy(), 0).T for w in (other, truth)]
    expected = np.linalg.norm(model[0] - model[1]) / np.linalg.norm(model[1])
    assert recovery_errors(other, truth, "relu", seed=3, fresh=50)[0] == pytest.approx(expected)


def f_of(problems, w):
    return problems.value_and_gradient(w)[0]


def test_the_papers_counterexamples():
    """f = 0 away from the truth: linear under (U R, V R⁻ᵀ), with the transpose that the paper leaves out; ReLU under
    (U D, V D⁻¹) with D > 0, and not with D < 0."""
    rotation = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 2)))
    linear = Problems(instances(sizes=(6,)), "linear")
    u, v = linear.truth[0]
    assert float(f_of(linear, torch.stack([u @ rotation, v @ rotation.inverse().T])[None])) < 1e-25
    assert float(f_of(linear, torch.stack([u @ rotation, v @ rotation.inverse()])[None])) > 1e-2
    relu = Problems(instances(sizes=(6,)), "relu")
    u, v = relu.truth[0]
    scale = torch.tensor([3.0, 0.2], dtype=torch.float64)
    assert float(f_of(relu, torch.stack([u * scale, v / scale])[None])) < 1e-25
    assert float(f_of(relu, torch.stack([-u * scale, -v / scale])[None])) > 1e-2
