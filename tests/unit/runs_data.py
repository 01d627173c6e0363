"""Finished runs by construction: the files that tables, figures and paper-versus-ours read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dotbench import paths
from dotbench.files import write_csv, write_json, write_parquet
from dotbench.reporting.contents import Contents

CURVE = ["epoch", "updates", "seconds", "cpu_seconds", "loss", "ndcg@10"]
MACHINE = {"gpu": None, "cpu": "a processor", "cores": 2}


def write_dataset(name: str, **changes: Any) -> None:
    facts = {"dataset": name, "users": 4, "items": 5, "interactions": 10, "origin": "local copy", "verified": True}
    write_json(paths.data(name) / "stats.json", {**facts, "published": None, "counts_differ": [], **changes})


CHOSEN = {"regularization": 0.1, "embedding_size": 8}


def write_runs(
    dataset: str,
    folder: str,
    users: Sequence[Sequence[float]],
    curves: Sequence[Sequence[tuple[float, float]]] | None = None,
    failed: Sequence[int] = (),
    on_edge: dict[str, str] | None = None,
) -> None:
    """Runs of the seeds 0, 1, …: ``users[seed]`` are the users' test NDCG@10 and MRR@10 alike, ``curves[seed]`` the
    (seconds, validation NDCG@10) of every epoch, one second an epoch if absent. ``folder`` begins with the names of
    model, loss and solver, none with a hyphen."""
    model, loss, solver, _ = folder.split("-")
    for seed, scores in enumerate(users):
        ok = seed not in failed
        fit: Path = paths.fit(dataset, folder, seed, seed)
        mean = sum(scores) / len(scores)
        metrics = {part: {"ndcg@10": mean, "mrr@10": mean} for part in ("valid", "test")}
        record = {
            "dataset": dataset,
            "model": model,
            "loss": loss,
            "solver": solver,
            "status": "ok" if ok else "failed",
        }
        record |= {"reason": None if ok else "NaN", "log": "a.log", "metrics": metrics if ok else None}
        record |= {"epochs": 2, "updates": 4, "train_seconds": 2.0, "cpu_seconds": 2.0, "peak_memory_bytes": 1}
        record |= {
            "cpu_share_of_others": 0.0,
            "hyperparameters": CHOSEN,
            "device": "cpu",
            "threads": 1,
            "machine": MACHINE,
            "versions": {"a": "1"},
        }
        write_json(fit / "metrics.json", record)
        frame = pd.DataFrame({"user": range(len(scores)), "ndcg@10": scores, "mrr@10": scores})
        write_parquet(fit / "per_user.parquet", frame)
        points = curves[seed] if curves else [(1.0, 0.1), (2.0, 0.2)]
        rows = [{"epoch": k, "seconds": s, "ndcg@10": v} for k, (s, v) in enumerate(points, 1)]
        write_csv(fit / "curve.csv", rows, CURVE)
    chosen = {"hyperparameters": CHOSEN, "grid": {"regularization": [0.1, 1.0]}}
    run = paths.run(dataset, folder)
    write_json(run / "chosen.json", {**chosen, "on_edge": on_edge or {}, "trials": 2})
    write_trials(dataset, folder, [(0.1, 0.2), (1.0, None)])


def write_trials(dataset: str, folder: str, trials: Sequence[tuple[float, float | None]], **columns: Any) -> None:
    """``trials``: (regularization, validation or None for a failed one), each of 1.5 CPU seconds; ``columns`` are the
    same in all."""
    rows = [
        {"trial": number, "rung": 1, "regularization": value, **columns}
        | {"status": "failed" if validation is None else "ok", "validation": validation}
        | {"cpu_seconds": None if validation is None else 1.5}
        for number, (value, validation) in enumerate(trials)
    ]
    write_csv(paths.run(dataset, folder) / "trials.csv", rows, list(rows[0]))


SPLIT = {
    "headline": "A split",
    "remark": "",
    "seedless": False,
    "variant": "",
    "same_test": False,
    "validates_by_test": False,
    "test_to_train": 0.0,
}


def contents(*runs: tuple[str, str], kind: str, seeds: int, **changes: Any) -> Contents:
    """What a stage is told; ``runs``: (dataset, folder), the label being the folder's loss."""
    values = {
        "name": "own",
        "study": "rg2",
        "report_item": "shown",
        "kind": kind,
        "title": "",
        "grid": "paper",
        "published": "rg2",
        "task": "ranking",
        "metrics": ["mrr@10", "ndcg@10"],
        "validation_metric": "ndcg@10",
        "seeds": list(range(seeds)),
        "tuning": "single",
        "tuning_seed": 1000,
        "split": SPLIT,
        "runs": [
            {"dataset": d, "label": folder.split("-")[1], "folders": [folder] * seeds, "seeds": list(range(seeds))}
            for d, folder in runs
        ],
    }
    return Contents.from_json(values | changes)
