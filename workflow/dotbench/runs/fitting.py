"""One fit: a method with given hyperparameters on one split."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError
from dotbench.evaluation.rmse import rmse
from dotbench.evaluation.topk import Ranking, mean_ndcg, vector_scorer
from dotbench.files import digest, write_csv, write_json, write_npz
from dotbench.lazy import np, torch
from dotbench.matrix import TrainMatrix
from dotbench.runs.hardware import Usage, machine, versions
from dotbench.settings.method import Method
from dotbench.solvers.base import Problem

WATCHED = {"ranking": "ndcg@10", "rating": "rmse"}  # the metric of tuning and early stopping
HIGHER_IS_BETTER = {"ranking": True, "rating": False}


@dataclass(frozen=True)
class Fit:
    """What a fit leaves: facts, the curve, and what scoring needs (empty if the fit failed)."""

    record: dict[str, Any]
    curve: list[dict[str, Any]]
    arrays: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write ``curve.csv``, ``fitted.npz`` and, last, ``fit.json``."""
        columns = ["epoch", "updates", "seconds", "cpu_seconds", "loss", self.record["validation_metric"]]
        write_csv(folder / "curve.csv", self.curve, columns)
        write_npz(folder / "fitted.npz", **self.arrays)
        write_json(folder / "fit.json", self.record)


@dataclass(frozen=True)
class Place:
    """Where and on what a fit runs; none of it changes what is computed, beyond rounding."""

    device: "torch.device"
    threads: int = 1
    log: str | None = None
    say: Callable[[str], None] = print


def fit(
    method: Method,
    hyperparameters: dict[str, Any],
    split: Split,
    dataset: str,
    split_seed: int,
    init_seed: int,
    place: Place,
    spectrum: Path | None = None,
    checkpoint: Path | None = None,
) -> Fit:
    """Train and validate. A fit that cannot be used (NaN, no memory, a setting that the algorithm rejects)
    returns with ``status: failed`` and the reason; only errors of files raise."""
    model, loss, solver = method.names
    metric = WATCHED[method.task]
    record: dict[str, Any] = {
        "dataset": dataset,
        "model": model,
        "loss": loss,
        "solver": solver,
        "split_seed": split_seed,
        "init_seed": init_seed,
        "status": "ok",
        "reason": None,
        "log": place.log,
        "hyperparameters": hyperparameters,
        "validation_metric": metric,
        "validation": None,
    }
    usage = Usage(place.device)
    trained: dict[str, Any] = {}
    try:
        with usage:
            train = _train_baseline if method.solver is None else _train_vectors
            trained = train(method, hyperparameters, split, init_seed, place, spectrum, checkpoint)
    except (DotbenchError, OSError, KeyboardInterrupt):
        raise
    except Exception as error:  # whatever a component raises is a failed fit, not a failed job
        place.say(traceback.format_exc())
        record |= {"status": "failed", "reason": _reason(error)}
    curve = trained.get("curve", [])
    last = curve[-1] if curve else {}
    if curve:
        record["validation"] = curve[trained["best_epoch"] - 1]["validation"]
    record |= {
        "best_epoch": trained.get("best_epoch"),
        "epochs": last.get("epoch"),
        "updates": last.get("updates"),
        "train_seconds": last.get("seconds"),
        "cpu_seconds": last.get("cpu_seconds"),
        "peak_memory_bytes": usage.peak_memory_bytes,
        "peak_gpu_memory_bytes": usage.peak_gpu_memory_bytes,
        "cpu_share_of_others": usage.others,
        "device": str(place.device),
        "threads": place.threads,
        "machine": machine(place.device),
        "versions": versions(),
        **trained.get("extra", {}),
    }
    rows = [{**row, metric: row["validation"]} for row in curve]
    for row in rows:
        del row["validation"]
    return Fit(record, rows, trained.get("arrays", {}))


def better(task: str, value: float, than: float | None) -> bool:
    """Whether a validation value is strictly better."""
    if than is None:
        return True
    return value > than if HIGHER_IS_BETTER[task] else value < than


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error):
        return f"out of memory: {str(error).splitlines()[0] if str(error) else 'MemoryError'}"
    name = "" if type(error).__name__ == "FitFailed" else f"{type(error).__name__}: "
    return name + str(error)


def _train_vectors(
    method: Method,
    hyperparameters: dict[str, Any],
    split: Split,
    init_seed: int,
    place: Place,
    spectrum: Path | None,
    checkpoint: Path | None,
) -> dict[str, Any]:
    assert method.loss is not None
    assert method.solver is not None
    settings = SimpleNamespace(**hyperparameters)
    ranking = Ranking(split.valid, split.train, split.n_users, split.n_items, place.device)
    train_digest = digest([split.n_users, split.n_items, int(split.train.sum()), len(split.train)])
    solution = method.solver().solve(
        Problem(
            model=method.model,
            loss=method.loss(settings),
            settings=settings,
            train=lambda dtype: TrainMatrix(split.train, split.n_users, split.n_items, place.device, dtype),
            validate=lambda users, items: mean_ndcg(ranking, vector_scorer(users, items)),
            init_seed=init_seed,
            device=place.device,
            spectrum=spectrum,
            checkpoint=checkpoint,
            key=digest([method.names, hyperparameters, init_seed, train_digest, place.threads, str(place.device)]),
            say=place.say,
        )
    )
    arrays = {"user_vectors": solution.users, "item_vectors": solution.items}
    return {
        "curve": solution.curve,
        "best_epoch": solution.best_epoch,
        "arrays": {name: vectors.cpu().numpy() for name, vectors in arrays.items()},
        "extra": solution.extra,
    }


def _train_baseline(
    method: Method,
    hyperparameters: dict[str, Any],
    split: Split,
    init_seed: int,
    place: Place,
    spectrum: Path | None,
    checkpoint: Path | None,
) -> dict[str, Any]:
    baseline = method.model(SimpleNamespace(**hyperparameters), init_seed)
    wall, cpu = time.perf_counter(), time.process_time()
    baseline.train(split)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    if method.task == "ranking":
        users, items = baseline.vectors(split)
        arrays = {"user_vectors": users, "item_vectors": items}
        ranking = Ranking(split.valid, split.train, split.n_users, split.n_items)
        validation = mean_ndcg(ranking, vector_scorer(torch.from_numpy(users), torch.from_numpy(items)))
    else:
        arrays = {part: baseline.predict(getattr(split, part)) for part in ("valid", "test")}
        if not all(np.isfinite(values).all() for values in arrays.values()):
            raise ArithmeticError("a prediction is NaN or infinite")
        validation = rmse(split.ratings["valid"], arrays["valid"])
    row = {"epoch": 1, "updates": 1, "seconds": seconds, "cpu_seconds": cpu_seconds, "validation": validation}
    return {"curve": [row], "best_epoch": 1, "arrays": arrays}
