"""Finished runs of a study, read back for its tables and figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.files import read_json
from dotbench.lazy import pd

SHARED = 0.1  # share of the machine's CPU time taken by others, from which a time is marked


def joined(folders: Iterable[str]) -> str:
    """The folders behind a row, each once, as a cell of a csv."""
    return "; ".join(dict.fromkeys(folders))


def dataset_label(stats: dict[str, Any], title: str | None = None) -> str:
    """The dataset's title, or name, with marks: generated data, doubtful origin, unpublished counts."""
    marks = ["generated"] if stats["origin"] == "generated" else []
    marks += ["unverified copy"] if stats["verified"] is False else []
    marks += ["other counts"] if stats["counts_differ"] else []
    label: str = (title or stats["dataset"]) + (f" ({', '.join(marks)})" if marks else "")
    return label


@dataclass(frozen=True)
class Tuning:
    """A choice of settings: where it lies, and the seeds that were fitted with it."""

    folder: Path
    seeds: list[int]

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """The content of ``chosen.json``."""
        content: dict[str, Any] = read_json(self.folder / "chosen.json")
        return content

    @cached_property
    def trials(self) -> "pd.DataFrame":
        return pd.read_csv(self.folder / "trials.csv")


@dataclass(frozen=True)
class MethodRuns:
    """The reported runs of one method on one dataset. ``folders``: the run folder of each seed; seeds that were fitted
    with one choice of settings have the same. ``further``: the metrics that are read besides those that every run
    has."""

    dataset: str
    label: str
    folders: list[str]
    seeds: list[int]
    further: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """The folders of the tunings and of every seed's run, as tables name them."""
        return joined(str(paths.run(self.dataset, folder)) for folder in self.folders)

    @property
    def fits(self) -> list[Path]:
        return [
            paths.fit(self.dataset, folder, seed, seed) for folder, seed in zip(self.folders, self.seeds, strict=True)
        ]

    @property
    def tunings(self) -> list[Tuning]:
        """The choices of settings, in the order of the seeds."""
        seeds: dict[str, list[int]] = {}
        for folder, seed in zip(self.folders, self.seeds, strict=True):
            seeds.setdefault(folder, []).append(seed)
        return [Tuning(paths.run(self.dataset, folder), fitted) for folder, fitted in seeds.items()]

    def of_seeds(self, seeds: Sequence[int]) -> "MethodRuns":
        """The runs of some of the seeds."""
        folders = dict(zip(self.seeds, self.folders, strict=True))
        return replace(self, seeds=list(seeds), folders=[folders[seed] for seed in seeds])

    def finished(self) -> "MethodRuns | None":
        """The runs of the seeds whose tuning and run are finished; None if there is none."""
        seeds = [seed for seed, fit in zip(self.seeds, self.fits, strict=True) if self._is_finished(fit)]
        return self.of_seeds(seeds) if seeds else None

    def metrics(self) -> list[dict[str, Any]]:
        """The content of every ``metrics.json``, with the further metrics, in the order of the seeds."""
        return [self._metrics(fit) for fit in self.fits]

    def _is_finished(self, fit: Path) -> bool:
        files = [
            fit.parent / "chosen.json",
            fit / "metrics.json",
            *([paths.further(fit, self.further)] if self.further else []),
        ]
        return all(file.is_file() for file in files)

    def _metrics(self, fit: Path) -> dict[str, Any]:
        record: dict[str, Any] = read_json(fit / "metrics.json")
        more = read_json(paths.further(fit, self.further))["metrics"] if self.further else None
        if more is not None:
            record["metrics"] = {part: values | more.get(part, {}) for part, values in record["metrics"].items()}
        return record

    def per_user(self) -> list["pd.DataFrame"]:
        """The test scores of every run, a row for each user."""
        return [self._per_user(fit) for fit in self.fits]

    def _per_user(self, fit: Path) -> "pd.DataFrame":
        frame = pd.read_parquet(fit / "per_user.parquet")
        if not self.further:
            return frame
        return frame.merge(pd.read_parquet(paths.further(fit, self.further).with_suffix(".parquet")), "left", "user")

    def curves(self) -> list["pd.DataFrame"]:
        return [pd.read_csv(fit / "curve.csv") for fit in self.fits]

    def settings(self) -> dict[str, Any]:
        """The settings that all seeds were fitted with; without those that the seeds' choices differ in."""
        first, *others = (record["hyperparameters"] for record in self.metrics())
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def is_shared(run: MethodRuns) -> bool:
    """Whether other processes used a noticeable share of the machine during one of the runs."""
    return any((record["cpu_share_of_others"] or 0) > SHARED for record in run.metrics())


def clock(runs: Sequence[MethodRuns]) -> tuple[str, str]:
    """(column of the curves, title) of a time axis: wall time if every run had the machine to itself.

    Where some shared it, and all were of one thread on a CPU, CPU time, which sharing hardly changes.
    """
    records = [record for run in runs for record in run.metrics()]
    single = all(record["device"] == "cpu" and record["threads"] == 1 for record in records)
    if single and any(is_shared(run) for run in runs):
        return "cpu_seconds", "training time [CPU s]"
    return "seconds", "training time [s]"


def dataset_facts(datasets: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Dataset → the content of its ``stats.json``."""
    return {name: read_json(paths.data(name) / "stats.json") for name in dict.fromkeys(datasets)}
