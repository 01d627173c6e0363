"""Losses: regression values, gradients, unbiased estimates, and objectives against dense sums."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dotbench.losses import softmax as softmax_module
from dotbench.losses.base import DifferentiableLoss, losses
from dotbench.losses.bpr import BPR
from dotbench.losses.listwise import ListwiseLoss
from dotbench.losses.rg2 import RG2
from dotbench.losses.sampled import SampledLoss
from dotbench.losses.softmax import Softmax
from dotbench.losses.wrmf import WRMF
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Tables
from dotbench.runs.method import settings_class
from dotbench.solvers.sgd import SGD

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)

DIFFERENTIABLE = sorted(name for name, loss in losses().items() if issubclass(loss, DifferentiableLoss))
KNOWN = settings_class([MatrixFactorization, SGD, *(losses()[name] for name in DIFFERENTIABLE)])
SETTINGS = KNOWN(
    batch_size=4,
    negatives=3,
    reject_positives=False,
    proposal="popularity",
    embedding_size=3,
    init_std=0.5,
    alpha=1.5,
    regularization=0.3,
    item_weight=0.2,
    margin_weight=0.7,
    weighted=False,
    offset="mean",
)

# Each loss on the data and the batches of `problem(0)`: the mean of the estimates of one epoch.
REGRESSION = {
    "bce": 1.4539812175,
    "bpr": 0.7648529079,
    "rg2": 0.8961065747,
    "sampled-softmax": 1.4691388777,
    "sml": 1.2758632440,
    "softmax": 2.3352315090,
    "sparsemax": 0.9898849118,
    "squared": 1.6362980478,
    "uib": 1.8279719834,
}


def changed(**values):
    return KNOWN(**{**SETTINGS.model_dump(), **values})


def random_pairs(seed=0, n_users=7, n_items=9, density=0.35, empty=()):
    """Distinct pairs; the users in ``empty`` have none, every other has one at least."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n_users, n_items)) < density
    dense[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    dense[list(empty)] = False
    return np.argwhere(dense)


def matrix(pairs, n_users=7, n_items=9):
    return TrainMatrix(pairs, n_users, n_items, dtype=torch.float64, ratings=pairs.sum(1) % 5 + 1.0)


def dense(train):
    """R as a dense tensor."""
    filled = torch.zeros(train.n_users, train.n_items, dtype=torch.float64)
    filled[train.users, train.items] = 1
    return filled


def mf_model(seed=0, n_users=7, n_items=9):
    """Matrix factorisation in double precision, with scores large enough to matter."""
    sizes = SimpleNamespace(n_users=n_users, n_items=n_items, device="cpu", dtype=torch.float64)
    return MatrixFactorization(SETTINGS, sizes, torch.Generator().manual_seed(seed))


def problem(seed=0):
    """Training matrix (user 2 has no positive), model, and a generator for the batches."""
    return matrix(random_pairs(seed, empty=(2,))), mf_model(seed), torch.Generator().manual_seed(seed)


def vectors(seed=0, n_users=7, n_items=9):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(rows, 3, generator=generator, dtype=torch.float64) for rows in (n_users, n_items))


def central_difference(function, tensor, step=1e-6):
    """Gradient of a scalar function of no arguments that reads ``tensor``, entry by entry."""
    gradient = torch.zeros_like(tensor)
    flat, out = tensor.detach().view(-1), gradient.view(-1)
    for k in range(len(flat)):
        value = float(flat[k])
        flat[k] = value + step
        above = float(function())
        flat[k] = value - step
        below = float(function())
        flat[k] = value
        out[k] = (above - below) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_regression_value(name):
    if name not in REGRESSION:
        pytest.skip(f"no seeded value of '{name}' is kept here yet")
    train, model, generator = problem()
    loss = losses()[name](SETTINGS)
    loss.own_parameters(train, generator)
    values = [loss.estimate(model.vectors(), train, batch).item() for batch in loss.batches(train, generator)]
    assert np.mean(values) == pytest.approx(REGRESSION[name], rel=1e-6)  # the start is drawn in float32


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("seed", [0, 1])
def test_gradient_of_the_estimate(name, seed):
    train, model, generator = problem(seed)
    loss = losses()[name](SETTINGS)
    own = loss.own_parameters(train, generator)
    for parameter in own:  # away from where they start
        with torch.no_grad():
            parameter.copy_(torch.rand(parameter.shape, generator=generator))
    batch = next(iter(loss.batches(train, generator)))
    loss.estimate(model.vectors(), train, batch).backward()
    for parameter in [*model.parameters(), *own]:
        with torch.no_grad():
            numeric = central_difference(lambda: loss.estimate(model.vectors(), train, batch), parameter)
        assert numeric.abs().max() > 1e-3
        assert torch.allclose(parameter.grad, numeric, rtol=1e-6, atol=1e-9)


