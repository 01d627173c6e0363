"""LightGCN against the dense propagation."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dotbench.models.lightgcn import LightGCN
from dotbench.numerics.matrix import TrainMatrix

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
M, N = 6, 8


def train():
    """User 4 and item 7 have no pair."""
    dense = np.random.default_rng(0).random((M, N)) < 0.4
    dense[:4, 0] = True
    dense[4], dense[:, 7] = False, False
    return TrainMatrix(np.argwhere(dense), M, N, dtype=torch.float64)


def model(layers):
    settings = SimpleNamespace(embedding_size=3, init_std=0.5, layers=layers)
    return LightGCN(settings, train(), torch.Generator().manual_seed(0))


def dense_propagation(made, layers):
    """(1/(L+1)) Σ_l Aˡ E⁰ with the (M + N)² adjacency matrix written out."""
    matrix = train()
    adjacency = torch.zeros(M + N, M + N, dtype=torch.float64)
    adjacency[matrix.users, M + matrix.items] = 1
    adjacency += adjacency.T.clone()
    degrees = adjacency.sum(1)
    scale = torch.where(degrees > 0, degrees.clamp(min=1).rsqrt(), 0)
    adjacency = scale[:, None] * adjacency * scale
    start = torch.cat(made.parameters())
    powers = [torch.linalg.matrix_power(adjacency, k) @ start for k in range(layers + 1)]
    return torch.stack(powers).mean(0)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_vectors_are_the_mean_of_the_layers(layers):
    made = model(layers)
    vectors, expected = made.vectors(), dense_propagation(made, layers)
    assert torch.allclose(vectors.users(), expected[:M], rtol=1e-13)
    assert torch.allclose(vectors.items(), expected[M:], rtol=1e-13)
    assert torch.allclose(vectors.users()[4], made.users[4] / (layers + 1))  # nobody to hear from


def test_gradient_is_that_of_the_dense_propagation():
    made = model(3)
    weights = torch.randn(M + N, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    vectors = made.vectors()
    found = torch.autograd.grad(
        (weights[:M] * vectors.users()).sum() + (weights[M:] * vectors.items()).sum(), made.parameters()
    )
    expected = torch.autograd.grad((weights * dense_propagation(made, 3)).sum(), made.parameters())
    assert all(torch.allclose(a, b, rtol=1e-12) for a, b in zip(found, expected, strict=True))
