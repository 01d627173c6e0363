"""Ranking metrics of finished runs: per user and on average, for validation and test."""

from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.topk import CUTOFF, Ranking, Scorer, ndcg
from dotbench.lazy import np, pd, torch

METRICS = (f"ndcg@{CUTOFF}", f"mrr@{CUTOFF}", f"recall@{CUTOFF}")


def mrr(hits: "torch.Tensor") -> "torch.Tensor":
    """1 / rank of the first hit of each user, 0 without one; ``hits`` (n, k) bool, best first. Shape (n,)."""
    ranks = torch.arange(1, hits.shape[1] + 1, dtype=torch.float64, device=hits.device)
    return (hits / ranks).amax(dim=1)


def recall(hits: "torch.Tensor", n_relevant: "torch.Tensor") -> "torch.Tensor":
    """Hits over relevant items of each user; ``hits`` (n, k) bool, ``n_relevant`` (n,). Shape (n,)."""
    return hits.sum(dim=1).double() / n_relevant


def per_user(ranking: Ranking, scorer: Scorer) -> "pd.DataFrame":
    """One row per ranked user: ``user`` (row) and every metric of METRICS."""
    hits = ranking.hits(scorer)
    values = (ndcg(hits, ranking.n_relevant), mrr(hits), recall(hits, ranking.n_relevant))
    columns = {name: value.cpu().numpy() for name, value in zip(METRICS, values, strict=True)}
    return pd.DataFrame({"user": ranking.users, **columns})


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
