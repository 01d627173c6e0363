"""Metrics with any cut-off: an independent implementation, brute force, ties, what their names allow."""

import itertools
import math

import numpy as np
import pytest
import pytrec_eval
import torch

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError
from dotbench.evaluation import topk
from dotbench.evaluation.metrics.base import metrics, parse_metric
from dotbench.evaluation.ranking import METRICS, evaluate_metrics, evaluate_ranking
from dotbench.evaluation.topk import Lists, Ranking

torch.set_num_threads(1)

EVERY = ["ndcg@20", "recall@20", "precision@5", "hit_rate@3", "map@10", "mrr", "mrr@5"]
EVERY += ["coverage@10", "gini@10", "novelty@10"]


def table(scores):
    """A scorer that reads a table of scores."""
    scores = torch.as_tensor(scores, dtype=torch.float32)
    return lambda rows: scores[rows]


def random_case(seed=0, n_users=60, n_items=40, shares=(0.55, 0.25, 0.08, 0.12)):
    """Scores without ties, and a split: every pair is in one part or in none; some users have no test item."""
    rng = np.random.default_rng(seed)
    part = rng.choice(4, (n_users, n_items), p=shares)
    part[::7][part[::7] == 3] = 0
    scores = rng.permutation(n_users * n_items).reshape(n_users, n_items) / 100
    train, valid, test = (np.argwhere(part == k) for k in (1, 2, 3))
    return scores.astype(np.float32), Split(n_users, n_items, train, valid, test, {})


def evaluated(split, scores, *names):
    return evaluate_metrics(split, table(scores), [parse_metric(name) for name in names])


def shown_lists(split, scores):
    """User → the items that are not masked in test, best first, in plain Python."""
    hidden = {tuple(pair) for pair in np.concatenate([split.train, split.valid]).tolist()}
    users = sorted({user for user, _ in split.test.tolist()})
    return {
        u: sorted((i for i in range(split.n_items) if (u, i) not in hidden), key=lambda i: -scores[u, i]) for u in users
    }


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_every_metric_of_hits_agrees_with_pytrec_eval(seed, k):
    scores, split = random_case(seed)
    names = {"ndcg": "ndcg_cut", "recall": "recall", "precision": "P", "hit_rate": "success", "map": "map_cut"}
    _, frame = evaluated(split, scores, *(f"{name}@{k}" for name in names), "mrr")
    relevance, run = {}, {}
    for user, item in split.test.tolist():
        relevance.setdefault(str(user), {})[str(item)] = 1
    for user, items in shown_lists(split, scores).items():
        run[str(user)] = {str(i): float(scores[user, i]) for i in items}
    asked = {f"{theirs}.{k}" for theirs in names.values()} | {"recip_rank"}
    peer = pytrec_eval.RelevanceEvaluator(relevance, asked).evaluate(run)
    assert len(frame) == len(peer) > 40
    for row in frame.to_dict("records"):
        theirs = peer[str(int(row["user"]))]
        n = len(relevance[str(int(row["user"]))])
        theirs[f"map_cut_{k}"] *= n / min(k, n)  # trec_eval divides by n
        for ours, name in names.items():
            assert row[f"{ours}@{k}"] == pytest.approx(theirs[f"{name}_{k}"], rel=1e-12), (ours, row)
        assert row["mrr"] == pytest.approx(theirs["recip_rank"], rel=1e-12)


