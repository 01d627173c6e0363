"""The references of ranking: each against dense algebra, brute force or another library; and how they are scored."""

import math
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet

from dotbench.baselines import _gram, ease, item_knn
from dotbench.baselines._svd import right_vectors
from dotbench.baselines.base import ItemBaseline, RankingBaseline
from dotbench.datasets.interactions import Split
from dotbench.errors import FitFailed
from dotbench.evaluation import scoring
from dotbench.execution.hardware import Execution
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.tuning.grid import points

torch.set_num_threads(1)
M, N = 40, 25
REFERENCES = ("ease", "gf-cf", "item-knn", "pure-svd", "slim")


def split(seed=0):
    """User 7 and item 24 have no training pair; items are of very different popularity."""
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((M, N)) < np.linspace(0.05, 0.6, N))
    known = pairs[(pairs[:, 0] != 7) & (pairs[:, 1] != 24)]
    part = rng.choice(3, len(known), p=[0.8, 0.1, 0.1])
    return Split(M, N, *(known[part == k] for k in range(3)), {})


def dense(data):
    x = np.zeros((M, N))
    x[data.train[:, 0], data.train[:, 1]] = 1
    return x


def trained(name, data, **settings):
    cls = models()[name]
    baseline = cls(cls.Settings(**settings), 0)
    baseline.train(data)
    return baseline


def scores(name, data, **settings):
    """Of all users and items, by blocks as evaluation asks for them."""
    score = scoring.scorer(trained(name, data, **settings).arrays(data), data)
    return torch.cat([score(rows) for rows in torch.arange(M).split(7)]).numpy()


def weights(name, data, **settings):
    found = trained(name, data, **settings).weights
    return found if isinstance(found, np.ndarray) else found.toarray()


# --- EASE


@pytest.mark.parametrize("regularization", [0.5, 20.0, 3000.0])
def test_ease_is_the_least_squares_solution_of_every_column(regularization):
    """‖x_j − X w‖² + λ‖w‖² over w with w_j = 0, one dense problem for each item."""
    x = dense(split())
    expected = np.zeros((N, N))
    for j in range(N):
        others = np.arange(N) != j
        stacked = np.vstack([x[:, others], math.sqrt(regularization) * np.eye(N - 1)])
        expected[others, j] = np.linalg.lstsq(stacked, np.append(x[:, j], np.zeros(N - 1)), rcond=None)[0]
    np.testing.assert_allclose(weights("ease", split(), regularization=regularization), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("regularization", [1.0, 200.0])
def test_ease_of_many_items_is_the_same_in_one_matrix_of_float32(regularization, monkeypatch):
    expected = weights("ease", split(), regularization=regularization)
    monkeypatch.setattr(ease, "ITEMS", N - 1)
    found = weights("ease", split(), regularization=regularization)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("block", [1, 7, 25, 1000])
def test_gram_in_blocks(block, monkeypatch):
    monkeypatch.setattr(_gram, "BLOCK", block)
    x = dense(split())
    np.testing.assert_array_equal(_gram.gram(split(), 1.0), x.T @ x)


@pytest.mark.parametrize("block", [1, 7, 25, 1000])
def test_inverse_in_place(block, monkeypatch):
    monkeypatch.setattr(_gram, "BLOCK", block)
    x = np.random.default_rng(0).normal(size=(30, N))
    matrix = np.asfortranarray(x.T @ x)
    expected = np.linalg.inv(matrix)
    found = _gram.inverted(matrix)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert np.shares_memory(found, matrix)


def test_a_matrix_without_inverse_fails_the_fit():
    with pytest.raises(FitFailed, match="singular; a greater `regularization` is needed"):
        _gram.inverted(np.zeros((3, 3), order="F"))


@pytest.mark.parametrize("name", ["ease", "slim"])
def test_too_many_items_for_the_memory(name, monkeypatch):
    """The fit fails and says what it needs; with the memory it is made."""
    memory = psutil.virtual_memory()
    monkeypatch.setattr(_gram, "ITEMS", N - 1)
    monkeypatch.setattr(ease, "ITEMS", N - 1)
    for free, status in ((1000, "failed"), (10**9, "ok")):
        monkeypatch.setattr(_gram.psutil, "virtual_memory", lambda free=free: memory._replace(available=free))
        record = made(name, split()).record
        assert record.status == status
        if status == "failed":
            assert record.reason.startswith(
                "25 items: its matrices of items by items need 0.0 GB of memory, and 0.0 GB"
            )
            assert record.reason.endswith("up to 24 items are allowed without this memory")


# --- SLIM


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 2.0), (2.0, 5.0), (0.05, 3.0)])
def test_slim_is_the_elastic_net_of_every_column(l1, l2):
    """scikit-learn's, which divides the squares by the number of users."""
    x = dense(split())
    expected = np.zeros((N, N))
    for j in range(N):
        others = np.arange(N) != j
        strength = (l1 + l2) / M
        net = ElasticNet(strength, l1_ratio=l1 / (l1 + l2), positive=True, fit_intercept=False, tol=1e-12)
        expected[others, j] = net.fit(x[:, others], x[:, j]).coef_
    found = weights("slim", split(), l1=l1, l2=l2, tolerance=1e-6, passes=500)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert 0 < np.count_nonzero(expected > 1e-3) < N * (N - 1)