def test_gradient_of_the_sampled_formula():
    generator = torch.Generator().manual_seed(0)
    positive = torch.randn(4, 1, generator=generator, dtype=torch.float64, requires_grad=True)
    negative = torch.randn(4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    for name in DIFFERENTIABLE:
        loss = losses()[name](SETTINGS)
        if isinstance(loss, SampledLoss):
            assert loss.formula(positive, negative).shape in ((4, 3), (4, 1))
            assert torch.autograd.gradcheck(loss.formula, (positive, negative))


def test_gradient_of_the_listwise_formula():
    train, model, _ = problem()
    users = torch.tensor([5, 0, 3])
    scores = (model.users[users] @ model.items.T).detach().requires_grad_()
    for name in DIFFERENTIABLE:
        loss = losses()[name](SETTINGS)
        if isinstance(loss, ListwiseLoss):
            positives = train.positives(users)
            assert loss.formula(scores, *positives).shape == (3,)
            assert torch.autograd.gradcheck(lambda s, p=positives, f=loss.formula: f(s, *p), (scores,))


# --- softmax


def softmax_of_all(train, model):
    """RG2 paper, Eq. 3, pair by pair: −(1/|D|) Σ_{(u,i)∈D} log( exp o_ui / Σ_j exp o_uj )."""
    scores = (model.users @ model.items.T).tolist()
    total = 0.0
    for user, item in zip(train.users.tolist(), train.items.tolist(), strict=True):
        total -= math.log(math.exp(scores[user][item]) / sum(math.exp(score) for score in scores[user]))
    return total / len(train.users)


def test_softmax_of_all_users_is_the_full_loss():
    train, model, generator = problem()
    loss = Softmax(changed(batch_size=100))
    (batch,) = loss.batches(train, generator)
    assert loss.estimate(model.vectors(), train, batch).item() == pytest.approx(softmax_of_all(train, model), rel=1e-13)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_softmax_estimate_is_unbiased_over_all_batches_of_a_size(size):
    train, model, _ = problem()
    loss = Softmax(SETTINGS)
    batches = [torch.tensor(users) for users in itertools.combinations(train.active_users.tolist(), size)]
    assert len(batches) == math.comb(6, size)
    values = [loss.estimate(model.vectors(), train, (users, *train.positives(users))).item() for users in batches]
    assert np.std(values) > 1e-3
    assert np.mean(values) == pytest.approx(softmax_of_all(train, model), rel=1e-13)


def test_softmax_partition_with_a_short_last_batch():
    """Six users in batches of four and two: weighted by their users, the estimates give the full loss exactly."""
    train, model, generator = problem()
    loss = Softmax(SETTINGS)
    batches = list(loss.batches(train, generator))
    sizes = [len(batch[0]) for batch in batches]
    assert sizes == [4, 2]
    values = [loss.estimate(model.vectors(), train, batch).item() for batch in batches]
    assert np.average(values, weights=sizes) == pytest.approx(softmax_of_all(train, model), rel=1e-13)


def test_listwise_batches_cover_each_user_with_a_positive_once():
    train = matrix(random_pairs(3, empty=(0, 4)))
    loss = Softmax(SETTINGS)
    order = []
    for seed in (1, 1, 2):
        batches = list(loss.batches(train, torch.Generator().manual_seed(seed)))
        order.append(torch.cat([users for users, *_ in batches]).tolist())
        assert sorted(order[-1]) == [1, 2, 3, 5, 6]
        pairs = {(int(users[r]), int(i)) for users, rows, items, _ in batches for r, i in zip(rows, items, strict=True)}
        assert pairs == set(zip(train.users.tolist(), train.items.tolist(), strict=True))
        assert sum(counts.sum().item() for *_, counts in batches) == len(train.users)
    assert order[0] == order[1] != order[2]


def test_softmax_does_not_overflow():
    loss = Softmax(SETTINGS)
    vectors = Tables(torch.tensor([[1.0]]), torch.tensor([[1000.0], [0.0], [-1000.0]]))
    batch = torch.tensor([0]), torch.tensor([0, 0]), torch.tensor([0, 1]), torch.tensor([2.0])
    assert loss.user_losses(vectors, batch).item() == pytest.approx(1000.0)


@pytest.mark.parametrize("cells", [1, 7, 12, 1 << 20])
def test_softmax_by_blocks_is_autograd_s(monkeypatch, cells):
    """Values and gradients of three users with weights of their own, in blocks of one, two, four and all items."""
    monkeypatch.setattr(softmax_module, "CELLS", cells)
    train, model, _ = problem()
    users = train.active_users[:3]
    batch = (users, *train.positives(users))
    weight = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    found = []
    for formula in (Softmax(SETTINGS).user_losses, plain_softmax):
        vectors = Tables(*(part.detach().clone().requires_grad_() for part in (model.users, model.items)))
        losses = formula(vectors, batch)
        gradients = torch.autograd.grad(losses @ weight, (vectors.users(), vectors.items()))
        found.append([losses.detach(), *gradients])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def plain_softmax(vectors, batch):
    users, rows, items, counts = batch
    scores = vectors.users(users) @ vectors.items().T
    return counts * torch.logsumexp(scores, 1) - torch.zeros_like(counts).index_add(0, rows, scores[rows, items])


def test_positives_are_scattered():
    values = torch.arange(6.0).view(3, 2)
    items, ends = torch.tensor([4, 0, 4]), torch.tensor([2, 2, 3])  # the second user has none
    dense = torch.zeros(3, 5)
    dense[0, 4] = dense[0, 0] = dense[2, 4] = 1
    assert torch.equal(softmax_module.scattered(values, items, ends, 5), dense.T @ values)


# --- BPR


def test_bpr_formula():
    loss = BPR(SETTINGS)
    positive = torch.tensor([[2.0], [-1.0]], dtype=torch.float64)
    negative = torch.tensor([[0.0, 3.0], [-1.0, 500.0]], dtype=torch.float64)
    expected = [[math.log1p(math.exp(-2)), math.log1p(math.exp(1))], [math.log(2), 501.0]]
    assert torch.allclose(loss.formula(positive, negative), torch.tensor(expected, dtype=torch.float64), rtol=1e-12)


def test_bpr_batches_cover_each_positive_once():
    train = matrix(random_pairs(1))
    drawn = []
    for seed in (5, 5, 6):
        batches = list(BPR(SETTINGS).batches(train, torch.Generator().manual_seed(seed)))
        pairs = [(int(u), int(i)) for users, items, _ in batches for u, i in zip(users, items, strict=True)]
        assert sorted(pairs) == list(zip(train.users.tolist(), train.items.tolist(), strict=True))
        assert all(sampled.shape == (len(users), 3) for users, _, sampled in batches)
        assert all(len(users) == 4 for users, *_ in batches[:-1])
        drawn.append((pairs, torch.cat([sampled for *_, sampled in batches]).tolist()))
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[2][0]
    assert drawn[0][1] != drawn[2][1]


def test_bpr_batches_depend_on_nothing_but_their_generator():
    train = matrix(random_pairs(1))
    torch.manual_seed(0)
    first = list(BPR(SETTINGS).batches(train, torch.Generator().manual_seed(5)))
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    second = list(BPR(SETTINGS).batches(train, torch.Generator().manual_seed(5)))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


def test_bpr_samples_every_item_alike():
    """Positives included, as documented; 5 standard deviations."""
    train = matrix(random_pairs(1))
    loss = BPR(changed(batch_size=1000, negatives=2000))
    (batch,) = loss.batches(train, torch.Generator().manual_seed(0))
    n, share = batch[2].numel(), 1 / train.n_items
    counts = torch.bincount(batch[2].flatten(), minlength=train.n_items)
    assert (counts - n * share).abs().max() < 5 * math.sqrt(n * share * (1 - share))


def test_bpr_estimate_is_the_mean_over_its_pairs():
    train, model, generator = problem()
    users, items, sampled = next(iter(BPR(SETTINGS).batches(train, generator)))
    scores = (model.users @ model.items.T).tolist()
    terms = [
        math.log1p(math.exp(scores[user][other] - scores[user][item]))
        for user, item, others in zip(users.tolist(), items.tolist(), sampled.tolist(), strict=True)
        for other in others
    ]
    value = BPR(SETTINGS).estimate(model.vectors(), train, (users, items, sampled)).item()
    assert value == pytest.approx(np.mean(terms), rel=1e-12)


# --- RG2 and WRMF


def rg2_dense(train, users, items, regularization):
    """Σ W_u [ (S_ui − o_ui)² + λ (‖p_u‖² + ‖q_i‖²) ], cell by cell."""
    filled, scores = dense(train).tolist(), (users @ items.T).tolist()
    user_norms, item_norms = (users**2).sum(1).tolist(), (items**2).sum(1).tolist()
    size, total = len(train.users), 0.0
    for u, row in enumerate(filled):
        n = sum(row)
        if n == 0:
            continue  # the weight is zero
        weight = n / (2 * train.n_items * size)
        for i, r in enumerate(row):
            target = r * train.n_items / n - 1
            total += weight * ((target - scores[u][i]) ** 2 + regularization * (user_norms[u] + item_norms[i]))
    return total


@pytest.mark.parametrize("regularization", [0.0, 0.3])
@pytest.mark.parametrize("empty", [(), (1, 6)])
def test_rg2_objective_is_the_dense_weighted_sum(regularization, empty):
    train = matrix(random_pairs(2, empty=empty))
    users, items = vectors(2)
    users = users * (train.counts > 0)[:, None]
    value = RG2(SimpleNamespace(regularization=regularization)).objective(train, users, items)
    assert value == pytest.approx(rg2_dense(train, users, items, regularization), rel=1e-12)


def test_rg2_and_eq_13_differ_by_a_constant():
    """Eq. 14 − Eq. 13 = (MN/2)/|D| − 1 when every user has a positive; Eq. 13 with its brackets mended."""
    for seed in range(3):
        train = matrix(random_pairs(seed))
        users, items = vectors(seed)
        scores, filled = users @ items.T, dense(train)
        size, counts = len(train.users), filled.sum(1)
        eq_13 = (counts / (2 * train.n_items) * ((scores + 1) ** 2).sum(1)).sum() - (scores * filled).sum()
        eq_14 = RG2(SimpleNamespace(regularization=0.0)).objective(train, users, items)
        constant = train.n_users * train.n_items / 2 / size - 1
        assert eq_14 - eq_13.item() / size == pytest.approx(constant, rel=1e-11)


@pytest.mark.parametrize("alpha", [0.0, 1.5])
def test_wrmf_objective_is_the_dense_weighted_sum(alpha):
    train = matrix(random_pairs(2, empty=(3,)))
    users, items = vectors(2)
    filled = dense(train)
    squares = ((1 + alpha * filled) * (filled - users @ items.T) ** 2).sum()
    expected = (squares + 0.3 * ((users**2).sum() + (items**2).sum())).item()
    settings = SimpleNamespace(alpha=alpha, regularization=0.3)
    assert WRMF(settings).objective(train, users, items) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("regularization", [0.0, 0.3])
@pytest.mark.parametrize("empty", [(), (1, 6)])
def test_rg2_by_gradients_is_its_objective_less_a_constant(regularization, empty):
    """Eq. 13 against Eq. 14: they differ by (M' N/2)/|D| − 1, M' the users with a positive."""
    train = matrix(random_pairs(2, empty=empty))
    users, items = vectors(2)
    loss = RG2(changed(regularization=regularization, batch_size=100))
    (batch,) = loss.batches(train, torch.Generator().manual_seed(0))
    active = users * (train.counts > 0)[:, None]
    constant = len(train.active_users) * train.n_items / 2 / len(train.users) - 1
    found = loss.estimate(Tables(users, items), train, batch).item() + constant
    assert found == pytest.approx(loss.objective(train, active, items), rel=1e-12)


def test_rg2_estimate_is_unbiased_over_all_batches_of_a_size():
    train = matrix(random_pairs(2, empty=(3,)))
    tables, loss = Tables(*vectors(2)), RG2(SETTINGS)
    batches = [torch.tensor(users) for users in itertools.combinations(train.active_users.tolist(), 2)]
    values = [loss.estimate(tables, train, (users, *train.positives(users))).item() for users in batches]
    whole = loss.estimate(tables, train, (train.active_users, *train.positives(train.active_users))).item()
    assert np.std(values) > 1e-3
    assert np.mean(values) == pytest.approx(whole, rel=1e-12)
