"""The compiled solver of BPR: its steps beside numpy and torch, its draws, and that it goes on where it was stopped."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dotbench.errors import FitFailed
from dotbench.losses.bpr import BPR
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.triples import below, bpr_epoch, following, holds
from dotbench.runs.method import settings_class
from dotbench.solvers.base import Pause, Problem
from dotbench.solvers.row_adagrad import RowAdagrad, RowTrainer

torch.set_num_threads(1)
M, N, K = 12, 9, 4
RATE, DECAY = 0.1, 0.05


def problem_of(pairs, epochs=4, **settings):
    known = settings_class([MatrixFactorization, BPR, RowAdagrad])
    values = known(**{"embedding_size": K, "epochs": epochs, "init_std": 0.5, **settings})
    return Problem(
        model=MatrixFactorization,
        loss=BPR(values),
        settings=values,
        train=lambda dtype: TrainMatrix(pairs, M, N, dtype=dtype),
        validate=lambda users, items: {"validation": float(users.abs().sum())},
        init_seed=3,
        device="cpu",
        say=lambda text: None,
    )


def some_pairs():
    return np.argwhere(np.random.default_rng(0).random((M, N)) < 0.4)


def drawn(state, starts, items, user, n):
    """The next n items of a user that are no positives, by the same generator in Python's integers."""
    found = []
    while len(found) < n:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        item = ((z ^ (z >> 31)) >> 32) * N >> 32
        if item not in items[starts[user] : starts[user + 1]]:
            found.append(item)
    return state, found


@pytest.mark.parametrize("negatives", [1, 3])
def test_an_epoch_is_that_of_torchs_gradients(negatives):
    """Every step from the gradient of the loss object and of the L2 term, by autograd, in float64."""
    trainer = RowTrainer(problem_of(some_pairs(), drawn_negatives=negatives))
    users, items, starts = (one.numpy() for one in (*trainer.pairs, trainer.starts))
    order = np.random.default_rng(1).permutation(len(users))
    tables = [one.double() for one in trainer.tables]
    squares = [one.double() for one in trainer.squares]
    loss, state, values = BPR(BPR.Settings()), 77, []

    def step(side, row, gradient):
        squares[side][row] += gradient.square().mean()
        tables[side][row] -= RATE * gradient / squares[side][row].sqrt()

    def gradients(u, i, j):
        p, q, r = (one.clone().requires_grad_() for one in (tables[0][u], tables[1][i], tables[1][j]))
        value = loss.formula(p @ q, p @ r)
        values.append(value.item())
        (value + DECAY / 2 * (p @ p + q @ q + r @ r)).backward()
        return [one.grad / negatives for one in (p, q, r)]

    for pair in order:
        u, i = users[pair], items[pair]
        state, others = drawn(state, starts, items, u, negatives)
        start, sums = (tables[0][u].clone(), tables[1][i].clone()), [torch.zeros(K, dtype=torch.float64)] * 2
        for j in others:
            of_user, of_item, of_other = gradients(u, i, j)
            sums = [sums[0] + of_user, sums[1] + of_item]
            step(1, j, of_other)
        assert torch.equal(start[0], tables[0][u])
        step(0, u, sums[0])
        step(1, i, sums[1])
    arrays = [one.numpy() for one in (*trainer.tables, *trainer.squares)]
    rates = np.float32(RATE), np.float32(DECAY)
    mean = bpr_epoch(*arrays, users, items, starts, order, negatives, *rates, np.uint64(77))
    assert mean == pytest.approx(np.mean(values), rel=1e-5)
    for found, expected in zip(trainer.tables, tables, strict=True):
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


def test_the_first_step_by_hand():
    """One user, one positive, one other item: p = (1, 0), q = (0, 1), r = (1, 1), so p · (q − r) = −1, and the slope
    is σ(1)."""
    P, Q = np.array([[1, 0]], np.float32), np.array([[0, 1], [1, 1]], np.float32)
    sums, slope = [np.zeros(n, np.float32) for n in (1, 2)], 1 / (1 + np.exp(-1))
    pairs = np.zeros(1, np.int32), np.zeros(1, np.int32), np.array([0, 1])
    loss = bpr_epoch(P, Q, *sums, *pairs, np.arange(1), 1, np.float32(0.5), np.float32(0), np.uint64(0))
    assert loss == pytest.approx(np.log1p(np.e))
    # gradients slope (1, 0), (−slope, 0), (slope, 0); squares slope²/2; each step is 0.5 √2 of the sign
    length = 0.5 * np.sqrt(2)
    np.testing.assert_allclose(P, [[1 - length, 0]], atol=1e-6)
    np.testing.assert_allclose(Q, [[length, 1], [1 - length, 1]], atol=1e-6)
    np.testing.assert_allclose(np.concatenate(sums), np.full(3, slope**2 / 2), rtol=1e-6)


def test_draws_are_uniform_and_membership_is_exact():
    counts, state = np.zeros(7), np.uint64(5)
    for _ in range(7000):
        state = np.uint64(following(state))  # numba returns Python's integer
        counts[below(state, np.uint64(7))] += 1
    assert counts.min() > 1000 - 5 * 30  # five standard deviations
    assert counts.max() < 1000 + 5 * 30
    items = np.array([4, 1, 3, 6, 0], np.int32)
    assert [holds(items, 1, 4, item) for item in range(8)] == [item in (1, 3, 6) for item in range(8)]
    assert not holds(items, 2, 2, 3)


def test_a_users_positives_are_never_sampled():
    """Every user has all items but the last: no other item may move as a sampled one."""
    pairs = np.argwhere(np.ones((M, N - 1)))
    trainer = RowTrainer(problem_of(pairs))
    chosen = np.flatnonzero(pairs[:, 1] == 0)
    before = trainer.tables[1].clone()
    trainer._pass(torch.from_numpy(chosen), 9)
    assert sorted(np.flatnonzero((trainer.tables[1] != before).any(1))) == [0, N - 1]


def test_a_user_with_every_item_is_refused():
    with pytest.raises(FitFailed, match="every item"):
        RowAdagrad().solve(problem_of(np.argwhere(np.ones((M, N)))))


def test_a_paused_fit_ends_bit_equal(tmp_path):
    whole = RowAdagrad().solve(problem_of(some_pairs()))
    parts = replace(problem_of(some_pairs()), checkpoint=tmp_path / "state", key="fit")
    first = RowAdagrad().solve(replace(parts, pause=Pause(2, 0)))
    assert first.paused
    assert len(first.curve) == 2
    second = RowAdagrad().solve(parts)
    assert torch.equal(second.users, whole.users)
    assert torch.equal(second.items, whole.items)
    assert [row["loss"] for row in second.curve] == [row["loss"] for row in whole.curve]


def test_large_scores_overflow_nothing():
    trainer = RowTrainer(problem_of(some_pairs(), init_std=1e3))
    trainer.epoch()
    assert np.isfinite(trainer.loss())
    assert all(torch.isfinite(one).all() for one in trainer.tables)
