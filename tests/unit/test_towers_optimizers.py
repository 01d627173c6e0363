"""Optimisers against torch.optim on the same batches, schedules against torch's, Gauss–Newton against dense algebra."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from towers_data import SMALL, flat, load, modules, parts, sample

from dotbench.papers.t2rec.towers.gauss_newton import GaussNewton
from dotbench.papers.t2rec.towers.optimizers import Muon, orthogonal
from dotbench.papers.t2rec.towers.programs import AllRows, BatchRows, TwoTowers
from dotbench.papers.t2rec.towers.sample import Stacked
from dotbench.papers.t2rec.towers.schedules import rates
from dotbench.papers.t2rec.towers.settings import AS_PRINTED, Training
from dotbench.papers.t2rec.towers.trainers import GradientTrainer
from dotbench.settings import validate

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
FIRST_ORDER = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.0},
    "sgd decayed": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.3},
    "momentum": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.8},
    "nesterov": {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True},
    "adam": {"optimizer": "adam", "learning_rate": 0.01, "momentum": 0.8, "second_moment": 0.95},
    "adamw": {"optimizer": "adam", "learning_rate": 0.01, "weight_decay": 2.0},
    "muon": {"optimizer": "muon", "learning_rate": 0.02, "weight_decay": 0.5, "momentum": 0.9},
    "muon nesterov": {"optimizer": "muon", "learning_rate": 0.02, "momentum": 0.9, "nesterov": True},
}


def training(name, **changes):
    values = {"regularization": 0.01, "batch_size": 16, "dtype": "float64", **FIRST_ORDER[name], **changes}
    return Training(**values)


def trainer(settings, seeds=(0,), kind=BatchRows, cls=GradientTrainer, architecture=SMALL, data=sample):
    stacked = Stacked([data(seed) for seed in seeds], True, getattr(torch, settings[0].dtype), "cpu")
    towers = TwoTowers(architecture, [x.shape[2] for x in stacked.inputs])
    return cls(towers, stacked, settings, list(seeds), kind)


def newton_schulz(matrix):
    """torch's orthogonalisation in the precision of its argument, which torch turns into bfloat16."""
    flipped = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if flipped else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if flipped else x


def peer(settings, pair):
    """torch's optimisers with the same settings, and the decoupled weight decay that its SGD lacks."""
    everything = [part for layer in parts(pair) for part in layer]
    weights, biases = zip(*parts(pair), strict=True)
    rate, decay, momentum = settings.learning_rate, settings.weight_decay, settings.momentum
    if settings.optimizer == "sgd":
        optimizer = torch.optim.SGD(everything, rate, momentum=momentum, nesterov=settings.nesterov)
        return [SimpleNamespace(step=lambda: [p.mul_(1 - rate * decay) for p in everything]), optimizer]
    if settings.optimizer == "adam":
        betas = momentum, settings.second_moment
        return [torch.optim.AdamW(everything, rate, betas, weight_decay=decay)]
    matrices = torch.optim.Muon(weights, rate, decay, momentum, settings.nesterov)
    return [matrices, torch.optim.AdamW(biases, rate * settings.bias_rate, weight_decay=decay)]


def by_torch(settings, made, replica, epochs):
    """Parameters of a replica after training with torch.nn, autograd and torch.optim on the same batches."""
    pair = modules(SMALL, [x.shape[2] for x in made.data.inputs])
    load(pair, made.towers, made.parameters[replica])
    optimizers = peer(settings, pair)
    everything = [part for layer in parts(pair) for part in layer]
    for number in range(epochs):
        (users, items), ratings = made.shuffled(number)
        for start in range(0, ratings.shape[1], settings.batch_size):
            batch = slice(start, start + settings.batch_size)
            vectors = [
                network(x[replica][rows[replica, batch]])
                for network, x, rows in zip(pair, made.data.inputs, (users, items), strict=True)
            ]
            for part in everything:
                part.grad = None
            loss = ((vectors[0] * vectors[1]).sum(-1) - ratings[replica, batch]).square().mean()
            loss = loss + settings.regularization * sum(part.square().sum() for part in everything)
            loss.backward()
            with torch.no_grad():
                for optimizer in optimizers:
                    optimizer.step()
    return flat(pair)


@pytest.mark.parametrize("kind", [BatchRows, AllRows])
@pytest.mark.parametrize("name", list(FIRST_ORDER))
def test_training_is_that_of_torch(name, kind, monkeypatch):
    """Sixty pairs in batches of 16, the last of 12, for three epochs; each replica has settings of its own."""
    monkeypatch.setattr(torch.optim._muon, "_zeropower_via_newtonschulz", lambda grad, *_: newton_schulz(grad))
    settings = [training(name), training(name, learning_rate=0.004, regularization=0.1)]
    made = trainer(settings, seeds=(0, 1), kind=kind)
    start = made.parameters.clone()
    expected = [by_torch(one, made, replica, 3) for replica, one in enumerate(settings)]
    with torch.no_grad():
        losses = [made.epoch(number) for number in range(3)]
    for replica in range(2):
        assert torch.allclose(made.parameters[replica], expected[replica], rtol=1e-7, atol=1e-10)
        assert (made.parameters[replica] - start[replica]).abs().max() > 1e-3
    assert (losses[-1] < losses[0]).all()


def test_muon_is_torchs_to_its_bfloat16():
    settings = training("muon")
    made = trainer([settings])
    expected = by_torch(settings, made, 0, 1)
    start = made.parameters.clone()
    with torch.no_grad():
        made.epoch(0)
    assert (made.parameters[0] - expected).norm() < 0.02 * (start[0] - expected).norm()