@pytest.mark.parametrize("k", [1, 7, 40, 60])
def test_coverage_gini_and_novelty_by_brute_force(k):
    """Gini by its definition, the mean absolute difference over twice the mean, and by the sum of RecBole."""
    scores, split = random_case(3)
    values, frame = evaluated(split, scores, f"coverage@{k}", f"gini@{k}", f"novelty@{k}")
    lists = {user: items[:k] for user, items in shown_lists(split, scores).items()}
    counts = [sum(item in items for items in lists.values()) for item in range(split.n_items)]
    n, total = split.n_items, sum(counts)
    assert values["test"][f"coverage@{k}"] == sum(count > 0 for count in counts) / n
    apart = sum(abs(a - b) for a, b in itertools.product(counts, counts))
    assert values["test"][f"gini@{k}"] == pytest.approx(apart / (2 * n * total), rel=1e-12)
    recommended = sorted(count for count in counts if count)
    places = range(n - len(recommended) + 1, n + 1)
    recbole = sum((2 * j - n - 1) * count for j, count in zip(places, recommended, strict=True)) / total / n
    assert values["test"][f"gini@{k}"] == pytest.approx(recbole, rel=1e-12)
    seen = [sum(item == i for _, item in split.train.tolist()) for i in range(n)]
    bits = {u: np.mean([math.log2(split.n_users / max(seen[i], 1)) for i in items]) for u, items in lists.items()}
    assert frame[f"novelty@{k}"].tolist() == pytest.approx([bits[u] for u in frame["user"]], rel=1e-12)
    assert values["test"][f"novelty@{k}"] == pytest.approx(np.mean(list(bits.values())), rel=1e-12)


def test_gini_at_its_ends():
    gini = parse_metric("gini@2")
    none = np.zeros((4, 2), bool)
    equal = Lists(none, np.ones(4), np.array([[0, 1], [2, 3], [1, 0], [3, 2]]), None, 4)
    assert gini.value(equal) == 0
    same = Lists(none, np.ones(4), np.array([[0, -1]] * 4), None, 4)
    assert gini.value(same) == 3 / 4  # 1 − 1/N
    assert gini.value(Lists(none, np.ones(4), np.full((4, 2), -1), None, 4)) == 0


def test_the_usual_metrics_are_the_same_to_the_last_bit_whichever_way_they_are_computed():
    scores, split = random_case(4)
    means, frame = evaluate_ranking(split, table(scores))
    values, table_of_users = evaluated(split, scores, *METRICS, "recall@30")
    assert frame[["user", *METRICS]].equals(table_of_users[["user", *METRICS]])
    assert {part: {m: values[part][m] for m in METRICS} for part in values} == means


def test_a_metric_does_not_depend_on_those_beside_it():
    """A longer list, which another metric needs, changes nothing; ties among the scores included."""
    scores, split = random_case(5)
    for given in (scores, np.round(scores / 6)):
        together, _ = evaluated(split, given, *EVERY)
        if given is scores:
            alone = {name: evaluated(split, given, name)[0] for name in EVERY}
            assert together == {p: {name: alone[name][p][name] for name in EVERY} for p in ("valid", "test")}
        assert 0 < together["test"]["mrr@5"] < together["test"]["mrr"] < 1


@pytest.mark.parametrize("cells", [1, 100, 1000])
@pytest.mark.parametrize("levels", [None, 3])
def test_blocks_of_users_change_nothing(monkeypatch, cells, levels):
    scores, split = random_case(6)
    scores = scores if levels is None else scores % levels
    values, frame = evaluated(split, scores, *EVERY)
    monkeypatch.setattr(topk, "CELLS", cells)
    again, frame_again = evaluated(split, scores, *EVERY)
    assert again == values
    assert frame_again.equals(frame)


def test_the_rank_among_all_items_gives_ties_what_chance_would():
    """A constant scorer, one relevant item of 50: its rank is uniform; each rank that a list shows is kept."""
    n_users, n_items = 20_000, 50
    relevant = np.stack([np.arange(n_users), np.random.default_rng(1).integers(n_items, size=n_users)], axis=1)
    ranking = Ranking(relevant, np.zeros((0, 2), np.int64), n_users, n_items, cutoff=4)
    lists = ranking.lists(lambda rows: torch.zeros(len(rows), n_items), beyond=True)
    assert lists.first is not None
    counts = np.bincount(lists.first, minlength=n_items + 1)
    assert counts[0] == 0
    assert len(counts) == n_items + 1
    assert (abs(counts[1:] - n_users / n_items) < 5 * (n_users / n_items) ** 0.5).all()
    shown = lists.hits.any(axis=1)
    assert (lists.first[shown] == lists.hits[shown].argmax(axis=1) + 1).all()
    assert (lists.first[~shown] > 4).all()


