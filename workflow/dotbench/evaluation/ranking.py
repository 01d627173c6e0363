"""Ranking metrics of finished runs: per user and on average, for validation and test."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.metrics.base import RankingMetric, UserMetric
from dotbench.evaluation.metrics.mrr import MRR
from dotbench.evaluation.metrics.ndcg import NDCG
from dotbench.evaluation.metrics.recall import Recall
from dotbench.evaluation.topk import CUTOFF, Lists, Ranking, Scorer
from dotbench.lazy import np, pd

ALWAYS: tuple[UserMetric, ...] = (NDCG(CUTOFF), MRR(CUTOFF), Recall(CUTOFF))  # functions of the hits that a run keeps
METRICS = tuple(metric.key for metric in ALWAYS)


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

    Validation masks train. Test masks train and validation, where validation is another part. A split without
    validation has the test part alone.
    Returns ({"valid": {metric: mean}, "test": {…}}, per-user test scores).
    """
    frames = {part: per_user(ranking, scorer) for part, ranking in _rankings(split, CUTOFF)}
    means = {part: {m: float(frame[m].mean()) for m in METRICS} for part, frame in frames.items()}
    return means, frames["test"]


def evaluate_metrics(
    split: Split, scorer: Scorer, metrics: Sequence[RankingMetric]
) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Any ranking metrics of a scorer, by the protocol of `evaluate_ranking`.

    Returns ({"valid": {metric: value}, "test": {…}}, a row for each test user: ``user`` and each metric that is a mean
    over users).
    """
    cutoff = max((metric.cutoff or 1 for metric in metrics), default=1)
    beyond = any(metric.cutoff is None for metric in metrics)
    popularity = np.bincount(split.train[:, 1], minlength=split.n_items)
    values: dict[str, Any] = {}
    frame = pd.DataFrame()
    for part, ranking in _rankings(split, cutoff):
        lists = replace(ranking.lists(scorer, beyond), popularity=popularity, n_users=split.n_users)
        columns = {metric.key: metric.of_users(lists) for metric in metrics if isinstance(metric, UserMetric)}
        frame = pd.DataFrame({"user": ranking.users, **columns})
        values[part] = {
            metric.key: float(frame[metric.key].mean()) if metric.key in columns else metric.value(lists)
            for metric in metrics
        }
    return values, frame


def _rankings(split: Split, cutoff: int) -> "Iterable[tuple[str, Ranking]]":
    """(part, its ranking) of the held-out parts, test last."""
    seen = [split.train] if np.array_equal(split.valid, split.test) else [split.train, split.valid]
    masks = {"valid": split.train, "test": np.concatenate(seen)}
    for part, mask in masks.items():
        if part == "test" or len(split.valid):
            yield part, Ranking(getattr(split, part), mask, split.n_users, split.n_items, cutoff=cutoff)
