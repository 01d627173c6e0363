"""Ranking metrics: rankings worked by hand, masks, ties, and the independent implementation pytrec_eval."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import pytrec_eval
import torch

from dotbench.baselines.popularity import Popularity
from dotbench.datasets.interactions import Split
from dotbench.evaluation import topk
from dotbench.evaluation.metrics.mrr import MRR
from dotbench.evaluation.metrics.ndcg import NDCG
from dotbench.evaluation.ranking import METRICS, evaluate_metrics, evaluate_ranking, per_user, score_table, scores
from dotbench.evaluation.topk import Ranking, ndcg, vector_scorer

torch.set_num_threads(1)


def pairs(*rows):
    return np.array(rows, np.int64).reshape(-1, 2)


def table(scores):
    """A scorer that reads a table of scores."""
    scores = torch.as_tensor(scores, dtype=torch.float32)
    return lambda rows: scores[rows]


def hits_of(*rows):
    return torch.tensor(rows, dtype=torch.bool)


def log_sum(*ranks):
    """Σ 1 / log2(rank + 1)."""
    return sum(1 / math.log2(rank + 1) for rank in ranks)


# --- formulas


@pytest.mark.parametrize(
    ("hits", "n_relevant", "expected"),
    [
        ((1, 0, 1, 0), 2, (1 + 1 / 2) / (1 + 1 / math.log2(3))),
        ((0, 0, 0, 1), 1, 1 / math.log2(5)),
        ((1, 1, 1, 1), 4, 1.0),
        ((1, 1, 1, 1), 9, 1.0),  # the ideal is truncated at the cutoff
        ((0, 1, 0, 0), 9, log_sum(2) / log_sum(1, 2, 3, 4)),
        ((0, 0, 0, 0), 3, 0.0),
    ],
)
def test_ndcg_by_hand(hits, n_relevant, expected):
    assert ndcg(hits_of(hits), torch.tensor([n_relevant])).item() == pytest.approx(expected, rel=1e-14)


def test_example_of_the_docstring():
    assert ndcg(hits_of((1, 0, 1)), torch.tensor([2])).item() == pytest.approx(0.9197, abs=5e-5)


def masks(hits):
    """The bit masks of hits of shape (n, k), best first."""
    return np.array([sum(1 << rank for rank, hit in enumerate(row) if hit) for row in hits], np.uint16)


def test_mrr_and_recall_by_hand():
    found = scores(masks([(0, 0, 1, 1), (1, 0, 0, 0), (0, 0, 0, 0)]), np.array([2, 5, 1]))
    assert found["mrr@10"].tolist() == [1 / 3, 1, 0]
    assert found["recall@10"].tolist() == [1, 1 / 5, 0]


def test_scores_of_every_list_agree_with_the_definitions():
    """All 1,024 lists of ten: NDCG as validation computes it, MRR and recall by the words of their definition."""
    hits = np.array(list(itertools.product((0, 1), repeat=10)), bool)
    for n_relevant in (1, 3, 10, 25):
        possible = hits[hits.sum(axis=1) <= n_relevant]
        counts = np.full(len(possible), n_relevant)
        found = scores(masks(possible), counts)
        expected = ndcg(torch.from_numpy(possible), torch.from_numpy(counts))
        np.testing.assert_allclose(found["ndcg@10"], expected, rtol=1e-14)
        ideal = possible.sum(axis=1) == min(n_relevant, 10)
        ideal &= possible[:, : min(n_relevant, 10)].all(axis=1)
        assert found["ndcg@10"][ideal].tolist() == [1.0]
        first = [1 / (row.tolist().index(True) + 1) if row.any() else 0 for row in possible]
        assert found["mrr@10"].tolist() == first
        assert found["recall@10"].tolist() == [row.sum() / n_relevant for row in possible]


def test_metrics_of_a_user_do_not_depend_on_the_others():
    rng = np.random.default_rng(0)
    users, hits, counts = np.arange(1000), rng.integers(1024, size=1000).astype(np.uint16), rng.integers(10, 30, 1000)
    whole = score_table(users, counts, hits)
    parts = [score_table(users[k : k + 7], counts[k : k + 7], hits[k : k + 7]) for k in range(0, 1000, 7)]
    assert pd.concat(parts, ignore_index=True).equals(whole)


# --- the protocol


SPLIT = Split(
    n_users=4,
    n_items=6,
    train=pairs((0, 0), (0, 1), (1, 0), (2, 5), (3, 2)),
    valid=pairs((0, 2), (1, 3), (3, 4)),
    test=pairs((0, 4), (0, 5), (1, 1), (2, 0)),
    ratings={},
)
SCORES = [
    [9, 8, 7, 6, 5, 4],  # valid: 2 3 4 5 → hit at 1; test: 3 4 5 → hits at 2, 3
    [9, 2, 3, 4, 1, 8],  # valid: 5 3 2 1 4 → hit at 2; test: 5 2 1 4 → hit at 3
    [1, 2, 3, 4, 5, 9],  # test: 4 3 2 1 0 → hit at 5
    [0, 9, 8, 3, 5, 1],  # valid: 1 4 3 5 0 → hit at 2; no test item
]


def test_validation_masks_train_and_test_masks_both():
    means, frame = evaluate_ranking(SPLIT, table(SCORES))
    assert frame["user"].tolist() == [0, 1, 2]  # user 3 has no test item
    assert frame["ndcg@10"].tolist() == pytest.approx([log_sum(2, 3) / log_sum(1, 2), log_sum(3), log_sum(5)])
    assert frame["mrr@10"].tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 5])
    assert frame["recall@10"].tolist() == [1, 1, 1]
    assert frame["n_relevant"].tolist() == [2, 1, 1]
    assert frame["hits"].tolist() == [0b110, 0b100, 0b10000]  # ranks 2 and 3, 3, 5
    for metric in METRICS:
        assert means["test"][metric] == pytest.approx(frame[metric].mean())
    assert means["valid"]["ndcg@10"] == pytest.approx(np.mean([1, log_sum(2), log_sum(2)]))
    assert means["valid"]["mrr@10"] == pytest.approx(np.mean([1, 1 / 2, 1 / 2]))


# items 3 and 4, user 3: without a training pair
COLD = Split(
    n_users=4,
    n_items=5,
    train=pairs((0, 0), (1, 1), (2, 2)),
    valid=pairs((0, 1)),
    test=pairs((1, 0), (2, 0)),
    ratings={},
    cold={"cold_user": pairs((3, 1)), "cold_item": pairs((0, 4), (1, 3)), "cold_both": pairs((3, 3), (3, 4))},
)
COLD_SCORES = [
    [9, 8, 7, 2, 1],  # new item 4 is behind 3
    [9, 8, 7, 6, 5],  # new item 3 is first of the new ones; test: item 0 is first
    [1, 2, 3, 9, 8],  # test: item 0 is behind the new ones and item 1
    [5, 1, 2, 3, 4],  # new user: item 1 is last of all five
]


def test_new_users_see_all_items_and_new_items_are_ranked_among_themselves():
    means, frame = evaluate_ranking(COLD, table(COLD_SCORES))
    assert list(means) == ["valid", "cold_user", "cold_item", "cold_both", "test"]
    assert means["cold_user"]["mrr@10"] == pytest.approx(1 / 5)
    assert means["cold_item"]["mrr@10"] == pytest.approx((1 / 2 + 1) / 2)
    assert means["cold_both"]["ndcg@10"] == pytest.approx(1)
    assert means["test"]["mrr@10"] == pytest.approx((1 + 1 / 4) / 2)
    assert frame["user"].tolist() == [1, 2]
    further, users = evaluate_metrics(COLD, table(COLD_SCORES), [NDCG(10), MRR(None)])
    assert further["cold_item"]["mrr"] == pytest.approx((1 / 2 + 1) / 2)
    assert further["cold_item"]["ndcg@10"] == means["cold_item"]["ndcg@10"]
    assert users["user"].tolist() == [1, 2]


def test_cutoff():
    hits = Ranking(SPLIT.test, SPLIT.train, 4, 6, cutoff=2).hits(table(SCORES))
    assert hits.tolist() == [[False, False], [False, False], [False, False]]
    hits = Ranking(SPLIT.test, np.concatenate([SPLIT.train, SPLIT.valid]), 4, 6, cutoff=2).hits(table(SCORES))
    assert hits.tolist() == [[False, True], [False, False], [False, False]]


def test_fewer_items_than_the_cutoff():
    ranking = Ranking(SPLIT.test, SPLIT.train, 4, 6)
    assert ranking.hits(table(SCORES)).shape == (3, 6)
    assert NDCG(10).watch(ranking, table(SCORES))["ndcg@10"] > 0


def test_relevant_items_beyond_the_cutoff_truncate_the_ideal():
    """Twelve relevant items of thirteen, all ranked first: the ideal, though two cannot be shown."""
    relevant = np.stack([np.zeros(12, int), np.arange(12)], axis=1)
    ranking = Ranking(relevant, pairs(), 1, 13)
    frame = per_user(ranking, table(np.arange(13, 0, -1)[None]))
    assert frame["ndcg@10"].tolist() == pytest.approx([1.0])
    assert frame["recall@10"].tolist() == pytest.approx([10 / 12])


def test_scores_of_the_scorer_are_left_as_they_were():
    scores = torch.tensor(SCORES, dtype=torch.float32)
    before = scores.clone()
    evaluate_ranking(SPLIT, lambda rows: scores if len(rows) == 4 else scores[rows])
    assert torch.equal(scores, before)


def test_vector_scorer_is_the_inner_product():
    generator = torch.Generator().manual_seed(0)
    users, items = torch.randn(5, 3, generator=generator), torch.randn(7, 3, generator=generator)
    rows = torch.tensor([4, 1])
    assert torch.allclose(vector_scorer(users, items)(rows), (users @ items.T)[rows])


# --- blocks, ties, values that are not numbers


def random_case(seed=0, n_users=60, n_items=40):
    """Scores without ties, and disjoint relevant and masked pairs; some users have no relevant item."""
    rng = np.random.default_rng(seed)
    part = rng.choice(3, (n_users, n_items), p=[0.6, 0.25, 0.15])
    part[::7][part[::7] == 2] = 0
    scores = rng.permutation(n_users * n_items).reshape(n_users, n_items) / 100
    return scores.astype(np.float32), np.argwhere(part == 2), np.argwhere(part == 1)


@pytest.mark.parametrize("cells", [1, 100, 1000])
def test_blocks_of_users_change_nothing(monkeypatch, cells):
    scores, relevant, masked = random_case()
    whole = per_user(Ranking(relevant, masked, 60, 40), table(scores))
    monkeypatch.setattr(topk, "CELLS", cells)
    sizes = []
    ranking = Ranking(relevant, masked, 60, 40)
    blocks = per_user(ranking, lambda rows: sizes.append(len(rows)) or table(scores)(rows))
    assert max(sizes) == max(1, cells // 40)
    assert sum(sizes) == len(whole)
    assert blocks.equals(whole)


@pytest.mark.parametrize("seed", range(40))
def test_the_top_of_a_row_is_that_of_torch(seed):
    """Rows of 1 to 400 scores, half of the time with many equal and masked ones; any k."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 401)) if seed else 1
    k = int(rng.integers(1, n + 1))
    scores = torch.from_numpy(rng.permutation(7 * n).reshape(7, n).astype(np.float32))
    if seed % 2:
        scores = scores % 5
        scores[torch.from_numpy(rng.random((7, n)) < 0.4)] = -torch.inf
    values, places = topk.top(scores, k)
    expected = scores.topk(k)
    assert torch.equal(values, expected.values)
    shown = values.isfinite()
    assert torch.equal(scores.gather(1, places)[shown], values[shown])
    assert all(len(set(row[mask].tolist())) == mask.sum() for row, mask in zip(places, shown, strict=True))
    if not seed % 2:
        assert torch.equal(places, expected.indices)