def test_the_rank_among_all_items_of_several_relevant_ones_with_ties():
    """Two relevant items of each user among six on a level: the first is the lesser of two drawn places."""
    n_users, n_items = 20_000, 12
    scores = np.array([5, 4, 3, 3, 3, 3, 3, 3, 2, 1, 0, 0], np.float32)  # two above, six on a level
    rng = np.random.default_rng(2)
    relevant = np.array([[u, i] for u in range(n_users) for i in rng.choice(range(2, 8), 2, replace=False)])
    ranking = Ranking(relevant, np.zeros((0, 2), np.int64), n_users, n_items, cutoff=3)
    first = ranking.lists(lambda rows: torch.from_numpy(np.tile(scores, (len(rows), 1))), beyond=True).first
    assert first is not None
    assert set(first) == {3, 4, 5, 6, 7}
    places = [min(pair) for pair in itertools.combinations(range(3, 9), 2)]
    assert abs(first.mean() - np.mean(places)) < 5 * np.std(places) / n_users**0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_items_without_a_finite_score_are_not_shown(value):
    """Two users; the first has one item with a finite score, the second only a relevant one without."""
    split = Split(2, 4, np.zeros((0, 2), int), np.zeros((0, 2), int), np.array([[0, 0], [0, 3], [1, 2]]), {})
    scores = np.array([[value, value, value, 1.0], [3.0, 2.0, value, 1.0]])
    values, frame = evaluated(split, scores, "mrr", "recall@4", "coverage@4", "novelty@4", "mrr@1")
    assert (frame["recall@4"] == [0.5, 0]).all()
    assert frame["mrr"].tolist()[1] == 0
    assert values["test"]["coverage@4"] == 0.75
    assert set(values) == {"test"}  # there is no validation


def test_lists_that_are_shorter_than_the_cutoff():
    """Three items, of which one is masked: precision still divides by k, NDCG's ideal ends with the relevant ones."""
    split = Split(1, 3, np.array([[0, 0]]), np.zeros((0, 2), int), np.array([[0, 1]]), {})
    values, _ = evaluated(split, [[9.0, 2.0, 1.0]], "precision@10", "ndcg@10", "map@10", "coverage@10", "novelty@10")
    assert values["test"] == {
        "precision@10": 0.1,
        "ndcg@10": 1.0,
        "map@10": 1.0,
        "coverage@10": 2 / 3,
        "novelty@10": 0.0,  # one user; items without a training pair count as if they had one
    }


@pytest.mark.parametrize(
    ("text", "task", "message"),
    [
        ("ndgc@10", None, "unknown metric 'ndgc': did you mean 'ndcg@k'?"),
        ("ndcg", None, "metric 'ndcg': needs a cut-off, e.g. ndcg@10"),
        ("ndcg@", None, "metric 'ndcg@': allowed is ndcg@k, k a whole number from 1"),
        ("ndcg@0", None, "metric 'ndcg@0': allowed is ndcg@k"),
        ("mrr@x", None, "metric 'mrr@x': allowed is mrr or mrr@k"),
        ("recall@1.5", None, "metric 'recall@1.5': allowed is recall@k"),
        ("rmse@10", None, "metric 'rmse@10': allowed is rmse"),
        ("rmse", "ranking", "metric 'rmse': is of rating; needed is one of ranking"),
        ("", None, "unknown metric ''"),
        ("NDCG@10", None, "unknown metric 'NDCG'"),
    ],
)
def test_a_name_that_is_none_is_told(text, task, message):
    with pytest.raises(DotbenchError) as caught:
        parse_metric(text, task)
    assert str(caught.value).startswith(message)


def test_names_and_headers():
    assert [parse_metric(name).header for name in ("ndcg@20", "mrr", "hit_rate@10", "rmse_clipped")] == [
        "NDCG@20",
        "MRR",
        "Hit rate@10",
        "RMSE, clipped",
    ]
    assert all(parse_metric(name).key == name for name in EVERY)
    assert {name.split("@")[0] for name in EVERY} == {
        name for name, part in metrics().items() if part.task == "ranking"
    }
