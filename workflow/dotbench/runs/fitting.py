"""One fit: a method with given hyperparameters on one split."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError, FitFailed
from dotbench.evaluation.rmse import inner_products
from dotbench.evaluation.scoring import scorer
from dotbench.evaluation.topk import CUTOFF, Ranking, Scorer, vector_scorer
from dotbench.execution.attempt import attempt
from dotbench.execution.energy import Energy
from dotbench.execution.hardware import Execution, Usage, machine, versions
from dotbench.execution.provenance import provenance
from dotbench.features.arrays import Features, joined, load_features
from dotbench.files import digest, file_digest, read_json_if_whole, write_csv, write_json, write_npz
from dotbench.lazy import np, torch
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.method import Method
from dotbench.runs.record import FitRecord
from dotbench.solvers.base import Pause, Problem, Validate
from dotbench.sources import sources_digest

DIGITS = 5  # of the numbers in a curve, times with one less; more is noise, and most of what a file of runs would hold


@dataclass(frozen=True)
class Inputs:
    """What a method learns from. ``spectrum``: file of a decomposition that was computed before. ``features``: files of
    those that its model reads."""

    dataset: str
    split: Split
    spectrum: Path | None = None
    features: Sequence[Path] = ()


@dataclass(frozen=True)
class Seeds:
    """The seed of the split and that of the initialisation."""

    split: int
    init: int


@dataclass(frozen=True)
class Fit:
    """What a fit leaves: facts, the curve, and what scoring needs (empty if the fit failed)."""

    record: FitRecord
    curve: list[dict[str, Any]]
    arrays: dict[str, Any]
    paused: bool = False

    def on_split(self, identity: dict[str, Any] | None) -> "Fit":
        """The same with a note of the kind of split that was learned from. None for the default one."""
        return replace(self, record=replace(self.record, split=identity))

    def save(self, folder: Path) -> None:
        """Write ``fitted.npz``, ``curve.csv`` and, last, ``fit.json``."""
        write_npz(folder / "fitted.npz", **self.arrays)
        self.save_facts(folder)

    def save_facts(self, folder: Path) -> None:
        """Write ``curve.csv`` and ``fit.json``."""
        columns = ["epoch", "updates", "seconds", "cpu_seconds", "loss", self.record.validation_metric]
        further = [key for key in (self.curve[0] if self.curve else ()) if key not in columns]
        write_csv(folder / "curve.csv", map(short, self.curve), [*columns, *further])
        write_json(folder / "fit.json", self.record.to_json())


def short(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a curve at ``DIGITS`` significant digits, its times with one less."""
    digits = {"seconds": DIGITS - 1, "cpu_seconds": DIGITS - 1}
    return {
        key: float(f"{value:.{digits.get(key, DIGITS)}g}") if isinstance(value, float) else value
        for key, value in row.items()
    }


def fit(
    method: Method,
    hyperparameters: dict[str, Any],
    inputs: Inputs,
    seeds: Seeds,
    execution: Execution,
    checkpoint: Path | None = None,
    failed_before: str | None = None,
    pause: Pause | None = None,
) -> Fit:
    """Train and validate. A fit that cannot be used (NaN, no memory, a setting that the algorithm rejects)
    returns with ``status: failed`` and the reason. Only errors of files raise. ``failed_before`` is why tuning
    has nothing to offer. The fit is then recorded as failed without an attempt. ``pause`` as in `Problem`.

    With ``Method.refit`` the curve, the best epoch and the seconds are those of the training that validation watched;
    what scores is trained again, and ``refit`` in the record says for how many epochs, on how many pairs and how long.
    """
    task = _Task(method, hyperparameters, inputs, seeds.init, execution, checkpoint, pause)

    def train() -> Training:
        if failed_before is not None:
            raise FitFailed(failed_before)
        return task.train_twice() if method.refit else task.train()

    usage, energy = Usage(execution.device), Energy(device=execution.device)
    with energy, usage:
        trained = attempt(train, execution.say)
    training, reason = trained.result or Training(), trained.reason
    last = training.curve[-1] if training.curve else {}
    metric = method.watched.key
    model, loss, solver = method.names
    elsewhere = training.extra.get("decomposition", {})  # done by another process, which counts as well
    record = FitRecord(
        dataset=inputs.dataset,
        model=model,
        loss=loss,
        solver=solver,
        split_seed=seeds.split,
        init_seed=seeds.init,
        status="ok" if reason is None else "failed",
        reason=reason,
        log=execution.log,
        hyperparameters=hyperparameters,
        validation_metric=metric,
        validation=next((row["validation"] for row in training.curve if row["epoch"] == training.best_epoch), None),
        best_epoch=training.best_epoch or None,
        epochs=last.get("epoch"),
        updates=last.get("updates"),
        train_seconds=last.get("seconds"),
        cpu_seconds=last.get("cpu_seconds"),
        peak_memory_bytes=max(usage.peak_memory_bytes, elsewhere.get("peak_memory_bytes", 0)),
        peak_gpu_memory_bytes=usage.peak_gpu_memory_bytes,
        cpu_share_of_others=max(usage.others, elsewhere.get("cpu_share_of_others", 0.0)),
        device=execution.device,
        threads=execution.threads,
        machine=machine(execution.device),
        versions=versions(),
        further=training.extra,
        energy_joules=energy.joules,
        gpu_energy_joules=energy.gpu_joules,
        provenance=provenance(method_code(method), split=inputs.split.content_digest()),
    )
    curve = [{(metric if key == "validation" else key): value for key, value in row.items()} for row in training.curve]
    return Fit(record, curve, training.arrays or empty_arrays(method.task), training.paused)