def test_order_of_the_pairs_does_not_matter():
    scores, relevant, masked = random_case(1)
    rng = np.random.default_rng(0)
    first = per_user(Ranking(relevant, masked, 60, 40), table(scores))
    second = per_user(Ranking(rng.permutation(relevant), rng.permutation(masked), 60, 40), table(scores))
    assert first.equals(second)


@pytest.mark.parametrize("skew", [0.0, 2.0])
def test_ties_earn_what_chance_would(skew):
    """A constant scorer on 20,000 users with one relevant item of 50 each; 5 standard errors.

    Chance has no favourites: it earns the same where most users have the same few items (``skew``, the Zipf
    exponent of the items' popularity), whichever these are.
    """
    n_users, n_items = 20_000, 50
    popularity = (np.arange(n_items) + 1.0) ** -skew
    drawn = np.random.default_rng(1).choice(n_items, n_users, p=popularity / popularity.sum())
    relevant = np.stack([np.arange(n_users), drawn], axis=1)
    values = per_user(Ranking(relevant, pairs(), n_users, n_items), lambda rows: torch.zeros(len(rows), n_items))
    for metric, gains in (
        ("ndcg@10", [log_sum(rank) for rank in range(1, 11)]),
        ("mrr@10", [1 / rank for rank in range(1, 11)]),
        ("recall@10", [1] * 10),
    ):
        chance = sum(gains) / n_items
        error = (sum(gain**2 for gain in gains) / n_items - chance**2) ** 0.5 / n_users**0.5
        assert abs(values[metric].mean() - chance) < 5 * error


