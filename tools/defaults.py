"""Choose the settings that a loss has where nobody says others, on the validation parts of real datasets.

    DOTBENCH_DATA=… DOTBENCH_ACCEPT_UNVERIFIED=ml-1m python tools/defaults.py [--write] [LOSS …]

The points of SEARCHED are fitted by matrix factorisation on the split that tuning uses, whose test part is not looked
at: all of them on the small datasets of STAGES, the best of these on the larger ones too. The best is what has the
greatest mean share of each dataset's best value, among those within 5 % of the best on ml-100k. Of one loss the solver
with the best default comes first. The larger datasets are validated on VALIDATED of their users. Losses that take
minutes on ml-1m have the values there that the RG2 study's tuning found (docs/evidence/rg2).

Finished fits are kept in ``results/defaults.jsonl`` of the working directory, and the next call continues. ``--write``
writes ``docs/evidence/defaults/defaults.csv``, which a test compares with the losses, and the same as Markdown.
"""

import argparse
import datetime
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from dotbench import paths
from dotbench.archive.importing import import_runs
from dotbench.config.split import resolve_split
from dotbench.datasets.ensure import ensure_prepared
from dotbench.datasets.interactions import Split
from dotbench.datasets.splitting import make_split
from dotbench.errors import DotbenchError
from dotbench.execution.hardware import prepare_execution
from dotbench.files import canonical_json, read_json, write_csv, write_text
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.tuning.grid import points

STAGES: dict[str, int | None] = {"musical-instruments": None, "ml-100k": None, "ml-1m": 4, "steam-sample": 2}  # points
FAST = {
    "ml-1m": ("rg2", "softmax", "squared", "sparsemax", "ials"),
    "steam-sample": ("rg2",),
}  # losses that are fitted there
HELD, WITHIN = "ml-100k", 0.95  # where a default must come so near to the best: a test asks it
VALIDATED = 3000  # users
SEED = 1000  # of tuning
EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
FOUND, STUDY = EVIDENCE / "defaults", EVIDENCE / "rg2"
KEPT = Path("results/defaults.jsonl")

# an epoch of user batches has few updates, and training may take some hundred to leave the plateau of popularity
PATIENT = {"patience_updates": [500]}
SEARCHED: dict[tuple[str, str], dict[str, list[Any]]] = {
    ("rg2", "spectral"): {"regularization": [0.05, 0.1, 0.15, 0.2, 0.3, 0.5]},
    ("rg2", "als"): {"regularization": [0.05, 0.1, 0.15, 0.2, 0.3, 0.5]},
    ("rg2", "sgd"): {"learning_rate": [0.01], "regularization": [0.1, 0.2, 0.3]} | PATIENT,
    ("rg2", "newton-cg"): {"regularization": [0.1, 0.15, 0.2]},
    ("softmax", "sgd"): {"learning_rate": [0.003], "weight_decay": [1e-5, 3e-5, 1e-4]} | PATIENT,
    ("squared", "als"): {"regularization": [5.0, 10.0, 20.0]},
    ("rg2-released", "als"): {"alpha": [0.003, 0.01], "regularization": [0.1, 0.3]},
    ("wrmf", "als"): {"alpha": [1.0, 2.0], "regularization": [10.0, 30.0]},
    ("ials", "als-cg"): {"unobserved_weight": [0.1, 0.3, 0.5, 1.0], "regularization": [0.003, 0.01, 0.03]},
    ("sparsemax", "sgd"): {"learning_rate": [0.001], "weight_decay": [1e-5, 3e-5, 1e-4]} | PATIENT,
    ("bpr", "sgd"): {"learning_rate": [0.003, 0.001], "weight_decay": [1e-5]},
    ("bce", "sgd"): {"learning_rate": [0.003, 0.001], "weight_decay": [1e-5]},
    ("uib", "sgd"): {"learning_rate": [0.003], "weight_decay": [1e-5, 1e-4]},
    ("sml", "sgd"): {"learning_rate": [0.001], "weight_decay": [1e-5, 1e-4]},
    ("sampled-softmax", "sgd"): {"learning_rate": [0.003], "weight_decay": [1e-5, 1e-4]},
}

Point = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A loss with one of its solvers."""

    loss: str
    solver: str

    def choice(self, point: Point) -> MethodChoice:
        return MethodChoice(model="mf", loss=self.loss, solver=self.solver, set=point, grid={})

    @property
    def sign(self) -> int:
        return 1 if resolve(self.choice({})).task == "ranking" else -1


def key_of(loss: str, solver: str, point: Point, dataset: str) -> str:
    """The name of a fit."""
    return canonical_json([loss, solver, point, dataset])


def trials_of_the_study() -> dict[str, float]:
    """Validation of the trials of the RG2 study's tuning, each as far as it was trained, by `key_of`."""
    values, here = {}, Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for runs in sorted(STUDY.rglob("runs.parquet")):
                import_runs(runs)
            for file in sorted(paths.RUNS.glob("*/mf-*/trials.csv")):
                trials = pd.read_csv(file)
                first = read_json(next(file.parent.glob("split*/fit.json")))
                tuned = read_json(file.parent / "chosen.json")["grid"]
                for row in trials[trials["status"] == "ok"].to_dict("records"):
                    point = {name: row[name] for name in tuned}
                    values[key_of(first["loss"], first["solver"], point, first["dataset"])] = row["validation"]
        finally:
            os.chdir(here)
    return values


