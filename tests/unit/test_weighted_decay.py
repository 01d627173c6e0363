"""Regularisers that are settings: RG2's own of `sgd`, for any loss, and that of the rows which a batch draws."""

import numpy as np
import pytest
import torch

from dotbench.datasets.interactions import Split
from dotbench.execution.hardware import Execution
from dotbench.losses.bpr import BPR
from dotbench.losses.sampled import SampledBatches
from dotbench.models.lightgcn import LightGCN, LightGCNSettings
from dotbench.models.mf import MatrixFactorization, MatrixFactorizationSettings
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


def test_decay_of_a_batch_counts_every_drawn_row():
    """Against the sum over pairs, row by row; of a model that propagates, over its free rows."""
    data, generator = split(), torch.Generator().manual_seed(0)
    train = TrainMatrix(data.train, data.n_users, data.n_items)
    loss = BPR(SampledBatches(batch_size=7, negatives=2, batch_decay=0.3))
    for model in (
        MatrixFactorization(MatrixFactorizationSettings(embedding_size=3), train, generator),
        LightGCN(LightGCNSettings(embedding_size=3, layers=2), train, generator),
    ):
        for users, positives, negatives in loss.batches(train, generator):
            drawn = zip(users.tolist(), positives.tolist(), negatives.tolist(), strict=True)
            rows = [row for u, i, s in drawn for row in (model.users[u], model.items[i], *(model.items[j] for j in s))]
            expected = 0.3 / (2 * len(users)) * sum(float((row.detach() ** 2).sum()) for row in rows)
            penalty = loss.penalty(model.embeddings(model.vectors()), (users, positives, negatives))
            assert float(penalty) == pytest.approx(expected, rel=1e-5)


def test_decay_of_a_batch_shortens_vectors_and_leaves_old_digests():
    lengths, folders = [], []
    for more in ({}, {"batch_decay": 0.0}, {"batch_decay": 10.0}):
        chosen = resolve(
            MethodChoice(model="mf", loss="bpr", solver="sgd", set=ALWAYS | {"epochs": 30} | more, grid={})
        )
        found = fit(chosen, chosen.settings, Inputs("toy", split()), Seeds(0, 0), EXECUTION)
        lengths.append(np.linalg.norm(found.arrays["user_vectors"]))
        folders.append(chosen.folder({}))
    assert folders[0] == folders[1] != folders[2]
    assert lengths[0] == lengths[1] > 2 * lengths[2]
