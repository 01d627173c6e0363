"""Evaluation of a finished fit: ``metrics.json`` and ``per_user.parquet``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation import ranking, rating
from dotbench.evaluation.topk import vector_scorer
from dotbench.files import write_json, write_parquet
from dotbench.lazy import np, pd, torch
from dotbench.runs.record import FitRecord

COPIED = [
    "dataset",
    "model",
    "loss",
    "solver",
    "split_seed",
    "init_seed",
    "status",
    "reason",
    "log",
    "hyperparameters",
    "epochs",
    "best_epoch",
    "updates",
    "train_seconds",
    "cpu_seconds",
    "peak_memory_bytes",
    "peak_gpu_memory_bytes",
    "cpu_share_of_others",
    "device",
    "threads",
    "machine",
    "versions",
]

# what of the per-user table cannot be computed from the rest, and its types
RANKING = {"user": "int64", "n_relevant": "int64", "hits": "uint16"}
RATING = {"user": "int64", "n": "int64", "squared_error": "float64", "absolute_error": "float64"}


def per_user_table(columns: "Mapping[str, np.ndarray]") -> "pd.DataFrame":
    """The content of ``per_user.parquet`` from the columns of RANKING or RATING."""
    if columns.keys() == RANKING.keys():
        return ranking.score_table(columns["user"], columns["n_relevant"], columns["hits"])
    return pd.DataFrame(dict(columns))


def evaluate(record: FitRecord, arrays: Mapping[str, Any], split: Split, folder: Path) -> dict[str, Any]:
    """Score a fit on its split: ``record`` as in ``fit.json``, ``arrays`` as in ``fitted.npz``.

    A failed fit gives a record without metrics and an empty per-user table. Returns the content of
    ``metrics.json``, which is written last.
    """
    metrics: dict[str, Any] | None = None
    is_ranking = not split.ratings
    frame = per_user_table({name: np.zeros(0, kind) for name, kind in (RANKING if is_ranking else RATING).items()})
    if record.ok and is_ranking:
        vectors = (torch.from_numpy(arrays[name]) for name in ("user_vectors", "item_vectors"))
        metrics, frame = ranking.evaluate_ranking(split, vector_scorer(*vectors))
    elif record.ok:
        metrics, frame = rating.evaluate_rating(split, arrays)
    facts = record.to_json()
    result = {key: facts[key] for key in COPIED}
    result |= {"split": record.split} if record.split is not None else {}
    result |= {"metrics": metrics, "n_users_evaluated": len(frame)}
    write_parquet(folder / "per_user.parquet", frame)
    write_json(folder / "metrics.json", result)
    return result
