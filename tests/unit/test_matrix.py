"""The training matrix: what it gathers, pair by pair."""

import numpy as np
import pytest
import torch

from dotbench.numerics import matrix
from dotbench.numerics.matrix import TrainMatrix


@pytest.mark.parametrize("cells", [1, 12, 1 << 18])
def test_scores_are_those_of_the_dense_product_whatever_the_block(monkeypatch, cells):
    monkeypatch.setattr(matrix, "CELLS", cells)
    rng = np.random.default_rng(0)
    pairs = np.argwhere(rng.random((7, 9)) < 0.4)
    train = TrainMatrix(pairs[rng.permutation(len(pairs))], 7, 9, dtype=torch.float64)
    users, items = (torch.from_numpy(rng.standard_normal((n, 3))) for n in (7, 9))
    torch.testing.assert_close(train.scores(users, items), (users @ items.T)[train.users, train.items])


def test_a_matrix_without_a_pair_has_no_scores():
    train = TrainMatrix(np.empty((0, 2), dtype=np.int64), 2, 3)
    assert train.scores(torch.ones(2, 4), torch.ones(3, 4)).shape == (0,)
