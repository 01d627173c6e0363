"""Several methods on the same splits: the workflow's table as a frame."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.datasets.splits.base import DEFAULT, Splitter
from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import WATCHED
from dotbench.interface.data import Dataset
from dotbench.interface.fitting import check_data, check_seed, execution_of, make_fit, split_of
from dotbench.interface.methods import choose_method, explained
from dotbench.lazy import pd
from dotbench.reporting.comparison import compared
from dotbench.reporting.contents import Contents, SplitFacts
from dotbench.reporting.records import MethodRuns, Tuning
from dotbench.runs.fitting import Seeds
from dotbench.runs.method import Method, WrongChoice
from dotbench.runs.tuning import choose
from dotbench.studies.base import studies

SHOWN = ("mean", "sd", "low", "high", "standing")  # of each metric
FACTS = {"epochs": "epochs_mean", "seconds": "train_seconds_mean", "failure": "failure"}


def compare(
    methods: Sequence[str | Mapping[str, Any]],
    data: Dataset,
    *,
    seeds: int | Iterable[int] = 5,
    split: str | dict[str, Any] = DEFAULT,
    device: str = "auto",
    threads: int = 1,
    verbose: bool = False,
) -> "pd.DataFrame":
    """Fit several methods on the same splits and compare them. Nothing is tuned.

    Each of ``methods`` is the name of a model, or a mapping of arguments of `fit`: ``model`` (``mf`` if absent),
    ``loss``, ``solver``, hyperparameters, and a ``label``. ``seeds``: their number, counted from 0, or a list. A
    seed determines a split and an initialisation. The other arguments are those of `fit`.

    Returns a row for each method. It has ``method``, ``seeds``, and how many of them ``failed``. For every metric it
    has the ``mean`` over the seeds, ``sd``, the ends ``low`` and ``high`` of the mean's 95 % interval, and
    ``standing``; the columns are named ``ndcg@10_mean`` and so on. Then follow the mean ``epochs`` and ``seconds`` of
    training, and why a fit failed. ``standing`` is ``best`` if a method is significantly better than every other, and
    ``tie`` for the best mean and every method that does not differ significantly from it. The test is a paired t-test
    over users, with p adjusted by Holm over all pairs, as in the workflow's tables. Raises DotbenchError for a name or
    value that is not allowed, and for methods of different tasks.

    >>> import dotbench as db
    >>> data = db.load("sim-tiny", say=lambda text: None)
    >>> table = db.compare(["popularity", {"loss": "rg2", "solver": "spectral"}], data, seeds=2)
    >>> list(table["method"])
    ['Popularity', 'MF RG2 (spectral)']
    """
    check_data(data)
    numbers = _seeds(seeds)
    chosen = _methods(methods)
    splitters = [split_of(split, method) for method in chosen]
    with tempfile.TemporaryDirectory(prefix="dotbench-", ignore_cleanup_errors=True) as temporary:
        runs = []
        for number, (method, splitter) in enumerate(zip(chosen, splitters, strict=True)):
            folders = [Path(temporary) / f"{number}-{seed}" for seed in numbers]
            for seed, folder in zip(numbers, folders, strict=True):
                with execution_of(method, device, threads, verbose) as execution:
                    execution.say(f"{method.label}, seed {seed}")
                    make_fit(method, data, Seeds(seed, seed), splitter, execution, folder)
            runs.append(_Runs(data.name, method.label, list(map(str, folders)), numbers, method=method))
        rows, _ = compared(_contents(runs, splitters[0], data.name), {data.name: data.stats}, False)
    return _frame(rows, _metrics(chosen[0]))


@dataclass(frozen=True)
class _Runs(MethodRuns):
    """Runs that lie in folders of their own, of a method without tuning."""

    method: Any = None

    @property
    def fits(self) -> list[Path]:
        return list(map(Path, self.folders))

    @property
    def tunings(self) -> list[Tuning]:
        return [_Untuned(Path(), self.seeds, self.method)]


@dataclass(frozen=True)
class _Untuned(Tuning):
    """The only setting of a method."""

    method: Any

    @property
    def chosen(self) -> dict[str, Any]:
        return choose(self.method, self.method.trials(), [])

    @property
    def trials(self) -> "pd.DataFrame":
        return pd.DataFrame({"cpu_seconds": pd.Series(dtype=float)})


def _methods(methods: Any) -> list[Method]:
    """The methods, all of one task and each with a label of its own."""
    if isinstance(methods, str | Mapping) or not isinstance(methods, Iterable):
        raise DotbenchError(f"methods: found {methods!r}; allowed is a list of names and mappings")
    chosen: list[Method] = []
    for number, given in enumerate(methods):
        where = f"methods[{number}]"
        if not isinstance(given, str | Mapping):
            raise DotbenchError(
                f"{where}: found {given!r}; allowed is a model's name or a mapping, e.g. {{'loss': 'rg2'}}"
            )
        names: dict[str, Any] = {"model": given} if isinstance(given, str) else {"model": "mf", **given}
        own = {key: names.pop(key, None) for key in ("model", "loss", "solver", "label")}
        wrong = [key for key, value in own.items() if not isinstance(value, str | None)]
        if wrong:
            raise DotbenchError(f"{where}: {wrong[0]}: found {own[wrong[0]]!r}; allowed is text")
        try:
            method = choose_method(str(own["model"]), own["loss"], own["solver"], names, own["label"])
        except WrongChoice as error:
            raise explained(error, where) from None
        if method.label in [other.label for other in chosen]:
            raise DotbenchError(
                f"{where}: has the label '{method.label}' of another method; give one of them a 'label'"
            )
        if chosen and method.task != chosen[0].task:
            raise DotbenchError(f"{where}: is for {method.task}, but the methods before it are for {chosen[0].task}")
        chosen.append(method)
    if not chosen:
        raise DotbenchError("methods: none; needed is one or more")
    return chosen


def _seeds(seeds: Any) -> list[int]:
    numbers = list(seeds) if isinstance(seeds, Iterable) else list(range(check_seed("seeds", seeds)))
    checked = [check_seed("seeds", seed) for seed in numbers]
    if not checked or len(set(checked)) < len(checked):
        raise DotbenchError(f"seeds: found {seeds!r}; allowed is a number from 1, or a list of different seeds")
    return checked


def _metrics(method: Method) -> list[str]:
    return list(studies()[method.task].metrics)


def _contents(runs: list[_Runs], splitter: Splitter, name: str) -> Contents:
    """What a table of these runs shows."""
    method: Method = runs[0].method
    return Contents(
        name=name,
        study=method.task,
        report_item="",
        kind="comparison",
        title="",
        grid="",
        published=None,
        task=method.task,
        metrics=_metrics(method),
        validation_metric=WATCHED[method.task],
        seeds=runs[0].seeds,
        tuning="single",
        tuning_seed=-1,  # nothing is tuned
        split=SplitFacts.of(splitter),
        runs=list(runs),
    )


def _frame(rows: list[dict[str, Any]], metrics: list[str]) -> "pd.DataFrame":
    shown = {key: key for key in ("method", "seeds", "failed")}
    shown |= {f"{metric}_{part}": f"{metric}_{part}" for metric in metrics for part in SHOWN}
    return pd.DataFrame([{name: row[key] for name, key in (shown | FACTS).items()} for row in rows])
