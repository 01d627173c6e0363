"""Vectors: rows of tables, and the scores of chosen pairs with their gradients."""

import pytest
import torch

from dotbench.numerics.vectors import Tables

torch.set_num_threads(1)


def tables(dtype=torch.float64, n_users=6, n_items=9, size=4):
    generator = torch.Generator().manual_seed(0)
    users, items = (
        torch.randn(n, size, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
        for n in (n_users, n_items)
    )
    return users, items, Tables(users, items)


def pairs(n, n_items=9, size=5):
    """Users and items that repeat, within a row and across rows."""
    generator = torch.Generator().manual_seed(1)
    users = torch.tensor([3, 0, 3, 5, 0][:size])
    return users, torch.randint(n_items, (size, n), generator=generator)


def gathered(users, items, rows, columns):
    return (items[columns] * users[rows][:, None]).sum(-1)


def test_rows_of_tables():
    users, items, made = tables()
    rows = torch.tensor([[4, 4], [0, 8]])
    assert torch.equal(made.users(torch.tensor([5, 0])), users[[5, 0]])
    assert torch.equal(made.items(rows), items[rows])
    assert made.users() is users
    assert made.items() is items


@pytest.mark.parametrize("n", [1, 3, 8, 9, 40])
def test_pair_scores_and_their_gradients(n):
    """Against gathering; from nine on there are as many sampled items as items."""
    users, items, made = tables()
    rows, columns = pairs(n)
    scores = made.pair_scores(rows, columns)
    expected = gathered(users, items, rows, columns)
    assert torch.allclose(scores, expected, rtol=1e-13, atol=1e-14)
    weights = torch.randn(scores.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found = torch.autograd.grad((weights * scores).sum(), (users, items))
    right = torch.autograd.grad((weights * expected).sum(), (users, items))
    assert all(torch.allclose(a, b, rtol=1e-12, atol=1e-13) for a, b in zip(found, right, strict=True))
    assert torch.autograd.gradcheck(lambda p, q: Tables(p, q).pair_scores(rows, columns), (users, items))


def test_pair_scores_in_single_precision():
    users, items, made = tables(torch.float32)
    rows, columns = pairs(4)
    scores = made.pair_scores(rows, columns)
    assert scores.dtype == torch.float32
    assert torch.allclose(scores, gathered(users, items, rows, columns), rtol=1e-5, atol=1e-6)
