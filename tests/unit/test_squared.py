"""Squared error: against dense formulas, finite differences, dense solves and plain torch; rating fits with it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dotbench.config.split import check_method
from dotbench.datasets.interactions import Split
from dotbench.datasets.splits.base import make_splitter
from dotbench.execution.hardware import Execution
from dotbench.features.arrays import Features
from dotbench.losses import _rows
from dotbench.losses.squared import Squared
from dotbench.models.two_tower import TwoTower
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Tables
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, WrongChoice, resolve, settings_class
from dotbench.runs.tuning import tune
from dotbench.solvers.als import ALS
from dotbench.solvers.base import Problem
from dotbench.solvers.sgd import SGD
from dotbench.tuning.halving import Halving

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
EXECUTION = Execution("cpu", say=lambda text: None)
M, N, K = 12, 15, 3
VARIANTS = [(False, "mean"), (True, "mean"), (False, "none"), (True, "item-mean")]


def data(seed=0):
    """Pairs in random order with their ratings; user 4 and item 2 have none."""
    rng = np.random.default_rng(seed)
    filled = rng.random((M, N)) < 0.4
    filled[:, 0] = filled[0] = True
    filled[4] = filled[:, 2] = False
    pairs = rng.permutation(np.argwhere(filled))
    return pairs, rng.integers(1, 6, len(pairs)) + rng.random(len(pairs))


def matrix(seed=0, dtype=torch.float64):
    pairs, ratings = data(seed)
    return TrainMatrix(pairs, M, N, dtype=dtype, ratings=ratings)


def squared(weighted=False, offset="mean", regularization=0.7, batch_size=1000):
    values = {"weighted": weighted, "offset": offset, "regularization": regularization, "batch_size": batch_size}
    return Squared(settings_class([Squared, SGD])(**values))


def start(rows, seed=0):
    return torch.randn(rows, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def offsets(loss, pairs, ratings):
    """b, item by item."""
    mu = ratings.mean() if loss.settings.offset != "none" else 0.0
    own = [ratings[pairs[:, 1] == i] for i in range(N)]
    shrunk = [(r.sum() + 5 * mu) / (len(r) + 5) for r in own]
    return np.array(shrunk) if loss.settings.offset == "item-mean" else np.full(N, mu)


def plain(loss, users, items, seed=0):
    """The objective, pair by pair."""
    pairs, ratings = data(seed)
    b = offsets(loss, pairs, ratings)
    total = sum((r - b[i] - users[u] @ items[i]) ** 2 for (u, i), r in zip(pairs, ratings, strict=True))
    for vectors, rows in ((users, pairs[:, 0]), (items, pairs[:, 1])):
        for row, vector in enumerate(vectors):
            weight = (rows == row).sum() if loss.settings.weighted else 1
            total += loss.settings.regularization * weight * (vector @ vector)
    return total / len(pairs)


# --- the matrix


def test_ratings_follow_their_pairs_in_both_orders():
    pairs, ratings = data()
    dense = np.zeros((M, N))
    dense[tuple(pairs.T)] = ratings
    train = matrix()
    assert train.ratings.tolist() == dense[train.users, train.items].tolist()
    rows = torch.repeat_interleave(torch.arange(N), train.csr_t.crow_indices().diff())
    assert train.transposed(train.ratings).tolist() == dense.T[rows, train.csr_t.col_indices()].tolist()
    assert train.mean_rating == pytest.approx(ratings.mean(), rel=1e-12)


# --- the formula


@pytest.mark.parametrize(("weighted", "offset"), VARIANTS)
def test_objective_and_estimate_are_the_dense_formula(weighted, offset):
    """Of a batch with every pair; vectors of rows without ratings are zero, as a fit leaves them."""
    loss, train = squared(weighted, offset), matrix()
    users, items = start(M), start(N, 1)
    users[4], items[2] = 0, 0
    expected = plain(loss, users.numpy(), items.numpy())
    assert loss.objective(train, users, items) == pytest.approx(expected, rel=1e-12)
    [batch] = loss.batches(train, torch.Generator())
    assert loss.estimate(Tables(users, items), train, batch).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("weighted", "offset"), VARIANTS)
def test_batches_cover_the_ratings_once_and_estimate_without_bias(weighted, offset):
    loss, train = squared(weighted, offset, batch_size=7), matrix()
    vectors = Tables(start(M), start(N, 1))
    batches = list(loss.batches(train, torch.Generator().manual_seed(3)))
    seen = torch.cat([torch.stack([u * N + i for u, i in zip(*batch[:2], strict=True)]) for batch in batches])
    assert sorted(seen.tolist()) == (train.users * N + train.items).tolist()
    assert seen.tolist() != sorted(seen.tolist())
    [whole] = squared(weighted, offset).batches(train, torch.Generator())
    mean = sum(len(batch[0]) * loss.estimate(vectors, train, batch) for batch in batches) / len(train.users)
    assert mean.item() == pytest.approx(loss.estimate(vectors, train, whole).item(), rel=1e-12)


@pytest.mark.parametrize(("weighted", "offset"), VARIANTS)
def test_gradient_is_that_of_finite_differences(weighted, offset):
    loss, train = squared(weighted, offset, batch_size=9), matrix()
    batch = next(iter(loss.batches(train, torch.Generator().manual_seed(1))))

    def value(users, items):
        return loss.estimate(Tables(users, items), train, batch)

    assert torch.autograd.gradcheck(value, (start(M).requires_grad_(), start(N, 1).requires_grad_()))


def test_scoring_vectors_predict_the_rating():
    loss, train = squared(), matrix()
    users, items = loss.scoring(train, start(M), start(N, 1))
    expected = train.mean_rating + start(M) @ start(N, 1).T
    assert torch.allclose(users @ items.T, expected, rtol=1e-12)


# --- ALS


def brute_force(loss, fixed, side, seed=0):
    """The minimiser of every row by the normal equations of a dense least-squares problem."""
    pairs, ratings = data(seed)
    targets = ratings - offsets(loss, pairs, ratings)[pairs[:, 1]]
    found = np.zeros(((M, N)[side], K))
    for row in range(len(found)):
        mine = pairs[:, side] == row
        design, target = fixed[pairs[mine, 1 - side]], targets[mine]
        ridge = loss.settings.regularization * (mine.sum() if loss.settings.weighted else 1)
        rows = np.concatenate([design, np.sqrt(ridge) * np.eye(K)])
        found[row] = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(K)]))[0]
    return found


@pytest.mark.parametrize(("weighted", "offset"), VARIANTS)
@pytest.mark.parametrize("cells", [1 << 22, 30])
def test_half_sweeps_are_dense_least_squares(weighted, offset, cells, monkeypatch):
    monkeypatch.setattr(_rows, "CELLS", cells)
    loss, train = squared(weighted, offset), matrix()
    users, items = start(M), start(N, 1)
    for found, expected in (
        (loss.best_users(train, items), brute_force(loss, items.numpy(), 0)),
        (loss.best_items(train, users), brute_force(loss, users.numpy(), 1)),
    ):
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-12)
    assert (loss.best_users(train, items)[4] == 0).all()


@pytest.mark.parametrize(("weighted", "offset"), VARIANTS)
def test_objective_of_als_never_rises(weighted, offset):
    loss, train, items = squared(weighted, offset, 0.1), matrix(), start(N)
    values = []
    for _ in range(15):
        users = loss.best_users(train, items)
        values.append(loss.objective(train, users, items))
        items = loss.best_items(train, users)
        values.append(loss.objective(train, users, items))
    assert values[-1] < 0.99 * values[0]
    assert (np.diff(values) <= 1e-12 * np.abs(values[1:])).all()


def test_als_ends_where_the_gradient_vanishes():
    loss, train, items = squared(regularization=0.3), matrix(), start(N)
    for _ in range(1000):
        users = loss.best_users(train, items)
        items = loss.best_items(train, users)
    users.requires_grad_()
    items.requires_grad_()
    [batch] = loss.batches(train, torch.Generator())
    loss.estimate(Tables(users, items), train, batch).backward()
    assert max(users.grad.abs().max(), items.grad.abs().max()) < 1e-6


# --- two-tower networks against plain torch


def test_two_tower_trains_as_plain_torch_does():
    """The same initial values, batches and Adam; predictions of every pair after four epochs."""
    pairs, ratings = data()
    rng = np.random.default_rng(5)
    given = Features(rng.normal(size=(M, 4)).astype(np.float32), rng.normal(size=(N, 2)).astype(np.float32), [], [])
    inputs = {"features": "movielens", "ids": False, "layers": 2, "width": 6, "embedding_size": K, "init_std": 1.0}
    steps = {"batch_size": 16, "epochs": 4, "updates": 0, "learning_rate": 0.02, "weight_decay": 0.01}
    method = resolve(
        MethodChoice(
            model="two-tower",
            loss="squared",
            solver="sgd",
            set={**inputs, **steps, "regularization": 0.0},
            grid={},
        )
    )
    settings = method.validated(method.settings)
    problem = Problem(
        model=TwoTower,
        loss=Squared(settings),
        settings=settings,
        train=lambda dtype: TrainMatrix(pairs, M, N, dtype=dtype, ratings=ratings),
        validate=lambda users, items: {"validation": 0.0},
        init_seed=7,
        device="cpu",
        features=given,
    )
    seen = []

    def validate(users, items):
        seen.append(users @ items.T)
        return {"validation": len(seen)}

    method.solver().solve(replace(problem, validate=validate))

    generator = torch.Generator().manual_seed(7)
    train = matrix(dtype=torch.float32)
    towers = []
    for tower in (model := TwoTower(settings, train, generator, given)).users, model.items:
        bias, first, *rest = tower.parameters
        linears = []
        for weight, shift in [(first, bias), *zip(rest[::2], rest[1::2], strict=True)]:
            linear = torch.nn.Linear(*weight.shape)
            linear.weight.data, linear.bias.data = weight.detach().T.clone(), shift.detach().clone()
            linears.append(linear)
        hidden = [part for linear in linears[:-1] for part in (linear, torch.nn.ReLU())]
        towers.append((torch.nn.Sequential(*hidden, linears[-1]), tower.inputs))
    weights = [parameter for tower, _ in towers for parameter in tower.parameters()]
    optimizer = torch.optim.Adam(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    mean = torch.tensor(ratings.mean(), dtype=torch.float32)
    for _ in range(4):
        for chosen in torch.randperm(len(pairs), generator=generator).split(16):
            (f, x), (g, y) = towers
            scores = (f(x)[train.users[chosen]] * g(y)[train.items[chosen]]).sum(1)
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(mean + scores, train.ratings[chosen]).backward()
            optimizer.step()
    (f, x), (g, y) = towers
    assert torch.allclose(seen[3], mean + f(x) @ g(y).T, atol=1e-4)
    assert (seen[3] - mean).abs().max() > 0.5
    assert (seen[3] - seen[0]).abs().max() > 0.1


# --- fits


def low_rank_split(noise=0.1):
    """Ratings of rank 2 about 3; user 49 and item 39 have no training pair. Cold parts are theirs."""
    rng = np.random.default_rng(0)
    values = 3 + rng.normal(size=(50, 2)) @ rng.normal(size=(2, 40)) + noise * rng.normal(size=(50, 40))
    pairs = rng.permutation(np.argwhere(rng.random((50, 40)) < 0.6))
    new = [pairs[:, 0] == 49, pairs[:, 1] == 39]
    part = rng.choice(3, len(pairs), p=[0.8, 0.1, 0.1])
    masks = {name: (part == k) & ~new[0] & ~new[1] for k, name in enumerate(("train", "valid", "test"))}
    masks |= {"cold_user": new[0] & ~new[1], "cold_item": new[1] & ~new[0]}
    parts = {name: pairs[mask] for name, mask in masks.items()}
    ratings = {name: values[tuple(rows.T)].astype(np.float32) for name, rows in parts.items()}
    cold = {name: parts.pop(name) for name in ("cold_user", "cold_item")}
    return Split(50, 40, **parts, ratings=ratings, cold=cold)


def mf(solver, **settings):
    small = {"embedding_size": 2, "regularization": 0.1, "init_std": 0.1, "epochs": 60, "patience": 60}
    small |= {"learning_rate": 0.05, "batch_size": 64} if solver == "sgd" else {"dtype": "float64"}
    return resolve(MethodChoice(model="mf", loss="squared", solver=solver, set=small | settings, grid={}))


@pytest.mark.parametrize("solver", ["als", "sgd"])
def test_ratings_of_low_rank_are_predicted_within_the_noise_and_new_rows_at_the_mean(solver):
    split = low_rank_split()
    method = mf(solver)
    result = fit(method, method.settings, Inputs("toy", split), Seeds(0, 0), EXECUTION)
    assert result.record.status == "ok", result.record.reason
    assert result.record.validation_metric == "rmse"
    curve = [row["rmse"] for row in result.curve]
    assert result.record.validation == min(curve) == curve[result.record.best_epoch - 1]
    error = result.arrays["test"] - split.ratings["test"]
    assert np.sqrt((error**2).mean()) < 0.2 < 0.5 * split.ratings["test"].std()
    for part in split.cold:
        np.testing.assert_allclose(result.arrays[part], split.ratings["train"].mean(), rtol=1e-6)


@pytest.mark.slow
def test_both_solvers_find_the_same_optimum():
    split = low_rank_split(noise=0.5)
    ends = []
    for method in (mf("als", regularization=2.0), mf("sgd", regularization=2.0, batch_size=10_000, epochs=1500)):
        result = fit(method, {**method.settings, "patience": 3000}, Inputs("toy", split), Seeds(0, 0), EXECUTION)
        ends.append(result.curve[-1]["loss"])
    assert ends[1] == pytest.approx(ends[0], rel=1e-3)


def test_tuning_takes_the_lowest_error_and_halves(tmp_path):
    split = low_rank_split()
    grid = {"regularization": [1000.0, 0.1, 30.0]}
    method = resolve(
        MethodChoice(model="mf", loss="squared", solver="sgd", grid=grid, set={"embedding_size": 2, "epochs": 40})
    )
    halved = tune(method, lambda: Inputs("toy", split), 0, EXECUTION, tmp_path / "a", tmp_path / "b", halving=Halving())
    assert halved["hyperparameters"]["regularization"] == 0.1
    assert [rung["trials"] for rung in halved["rungs"]] == [3]


def test_who_is_let_into_a_split_of_unseen_rows():
    splitter = make_splitter({"kind": "warm-cold"})
    check_method(splitter, mf("als"))
    with pytest.raises(WrongChoice, match="'mf' cannot score users or items without training pairs"):
        check_method(splitter, mf("als", offset="none"))
    towers = {"features": "movielens", "ids": False, "offset": "none"}
    check_method(splitter, resolve(MethodChoice(model="two-tower", loss="squared", set=towers, grid={})))


def test_towers_without_ids_tell_new_users_by_their_features(tmp_path):
    """Users like or dislike by their group; the users of the cold part are told by theirs."""
    rng = np.random.default_rng(1)
    groups = np.arange(40) % 2
    pairs = rng.permutation(np.argwhere(rng.random((40, 20)) < 0.7))
    ratings = (2.0 + 2 * (groups[pairs[:, 0]] == pairs[:, 1] % 2)).astype(np.float32)
    part = np.where(pairs[:, 0] < 30, rng.choice(3, len(pairs), p=[0.8, 0.1, 0.1]), 3)
    names = ("train", "valid", "test", "cold_user")
    parts = {name: pairs[part == k] for k, name in enumerate(names)}
    values = {name: ratings[part == k] for k, name in enumerate(names)}
    split = Split(40, 20, *(parts[n] for n in names[:3]), ratings=values, cold={"cold_user": parts["cold_user"]})
    eye = np.eye(2, dtype=np.float32)
    Features(eye[groups], eye[np.arange(20) % 2], ["a", "b"], ["c", "d"]).save(tmp_path / "f.npz")
    small = {"width": 16, "embedding_size": 4, "learning_rate": 0.03, "batch_size": 32, "regularization": 0.0}
    for ids, error in ((False, 0.1), (True, 1.0)):
        settings = {**small, "features": "movielens", "ids": ids}
        method = resolve(MethodChoice(model="two-tower", loss="squared", solver="sgd", set=settings, grid={}))
        inputs = Inputs("toy", split, features=[tmp_path / "f.npz"])
        found = fit(method, method.settings, inputs, Seeds(0, 0), EXECUTION).arrays
        rmse = np.sqrt(((found["cold_user"] - values["cold_user"]) ** 2).mean())
        assert rmse == pytest.approx(error, abs=0.1)  # with ids: the mean, off by one


def test_als_validates_what_it_predicts():
    """The vectors that validation sees are those that the fit keeps, offset included."""
    pairs, ratings = data()
    method = mf("als", epochs=3)
    settings = method.validated(method.settings)
    seen = []
    problem = Problem(
        model=method.model,
        loss=Squared(settings),
        settings=settings,
        train=lambda dtype: TrainMatrix(pairs, M, N, dtype=dtype, ratings=ratings),
        validate=lambda users, items: {"validation": seen.append((users, items)) or -float(len(seen))},
        maximise=False,
        init_seed=0,
        device="cpu",
    )
    solution = ALS().solve(problem)
    assert torch.equal(solution.users, seen[-1][0])
    assert torch.equal(solution.items, seen[-1][1])
    assert (solution.users[4, :-1] == 0).all()