def test_ties_do_not_favour_low_or_high_row_numbers():
    """Relevant items at one end of the numbering, all scores equal: neither end is shown first."""
    n_items = 1000
    for items in (np.arange(10), np.arange(n_items - 10, n_items)):
        relevant = np.stack([np.zeros(10, int), items], axis=1)
        assert per_user(Ranking(relevant, pairs(), 1, n_items), lambda rows: torch.zeros(1, 1000))["recall@10"][0] < 0.3


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_items_without_a_finite_score_are_no_hits(value):
    ranking = Ranking(pairs((0, 0), (0, 3)), pairs((0, 1)), 1, 4)
    scores = np.array([[value, 5.0, 1.0, 2.0]])
    frame = per_user(ranking, table(scores))
    assert frame["recall@10"].tolist() == [0.5]
    assert per_user(ranking, table(np.full((1, 4), value)))["ndcg@10"].tolist() == [0.0]


def test_masked_items_are_never_hits():
    """Even where only masked items are left to fill the list, and one of them is relevant."""
    ranking = Ranking(pairs((0, 0), (0, 1)), pairs((0, 1), (0, 2), (0, 3)), 1, 4)
    assert per_user(ranking, table([[1.0, 9.0, 8.0, 7.0]]))["recall@10"].tolist() == [0.5]