def empty_arrays(task: str) -> dict[str, Any]:
    """What stands for the arrays of a failed fit."""
    names = ("user_vectors", "item_vectors") if task == "ranking" else ("valid", "test")
    return {name: np.zeros((0, 0) if task == "ranking" else 0, np.float32) for name in names}


def method_code(method: Method) -> str:
    """Digest of the source that a fit of the method runs."""
    return sources_digest(__name__, *method.modules)


def fit_key(method: Method, inputs: Inputs, execution: Execution) -> str:
    """What a checkpoint depends on besides hyperparameters and seed: code, data, hardware settings."""
    code = method_code(method)
    read = [file_digest(path) for path in inputs.features]
    data = inputs.split.content_digest()
    return digest([method.names, method.watched.key, code, data, read, execution.threads, execution.device])


@dataclass(frozen=True)
class Training:
    """What training gives: the curve, the epoch that is kept, the arrays, further facts for the record."""

    curve: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    arrays: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    paused: bool = False


@dataclass(frozen=True)
class _Task:
    """A fit that is to be made."""

    method: Method
    hyperparameters: dict[str, Any]
    inputs: Inputs
    init_seed: int
    execution: Execution
    checkpoint: Path | None
    pause: Pause | None
    epochs: int | None = None  # train for exactly so many, without validation

    def train_twice(self) -> Training:
        """Train, then train again on training and validation pairs for the epochs that were best."""
        first = self._watched()
        split = self.inputs.split.without_validation()
        inputs = replace(self.inputs, split=split, spectrum=None)
        checkpoint = self.checkpoint and self.checkpoint.with_suffix(".refit.pt")
        second = replace(self, inputs=inputs, checkpoint=checkpoint, epochs=first.best_epoch).train()
        if self.checkpoint:
            self._kept(self.checkpoint).unlink(missing_ok=True)
        last = second.curve[-1]
        facts = {key: last[key] for key in ("epoch", "updates", "seconds", "cpu_seconds")}
        return replace(first, arrays=second.arrays, extra=first.extra | {"refit": facts | {"pairs": len(split.train)}})

    def _watched(self) -> Training:
        """The training that validation watches. Kept beside the checkpoint until all is done, without the arrays."""
        if self.checkpoint is None:
            return self.train()
        kept = read_json_if_whole(self._kept(self.checkpoint))
        if kept is not None and kept["key"] == self._key:
            return Training(kept["curve"], kept["best_epoch"], {}, kept["extra"])
        first = self.train()
        content = {"key": self._key, "curve": first.curve, "best_epoch": first.best_epoch, "extra": first.extra}
        write_json(self._kept(self.checkpoint), content)
        return first

    @staticmethod
    def _kept(checkpoint: Path) -> Path:
        return checkpoint.with_suffix(".watched.json")

    @property
    def _key(self) -> str:
        return digest([fit_key(self.method, self.inputs, self.execution), self.hyperparameters, self.init_seed])

    def train(self) -> Training:
        """Train once."""
        return self.train_baseline() if self.method.solver is None else self.train_vectors()

    def train_vectors(self) -> Training:
        method, split, execution = self.method, self.inputs.split, self.execution
        assert method.loss is not None
        assert method.solver is not None
        settings = method.validated(self.hyperparameters)
        ratings = split.ratings.get("train")
        solution = method.solver().solve(
            Problem(
                model=method.model,
                loss=method.loss(settings),
                settings=settings,
                train=lambda dtype: TrainMatrix(
                    split.train, split.n_users, split.n_items, execution.device, dtype, ratings
                ).ready(),
                validate=_validation(method, split, execution.device) if self.epochs is None else _unwatched,
                maximise=not method.watched.lower_is_better,
                init_seed=self.init_seed,
                device=execution.device,
                spectrum=self.inputs.spectrum,
                features=_features(method, self.inputs.features, split),
                checkpoint=self.checkpoint,
                pause=self.pause,
                epochs=self.epochs,
                key=self._key,
                say=execution.say,
            )
        )
        if method.task == "rating":
            arrays = {
                part: inner_products(solution.users, solution.items, pairs) for part, pairs in held_out(split).items()
            }
        else:
            arrays = {"user_vectors": solution.users.cpu().numpy(), "item_vectors": solution.items.cpu().numpy()}
        _check_finite(arrays)
        return Training(solution.curve, solution.best_epoch, arrays, solution.extra, solution.paused)

    def train_baseline(self) -> Training:
        method, split = self.method, self.inputs.split
        baseline = method.model(method.validated(self.hyperparameters), self.init_seed)
        wall, cpu = time.perf_counter(), time.process_time()
        baseline.train(split)
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        if method.task == "ranking":
            arrays = baseline.arrays(split)
        else:
            arrays = {part: baseline.predict(pairs) for part, pairs in held_out(split).items()}
        _check_finite(arrays)
        if self.epochs is not None:
            validation = {}
        elif method.task == "ranking":
            validation = _ranking_validation(method, split, "cpu")(scorer(arrays, split))
        else:
            validation = {"validation": method.watched.error(split.ratings["valid"], arrays["valid"], _rated(split))}
        row = {"epoch": 1, "updates": 1, "seconds": seconds, "cpu_seconds": cpu_seconds, **validation}
        return Training([row], 1, arrays)


