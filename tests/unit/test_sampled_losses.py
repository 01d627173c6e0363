"""Losses with sampled items: formulas by hand, sampling, rejection, proposals, and what is learned besides."""

import math

import numpy as np
import pytest
import torch

from dotbench.datasets.interactions import Split
from dotbench.errors import FitFailed
from dotbench.execution.hardware import Execution
from dotbench.losses.bce import BCE
from dotbench.losses.bpr import BPR
from dotbench.losses.sampled_softmax import SampledSoftmax
from dotbench.losses.sml import SML
from dotbench.losses.uib import UIB
from dotbench.models.mf import MatrixFactorization
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Tables
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve, settings_class
from dotbench.solvers.sgd import SGD

torch.set_num_threads(1)
M, N, K = 6, 8, 3


def settings(**values):
    defaults = {"batch_size": 5, "negatives": 4, "reject_positives": False, "proposal": "uniform", "alpha": 2.5}
    known = settings_class([MatrixFactorization, SGD, UIB, SML, SampledSoftmax])
    return known(**{**defaults, "embedding_size": K, "item_weight": 0.2, "margin_weight": 0.7, **values})


def train(density=0.4, seed=0):
    dense = np.random.default_rng(seed).random((M, N)) < density
    dense[:, 0] = True
    return TrainMatrix(np.argwhere(dense), M, N, dtype=torch.float64)


def tables(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Tables(*(torch.randn(n, K, generator=generator, dtype=torch.float64) for n in (M, N)))


def log_sigmoid(x):
    return -math.log1p(math.exp(-x))


def batch_of(loss, matrix, seed=3):
    return next(iter(loss.batches(matrix, torch.Generator().manual_seed(seed))))


def score_lists(vectors, batch):
    """Per positive of a batch: its score and those of its sampled items."""
    scores = (vectors.users() @ vectors.items().T).tolist()
    users, positives, sampled = (part.tolist() for part in batch)
    return [(scores[u][i], [scores[u][j] for j in js]) for u, i, js in zip(users, positives, sampled, strict=True)]


def test_bce_is_the_mean_over_positives_of_one_positive_and_the_mean_negative():
    loss, matrix, vectors = BCE(settings()), train(), tables()
    batch = batch_of(loss, matrix)
    terms = [-log_sigmoid(o) - np.mean([log_sigmoid(-x) for x in others]) for o, others in score_lists(vectors, batch)]
    assert loss.estimate(vectors, matrix, batch).item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_uib_is_bce_around_a_boundary():
    loss, matrix, vectors = UIB(settings()), train(), tables()
    (boundary,) = loss.own_parameters(matrix, torch.Generator())
    batch = batch_of(loss, matrix)
    start = loss.estimate(vectors, matrix, batch).item()
    with torch.no_grad():
        boundary.copy_(torch.tensor([0.3, -0.8, 0.5]))
    terms, unbounded = [], []
    for user, (o, others) in zip(batch[0].tolist(), score_lists(vectors, batch), strict=True):
        b = (vectors.users()[user] @ boundary.detach()).item()
        terms.append(-log_sigmoid(o - b) - 2.5 * np.mean([log_sigmoid(b - x) for x in others]))
        unbounded.append(-log_sigmoid(o) - 2.5 * np.mean([log_sigmoid(-x) for x in others]))
    assert start == pytest.approx(np.mean(unbounded), rel=1e-12)
    assert loss.estimate(vectors, matrix, batch).item() == pytest.approx(np.mean(terms), rel=1e-12)


# --- sampled softmax


def full_softmax(vectors, users, positives):
    scores = vectors.users() @ vectors.items().T
    return (torch.logsumexp(scores[users], dim=1) - scores[users, positives]).mean().item()


def test_sampled_softmax_with_uniform_proposal():
    loss, matrix, vectors = SampledSoftmax(settings()), train(), tables()
    batch = batch_of(loss, matrix)
    terms = [-math.log(math.exp(o) / sum(map(math.exp, [o, *others]))) for o, others in score_lists(vectors, batch)]
    assert loss.estimate(vectors, matrix, batch).item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_popularity_correction_divides_by_the_probability_of_the_proposal():
    loss, matrix, vectors = SampledSoftmax(settings(proposal="popularity")), train(), tables()
    batch = batch_of(loss, matrix)
    counts = np.bincount(matrix.items, minlength=N)
    q = (counts + 1) / (len(matrix.users) + N)
    assert q.sum() == pytest.approx(1)
    terms = []
    for i, js, (o, others) in zip(batch[1].tolist(), batch[2].tolist(), score_lists(vectors, batch), strict=True):
        weights = [math.exp(o) / q[i], *(math.exp(x) / q[j] for x, j in zip(others, js, strict=True))]
        terms.append(-math.log(weights[0] / sum(weights)))
    assert loss.estimate(vectors, matrix, batch).item() == pytest.approx(np.mean(terms), rel=1e-12)


@pytest.mark.parametrize("proposal", ["uniform", "popularity"])
def test_many_samples_give_the_gradient_of_the_full_softmax(proposal):
    """In the limit the two losses differ by the log of the number of samples, and by the positive counted twice."""
    loss, matrix = SampledSoftmax(settings(proposal=proposal, negatives=200_000, batch_size=1)), train()
    start = tables()
    leaves = [start.users().requires_grad_(), start.items().requires_grad_()]
    batch = batch_of(loss, matrix)
    found = torch.autograd.grad(loss.estimate(Tables(*leaves), matrix, batch), leaves)
    scores = leaves[0][batch[0]] @ leaves[1].T
    full = (torch.logsumexp(scores, dim=1) - scores[0, batch[1]]).mean()
    expected = torch.autograd.grad(full, leaves)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=0.02 * other.abs().max().item())