# --- an independent implementation, and a baseline


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_pytrec_eval(seed):
    scores, relevant, masked = random_case(seed)
    frame = per_user(Ranking(relevant, masked, 60, 40), table(scores))
    hidden = set(map(tuple, masked.tolist()))
    relevance, run, short_run = {}, {}, {}
    for user, item in relevant.tolist():
        relevance.setdefault(str(user), {})[str(item)] = 1
    for user in relevance:
        shown = {str(i): float(scores[int(user), i]) for i in range(40) if (int(user), i) not in hidden}
        run[user] = shown
        short_run[user] = dict(sorted(shown.items(), key=lambda entry: -entry[1])[:10])  # cuts recip_rank at 10
    peer = pytrec_eval.RelevanceEvaluator(relevance, {"ndcg_cut.10", "recall.10"}).evaluate(run)
    peer_mrr = pytrec_eval.RelevanceEvaluator(relevance, {"recip_rank"}).evaluate(short_run)
    assert len(frame) == len(relevance) < 60
    for user, *values in frame[["user", "ndcg@10", "recall@10", "mrr@10"]].itertuples(index=False):
        found = peer[str(user)]
        expected = [found["ndcg_cut_10"], found["recall_10"], peer_mrr[str(user)]["recip_rank"]]
        assert values == pytest.approx(expected, rel=1e-12)


def test_popularity_by_hand():
    """Training users per item: 0 → 3, 1 → 1, 2 → 2, 3 → 1, 4 → 0."""
    split = Split(
        n_users=3,
        n_items=5,
        train=pairs((0, 0), (1, 0), (2, 0), (0, 2), (1, 2), (0, 1), (2, 3)),
        valid=pairs((0, 4), (2, 2)),
        test=pairs((1, 4), (2, 1)),
        ratings={},
    )
    baseline = Popularity(None, 0)
    baseline.train(split)
    users, items = baseline.vectors(split)
    assert (users @ items.T).tolist() == [[3, 1, 2, 1, 0]] * 3
    means, frame = evaluate_ranking(split, vector_scorer(torch.from_numpy(users), torch.from_numpy(items)))
    # user 1 in test: 1 and 3 tie, then 4 → rank 3; user 2: 0, 3 and 2 are hidden, 1 → rank 1
    assert frame["mrr@10"].tolist() == pytest.approx([1 / 3, 1])
    # user 0 in validation: 3, 4 → rank 2; user 2: 2 → rank 1
    assert means["valid"]["mrr@10"] == pytest.approx((1 / 2 + 1) / 2)
