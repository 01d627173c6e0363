"""Towers: values and derivatives against torch.nn, autograd and finite differences, for both programs."""

import itertools

import numpy as np
import pytest
import torch
from towers_data import SMALL, flat, load, modules, sample

from dotbench.errors import DotbenchError
from dotbench.papers.t2rec.towers.losses import huber
from dotbench.papers.t2rec.towers.programs import AllRows, BatchRows, TwoTowers, program, scatter, take
from dotbench.papers.t2rec.towers.sample import Sample, Stacked
from dotbench.papers.t2rec.towers.settings import Architecture

torch.set_num_threads(1)
PROGRAMS = {"batch-rows": BatchRows, "all-rows": AllRows}
REPLICAS = 3
SHAPES = {
    "paper-like": SMALL,
    "one layer": Architecture(depth=1, embedding_size=4),
    "tanh": SMALL.model_copy(update={"activation": "tanh"}),
    "sigmoid": SMALL.model_copy(update={"activation": "sigmoid"}),
    "relu vectors": SMALL.model_copy(update={"output": "activated"}),
}


def stacked(replicas=REPLICAS, inputs="standardised"):
    return Stacked([sample(seed) for seed in range(replicas)], inputs == "standardised", torch.float64, "cpu")


def prepared(architecture, replicas=REPLICAS):
    data = stacked(replicas)
    towers = TwoTowers(architecture, [x.shape[2] for x in data.inputs])
    parameters = torch.stack([towers.initial(seed) for seed in range(replicas)])
    parameters += 0.1 * torch.randn(parameters.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    return data, towers, parameters


def by_autograd(architecture, data, towers, parameters, replica):
    """(MSE, gradient) of one replica, by torch.nn and autograd."""
    pair = modules(architecture, [x.shape[2] for x in data.inputs])
    load(pair, towers, parameters[replica])
    users, items = (network(x[replica]) for network, x in zip(pair, data.inputs, strict=True))
    scores = (users[data.rows[0][replica]] * items[data.rows[1][replica]]).sum(-1)
    loss = torch.nn.functional.mse_loss(scores, data.ratings[replica])
    loss.backward()
    return loss.item(), flat(pair, gradient=True)


@pytest.mark.parametrize("kind", PROGRAMS.values(), ids=list(PROGRAMS))
@pytest.mark.parametrize("architecture", SHAPES.values(), ids=list(SHAPES))
def test_gradient_is_that_of_autograd(architecture, kind):
    data, towers, parameters = prepared(architecture)
    found = torch.full_like(parameters, torch.nan)  # every entry has to be written
    errors = kind(towers, data.inputs).gradient(parameters, data.rows, data.ratings, found)
    for replica in range(REPLICAS):
        error, gradient = by_autograd(architecture, data, towers, parameters, replica)
        assert errors[replica].item() == pytest.approx(error, rel=1e-12)
        assert torch.allclose(found[replica], gradient, rtol=1e-9, atol=1e-13)
        assert gradient.abs().max() > 1e-3


@pytest.mark.parametrize("kind", PROGRAMS.values(), ids=list(PROGRAMS))
def test_gradient_by_finite_differences(kind):
    data, towers, parameters = prepared(SHAPES["tanh"], 2)
    made, gradient = kind(towers, data.inputs), torch.empty_like(parameters)
    made.gradient(parameters, data.rows, data.ratings, gradient)
    spare, step = torch.empty_like(parameters), 1e-6
    for place in range(0, towers.size, 17):
        values = []
        for sign in (1, -1):
            moved = parameters.clone()
            moved[:, place] += sign * step
            values.append(made.gradient(moved, data.rows, data.ratings, spare))
        assert torch.allclose((values[0] - values[1]) / (2 * step), gradient[:, place], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("kind", PROGRAMS.values(), ids=list(PROGRAMS))
@pytest.mark.parametrize("architecture", SHAPES.values(), ids=list(SHAPES))
def test_gradient_of_the_huber_loss_is_that_of_autograd(architecture, kind):
    """torch's Huber loss is half of ours."""
    data, towers, parameters = prepared(architecture)
    threshold = 0.5
    found = torch.full_like(parameters, torch.nan)
    losses = kind(towers, data.inputs, threshold).gradient(parameters, data.rows, data.ratings, found)
    beyond = 0.0
    for replica in range(REPLICAS):
        pair = modules(architecture, [x.shape[2] for x in data.inputs])
        load(pair, towers, parameters[replica])
        users, items = (network(x[replica]) for network, x in zip(pair, data.inputs, strict=True))
        scores = (users[data.rows[0][replica]] * items[data.rows[1][replica]]).sum(-1)
        loss = 2 * torch.nn.functional.huber_loss(scores, data.ratings[replica], delta=threshold)
        loss.backward()
        assert losses[replica].item() == pytest.approx(loss.item(), rel=1e-12)
        assert torch.allclose(found[replica], flat(pair, gradient=True), rtol=1e-9, atol=1e-13)
        beyond += ((scores - data.ratings[replica]).abs() > threshold).double().mean().item() / REPLICAS
    assert 0.05 < beyond < 0.95  # both branches are in it


def test_the_huber_loss_has_known_values_and_no_pull_beyond_the_threshold():
    errors = np.array([-3.0, -0.5, 0.0, 0.5, 2.0, 10.0])
    known = [2 * 2 * 3 - 4, 0.25, 0, 0.25, 4, 2 * 2 * 10 - 4]
    assert huber(errors, 2.0).tolist() == known
    tensor = torch.tensor(errors, requires_grad=True)
    huber(tensor, 2.0).sum().backward()
    assert huber(tensor, 2.0).tolist() == known
    assert tensor.grad.tolist() == [-4, -1, 0, 1, 4, 4]
    assert huber(errors, np.inf).tolist() == (errors**2).tolist()


@pytest.mark.parametrize("architecture", SHAPES.values(), ids=list(SHAPES))
def test_tangent_is_the_transpose_of_backward_and_the_derivative(architecture):
    data, towers, parameters = prepared(architecture)
    generator = torch.Generator().manual_seed(1)
    change = torch.randn(parameters.shape, dtype=torch.float64, generator=generator)
    for tower, layers, moves, x in zip(
        towers.sides, towers.layers(parameters), towers.layers(change), data.inputs, strict=True
    ):
        outputs = tower.forward(layers, x)
        tangent = tower.tangent(layers, outputs, moves)
        cotangent = torch.randn(tangent.shape, dtype=torch.float64, generator=generator)
        found = torch.zeros(REPLICAS, tower.size, dtype=torch.float64)
        tower.backward(layers, outputs, cotangent, tower.layers(found))
        flat_change = torch.cat([part.reshape(REPLICAS, -1) for layer in moves for part in layer], dim=1)
        assert torch.allclose((tangent * cotangent).sum((1, 2)), (found * flat_change).sum(1), rtol=1e-9)
        step = 1e-7
        ahead = [tuple(p + step * d for p, d in zip(*pair, strict=True)) for pair in zip(layers, moves, strict=True)]
        difference = (tower.forward(ahead, x)[-1] - outputs[-1]) / step
        assert torch.allclose(difference, tangent, rtol=1e-4, atol=1e-4)


def test_take_and_scatter():
    table = torch.arange(12.0).view(2, 3, 2)
    rows = torch.tensor([[2, 2, 0], [1, 0, 1]])
    assert take(table, rows).tolist() == [[[4, 5], [4, 5], [0, 1]], [[8, 9], [6, 7], [8, 9]]]
    values = torch.tensor([[[1.0], [2.0], [4.0]], [[8.0], [16.0], [32.0]]])
    assert scatter(values, rows, 3).squeeze(-1).tolist() == [[4, 0, 3], [16, 40, 0]]


def test_the_program_runs_the_towers_over_fewer_rows():
    inputs = [torch.empty(1, 1500, 2), torch.empty(1, 1500, 2)]
    assert program(64, inputs) is BatchRows
    assert program(1499, inputs) is BatchRows
    assert program(1500, inputs) is AllRows
    assert program(2048, inputs) is AllRows


@pytest.mark.parametrize("init", ["glorot", "he", "torch"])
def test_initial_parameters_follow_their_law(init):
    architecture = Architecture(depth=2, width=300, embedding_size=100, init=init)
    towers = TwoTowers(architecture, [200, 200])
    values = towers.initial(3)
    assert torch.equal(values, towers.initial(3))
    assert not torch.equal(values, towers.initial(4))
    sides = towers.layers(values[None])
    assert not torch.equal(sides[0][0][0], sides[1][0][0])
    for (fan, out), (weight, bias) in zip(towers.sides[0].shapes, sides[0], strict=True):
        variance = {"glorot": 2 / (fan + out), "he": 2 / fan, "torch": 1 / (3 * fan)}[init]
        assert weight.var().item() == pytest.approx(variance, rel=0.05)
        bound = {"glorot": (6 / (fan + out)) ** 0.5, "he": np.inf, "torch": fan**-0.5}[init]
        assert weight.abs().max() <= bound
        assert (bias.abs().max() > 0) == (init == "torch")


def test_penalised_counts_weights_and_biases():
    towers = TwoTowers(SMALL, [5, 6])
    biases = 2 * (7 + 7 + 4)
    assert towers.penalised(True).sum() == towers.size
    assert towers.penalised(False).sum() == towers.size - biases
    marked = towers.layers(towers.penalised(False)[None])
    assert all(weight.min() == 1 and bias.max() == 0 for layers in marked for weight, bias in layers)


def test_standardised_inputs():
    data = stacked()
    for x in data.inputs:
        assert torch.allclose(x.mean(1), torch.zeros(1, dtype=torch.float64), atol=1e-12)
        assert torch.allclose(x.std(1, correction=0), torch.ones(1, dtype=torch.float64))
    constant = sample()
    constant.users[:, 2] = 4.0
    one = Stacked([constant], True, torch.float64, "cpu")
    assert (one.inputs[0][0, :, 2] == 0).all()
    raw = Stacked([constant], False, torch.float64, "cpu")
    assert np.array_equal(raw.inputs[0][0].numpy(), constant.users)


def test_samples_of_different_shapes_do_not_stack():
    with pytest.raises(DotbenchError, match="one is allowed"):
        Stacked([sample(), sample(pairs=61)], True, torch.float64, "cpu")


def test_dropping_replicas_keeps_the_others():
    data, kept = stacked(), stacked()
    kept.keep(torch.tensor([2, 0]))
    for old, new in itertools.chain(
        zip(data.inputs, kept.inputs, strict=True),
        zip(data.rows, kept.rows, strict=True),
        zip(data.valid_rows, kept.valid_rows, strict=True),
        [(data.ratings, kept.ratings), (data.valid_ratings, kept.valid_ratings)],
    ):
        assert torch.equal(old[[2, 0]], new)


def test_a_sample_needs_no_validation_pairs():
    bare = Sample(*(getattr(sample(), name) for name in ("users", "items", "pairs", "ratings")))
    assert bare.valid_pairs.shape == (0, 2)
    assert len(bare.valid_ratings) == 0
