"""Evaluation of a finished fit: the metrics that every run has, and further ones that a study asks for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.datasets.interactions import Split
from dotbench.evaluation import ranking, rating
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.evaluation.scoring import scorer
from dotbench.files import write_json, write_parquet
from dotbench.lazy import np, pd
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

ALWAYS = {"ranking": ranking.METRICS, "rating": rating.METRICS}  # in every ``metrics.json``


def further(metrics: Sequence[str], task: str) -> list[str]:
    """Those of the metrics that ``metrics.json`` does not have, sorted."""
    return sorted(set(metrics) - set(ALWAYS[task]))


def per_user_table(columns: "Mapping[str, np.ndarray]") -> "pd.DataFrame":
    """The content of ``per_user.parquet`` from the columns of RANKING or RATING."""
    if columns.keys() == RANKING.keys():
        return ranking.score_table(columns["user"], columns["n_relevant"], columns["hits"])
    return pd.DataFrame(dict(columns))


def evaluate(record: FitRecord, arrays: Mapping[str, Any], split: Split, folder: Path) -> dict[str, Any]:
    """Score a fit on its split by the metrics that every run has: ``record`` as in ``fit.json``, ``arrays`` as in
    ``fitted.npz``.

    A failed fit gives a record without metrics and an empty per-user table. One that was trained on validation pairs
    too has no metrics of validation. Returns the content of ``metrics.json``, which is written last.
    """
    split = _learned(record, split)
    metrics: dict[str, Any] | None = None
    is_ranking = not split.ratings
    frame = per_user_table({name: np.zeros(0, kind) for name, kind in (RANKING if is_ranking else RATING).items()})
    if record.ok and is_ranking:
        metrics, frame = ranking.evaluate_ranking(split, scorer(arrays, split))
    elif record.ok:
        metrics, frame = rating.evaluate_rating(split, arrays)
    facts = record.to_json()
    result = {key: facts[key] for key in COPIED}
    result |= {"split": record.split} if record.split is not None else {}
    result |= {"refit": record.further["refit"]} if "refit" in record.further else {}
    result |= {"metrics": metrics, "n_users_evaluated": len(frame)}
    write_parquet(folder / "per_user.parquet", frame)
    write_json(folder / "metrics.json", result)
    return result


def _learned(record: FitRecord, split: Split) -> Split:
    """The split as the fit that scores learned it."""
    return split.without_validation() if "refit" in record.further else split


def evaluate_further(
    record: FitRecord, arrays: Mapping[str, Any], split: Split, folder: Path, metrics: Sequence[str]
) -> dict[str, Any]:
    """Score a fit by these metrics too: as `evaluate`, in the files that `dotbench.paths.further` names.

    The per-user table has the metrics that are means over users.
    """
    split = _learned(record, split)
    values: dict[str, Any] | None = None
    frame = pd.DataFrame({"user": np.zeros(0, np.int64)})
    parsed = [parse_metric(metric) for metric in metrics]
    if record.ok and not split.ratings:
        values, frame = ranking.evaluate_metrics(split, scorer(arrays, split), parsed)
    elif record.ok:
        values, _ = rating.evaluate_rating(split, arrays, parsed)
    facts = record.to_json()
    result = {key: facts[key] for key in COPIED[: COPIED.index("reason")]} | {"metrics": values}
    path = paths.further(folder, metrics)
    write_parquet(path.with_suffix(".parquet"), frame)
    write_json(path, result)
    return result
