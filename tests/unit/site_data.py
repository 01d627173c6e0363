"""A finished configuration by construction: runs, tables and published numbers, of which a page can be built."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dotbench import paths
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import CLAIMS, Plan
from dotbench.config.runs import MethodEntry
from dotbench.files import write_csv, write_json, write_parquet, write_text
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.kind import table_kinds
from dotbench.reporting.paper_vs_ours import PaperVersusOurs

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence" / "t2rec"
DATASETS = ["sim-ratings", "ml-10m"]  # the second has published numbers
USERS, SEEDS, EPOCHS = 60, 4, 6
CONFIGURATION = """
name: pages
datasets: [sim-ratings, ml-10m]
seeds: [0, 1, 2, 3]
tuning: single
studies:
  - study: ranking
    methods:
      - {model: popularity}
      - {model: mf, loss: bpr, solver: sgd, grid: {learning_rate: [0.001, 0.01, 0.1], weight_decay: [0.0, 0.0001]}}
      - {model: mf, loss: rg2, solver: als, grid: {regularization: [0.1, 0.2, 0.3]}}
      - {model: mf, loss: wrmf, solver: als, grid: {}}
      - {model: mf, loss: softmax, solver: sgd, grid: {learning_rate: [0.01]}}
  - study: rg2
    datasets: [ml-10m]
    methods:
      - {model: popularity}
      - {model: mf, loss: bpr, solver: sgd, grid: {learning_rate: [0.001, 0.01, 0.1], weight_decay: [0.0, 0.0001]}}
      - {model: mf, loss: rg2, solver: als, grid: {regularization: [0.1, 0.2, 0.3]}}
      - {model: mf, loss: softmax, solver: sgd, grid: {learning_rate: [0.01]}}
  - study: t2rec
    simulations:
      - {simulation: t2rec-table1}
      - {simulation: t2rec-depth}
"""
# loss → mean over users; softmax and bpr cannot be told apart, rg2 stands alone
QUALITY = {"none": 0.10, "bpr": 0.22, "softmax": 0.221, "wrmf": 0.26, "rg2": 0.30}
COPIED = [("table1", "table1"), ("questions", "depth")]


def write_finished() -> Plan:
    """Write everything into the working directory; the plan of the configuration."""
    write_text(Path("pages.yaml"), CONFIGURATION)
    plan = Plan(load_benchmark([Path("pages.yaml")]))
    for name in DATASETS:
        write_json(paths.data(name) / "stats.json", _stats(name))
    _write_pairs(paths.data("sim-ratings"))
    for entry in plan.runs.values():
        for dataset in DATASETS:
            _write_run(entry, dataset)
    for study in plan.studies():
        folder = paths.tables("pages", study.name)
        for item in plan.report_items(study):
            if item in study.tables and not item.simulation:
                table_kinds()[item.kind]().write(plan.contents(study, item.name), folder)
        if study.name == "rg2":
            ClaimsPage().write(plan.contents(study, CLAIMS), paths.study("pages", "rg2"))
            PaperVersusOurs().write(plan.contents(study), paths.study("pages", "rg2"))
    for source, table in COPIED:
        for ending in (".csv", "_pairs.csv", ".md"):
            file = paths.tables("pages", "t2rec") / f"{table}{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(EVIDENCE / source / "t2rec" / file.name, file)
    figure = paths.figures("pages", "t2rec") / "depth_curve.png"
    figure.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EVIDENCE / "questions" / "t2rec" / figure.name, figure)
    return plan


def _stats(name: str) -> dict[str, Any]:
    generated = name.startswith("sim-")
    return {
        "dataset": name,
        "users": USERS,
        "items": 40,
        "interactions": 6 * USERS,
        "raw": {"users": USERS, "items": 40, "rows": 6 * USERS, "duplicates": 0},
        "definition": "0123456789",
        "origin": "generated" if generated else "a <b>server</b> & co",
        "verified": True,
        "published": None,
        "counts_differ": [],
        "sha256": {"users.csv": "a", "items.csv": "b"},
    }


def _write_pairs(folder: Path) -> None:
    """Data whose distributions are drawn."""
    random = np.random.default_rng(0)
    n = 6 * USERS
    pairs = pd.DataFrame({"user": random.integers(USERS, size=n), "item": random.integers(40, size=n)})
    write_parquet(folder / "interactions.parquet", pairs)
    more = {"rating": random.integers(1, 6, size=n).astype(float), "timestamp": 1_000_000_000 + 90_000 * np.arange(n)}
    write_parquet(folder / "ratings.parquet", pairs.assign(**more))


def _write_run(entry: MethodEntry, dataset: str) -> None:
    model, loss, solver = entry.method.names
    grid = entry.method.grid
    hyperparameters = {**entry.method.settings, **{key: values[0] for key, values in grid.items()}}
    random = np.random.default_rng([ord(letter) for letter in dataset + loss])
    for seed in range(SEEDS):
        scores = np.clip(QUALITY[loss] + 0.02 * random.standard_normal(USERS), 0, 1)
        fit = paths.fit(dataset, entry.folders[0], seed, seed)
        metrics = {key: float(scores.mean()) for key in ("ndcg@10", "mrr@10", "recall@10")}
        record = {
            **{"dataset": dataset, "model": model, "loss": loss, "solver": solver, "status": "ok", "reason": None},
            **{"split_seed": seed, "init_seed": seed, "log": "a.log", "hyperparameters": hyperparameters},
            **{"epochs": EPOCHS, "best_epoch": 4, "updates": 10, "train_seconds": len(loss) + seed / 10},
            **{"cpu_seconds": 1.0 + seed, "peak_memory_bytes": 2 * 10**8, "cpu_share_of_others": 0.0},
            **{"device": "cpu", "threads": 1, "versions": {"python": "3.11"}},
            "machine": {"cpu": "a processor", "cores": 2, "gpu": None, "memory_bytes": 2**34},
            "metrics": {"valid": metrics, "test": metrics},
        }
        write_json(fit / "metrics.json", record)
        columns = {key: scores for key in metrics}
        write_parquet(fit / "per_user.parquet", pd.DataFrame({"user": range(USERS), **columns}))
        n = 1 if loss == "none" else EPOCHS
        curve = [
            {"epoch": k, "updates": k, "seconds": k / 2, "cpu_seconds": k / 2, "loss": 1 / k}
            | {"ndcg@10": QUALITY[loss] * (1 - 0.5**k) + seed / 100}
            for k in range(1, n + 1)
        ]
        write_csv(fit / "curve.csv", curve, list(curve[0]))
    run = paths.run(dataset, entry.folders[0])
    edges = {key: "low" for key in list(grid)[:1] if len(grid[key]) > 1}
    trials = entry.method.trials() if grid else []
    write_json(
        run / "chosen.json", {"hyperparameters": hyperparameters, "grid": grid, "on_edge": edges, "trials": len(trials)}
    )
    rows = [
        {"trial": k, "rung": 1, **{key: trial[key] for key in grid}, "status": "ok", "reason": None}
        | {"validation": QUALITY[loss] - k / 100, "best_epoch": 4, "epochs": EPOCHS, "cpu_seconds": 1.0}
        for k, trial in enumerate(trials)
    ]
    columns = ["trial", "rung", *grid, "status", "reason", "validation", "best_epoch", "epochs", "cpu_seconds"]
    write_csv(run / "trials.csv", rows, columns)