@pytest.mark.parametrize("proposal", ["uniform", "popularity"])
def test_proposals_draw_as_often_as_they_say(proposal):
    loss, matrix = SampledSoftmax(settings(proposal=proposal)), train()
    drawn = loss.propose(matrix, (400, 500), torch.Generator().manual_seed(0))
    counts = np.bincount(matrix.items, minlength=N)
    expected = np.full(N, 1 / N) if proposal == "uniform" else (counts + 1) / (len(matrix.users) + N)
    n = drawn.numel()
    found = np.bincount(drawn.flatten(), minlength=N)
    assert (np.abs(found - n * expected) < 5 * np.sqrt(n * expected * (1 - expected))).all()


# --- collisions with positives


def collisions(matrix, batches):
    pairs = set(zip(matrix.users.tolist(), matrix.items.tolist(), strict=True))
    return sum(
        (int(u), int(j)) in pairs for users, _, js in batches for u, row in zip(users, js, strict=True) for j in row
    )


@pytest.mark.parametrize("loss", [BPR, SampledSoftmax])
def test_rejection_leaves_no_positive_among_the_sampled(loss):
    matrix = train()
    kept = list(loss(settings(negatives=50)).batches(matrix, torch.Generator().manual_seed(0)))
    clean = list(loss(settings(negatives=50, reject_positives=True)).batches(matrix, torch.Generator().manual_seed(0)))
    assert collisions(matrix, kept) > 100
    assert collisions(matrix, clean) == 0


def test_rejection_draws_the_rest_alike():
    matrix = TrainMatrix(np.array([[0, 0], [0, 3], [1, 1]]), 2, 5)
    loss = BPR(settings(negatives=30_000, batch_size=3, reject_positives=True))
    users, _, sampled = batch_of(loss, matrix)
    row = sampled[users.tolist().index(0)]
    counts = torch.bincount(row, minlength=5)
    assert counts[[0, 3]].tolist() == [0, 0]
    assert (counts[[1, 2, 4]] - 10_000).abs().max() < 5 * math.sqrt(30_000 * 2 / 9)


def test_rejection_ends_where_all_items_but_one_are_positives():
    """Rounds would need some 3,000 tries for each: a batch is drawn at once, and popularity's weights are kept."""
    n = 3000
    pairs = np.array([(0, item) for item in range(n - 1)] + [(1, n - 1), (1, 0)])
    matrix = TrainMatrix(pairs, 2, n)
    for loss in (BPR, SampledSoftmax):
        _, _, sampled = batch_of(loss(settings(negatives=10, batch_size=3000, reject_positives=True)), matrix)
        assert sampled.shape[1] == 10
    users, _, sampled = batch_of(BPR(settings(batch_size=2048, reject_positives=True)), matrix)
    assert (sampled[users == 0] == n - 1).all()


def test_what_is_left_is_drawn_by_the_weights_of_the_proposal():
    """User 0 has items 0 to 96 of 100; of the others, 97 has one positive, 98 three, 99 none: weights 2, 4, 1."""
    pairs = [(0, item) for item in range(97)] + [(1, 97), (1, 98), (2, 98), (3, 98)]
    matrix = TrainMatrix(np.array(pairs), 4, 100)
    loss = SampledSoftmax(settings(negatives=4, proposal="popularity", reject_positives=True))
    drawn = loss._among_others(matrix, torch.zeros(70_000, dtype=torch.int64), torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn, minlength=100)
    assert counts[:97].sum() == 0
    assert counts[97:].tolist() == pytest.approx([20_000, 40_000, 10_000], rel=0.03)
    proposed = torch.bincount(loss.propose(matrix, (1_000_000,), torch.Generator().manual_seed(1)))
    assert (proposed / proposed.sum()).tolist() == pytest.approx(
        (loss.proposal_weights(matrix) / 201).tolist(), rel=0.05
    )


def test_rejection_with_nothing_left_to_draw_is_told():
    matrix = TrainMatrix(np.array([[0, 0], [0, 1], [1, 1]]), 2, 2)
    with pytest.raises(FitFailed, match="every item"):
        list(BPR(settings(reject_positives=True)).batches(matrix, torch.Generator()))


