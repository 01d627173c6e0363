"""Small samples, and the same towers in plain torch."""

from itertools import pairwise

import numpy as np
import torch

from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture

SMALL = Architecture(depth=3, width=7, embedding_size=4)
ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}


def sample(seed=0, n_users=9, n_items=8, pairs=60, valid=20, inputs=(5, 6)):
    """Ratings that depend on the covariates, with noise."""
    rng = np.random.default_rng(seed)
    users, items = rng.random((n_users, inputs[0])), rng.random((n_items, inputs[1]))
    cells = rng.choice(n_users * n_items, pairs + valid, replace=pairs + valid > n_users * n_items)
    rows = np.stack(np.divmod(cells, n_items), axis=1)
    truth = np.sin(3 * users[:, :2]) @ np.cos(3 * items[:, :2]).T
    ratings = truth[rows[:, 0], rows[:, 1]] + 0.1 * rng.standard_normal(len(rows))
    return Sample(users, items, rows[:pairs], ratings[:pairs], rows[pairs:], ratings[pairs:])


def modules(architecture, sizes):
    """A pair of torch.nn networks of the same shape, in double precision."""
    pair = []
    for size in sizes:
        shapes = list(pairwise([size, *[architecture.width] * (architecture.depth - 1), architecture.embedding_size]))
        layers = []
        for depth, (fan, out) in enumerate(shapes, start=1):
            layers.append(torch.nn.Linear(fan, out, dtype=torch.float64))
            if depth < len(shapes) or architecture.output == "activated":
                layers.append(ACTIVATIONS[architecture.activation]())
        pair.append(torch.nn.Sequential(*layers))
    return pair


def load(pair, towers, flat):
    """Give the networks the parameters ``flat`` (P,)."""
    with torch.no_grad():
        for network, layers in zip(pair, towers.layers(flat[None]), strict=True):
            linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
            for layer, (weight, bias) in zip(linear, layers, strict=True):
                layer.weight.copy_(weight[0].T)
                layer.bias.copy_(bias[0, 0])


def parts(pair):
    """(weight, bias) of every layer, users' first."""
    return [(layer.weight, layer.bias) for network in pair for layer in network if isinstance(layer, torch.nn.Linear)]


def flat(pair, gradient=False):
    """Parameters or gradients in the order of the flat vector."""
    pick = (lambda p: p.grad) if gradient else (lambda p: p.detach())
    return torch.cat([part.reshape(-1) for weight, bias in parts(pair) for part in (pick(weight).T, pick(bias))])
