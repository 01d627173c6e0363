"""What is known of a method's runs: settings, grid and trials, seeds, curve, versions, hardware, data."""

import shlex
from collections.abc import Sequence
from typing import Any

import yaml

from dotbench import paths
from dotbench.archive.rows import content_digest
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry
from dotbench.datasets.splits.base import DEFAULT
from dotbench.evaluation.metrics.base import WATCHED
from dotbench.files import read_json
from dotbench.reporting.figures.convergence import curve_points
from dotbench.reporting.formats import Row
from dotbench.reporting.method_columns import chosen_text, metric_title
from dotbench.reporting.records import MethodRuns, Tuning
from dotbench.reporting.rows import chosen_shares, edge_shares, edge_text, tuned_text

CLOCKS = ("epoch", "seconds", "cpu_seconds")
OF_SEED = ("status", "reason", "epochs", "best_epoch", "train_seconds", "cpu_seconds", "peak_memory_bytes")
OF_TRIAL = ("rung", "status", "validation", "best_epoch", "epochs", "cpu_seconds", "reason")


def run_key(run: MethodRuns) -> str:
    """A name of these runs."""
    return f"{run.dataset}/{run.folders[0]}/{'-'.join(map(str, run.seeds))}"


def run_details(plan: Plan, entry: MethodEntry, run: MethodRuns) -> dict[str, Any]:
    """Everything that a page says of the runs of a method; ``run``: the finished ones of ``entry``."""
    records, tunings = run.metrics(), run.tunings
    first, metric = records[0], plan.validation_metric(entry.study)
    grid, alike = tunings[0].chosen["grid"], run.settings()
    choices = {seed: tuning for tuning in tunings for seed in tuning.seeds} if len(tunings) > 1 and grid else {}
    stats = paths.data(run.dataset) / "stats.json"
    return {
        "dataset": run.dataset,
        "method": run.label,
        **{key: first[key] for key in ("model", "loss", "solver")},
        "folder": run.place,
        "settings": {
            key: alike[key] if key in alike else chosen_shares(tunings, key) for key in first["hyperparameters"]
        },
        "grid": grid,
        "edges": edge_shares(tunings),
        "trials": trials_of(tunings) if grid else None,
        "validation": metric_title(metric),
        "titles": {key: metric_title(key) for record in records for key in (record["metrics"] or {}).get("test", ())},
        "seeds": [_seed(seed, record, choices.get(seed)) for seed, record in zip(run.seeds, records, strict=True)],
        "curve": curve(run, metric),
        "level": first["loss"] == "none",
        "machines": sorted({machine_text(record) for record in records}),
        "versions": sorted({f"{name} {value}" for record in records for name, value in record["versions"].items()}),
        "data": _data(read_json(stats), content_digest(stats.read_text("utf-8"))),
        "split": entry.splitter.headline,
        "again": again(plan, entry, first),
    }


def curve(run: MethodRuns, metric: str) -> dict[str, Any] | None:
    """The points of the figure of convergence: the horizontal axis by each clock, mean, low, high. None without any.
    ``best``: mean over seeds of the epoch whose parameters were kept."""
    by_clock = {clock: curve_points(run, clock, False, metric) for clock in CLOCKS}
    points = by_clock["epoch"]
    if not points:
        return None
    best = [record["best_epoch"] for record in run.metrics() if record.get("best_epoch") is not None]
    return {
        **{clock: [point["x"] for point in of_clock] for clock, of_clock in by_clock.items()},
        **{end: [point[end] for point in points] for end in ("mean", "low", "high")},
        "runs": points[0]["runs"],
        "best": best,
    }


def again(plan: Plan, entry: MethodEntry, record: Row) -> str | None:
    """The command that fits and evaluates one seed again, with the chosen settings. None if only the workflow can
    (another metric than the usual one stops the training)."""
    if record.get("status") != "ok" or plan.validation_metric(entry.study) != WATCHED[entry.study.task]:
        return None
    model, loss, solver = entry.method.names
    command = ["dotbench", "fit", "--dataset", entry.dataset, "--model", model]
    if loss != "none":
        command += ["--loss", loss, "--solver", solver]
    for key, value in record["hyperparameters"].items():
        command += ["--set", f"{key}={_yaml(value)}"]
    if entry.splitter.name != DEFAULT or entry.splitter.variant:
        command += ["--split", _yaml(dict(entry.splitter.identity()))]
    seed = record.get("init_seed", plan.benchmark.seeds[0])
    return shlex.join([*command, "--seed", str(seed), "--out", "again"])


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6).removesuffix("...\n").strip()


def _seed(seed: int, record: Row, tuning: Tuning | None) -> Row:
    """``tuning``: of this seed alone; its choice is told with the seed."""
    metrics = record["metrics"] or {}
    facts = {"seed": seed, **{key: record.get(key) for key in OF_SEED}, "log": record.get("log"), "metrics": metrics}
    choice = {"tuned": tuned_text([tuning]), "on_edge": edge_text([tuning]), "inert": ""} if tuning else {}
    return facts | ({"chosen": chosen_text(choice)} if choice else {})


def trials_of(tunings: Sequence[Tuning]) -> dict[str, Any]:
    """The trials of a grid: the tuned keys, a list for each trial of its values, and what came of it; ``picked``:
    whether it was chosen; ``seed``: whose tuning it is of, where every seed has its own."""
    found = [_trials(tuning) for tuning in tunings]
    lists = [name for name in found[0] if name != "keys"]
    pooled = {name: [value for one in found for value in one[name]] for name in lists}
    if len(tunings) > 1:
        pooled["seed"] = [tuning.seeds[0] for tuning, one in zip(tunings, found, strict=True) for _ in one["points"]]
    return {"keys": found[0]["keys"], **pooled}


def _trials(tuning: Tuning) -> dict[str, Any]:
    chosen, frame = tuning.chosen, tuning.trials
    keys = list(chosen["grid"])
    known = [name for name in OF_TRIAL if name in frame]
    rows = frame.astype(object).where(frame.notna(), None)
    points, last = rows[keys].values.tolist(), rows["rung"].max()
    best = [chosen["hyperparameters"][key] for key in keys]
    return {
        "keys": keys,
        "points": points,
        **{name: rows[name].tolist() for name in known},
        "picked": [point == best and rung == last for point, rung in zip(points, rows["rung"], strict=True)],
    }


def machine_text(record: Row) -> str:
    """Processor or GPU, cores, memory, device and threads of a fit or job."""
    machine = record["machine"]
    memory = f", {machine['memory_bytes'] / 2**30:.0f} GiB" if machine.get("memory_bytes") else ""
    where = machine["gpu"] if record["device"] != "cpu" else machine["cpu"]
    threads = f"{record['threads']} thread" + "s" * (record["threads"] != 1)
    return f"{where or machine['cpu']}, {machine['cores']} cores{memory}; on {record['device']}, {threads}"


def _data(stats: Row, digest: str) -> Row:
    known = ("users", "items", "interactions", "origin", "verified", "definition", "counts_differ")
    return {"digest": digest, **{key: stats.get(key) for key in known}}
