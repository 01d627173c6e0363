"""Ranking metrics of finished runs: per user and on average, for validation and test."""

import math
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.topk import CUTOFF, Ranking, Scorer
from dotbench.lazy import np, pd

METRICS = (f"ndcg@{CUTOFF}", f"mrr@{CUTOFF}", f"recall@{CUTOFF}")


def scores(hits: "np.ndarray", n_relevant: "np.ndarray") -> "dict[str, np.ndarray]":
    """Every metric of METRICS, each of shape (n,), float64.

    ``hits`` (n,), uint16: bit r − 1 is set where the item at rank r is relevant. ``n_relevant`` (n,), from 1:
    relevant items of each user. NDCG as `dotbench.evaluation.topk.ndcg`; MRR: 1 / rank of the first hit, 0
    without one; recall: hits over relevant items. Sums run in the order of the ranks, last to first: equal arguments
    give equal bits, on any machine and among any other users.
    """
    gain, ideal, first, n_hits = (np.zeros(len(hits)) for _ in range(4))
    for rank in range(CUTOFF, 0, -1):
        hit = hits >> (rank - 1) & 1
        discount = 1 / math.log2(rank + 1)
        gain += discount * hit
        ideal += discount * (n_relevant >= rank)
        first[hit == 1] = 1 / rank
        n_hits += hit
    return dict(zip(METRICS, (gain / ideal, first, n_hits / n_relevant), strict=True))


def score_table(users: "np.ndarray", n_relevant: "np.ndarray", hits: "np.ndarray") -> "pd.DataFrame":
    """One row per ranked user: ``user`` (row), the two numbers that `scores` takes, and every metric."""
    return pd.DataFrame({"user": users, "n_relevant": n_relevant, "hits": hits, **scores(hits, n_relevant)})


def per_user(ranking: Ranking, scorer: Scorer) -> "pd.DataFrame":
    """The `score_table` of a scorer."""
    hits = ranking.hits(scorer).cpu().numpy()
    masks = hits @ (1 << np.arange(hits.shape[1]))
    return score_table(ranking.users, ranking.n_relevant.cpu().numpy(), masks.astype(np.uint16))


def evaluate_ranking(split: Split, scorer: Scorer) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Metrics of a scorer and the test part per user.

    Validation masks train; test masks train and validation.
    Returns ({"valid": {metric: mean}, "test": {…}}, per-user test scores).
    """
    masks = {"valid": split.train, "test": np.concatenate([split.train, split.valid])}
    frames = {
        part: per_user(Ranking(getattr(split, part), mask, split.n_users, split.n_items), scorer)
        for part, mask in masks.items()
    }
    means = {part: {m: float(frame[m].mean()) for m in METRICS} for part, frame in frames.items()}
    return means, frames["test"]
