"""Finished runs by construction, as an export reads them: three methods, two of rankings and one of ratings."""

from typing import Any

import numpy as np

from dotbench import paths
from dotbench.archive.checking import means
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry
from dotbench.files import write_json, write_parquet, write_text
from dotbench.runs.evaluating import per_user_table

STUDIES = [
    {
        "study": "ranking",
        "methods": [
            {"model": "popularity"},
            {"model": "mf", "loss": "rg2", "solver": "spectral", "grid": {"regularization": [0.1, 0.3]}},
        ],
    },
    {"study": "rating", "split": {"kind": "k-fold", "folds": 4}, "methods": [{"model": "slope-one"}]},
]
USERS = 50


def make_plan(seeds: tuple[int, ...] = (0, 1)) -> Plan:
    values = {"name": "own", "datasets": ["sim-tiny"], "studies": STUDIES, "seeds": list(seeds), "tuning": "single"}
    return Plan(parse_benchmark(values, []))


def make_data(plan: Plan, users: int = USERS, content: str = "c") -> None:
    """Manifests as preparation and splitting leave them."""
    raw = {"users": users, "items": 9, "rows": 99, "duplicates": 0}
    stats = {"dataset": "sim-tiny", "users": users, "items": 9, "interactions": 99, "raw": raw}
    stats["sha256"] = {"ratings.parquet": "r", "users.csv": "u", "items.csv": "i"}
    write_json(paths.data("sim-tiny") / "stats.json", stats)
    for entry in plan.entries:
        for seed in (*plan.benchmark.seeds, 1000):
            write_json(
                plan.split(entry, "sim-tiny", seed) / "split.json", {"seed": seed, "content": f"{content}{seed}"}
            )


def make_runs(plan: Plan, seed: int = 0, seeds: tuple[int, ...] = (0, 1)) -> None:
    """Files of finished runs with arbitrary numbers of full length."""
    rng = np.random.default_rng(seed)
    for entry in plan.entries:
        for tuning in entry.tunings:
            run = paths.run(entry.dataset, tuning.folder)
            write_json(run / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.1}, "é": "–"})
            write_text(run / "trials.csv", f'trial,validation,reason\n0,{rng.random()!r},"a,\r\nb"\n')
            write_text(run / "trials_curves.csv", "trial,epoch,loss\n" + f"0,1,{rng.random()!r}\n0,2,1e-05\n")
            for s in [seed for seed in tuning.fitted if seed in seeds]:
                fit = paths.fit(entry.dataset, tuning.folder, s, s)
                write_json(fit / "fit.json", identity(entry, s) | {"status": "ok", "train_seconds": rng.random()})
                write_text(fit / "curve.csv", "epoch,loss\n" + "".join(f"{k},{rng.random()!r}\n" for k in range(1, 9)))
                write_scores(entry, s, per_user(rng, entry.study.task))


def identity(entry: MethodEntry, seed: int) -> dict[str, Any]:
    names = dict(zip(("model", "loss", "solver"), entry.method.names, strict=True))
    return {"dataset": entry.dataset, **names, "split_seed": seed, "init_seed": seed}


def write_scores(entry: MethodEntry, seed: int, columns: dict[str, np.ndarray]) -> None:
    """Metrics and per-user scores of a fit; without any user, of a failed one."""
    folder = next(tuning.folder for tuning in entry.tunings if seed in tuning.fitted)
    fit, users = paths.fit(entry.dataset, folder, seed, seed), len(columns["user"])
    metrics = {"test": means(columns)} if users else None
    record = {"status": "ok" if users else "failed", "metrics": metrics, "n_users_evaluated": users}
    write_json(fit / "metrics.json", identity(entry, seed) | record)
    write_parquet(fit / "per_user.parquet", per_user_table(columns))


def per_user(rng: np.random.Generator, task: str, n: int = USERS) -> dict[str, np.ndarray]:
    counts = rng.integers(1, 30, n)
    if task == "rating":
        return {"user": np.arange(n), "n": counts, "squared_error": rng.random(n), "absolute_error": rng.random(n)}
    return {"user": np.arange(n), "n_relevant": counts, "hits": rng.integers(1024, size=n).astype(np.uint16)}
