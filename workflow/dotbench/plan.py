"""What a configuration asks for: its runs, and the tables and figures made from them."""

import itertools
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from dotbench.datasets.catalogue import has_ratings, load_dataset
from dotbench.datasets.splits.base import DEFAULT, Splitter, make_splitter
from dotbench.errors import DotbenchError
from dotbench.experiments.base import Experiment, Part
from dotbench.files import digest
from dotbench.runs import paths
from dotbench.runs.packed import Packed
from dotbench.settings.benchmark import Benchmark
from dotbench.settings.dataset import Dataset
from dotbench.settings.method import Method
from dotbench.settings.published import load_published
from dotbench.solvers.spectral import Spectral, SpectralSettings
from dotbench.studies.base import Exhibit

GPU = Path("/dev/nvidiactl")
PACKAGES = Path(__file__).parents[1]
TABLE_FORMATS = ("csv", "md", "tex", "html")
COMPARISON = "paper_vs_ours"


@dataclass(frozen=True)
class Entry:
    """One method of one study on one dataset; its runs are ``folder``/split<s>-init<s> for every seed."""

    study: Any
    dataset: str
    method: Method
    folder: str
    splitter: Splitter


class Plan:
    """The runs of a configuration. Cheap: no data, no numerical library."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.datasets: dict[str, Dataset] = {use.name: load_dataset(use.name) for use in benchmark.datasets}
        for study, names, _ in benchmark.plans:
            for name in names:
                if study.task == "rating" and not has_ratings(self.datasets[name]):
                    raise DotbenchError(
                        f"dataset '{name}' has no rating column, which the study '{study.name}' needs; "
                        "leave it out of that study's 'datasets'"
                    )

    @cached_property
    def entries(self) -> list[Entry]:
        """Every study × dataset × method, in the order of the configuration."""
        return [
            Entry(
                study, dataset, method, method.folder(self.benchmark.protocol(study, method)), self.splitter_of(study)
            )
            for study, datasets, methods in self.benchmark.plans
            for dataset in datasets
            for method in methods
        ]

    def splitter_of(self, study: Any) -> Splitter:
        return self.benchmark.splitters[study.name]

    def splitter(self, variant: str) -> Splitter:
        """The splitter whose splits' folders end in ``variant``; the default one is always there."""
        found = {s.variant: s for s in (make_splitter({"kind": DEFAULT}), *self.benchmark.splitters.values())}
        if variant not in found:
            raise DotbenchError(f"split '{variant}': the configuration '{self.benchmark.name}' has no such split")
        return found[variant]

    @cached_property
    def runs(self) -> dict[str, Entry]:
        """Run folder → an entry with these runs; the method and the splits are the same in all of them."""
        return {entry.folder: entry for entry in self.entries}

    def run(self, folder: str) -> Entry:
        if folder not in self.runs:
            raise DotbenchError(f"run '{folder}': the configuration '{self.benchmark.name}' has no such method")
        return self.runs[folder]

    def method(self, folder: str) -> Method:
        return self.run(folder).method

    @cached_property
    def packed(self) -> list[Packed]:
        """Every packed experiment, in the order of the configuration."""
        return [Packed(label, experiment) for label, experiment in self.benchmark.experiments]

    @cached_property
    def _parts(self) -> dict[tuple[str, str], tuple[Experiment, Part]]:
        return {(p.folder, label): (p.experiment, part) for p in self.packed for label, part in p.parts.items()}

    def part(self, folder: str, label: str) -> tuple[Experiment, Part]:
        """(experiment, part) that the files of ``folder`` with this label are of."""
        if (folder, label) not in self._parts:
            raise DotbenchError(f"part '{folder}/{label}': the configuration '{self.benchmark.name}' has no such part")
        return self._parts[folder, label]

    def study_entries(self, study: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.study.name == study]

    def studies(self) -> list[Any]:
        return [study for study, _, _ in self.benchmark.plans]

    def study(self, name: str) -> Any:
        return next(study for study in self.studies() if study.name == name)

    def exhibits(self, study: Any) -> list[Exhibit]:
        """The tables and figures of a study that the configuration has methods, or the experiment, for."""
        return [exhibit for exhibit in (*study.tables, *study.figures) if self._has(study, exhibit)]

    def _has(self, study: Any, exhibit: Exhibit) -> bool:
        """Whether there is a method, or the experiment, that a table or figure is about."""
        if exhibit.experiment:
            return any(packed.experiment.name == exhibit.experiment for packed in self.study_packed(study.name))
        if exhibit.split not in (None, self.splitter_of(study).name):
            return False
        methods = [entry.method for entry in self.study_entries(study.name)]
        wanted = exhibit.needs or exhibit.shows
        return any(wanted(*method.names) and exhibit.reads(method.features) for method in methods)

    def exhibit(self, study: Any, name: str) -> Exhibit:
        """A table or figure by name. Raises DotbenchError if the configuration has no method for it."""
        for exhibit in self.exhibits(study):
            if exhibit.name == name:
                return exhibit
        about = next(e for e in (*study.tables, *study.figures) if e.name == name)
        kind = "experiment" if about.experiment else "method"
        where = f" on the split '{about.split}'" if about.split else ""
        where += f" with the features '{about.features}'" if about.features else ""
        has = f"the configuration '{self.benchmark.name}' has no {kind}{where} that it is about"
        raise DotbenchError(f"'{name}' of the study '{study.name}' cannot be made: {has}")

    def study_packed(self, study: str) -> list[Packed]:
        return [packed for packed in self.packed if packed.experiment.study == study]

    def published_packed(self, study: Any) -> list[Packed]:
        """The packed experiments that the published numbers of a study are about; all of a study without any."""
        found = self.study_packed(study.name)
        if not study.published:
            return found
        about = {method.experiment for method in load_published(study.published).methods}
        return [packed for packed in found if packed.experiment.name in about]

    def exhibit_packed(self, study: Any, name: str) -> list[Packed]:
        """The packed experiments that a table or figure shows."""
        shown = self.exhibit(study, name).experiment
        return [packed for packed in self.study_packed(study.name) if packed.experiment.name == shown]

    def exhibit_entries(self, study: Any, name: str) -> list[Entry]:
        """The entries that a table or figure shows."""
        shown = self.exhibit(study, name)
        if shown.experiment:
            return []
        return [
            entry
            for entry in self.study_entries(study.name)
            if shown.shows(*entry.method.names) and shown.reads(entry.method.features)
        ]

    def exhibit_features(self, study: Any, name: str) -> list[Path]:
        """Manifests of the features whose tables a table or figure shows: one for each dataset, of the first seed."""
        shown = self.exhibit(study, name)
        entries = self.exhibit_entries(study, name) if shown.features else []
        folders = dict.fromkeys(self.split(entry, entry.dataset, self.benchmark.seeds[0]) for entry in entries)
        return [paths.features(folder, str(shown.features)).with_suffix(".json") for folder in folders]

    def fits(self, entry: Entry) -> list[Path]:
        """Run folders of the reported seeds; a seed names the split and the initialisation."""
        return [paths.fit(entry.dataset, entry.folder, seed, seed) for seed in self.benchmark.seeds]

    def split(self, entry: Entry, dataset: str, seed: int | str) -> Path:
        """Folder of the split that an entry's runs of a seed are about."""
        return paths.split(dataset, entry.study.task, seed, entry.splitter.variant)

    def is_timed(self, folder: str) -> bool:
        """Whether the method's runs stand behind a time axis and need the machine to themselves."""
        return any(
            entry.folder == folder
            and any(figure.shows(*entry.method.names) for figure in entry.study.figures if not figure.experiment)
            for entry in self.entries
        )

    def everything(self) -> list[str]:
        """What a run makes that names nothing: the targets of every study that is not for requests alone."""
        wanted = [study for study in self.studies() if study.name not in self.on_request]
        return [target for study in wanted for target in self.targets(study)]

    @cached_property
    def on_request(self) -> set[str]:
        """The studies that are made by name alone."""
        return {choice.study for choice in self.benchmark.studies if choice.on_request}

    def targets(self, study: Any) -> list[str]:
        """Tables and figures of a study that the configuration has methods for, and paper-versus-ours."""
        files = [self.exhibit_files(study, exhibit) for exhibit in self.exhibits(study) if not exhibit.on_request]
        return [*itertools.chain(*files), *self.comparison_files(study)]

    def exhibit_files(self, study: Any, exhibit: Exhibit) -> list[str]:
        """The files of a table, or one of a figure's."""
        if exhibit in study.figures:
            return [str(paths.figures(self.benchmark.name, study.name) / f"{exhibit.name}.pdf")]
        tables = paths.tables(self.benchmark.name, study.name)
        return [str(tables / f"{exhibit.name}.{kind}") for kind in TABLE_FORMATS]

    def comparison_files(self, study: Any) -> list[str]:
        """Paper-versus-ours, of a study with published numbers about something that the configuration has."""
        same_split = study.published_split in (None, self.splitter_of(study).name)
        entries = self.study_entries(study.name) if same_split else []
        if not study.published or not (entries or self.published_packed(study)):
            return []
        folder = paths.study(self.benchmark.name, study.name)
        return [str(folder / f"{COMPARISON}.{kind}") for kind in ("csv", "md", "html")]

    def named_targets(self) -> dict[str, list[str]]:
        """Name on the command line → files: every study, each of its tables and figures (`<study>_<name>`), and
        paper-versus-ours. Those that the configuration has no methods for have no files."""
        found = {}
        for study in self.studies():
            found[study.name] = self.targets(study)
            made = self.exhibits(study)
            for exhibit in (*study.tables, *study.figures):
                files = self.exhibit_files(study, exhibit) if exhibit in made else []
                found[f"{study.name}_{exhibit.name}"] = files
            if study.published:
                found[f"{study.name}_{COMPARISON}"] = self.comparison_files(study)
        return found

    def named(self, part: Literal["tables", "figures"], *kinds: str) -> list[tuple[str, str]]:
        """(study, name) of the tables or figures that are made in one of these ways."""
        exhibits = [(study.name, exhibit) for study in self.studies() for exhibit in getattr(study, part)]
        return [(study, exhibit.name) for study, exhibit in exhibits if exhibit.kind in kinds]

    def gpus(self, folder: str) -> int:
        """GPUs that a method's fits ask for: one for our own solvers if the device is cuda, or if it is auto and
        this machine has one."""
        return int(self._wants_gpu and self.method(folder).solver is not None)

    def part_gpus(self, folder: str, label: str) -> int:
        """GPUs that a part of an experiment asks for; see `gpus`."""
        return int(self._wants_gpu and self.part(folder, label)[1].gpu)

    @property
    def _wants_gpu(self) -> bool:
        device = self.benchmark.device
        return device == "cuda" or (device == "auto" and GPU.exists())

    def contents(self, study: Any, exhibit: str | None = None) -> dict[str, Any]:
        """What a table or figure of the study shows, in plain types; without one, what paper-versus-ours does: all
        methods of the study, and the experiments that the published numbers are about."""
        shown = self.exhibit(study, exhibit) if exhibit else None
        entries = self.exhibit_entries(study, exhibit) if exhibit else self.study_entries(study.name)
        packed = self.exhibit_packed(study, exhibit) if exhibit else self.published_packed(study)
        return {
            "name": self.benchmark.name,
            "study": study.name,
            "exhibit": exhibit,
            "kind": shown.kind if shown else None,
            "title": shown.title if shown else "",
            "grid": self.benchmark.grid,
            "published": study.published,
            "task": study.task,
            "metrics": list(study.metrics),
            "seeds": self.benchmark.seeds,
            "tuning_seed": self.benchmark.tuning_seed,
            "split": {
                key: getattr(self.splitter_of(study), key) for key in ("headline", "remark", "seedless", "variant")
            },
            "runs": [
                {"dataset": entry.dataset, "label": entry.method.label, "folder": entry.folder} for entry in entries
            ],
            **({"experiments": [found.described() for found in packed]} if packed else {}),
            **({"features": shown.features} if shown and shown.features else {}),
        }

    def environment(self) -> dict[str, str]:
        """Variables for the jobs: hardware and local copies, which say how and not what, so that no job
        reruns when they change. The folder of this interpreter comes first in PATH, that of the package in
        PYTHONPATH."""
        benchmark = self.benchmark
        accepted = [use.name for use in benchmark.datasets if use.accept_unverified]
        inherited = os.environ.get("DOTBENCH_ACCEPT_UNVERIFIED", "")
        variables = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "DOTBENCH_DEVICE": benchmark.device,
            "DOTBENCH_THREADS": str(benchmark.threads),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH", "")])),
            "DOTBENCH_ACCEPT_UNVERIFIED": ",".join(filter(None, [inherited, *accepted])),
        }
        if benchmark.data_dir and not os.environ.get("DOTBENCH_DATA"):
            variables["DOTBENCH_DATA"] = benchmark.data_dir
        return variables


def spectrum_artefact(method: Method) -> tuple[str, dict[str, Any]] | None:
    """(name, settings) of the decomposition that a method's runs read; None for other solvers.

    It is taken at the largest rank of the method's own search space: smaller ranks and every regularisation
    read the same artefact, and so do other methods with the same rank and precision.
    """
    if method.solver is not Spectral or method.loss is None:
        return None
    settings = {key: method.settings[key] for key in SpectralSettings.model_fields}
    settings["embedding_size"] = max(method.grid.get("embedding_size", [method.settings["embedding_size"]]))
    content = {"loss": method.loss.name, **settings}
    return f"{method.loss.name}-rank{settings['embedding_size']}-{digest(content)}", content
