"""Evaluation of a finished fit: ``metrics.json`` and ``per_user.parquet``."""

from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation import ranking, rating
from dotbench.evaluation.topk import vector_scorer
from dotbench.files import read_arrays, read_json, write_json, write_parquet
from dotbench.lazy import pd, torch

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


def evaluate(fit_folder: Path, split: Split, folder: Path) -> dict[str, Any]:
    """Score a fit on its split. A failed fit gives a record without metrics and an empty per-user table."""
    record = read_json(fit_folder / "fit.json")
    metrics: dict[str, Any] | None = None
    is_ranking = not split.ratings
    columns = ["user", *ranking.METRICS] if is_ranking else ["user", "n", "squared_error", "absolute_error"]
    frame = pd.DataFrame(columns=columns, dtype="float64")
    if record["status"] == "ok":
        with read_arrays(fit_folder / "fitted.npz") as arrays:
            if is_ranking:
                vectors = (torch.from_numpy(arrays[name]) for name in ("user_vectors", "item_vectors"))
                metrics, frame = ranking.evaluate_ranking(split, vector_scorer(*vectors))
            else:
                metrics, frame = rating.evaluate_rating(split, {part: arrays[part] for part in ("valid", "test")})
    result = {key: record[key] for key in COPIED}
    result |= {"metrics": metrics, "n_users_evaluated": len(frame)}
    write_parquet(folder / "per_user.parquet", frame)
    write_json(folder / "metrics.json", result)
    return result