def test_slim_ends_by_its_tolerance_and_by_its_passes():
    ends = [weights("slim", split(), l1=0.5, l2=2.0, **end) for end in ({"passes": 1}, {"tolerance": 1.0}, {})]
    np.testing.assert_allclose(ends[0], ends[1], atol=0.005)
    assert np.abs(ends[0] - ends[2]).max() > 0.05


# --- item KNN


@pytest.mark.parametrize("cells", [1, 60, 1 << 24])
@pytest.mark.parametrize(("neighbors", "shrinkage"), [(3, 0.0), (5, 4.0), (100, 10.0)])
def test_item_knn_by_brute_force(neighbors, shrinkage, cells, monkeypatch):
    """In blocks of any width; of equals the first."""
    monkeypatch.setattr(item_knn, "CELLS", cells)
    x = dense(split())
    expected = np.zeros((N, N))
    for i in range(N):
        similar = {}
        for j in range(N):
            together = float((x[:, i] * x[:, j]).sum())
            if i != j and together:
                similar[j] = together / (math.sqrt(x[:, i].sum() * x[:, j].sum()) + shrinkage)
        for j in sorted(similar, key=lambda j: (-similar[j], j))[:neighbors]:
            expected[j, i] = similar[j]
    found = weights("item-knn", split(), neighbors=neighbors, shrinkage=shrinkage)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_item_knn_takes_the_first_of_equals():
    """Items 1, 2 and 3 have the same users as item 0."""
    pairs = np.argwhere(np.ones((5, 4)))
    data = Split(5, 4, pairs, pairs[:0], pairs[:0], {})
    assert (weights("item-knn", data, neighbors=2, shrinkage=0.0) > 0).astype(int).tolist() == [
        [0, 1, 1, 1],
        [1, 0, 1, 1],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
    ]


# --- PureSVD and GF-CF


@pytest.mark.parametrize("rank", [1, 4, 24, 25, 64])
def test_pure_svd_is_the_nearest_matrix_of_its_rank(rank):
    left, values, right = np.linalg.svd(dense(split()), full_matrices=False)
    expected = (left[:, :rank] * values[:rank]) @ right[:rank]
    np.testing.assert_allclose(scores("pure-svd", split(), embedding_size=rank), expected, atol=1e-5)


def test_right_vectors_are_the_same_each_time():
    x = csr_matrix(dense(split()))
    assert np.array_equal(right_vectors(x, 5), right_vectors(x, 5))
    np.testing.assert_allclose(right_vectors(x, 5).T @ right_vectors(x, 5), np.eye(5), atol=1e-9)


