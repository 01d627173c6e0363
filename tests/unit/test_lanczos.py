"""Block Lanczos against matrices whose eigenvalues are known, among them those that mislead it."""

import pytest
import torch

from dotbench.solvers.lanczos import leading_eigenvectors

torch.set_num_threads(1)


def symmetric(values, seed=0):
    """A matrix with the eigenvalues ``values`` and a random eigenbasis."""
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(len(values), len(values), generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(square)[0]
    return basis * torch.tensor(values, dtype=torch.float64) @ basis.T


def lead(matrix, count, block_size=4, tolerance=1e-12, iterations=1000, seed=1):
    """The eigenvalues found, in descending order, and what else is reported."""
    generator = torch.Generator().manual_seed(seed)
    found, made, missed = leading_eigenvectors(
        lambda x: matrix @ x,
        lambda columns: torch.randn(len(matrix), columns, generator=generator, dtype=matrix.dtype),
        count,
        block_size,
        tolerance,
        iterations,
    )
    assert found.shape == (len(matrix), count)
    assert torch.allclose(found.T @ found, torch.eye(count, dtype=matrix.dtype), atol=1e-12)
    return torch.linalg.eigvalsh(found.T @ matrix @ found).flip(0).tolist(), made, missed


def test_values_that_fall_geometrically():
    found, made, missed = lead(symmetric([0.8**k for k in range(100)]), 6)
    assert found == pytest.approx([0.8**k for k in range(6)], rel=1e-10)
    assert missed <= 1e-12
    assert made < 20


@pytest.mark.parametrize("copies", [2, 4])
def test_repeated_values_up_to_the_block_size(copies):
    values = [1.0] * copies + [0.9] * copies + [0.5 * 0.97**k for k in range(90)]
    assert lead(symmetric(values), 2 * copies + 1)[0] == pytest.approx(sorted(values)[: -2 * copies - 2 : -1], rel=1e-9)


def test_start_in_an_invariant_subspace():
    """Every block of a multiple of the identity, or of low rank, is invariant: new directions come from the draw."""
    assert lead(torch.eye(50, dtype=torch.float64), 20)[0] == pytest.approx([1] * 20, rel=1e-12)
    values = [3.0, 2.0, 1.0] + [0.0] * 57
    assert lead(symmetric(values), 10)[0] == pytest.approx([3, 2, 1] + [0] * 7, abs=1e-12)
    assert lead(torch.zeros(9, 9, dtype=torch.float64), 5)[0] == [0] * 5


@pytest.mark.parametrize(("n", "block_size"), [(10, 3), (10, 10), (7, 2)])
def test_the_whole_space(n, block_size):
    """Steps that do not divide the dimension: the last one is narrower."""
    values = [1.0 / (k + 1) for k in range(n)]
    found, made, missed = lead(symmetric(values), n, block_size)
    assert found == pytest.approx(values, rel=1e-11)
    assert (made, missed) == (-(-n // block_size), 0.0)


def test_cap_on_steps_yields_to_the_columns_needed():
    matrix = symmetric([0.99**k for k in range(200)])
    assert lead(matrix, 10, iterations=1)[1] == 3
    _, made, missed = lead(matrix, 10, iterations=5)
    assert made == 5
    assert missed > 1e-3


def test_same_draw_same_result():
    matrix = symmetric([0.9**k for k in range(60)])
    assert lead(matrix, 5) == lead(matrix, 5)
