"""One fit without the workflow, and the evaluation of vectors from elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from dotbench.cli.lock import held, refuse_beside_a_run
from dotbench.datasets.ensure import is_prepared
from dotbench.datasets.interactions import check_parts, load_split
from dotbench.datasets.splits.base import Splitter
from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.evaluation.ranking import evaluate_metrics, evaluate_ranking
from dotbench.evaluation.topk import vector_scorer
from dotbench.execution.hardware import Execution
from dotbench.files import read_arrays, write_json, write_parquet
from dotbench.interface import methods
from dotbench.interface.data import load
from dotbench.interface.fitting import make_fit
from dotbench.lazy import np, torch
from dotbench.runs.fitting import Seeds
from dotbench.runs.method import Method, WrongChoice


def parse_assignments(texts: list[str]) -> dict[str, Any]:
    """``["a=1", "b=x"]`` → {"a": 1, "b": "x"}."""
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise DotbenchError(f"--set: found '{text}'; allowed is key=value")
        try:
            values[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise DotbenchError(f"--set {key.strip()}: found '{value}', which is not valid YAML") from None
    return values


def choose_method(model: str, loss: str | None, solver: str | None, settings: dict[str, Any]) -> Method:
    """The method that the options name. Nothing is tuned."""
    try:
        return methods.choose_method(model, loss, solver, settings)
    except WrongChoice as error:
        section, *key = error.key
        option = f"--{section}" + (f" {'.'.join(key)}" if key else "")
        raise DotbenchError(f"{option}: {error}") from None


def choose_split(text: str, method: Method) -> Splitter:
    """The split that ``--split`` names: a name, or a mapping in YAML, e.g. ``{kind: k-fold, folds: 10}``."""
    try:
        choice = yaml.safe_load(text)
    except yaml.YAMLError:
        raise DotbenchError(f"--split: found '{text}', which is not valid YAML") from None
    if not isinstance(choice, str | dict):
        raise DotbenchError(f"--split: found '{text}'; allowed is a name, or a mapping of 'kind' and its settings")
    try:
        return methods.choose_split(choice, method)
    except WrongChoice as error:
        raise DotbenchError(f"--split: {''.join(f'{key}: ' for key in error.key)}{error}") from None


def fit_and_evaluate(
    method: Method, dataset: str, seeds: Seeds, out: Path, execution: Execution, splitter: Splitter
) -> dict[str, Any]:
    """Prepare the dataset if need be, split, fit, evaluate, and write everything into ``out``.

    Returns the content of ``metrics.json``. Its status may be ``failed``. Raises DotbenchError if another fit writes
    into ``out``, or if a run is at work that may prepare the dataset as well.
    """
    lock = out / ".lock"
    with held(lock, lambda: f"{out}: another fit writes there; wait for its end, or name another --out"):
        try:
            if not is_prepared(dataset):
                refuse_beside_a_run()
            return make_fit(method, load(dataset, say=execution.say), seeds, splitter, execution, out)
        finally:
            lock.unlink(missing_ok=True)


def evaluate_vectors(
    user_vectors: Path, item_vectors: Path, split_path: Path, out: Path | None, metrics: Sequence[str] = ()
) -> dict[str, Any]:
    """Ranking metrics of vectors from elsewhere, under the protocol of every table: those named, or those that every
    run has. A division without validation has metrics of its test part alone."""
    named = [parse_metric(name, "ranking") for name in metrics]
    vectors = {}
    for option, path in (("--user-vectors", user_vectors), ("--item-vectors", item_vectors)):
        array = read_arrays(path)
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
            raise DotbenchError(f"{option} {path}: needed is one array of numbers, shape (rows, K)")
        if not np.isfinite(array).all():
            raise DotbenchError(f"{option} {path}: holds NaN or infinity")
        vectors[option] = torch.from_numpy(array if array.dtype.kind == "f" else array.astype(np.float64))
    users, items = vectors.values()
    if users.shape[1] != items.shape[1]:
        raise DotbenchError(
            f"{item_vectors}: vectors have length {items.shape[1]}, those of {user_vectors} have {users.shape[1]}"
        )
    split = load_split(split_path, (len(users), len(items)), optional=("valid",))
    check_parts(split, split_path)
    if len(split.test) == 0:
        raise DotbenchError(f"{split_path}: array 'test' is empty; there is nothing to rank")
    scorer = vector_scorer(users.to(items.dtype), items)
    values, frame = evaluate_metrics(split, scorer, named) if named else evaluate_ranking(split, scorer)
    result = {"metrics": values, "n_users_evaluated": len(frame)}
    if out is not None:
        write_parquet(out / "per_user.parquet", frame)
        write_json(out / "metrics.json", result)
    return result
