"""The weighted regulariser as a setting of `sgd`: RG2's own, for any loss."""

import numpy as np
import pytest
import torch

from dotbench.datasets.interactions import Split
from dotbench.execution.hardware import Execution
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Tables
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.solvers.sgd import weighted_norms

EXECUTION = Execution("cpu", say=lambda text: None)
ALWAYS = {"embedding_size": 4, "epochs": 3, "patience": 3, "updates": 0, "patience_updates": 0, "learning_rate": 0.05}


def split():
    rng = np.random.default_rng(0)
    pairs = rng.permutation(np.argwhere(rng.random((12, 20)) < 0.3))
    return Split(12, 20, pairs[10:], pairs[:10], pairs[:0], ratings={})


def test_the_formula():
    data = split()
    train = TrainMatrix(data.train, data.n_users, data.n_items, dtype=torch.float64)
    rng = torch.Generator().manual_seed(0)
    p, q = (torch.randn(n, 4, generator=rng, dtype=torch.float64) for n in (12, 20))
    expected = sum(float((p[u] ** 2).sum()) for u, _ in data.train) / (2 * len(data.train))  # n_u times each user
    expected += float((q**2).sum()) / (2 * 20)
    assert float(weighted_norms(Tables(p, q), train)) == pytest.approx(expected)


def test_it_is_the_regulariser_of_rg2():
    """One batch of all users: RG2 with λ of its own and RG2 with λ of the solver take the same steps."""
    vectors = []
    for settings in ({"regularization": 0.3}, {"regularization": 0.0, "weighted_decay": 0.3}):
        chosen = resolve(MethodChoice(model="mf", loss="rg2", solver="sgd", set=ALWAYS | settings, grid={}))
        vectors.append(fit(chosen, chosen.settings, Inputs("toy", split()), Seeds(0, 0), EXECUTION).arrays)
    for name in ("user_vectors", "item_vectors"):
        np.testing.assert_allclose(vectors[0][name], vectors[1][name], rtol=2e-4, atol=1e-6)
        assert np.abs(vectors[0][name]).max() > 0.01


def test_a_method_without_it_has_the_digest_that_it_had():
    plain, zero, set_ = (
        resolve(MethodChoice(model="mf", loss="bpr", solver="sgd", set=ALWAYS | more, grid={}))
        for more in ({}, {"weighted_decay": 0.0}, {"weighted_decay": 0.1})
    )
    assert "weighted_decay" not in plain.identity({})["settings"]
    assert plain.folder({}) == zero.folder({}) != set_.folder({})