class Values:
    """Validation values of points, fitted when they are asked for and kept in a file."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        lines = kept.read_text("utf-8").splitlines() if kept.is_file() else []
        self.known: dict[str, dict[str, Any]] = {row["key"]: row for row in map(json.loads, lines)}
        self.study = trials_of_the_study()
        self.execution = prepare_execution("cpu", 1, None, lambda text: None)

    def get(self, pair: Pair, point: Point, dataset: str) -> float | None:
        """The validation metric; None where the fit failed or the dataset has no ratings."""
        key = key_of(pair.loss, pair.solver, point, dataset)
        if pair.loss not in FAST.get(dataset, (pair.loss,)):
            return self.study.get(key)
        if key not in self.known:
            row = {"key": key, **self._fit(pair, point, dataset)}
            print(key, row["value"], f"{row['cpu_seconds'] or 0:.0f} s", flush=True)
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            with self.kept.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            self.known[key] = row
        value: float | None = self.known[key]["value"]
        return value

    def tuned_before(self, pair: Pair, dataset: str) -> list[tuple[Point, float]]:
        """The points that the RG2 study's tuning tried, and their values."""
        names = [(json.loads(key), value) for key, value in self.study.items()]
        own = [pair.loss, pair.solver, dataset]
        return [(point, value) for (loss, solver, point, where), value in names if [loss, solver, where] == own]

    def _fit(self, pair: Pair, point: Point, dataset: str) -> dict[str, Any]:
        method = resolve(pair.choice(point))
        try:
            split = make_split(
                ensure_prepared(dataset), method.task, SEED, resolve_split("per-user-random", method.task)
            )
        except DotbenchError as error:
            print(error, flush=True)
            return {"value": None, "cpu_seconds": None}
        inputs = Inputs(dataset, _smaller(split.without_test()))
        record = fit(method, method.settings, inputs, Seeds(SEED, SEED), self.execution).record
        return {"value": record.validation if record.ok else None, "cpu_seconds": record.cpu_seconds}


def _smaller(split: Split) -> Split:
    """The same with the validation pairs of VALIDATED users, drawn at random; for ranking alone."""
    users = np.unique(split.valid[:, 0])
    if split.ratings or len(users) <= VALIDATED:
        return split
    kept = np.random.default_rng(SEED).choice(users, VALIDATED, replace=False)
    return replace(split, valid=split.valid[np.isin(split.valid[:, 0], kept)])


@dataclass(frozen=True)
class Found:
    """What the search of a pair found: its default and, for each dataset, the values of all points fitted there."""

    pair: Pair
    default: Point
    values: dict[str, list[tuple[Point, float]]]

    def rows(self, date: str) -> Iterator[dict[str, Any]]:
        for dataset, values in self.values.items():
            tuned, best = max(values, key=lambda one: self.pair.sign * one[1])
            own = next(value for point, value in values if point == self.default)
            yield {
                "loss": self.pair.loss,
                "solver": self.pair.solver,
                "dataset": dataset,
                "default": canonical_json(self.default),
                "validation": f"{own:.5f}",
                "tuned": canonical_json(tuned),
                "tuned_validation": f"{best:.5f}",
                "share": f"{share(self.pair, own, best):.4f}",
                "points": len(values),
                "date": date,
            }


def share(pair: Pair, value: float | None, best: float) -> float:
    """The value as a share of the best one; of errors, the best one as a share of it."""
    if value is None:
        return 0.0
    return value / best if pair.sign > 0 else best / value


def search(pair: Pair, values: Values) -> Found:
    """Fit the points of a pair and choose among them."""
    candidates = points(SEARCHED[pair.loss, pair.solver])
    found: dict[str, dict[int, float | None]] = {}
    left = list(range(len(candidates)))
    for dataset, among in STAGES.items():
        numbers = {k: values.get(pair, candidates[k], dataset) for k in left[:among]}
        if any(numbers.values()):
            found[dataset], left = numbers, left[:among]
            if dataset == HELD:
                left = [k for k in left if _share(pair, numbers, k) >= WITHIN]
            left.sort(key=lambda k: -_mean_share(pair, found, k))
    fitted = {
        dataset: [(candidates[k], value) for k, value in numbers.items() if value is not None]
        for dataset, numbers in found.items()
    }
    fitted[HELD] += values.tuned_before(pair, HELD)
    return Found(pair, candidates[left[0]], fitted)


def _mean_share(pair: Pair, found: dict[str, dict[int, float | None]], k: int) -> float:
    return float(np.mean([_share(pair, numbers, k) for numbers in found.values()]))


def _share(pair: Pair, numbers: dict[int, float | None], k: int) -> float:
    """Point k's value as a share of the best one."""
    known = [value for value in numbers.values() if value is not None]
    return share(pair, numbers[k], max(known, key=lambda value: pair.sign * value))


def in_order(found: list[Found]) -> list[Found]:
    """By loss; of one loss the solver with the best defaults first."""

    def quality(one: Found) -> float:
        rivals = [other for other in found if other.pair.loss == one.pair.loss]
        shares = []
        for dataset in one.values:
            defaults = {
                o.pair: dict((canonical_json(p), v) for p, v in o.values[dataset])[canonical_json(o.default)]
                for o in rivals
            }
            best = max(defaults.values(), key=lambda value: one.pair.sign * value)
            shares.append(share(one.pair, defaults[one.pair], best))
        return float(np.mean(shares))

    return sorted(found, key=lambda one: (one.pair.loss, -quality(one)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("losses", nargs="*", help="losses to search; absent: all")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/defaults")
    options = parser.parse_args()
    values = Values(KEPT)
    pairs = [Pair(*names) for names in SEARCHED if not options.losses or names[0] in options.losses]
    found = in_order([search(pair, values) for pair in pairs])
    rows = [row for one in found for row in one.rows(datetime.date.today().isoformat())]
    table = tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)
    print(table)
    if options.write:
        write_csv(FOUND / "defaults.csv", rows, list(rows[0]))
        write_text(FOUND / "defaults.md", table + "\n")


if __name__ == "__main__":
    main()