def _unwatched(users: "torch.Tensor", items: "torch.Tensor") -> dict[str, float]:
    """In the place of a validation metric, where all pairs are trained on."""
    return {"validation": 0.0}


def _check_finite(arrays: dict[str, Any]) -> None:
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise FitFailed("a vector, a weight or a prediction is NaN or infinite")


def _validation(method: Method, split: Split, device: str) -> Validate:
    """The watched metric, as ``validation``, and those beside it in a curve, as a function of user vectors and item
    vectors."""
    metric = method.watched
    if method.task == "rating":
        truth, rated = split.ratings["valid"], _rated(split)
        return lambda users, items: {
            "validation": metric.error(truth, inner_products(users, items, split.valid), rated)
        }
    validate = _ranking_validation(method, split, device)
    return lambda users, items: validate(vector_scorer(users, items))


def _ranking_validation(method: Method, split: Split, device: str) -> Callable[[Scorer], dict[str, float]]:
    """`_validation` of a ranking method, as a function of its scorer."""
    metric = method.watched
    ranking = Ranking(split.valid, split.train, split.n_users, split.n_items, device, metric.cutoff or CUTOFF)

    def watched(score: Scorer) -> dict[str, float]:
        values = metric.watch(ranking, score)
        return {"validation" if key == metric.key else key: value for key, value in values.items()}

    return watched


def _rated(split: Split) -> tuple[float, float]:
    """Least and greatest training rating."""
    return split.ratings["train"].min(), split.ratings["train"].max()


def held_out(split: Split) -> dict[str, "np.ndarray"]:
    """Part → pairs, of all that a rating method predicts."""
    return {"valid": split.valid, "test": split.test, **split.cold}


def _features(method: Method, paths: Sequence[Path], split: Split) -> Features | None:
    """The features that the method's model reads."""
    if not method.features:
        return None
    if len(paths) != len(method.features):
        named = "', '".join(method.features)
        raise DotbenchError(f"model '{method.model.name}': found {len(paths)} files of its features '{named}'")
    parts = []
    for path in paths:
        parts.append(load_features(path))
        for side, n in (("users", split.n_users), ("items", split.n_items)):
            rows = getattr(parts[-1], side).shape[0]
            if rows != n:
                raise DotbenchError(f"{path}: has {rows} {side}; the split has {n}")
    return joined(parts)