def test_contains_against_a_set():
    matrix = train(seed=4)
    users, items = torch.meshgrid(torch.arange(M), torch.arange(N), indexing="ij")
    pairs = set(zip(matrix.users.tolist(), matrix.items.tolist(), strict=True))
    expected = [[(u, i) in pairs for i in range(N)] for u in range(M)]
    assert matrix.contains(users, items).tolist() == expected


# --- SML


def distance(a, b):
    return ((a - b) ** 2).sum().item()


def test_sml_by_hand():
    loss, matrix, vectors = SML(settings(negatives=2)), train(), tables()
    margins = loss.own_parameters(matrix, torch.Generator())
    with torch.no_grad():
        for margin in margins:
            margin.copy_(torch.rand(len(margin), generator=torch.Generator().manual_seed(8)))
    users, positives, sampled = batch = batch_of(loss, matrix)
    p, q = vectors.users(), vectors.items()
    total = 0.0
    for u, i, js in zip(users.tolist(), positives.tolist(), sampled.tolist(), strict=True):
        near, (m, n) = distance(p[u], q[i]), (margins[0][u].item(), margins[1][i].item())
        total += np.mean([max(near - distance(p[u], q[j]) + m, 0) for j in js])
        total += 0.2 * np.mean([max(near - distance(q[i], q[j]) + n, 0) for j in js])
    total -= 0.7 * (margins[0][users].mean().item() + margins[1][positives].mean().item())
    assert loss.estimate(vectors, matrix, batch).item() == pytest.approx(total / len(users), rel=1e-12)


def test_sml_is_constrained_to_the_unit_ball_and_margins_to_the_unit_interval():
    loss, matrix = SML(settings()), train()
    margins = loss.own_parameters(matrix, torch.Generator())
    assert [margin.tolist() for margin in margins] == [[1.0] * M, [1.0] * N]
    p, q = torch.tensor([[3.0, 4.0, 0.0], [0.3, 0.4, 0.0]]), torch.tensor([[0.0, 0.0, 0.0]])
    with torch.no_grad():
        margins[0][:3] = torch.tensor([-0.5, 1.5, 0.25], dtype=torch.float64)
        loss.constrain([p, q])
    assert torch.allclose(p, torch.tensor([[0.6, 0.8, 0.0], [0.3, 0.4, 0.0]]))
    assert q.tolist() == [[0.0, 0.0, 0.0]]
    assert margins[0][:3].tolist() == [0.0, 1.0, 0.25]


def test_sml_sees_vectors_that_a_model_computes_in_the_unit_ball():
    given = torch.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
    bounded = SML(settings()).bounded(Tables(given, 2 * given))
    inside = torch.tensor([[0.6, 0.8], [0.3, 0.4]])
    assert torch.allclose(bounded.users(), inside)
    assert torch.allclose(bounded.items(torch.tensor([[0, 1]])), torch.tensor([[[0.6, 0.8], [0.6, 0.8]]]))
    assert bounded.pair_scores(torch.tensor([1]), torch.tensor([[0, 1]])).tolist() == [pytest.approx([0.5, 0.5])]
    bounded.users()[0].sum().backward()
    assert (given.grad[0] @ given[0]).item() == pytest.approx(
        0, abs=1e-6
    )  # the length of a clipped vector does not matter


def test_sml_trains_lightgcn_and_ranks_by_distance_in_the_unit_ball():
    fixed = {"embedding_size": 4, "epochs": 2, "patience": 2, "updates": 0, "patience_updates": 0, "init_std": 2.0}
    chosen = resolve(MethodChoice(model="lightgcn", loss="sml", solver="sgd", set=fixed, grid={}))
    pairs = np.random.default_rng(0).permutation(np.argwhere(np.random.default_rng(1).random((12, 20)) < 0.4))
    split = Split(12, 20, pairs[8:], pairs[:8], pairs[:0], ratings={})
    arrays = fit(chosen, chosen.settings, Inputs("toy", split), Seeds(0, 0), Execution("cpu", say=print)).arrays
    users, items = arrays["user_vectors"], arrays["item_vectors"]  # [p, 1] and [2q, −‖q‖²]
    assert np.linalg.norm(users[:, :-1], axis=1).max() == pytest.approx(1, abs=1e-5)
    assert np.allclose(users[:, -1], 1)
    assert np.linalg.norm(items[:, :-1], axis=1).max() <= 2 + 1e-5
    assert np.allclose(items[:, -1], -(items[:, :-1] ** 2).sum(1) / 4, atol=1e-6)


def test_sml_ranks_by_distance():
    vectors = tables(5)
    users, items = SML(settings()).scoring(train(), vectors.users(), vectors.items())
    scores = users @ items.T
    expected = [[-distance(p, q) for q in vectors.items()] for p in vectors.users()]
    shift = scores - torch.tensor(expected, dtype=torch.float64)
    assert torch.allclose(shift, (vectors.users() ** 2).sum(1, keepdim=True).expand_as(shift), rtol=1e-12)