def test_orthogonal_brings_singular_values_near_one():
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 30, 30), (2, 30, 12), (2, 12, 30), (2, 30, 30)]
    matrices = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    for matrix, found in zip(matrices, orthogonal(matrices), strict=True):
        assert found.shape == matrix.shape
        for r in range(2):
            u, s, v = torch.linalg.svd(matrix[r], full_matrices=False)
            values = (u.T @ found[r] @ v.T).diagonal()
            large = s > 0.05 * s.max()
            assert ((values[large] > 0.6) & (values[large] < 1.3)).all()
            assert torch.allclose(found[r], newton_schulz(matrix[r]), atol=1e-12)


def test_muons_biases_are_the_biases():
    towers = TwoTowers(SMALL, [5, 6])
    views = lambda f: [layer for side in towers.layers(f) for layer in side]  # noqa: E731
    made = Muon([Training(optimizer="muon")], torch.zeros(1, towers.size), views)
    marked = torch.ones(towers.size)
    marked[made.biases] = 0
    assert torch.equal(marked, towers.penalised(False))


# --- schedules


def all_rates(steps=7, **settings):
    made = Training(**settings)
    return np.concatenate([rates(made, epoch, steps) for epoch in range(made.epochs)])


def torchs(schedule, rate, count, **options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
    made = getattr(torch.optim.lr_scheduler, schedule)(optimizer, **options)
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return found


def test_rates_of_the_paper():
    found = [rates(AS_PRINTED, epoch, 3) for epoch in range(9)]
    assert all((of_epoch == of_epoch[0]).all() for of_epoch in found)
    expected = [0.01, 0.009, 0.0081, 0.00729, 0.006561, 0.0059049, 0.00531441, 0.005, 0.005]
    assert [of_epoch[0] for of_epoch in found] == pytest.approx(expected)


def test_rates_are_those_of_torch():
    assert all_rates(learning_rate=0.2, epochs=3).tolist() == [0.2] * 21
    cosine = all_rates(schedule="cosine", learning_rate=0.2, floor=0.01, epochs=6)
    assert cosine == pytest.approx(torchs("CosineAnnealingLR", 0.2, 42, T_max=42, eta_min=0.01))
    cycle = all_rates(schedule="one-cycle", learning_rate=0.2, floor=0.2 / 25 / 1e4, epochs=6)
    assert cycle == pytest.approx(torchs("OneCycleLR", 0.2, 42, max_lr=0.2, total_steps=42))
    assert len(all_rates(steps=1, schedule="one-cycle", learning_rate=0.2, epochs=2)) == 2


def test_settings_are_checked():
    with pytest.raises(Exception, match=r"floor 0.1 is above the learning_rate 0.01"):
        validate(Training, {"learning_rate": 0.01, "floor": 0.1}, "here")


# --- Gauss–Newton


def newton(architecture=SMALL, **changes):
    base = {"optimizer": "gauss-newton", "batch_size": 1000, "dtype": "float64", "regularization": 0.01}
    return trainer([Training(**base | changes)], kind=AllRows, cls=GaussNewton, architecture=architecture)


def test_gauss_newton_products_are_dense_ones():
    made = newton(SMALL.model_copy(update={"activation": "tanh"}))
    rows, ratings = made.shuffled(0)
    pair = modules(SMALL.model_copy(update={"activation": "tanh"}), [x.shape[2] for x in made.data.inputs])
    load(pair, made.towers, made.parameters[0])
    gradient, push, pull = made._linearised(rows, ratings)
    everything = [part for layer in parts(pair) for part in layer]
    users, items = (n(x[0]) for n, x in zip(pair, made.data.inputs, strict=True))
    scores = (users[rows[0][0]] * items[rows[1][0]]).sum(-1)
    jacobian = []
    for score in scores:
        for part in everything:
            part.grad = None
        score.backward(retain_graph=True)
        jacobian.append(flat(pair, gradient=True))
    jacobian = torch.stack(jacobian)
    with torch.no_grad():
        identity = torch.eye(made.towers.size, dtype=torch.float64)
        assert torch.allclose(torch.cat([push(row) for row in identity]).T, jacobian, rtol=1e-9, atol=1e-12)
        assert torch.allclose(
            torch.stack([pull(row[None]) for row in torch.eye(60, dtype=torch.float64)]), jacobian, atol=1e-12
        )
    error = scores.detach() - ratings[0]
    expected = 2 / 60 * jacobian.T @ error + 2 * 0.01 * made.parameters[0]
    assert torch.allclose(gradient, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.slow
def test_gauss_newton_comes_to_a_stationary_point():
    """Towers of one layer, without penalty: within 30 steps the gradient is at rounding's size."""
    architecture = SMALL.model_copy(update={"depth": 1, "embedding_size": 2})
    made = newton(architecture, cg_iterations=500, cg_tolerance=1e-10, damping=1e-8, regularization=0.0)
    rows, ratings = made.shuffled(0)
    with torch.no_grad():
        before, _, _ = made._linearised(rows, ratings)
        for number in range(30):
            made.epoch(number)
        after, _, _ = made._linearised(rows, ratings)
    assert after.abs().max() < 1e-6 < 1e-2 < before.abs().max()


def test_gauss_newton_never_goes_up_and_says_when_it_cannot_go_on():
    made = newton(cg_iterations=20)
    rows, ratings = made.shuffled(0)
    with torch.no_grad():
        values = [made._value(made.parameters, rows, ratings)]
        for number in range(25):
            values.append(made.epoch(number).item())
        assert all(after <= before * (1 + 1e-12) for before, after in pairwise(values))
        assert values[-1] < 0.5 * values[0]
        assert not made.finished
        made.parameters = torch.zeros_like(made.parameters)  # stationary: no direction leads down
        made.epoch(0)
        assert made.finished