@pytest.mark.parametrize(("alpha", "rank"), [(0.0, 4), (0.3, 4), (3.0, 10), (0.3, 256)])
def test_gf_cf_by_dense_algebra(alpha, rank):
    x = dense(split())
    n_users, n_items = (np.maximum(x.sum(axis), 1e-300) for axis in (1, 0))
    normalised = x / np.sqrt(n_users)[:, None] / np.sqrt(n_items)
    passed = np.linalg.svd(normalised, full_matrices=False)[2][:rank]
    low = np.diag(np.where(x.any(0), n_items**-0.5, 0)) @ passed.T @ passed @ np.diag(n_items**0.5)
    expected = x @ (normalised.T @ normalised + alpha * low)
    found = scores("gf-cf", split(), alpha=alpha, embedding_size=rank)
    np.testing.assert_allclose(found[:, :24], expected[:, :24], rtol=1e-4, atol=1e-5)
    assert (found[7] == 0).all()
    assert (found[:, 24] == 0).all()


# --- all of them


@pytest.mark.parametrize("name", REFERENCES)
def test_users_and_items_without_pairs_have_zeros(name):
    settings = {"embedding_size": 4} if name == "pure-svd" else {}
    found = scores(name, split(), **settings)
    assert np.abs(found[7]).max() < 1e-6
    assert np.abs(found[:, 24]).max() < 1e-6
    assert np.abs(np.delete(found, 7, 0)[:, :24]).max(axis=1).min() > 0


@pytest.mark.parametrize("name", REFERENCES)
def test_only_training_pairs_are_looked_at(name):
    data = split()
    without = replace(data, valid=data.valid[:0], test=data.test[:0])
    assert np.array_equal(scores(name, data), scores(name, without))


@pytest.mark.parametrize("name", [name for name, model in models().items() if issubclass(model, ItemBaseline)])
def test_no_item_speaks_for_itself(name):
    assert not weights(name, split()).diagonal().any()


@pytest.mark.parametrize("part", [*(models()[name] for name in REFERENCES), losses()["ials"]])
def test_every_reference_has_the_same_budget(part):
    assert len(points(part.grids["paper"])) == 12
    assert len(points(part.grids["reduced"])) == 6


def made(name, data):
    method = resolve(MethodChoice(model=name, grid={}))
    return fit(method, method.settings, Inputs("toy", data), Seeds(0, 0), Execution("cpu", say=lambda text: None))


@pytest.mark.parametrize("name", [name for name, model in models().items() if issubclass(model, RankingBaseline)])
def test_a_fit_that_is_not_finite_fails(name, monkeypatch):
    arrays = models()[name].arrays

    def spoiled(self, data):
        return {key: value * np.float32(np.nan) for key, value in arrays(self, data).items()}

    monkeypatch.setattr(models()[name], "arrays", spoiled)
    assert made(name, split()).record.reason == "a vector, a weight or a prediction is NaN or infinite"


# --- scores


def test_weights_are_kept_in_the_smaller_form():
    full, sparse = np.ones((4, 4)), csr_matrix(np.eye(4))
    assert set(scoring.weight_arrays(full)) == set(scoring.weight_arrays(csr_matrix(full))) == {"item_weights"}
    assert set(scoring.weight_arrays(sparse)) == set(scoring.weight_arrays(np.eye(4))) == set(scoring.SPARSE)


@pytest.mark.parametrize("density", [0.2, 0.9])
def test_scores_are_the_sum_of_vectors_and_weights(density):
    rng, data = np.random.default_rng(0), split()
    weight = rng.normal(size=(N, N)) * (rng.random((N, N)) < density)
    users, items = (rng.normal(size=(n, 3)).astype(np.float32) for n in (M, N))
    arrays = {"user_vectors": users, "item_vectors": items} | scoring.weight_arrays(weight)
    rows = torch.tensor([5, 7, 0])
    expected = dense(data)[rows] @ weight + users[rows] @ items.T
    np.testing.assert_allclose(scoring.scorer(arrays, data)(rows), expected, rtol=1e-5, atol=1e-5)
    before = {name: array.copy() for name, array in arrays.items()}
    scoring.scorer(arrays, data)(rows).fill_(-torch.inf)  # evaluation writes over what it gets
    assert all(np.array_equal(array, before[name]) for name, array in arrays.items())
