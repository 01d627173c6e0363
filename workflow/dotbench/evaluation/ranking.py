"""Ranking metrics of finished runs: per user and on average, for validation and test."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.metrics.base import RankingMetric, UserMetric
from dotbench.evaluation.metrics.mrr import MRR
from dotbench.evaluation.metrics.ndcg import NDCG
from dotbench.evaluation.metrics.recall import Recall
from dotbench.evaluation.topk import CUTOFF, Lists, Ranking, Scorer
from dotbench.lazy import np, pd, torch

ALWAYS: tuple[UserMetric, ...] = (NDCG(CUTOFF), MRR(CUTOFF), Recall(CUTOFF))  # functions of the hits that a run keeps
METRICS = tuple(metric.key for metric in ALWAYS)
NEW_ITEMS = ("cold_item", "cold_both")  # parts of a split's `cold` whose items have no training pair


def scores(hits: "np.ndarray", n_relevant: "np.ndarray") -> "dict[str, np.ndarray]":
    """Every metric of METRICS, each of shape (n,), float64.

    ``hits`` (n,), uint16: bit r − 1 is set where the item at rank r is relevant. ``n_relevant`` (n,), from 1:
    relevant items of each user.
    """
    lists = Lists((hits[:, None] >> np.arange(CUTOFF, dtype=np.uint16) & 1).astype(bool), n_relevant)
    return {metric.key: metric.of_users(lists) for metric in ALWAYS}


def score_table(users: "np.ndarray", n_relevant: "np.ndarray", hits: "np.ndarray") -> "pd.DataFrame":
    """One row per ranked user: ``user`` (row), the two numbers that `scores` takes, and every metric."""
    return pd.DataFrame({"user": users, "n_relevant": n_relevant, "hits": hits, **scores(hits, n_relevant)})


def per_user(ranking: Ranking, scorer: Scorer) -> "pd.DataFrame":
    """The `score_table` of a scorer."""
    hits = ranking.hits(scorer).cpu().numpy()
    masks = hits @ (1 << np.arange(hits.shape[1]))
    return score_table(ranking.users, ranking.n_relevant.cpu().numpy(), masks.astype(np.uint16))


def evaluate_ranking(split: Split, scorer: Scorer) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """METRICS of a scorer and the test part per user.

    Validation masks train. Test and the split's cold parts mask train and validation, where validation is another part.
    A split without validation has the others alone. Of new items, ``cold_item`` and ``cold_both``, the items without a
    training pair alone are ranked: among all items, those that were trained hide them. Users are in a part if they have
    a pair in it.
    Returns ({"valid": {metric: mean}, "test": {…}, …}, per-user test scores).
    """
    frames = {part: per_user(ranking, among(scorer)) for part, ranking, among in _rankings(split, CUTOFF)}
    means = {part: {m: float(frame[m].mean()) for m in METRICS} for part, frame in frames.items()}
    return means, frames["test"]


def evaluate_metrics(
    split: Split, scorer: Scorer, metrics: Sequence[RankingMetric]
) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Any ranking metrics of a scorer, by the protocol of `evaluate_ranking`.

    Returns ({"valid": {metric: value}, "test": {…}, …}, a row for each test user: ``user`` and each metric that is a
    mean over users).
    """
    cutoff = max((metric.cutoff or 1 for metric in metrics), default=1)
    beyond = any(metric.cutoff is None for metric in metrics)
    popularity = np.bincount(split.train[:, 1], minlength=split.n_items)
    values: dict[str, Any] = {}
    frame = pd.DataFrame()
    for part, ranking, among in _rankings(split, cutoff):
        lists = replace(ranking.lists(among(scorer), beyond), popularity=popularity, n_users=split.n_users)
        columns = {metric.key: metric.of_users(lists) for metric in metrics if isinstance(metric, UserMetric)}
        frame = pd.DataFrame({"user": ranking.users, **columns})
        values[part] = {
            metric.key: float(frame[metric.key].mean()) if metric.key in columns else metric.value(lists)
            for metric in metrics
        }
    return values, frame


def _rankings(split: Split, cutoff: int) -> "Iterator[tuple[str, Ranking, Callable[[Scorer], Scorer]]]":
    """(part, its ranking, what leaves a scorer the items that are ranked) of the held-out parts, test last."""
    sizes = split.n_users, split.n_items
    if len(split.valid):
        yield "valid", Ranking(split.valid, split.train, *sizes, cutoff=cutoff), _all
    seen = split.train if np.array_equal(split.valid, split.test) else np.concatenate([split.train, split.valid])
    for part, pairs in split.cold.items():
        among = partial(_new, split) if part in NEW_ITEMS else _all
        yield part, Ranking(pairs, seen, *sizes, cutoff=cutoff), among
    yield "test", Ranking(split.test, seen, *sizes, cutoff=cutoff), _all


def _all(scorer: Scorer) -> Scorer:
    return scorer


def _new(split: Split, scorer: Scorer) -> Scorer:
    """Scores of the items without a training pair; −∞, so that they are not shown, for the others."""
    trained = torch.zeros(split.n_items, dtype=torch.bool)
    trained[torch.from_numpy(split.train[:, 1])] = True

    def scores(rows: "torch.Tensor") -> "torch.Tensor":
        found = scorer(rows)
        return found.masked_fill_(trained.to(found.device), -torch.inf)

    return scores
