"""What a configuration runs: methods on datasets, simulations, and what each of them needs."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.benchmark import Benchmark
from dotbench.datasets.catalogue import has_ratings, load_dataset
from dotbench.datasets.definition import Dataset
from dotbench.datasets.splits.base import DEFAULT, NOT_DIVIDED, Splitter, make_splitter
from dotbench.errors import DotbenchError
from dotbench.files import digest
from dotbench.runs.evaluating import further
from dotbench.runs.method import Method
from dotbench.simulations.base import Job, Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.solvers.spectral import Spectral, SpectralSettings
from dotbench.studies.base import Study

GPU = Path("/dev/nvidiactl")


@dataclass(frozen=True)
class PlannedTuning:
    """A choice of a method's settings, and the fits with them: ``seed`` names the split and the initialisation that
    the choice is made on; the fits are ``folder``/split<s>-init<s> for the reported seeds ``fitted``."""

    folder: str
    seed: int
    fitted: list[int]


@dataclass(frozen=True)
class MethodEntry:
    """One method of one study on one dataset: one tuning for all seeds, or one for each."""

    study: type[Study]
    dataset: str
    method: Method
    tunings: list[PlannedTuning]
    splitter: Splitter

    @property
    def is_tuned(self) -> bool:
        """Whether there is more than one setting to choose from."""
        return len(self.method.trials()) > 1

    @property
    def folders(self) -> list[str]:
        """The run folders, one for each tuning."""
        return [tuning.folder for tuning in self.tunings]

    @property
    def folders_by_seed(self) -> list[str]:
        """The run folder of every reported seed."""
        return [tuning.folder for tuning in self.tunings for _ in tuning.fitted]

    @property
    def split_seeds(self) -> list[int]:
        """The seeds of all splits that the method reads: the reported ones and those of tuning."""
        tuned_on = [tuning.seed for tuning in self.tunings if self.is_tuned]
        return list(dict.fromkeys([*(seed for tuning in self.tunings for seed in tuning.fitted), *tuned_on]))

    def tuning(self, folder: str) -> PlannedTuning:
        """The tuning of a run folder."""
        return next(tuning for tuning in self.tunings if tuning.folder == folder)


class RunPlan:
    """The runs of a configuration. Cheap: no data, no numerical library."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.datasets: dict[str, Dataset] = {use.name: load_dataset(use.name) for use in benchmark.datasets}
        for study, names, methods in benchmark.plans:
            for name in names if methods else []:
                if study.task == "rating" and not has_ratings(self.datasets[name]):
                    raise DotbenchError(
                        f"dataset '{name}' has no rating column, which the study '{study.name}' needs; "
                        "leave it out of that study's 'datasets'"
                    )
                if self.splitter_of(study).needs_division and not self.datasets[name].source.divided:
                    raise DotbenchError(f"dataset '{name}', in the study '{study.name}': {NOT_DIVIDED}")

    def studies(self) -> list[type[Study]]:
        return [study for study, _, _ in self.benchmark.plans]

    def study(self, name: str) -> type[Study]:
        return next(study for study in self.studies() if study.name == name)

    # methods on datasets

    @cached_property
    def entries(self) -> list[MethodEntry]:
        """Every method of a study on a dataset, in the order of the configuration."""
        return [
            MethodEntry(study, dataset, method, self._tunings(study, method), self.splitter_of(study))
            for study, dataset, method in self.benchmark.entries
        ]

    def _tunings(self, study: type[Study], method: Method) -> list[PlannedTuning]:
        return [
            PlannedTuning(method.folder(self.benchmark.protocol(study, method, seed)), seed, fitted)
            for seed, fitted in self.benchmark.tuning_seeds(study, method).items()
        ]

    def study_entries(self, study: str) -> list[MethodEntry]:
        return [entry for entry in self.entries if entry.study.name == study]

    @cached_property
    def runs(self) -> dict[str, MethodEntry]:
        """Run folder → an entry with these runs; the method and the splits are the same in all of them."""
        return {folder: entry for entry in self.entries for folder in entry.folders}

    @property
    def labels(self) -> dict[str, str]:
        """Run folder → the label of its method."""
        return {folder: entry.method.label for folder, entry in self.runs.items()}

    @property
    def tuned_on(self) -> dict[str, int]:
        """Run folder of a method that is tuned for every seed → the seed."""
        nested = [entry for entry in self.entries if self.benchmark.tunings[entry.study.name] == "nested"]
        return {tuning.folder: tuning.seed for entry in nested if entry.is_tuned for tuning in entry.tunings}

    def run(self, folder: str) -> MethodEntry:
        if folder not in self.runs:
            raise DotbenchError(f"run '{folder}': the configuration '{self.benchmark.name}' has no such method")
        return self.runs[folder]

    def method(self, folder: str) -> Method:
        return self.run(folder).method

    def fits(self, entry: MethodEntry) -> list[Path]:
        """Run folders of the reported seeds; a seed names the split and the initialisation."""
        return [fit for tuning in entry.tunings for fit in self.fits_of(entry, tuning)]

    def fits_of(self, entry: MethodEntry, tuning: PlannedTuning) -> list[Path]:
        """Run folders of the seeds that are fitted with the choice of a tuning."""
        return [paths.fit(entry.dataset, tuning.folder, seed, seed) for seed in tuning.fitted]

    def splitter_of(self, study: type[Study]) -> Splitter:
        return self.benchmark.splitters[study.name]

    def splitter(self, variant: str) -> Splitter:
        """The splitter whose splits' folders end in ``variant``. The default one is always there."""
        splitters = {s.variant: s for s in (make_splitter({"kind": DEFAULT}), *self.benchmark.splitters.values())}
        if variant not in splitters:
            raise DotbenchError(f"split '{variant}': the configuration '{self.benchmark.name}' has no such split")
        return splitters[variant]

    def split(self, entry: MethodEntry, dataset: str, seed: int | str) -> Path:
        """Folder of the split that an entry's runs of a seed are about."""
        return paths.split(dataset, entry.study.task, seed, entry.splitter.variant)

    def spectra(self, entry: MethodEntry, dataset: str, seed: int | str) -> list[Path]:
        """The decomposition of a split that an entry's runs read, if they read one."""
        artefact = spectrum_artefact(entry.method)
        return [paths.spectrum(dataset, seed, artefact[0], entry.splitter.variant)] if artefact else []

    def features(self, entry: MethodEntry, dataset: str, seed: int | str) -> list[Path]:
        """The features that the model of an entry's runs reads."""
        return [paths.features(self.split(entry, dataset, seed), label) for label in entry.method.features]

    def computed(self, entry: MethodEntry, dataset: str, seed: int | str) -> list[Path]:
        """What of a split an entry's runs read beside it."""
        return [*self.spectra(entry, dataset, seed), *self.features(entry, dataset, seed)]

    # metrics

    def metrics_of(self, study: type[Study]) -> list[str]:
        """The metrics of a study's tables."""
        return self.benchmark.metrics[study.name]

    def validation_metric(self, study: type[Study]) -> str:
        return self.benchmark.validation_metrics[study.name]

    def further(self, study: type[Study]) -> list[str]:
        """The metrics that a study shows, or watches, and that not every run has."""
        return further([*self.metrics_of(study), self.validation_metric(study)], study.task)

    def further_files(self, entry: MethodEntry, suffix: str) -> list[Path]:
        """The files of these metrics, one for each run of an entry. None if there are no such metrics."""
        metrics = self.further(entry.study)
        return [paths.further(fit, metrics).with_suffix(suffix) for fit in self.fits(entry)] if metrics else []

    def further_metrics(self, digest: str) -> list[str]:
        """The metrics of the files with this digest in their name."""
        for study in self.studies():
            metrics = self.further(study)
            if metrics and paths.further(Path(), metrics).stem.endswith(f"-{digest}"):
                return metrics
        raise DotbenchError(f"'further-{digest}': the configuration '{self.benchmark.name}' has no such metrics")

    def is_timed(self, folder: str) -> bool:
        """Whether the method's runs stand behind a time axis and have the machine to themselves."""
        return self.benchmark.timing == "exclusive" and folder in self._on_time_axes

    @cached_property
    def _on_time_axes(self) -> set[str]:
        """The run folders of methods that a figure of their study shows."""
        return {
            folder
            for entry in self.entries
            if any(figure.shows(*entry.method.names) for figure in entry.study.figures if not figure.simulation)
            for folder in entry.folders
        }

    # simulations

    @cached_property
    def simulations(self) -> list[SimulationEntry]:
        """Every simulation, in the order of the configuration."""
        return [SimulationEntry(label, simulation) for label, simulation in self.benchmark.simulations]

    def study_simulations(self, study: str) -> list[SimulationEntry]:
        return [entry for entry in self.simulations if entry.simulation.study == study]

    @cached_property
    def _jobs(self) -> dict[tuple[str, str], tuple[Simulation, Job]]:
        return {
            (entry.folder, label): (entry.simulation, job)
            for entry in self.simulations
            for label, job in entry.jobs.items()
        }

    def job(self, folder: str, label: str) -> tuple[Simulation, Job]:
        """(simulation, job) that the files of ``folder`` with this label are of."""
        if (folder, label) not in self._jobs:
            raise DotbenchError(f"job '{folder}/{label}': the configuration '{self.benchmark.name}' has no such job")
        return self._jobs[folder, label]

    # hardware

    def gpus(self, folder: str) -> int:
        """GPUs that a method's fits ask for: one for our own solvers if the device is cuda, or if it is auto and
        this machine has one."""
        return int(self._wants_gpu and self.method(folder).solver is not None)

    def job_gpus(self, folder: str, label: str) -> int:
        """GPUs that a job of a simulation asks for. See `gpus`."""
        return int(self._wants_gpu and self.job(folder, label)[1].gpu)

    @property
    def _wants_gpu(self) -> bool:
        device = self.benchmark.device
        return device == "cuda" or (device == "auto" and GPU.exists())


def spectrum_artefact(method: Method) -> tuple[str, dict[str, Any]] | None:
    """(name, settings) of the decomposition that a method's runs read. None for other solvers.

    It is taken at the largest rank of the method's own search space: smaller ranks and every regularisation
    read the same artefact, and so do other methods with the same rank and precision.
    """
    if method.solver is not Spectral or method.loss is None:
        return None
    settings = {key: method.settings[key] for key in SpectralSettings.model_fields}
    settings["embedding_size"] = max(method.grid.get("embedding_size", [method.settings["embedding_size"]]))
    content = {"loss": method.loss.name, **settings}
    return f"{method.loss.name}-rank{settings['embedding_size']}-{digest(content)}", content
