"""What each job of the workflow reads: files, settings and code, by the names that tell the job.

``names`` stands for the names of a job as attributes: ``dataset``, ``method``, ``seed``, ``variant`` and so on.
"""

import os
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry, spectrum_artefact
from dotbench.datasets.accepted import accepts_counts, accepts_unverified
from dotbench.datasets.catalogue import definition_content, load_dataset, parser_of
from dotbench.datasets.fetched import is_as_fetched, is_later
from dotbench.datasets.generators.base import generators
from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.features.base import from_label
from dotbench.files import canonical_json
from dotbench.registry import PAPERS
from dotbench.reporting.claims.deciding import argument_module
from dotbench.reporting.claims.language import claims_path
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.kind import Kind
from dotbench.reporting.published import published_path
from dotbench.simulations.entry import SimulationEntry
from dotbench.sources import code_file

Names = Any
Files = Callable[[Names], list[str]]


class Inputs:
    """The inputs of the jobs of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._code = cache(code_file)
        self._identity = cache(self._identity_of_run)  # of every seed

    # code

    def code(self, stage: str, *components: str) -> list[str]:
        """Digests of the modules that a stage uses: its jobs rerun when the code of one changes, and only then."""
        return [self._code(f"dotbench.cli.{stage}", *components)]

    def prepare_code(self, names: Names) -> list[str]:
        dataset = load_dataset(names.dataset)
        component = generators()[str(dataset.source.generator)] if dataset.generated else parser_of(dataset)
        return self.code("prepare", component.__module__)

    def split_code(self, names: Names) -> list[str]:
        return self.code("split", type(self.plan.splitter(names.variant)).__module__)

    def feature_code(self, names: Names) -> list[str]:
        return self.code("features", from_label(names.features).__module__)

    def decompose_code(self, names: Names) -> list[str]:
        loss = self.plan.method(self.spectral_method(names.artefact)).loss
        assert loss is not None
        return self.code("decompose", loss.__module__)

    def method_code(self, stage: str) -> Files:
        return lambda names: self.code(stage, *self.plan.method(names.method).modules)

    def further_code(self, names: Names) -> list[str]:
        parsed = map(parse_metric, self.plan.further_metrics(names.further))
        return self.code("evaluate", *(type(metric).__module__ for metric in parsed))

    def job_code(self, names: Names) -> list[str]:
        simulation, job = self.plan.job(names.simulation, names.label)
        return self.code("simulate", type(simulation).__module__, *job.modules)

    def kind_code(self, stage: str, kind: type[Kind]) -> Files:
        """What draws a table or figure of a kind, and what says what metrics and the rows of simulations mean."""

        def files(names: Names) -> list[str]:
            meanings = {type(entry.simulation).__module__ for entry in self.shown_simulations(names)}
            if self.shown_entries(names):
                shown = self.plan.metrics_of(self.plan.study(names.study))
                meanings |= {type(parse_metric(metric)).__module__ for metric in shown}
            return self.code(stage, kind.__module__, *sorted(meanings))

        return files

    # datasets, splits, features

    def dataset_source(self, names: Names) -> str:
        """The part of a definition that fetching depends on, as canonical JSON."""
        dataset = load_dataset(names.dataset)
        content = dataset.model_dump(mode="json", include={"source", "licence", "citation"})
        return canonical_json(content | {"accepted": accepts_unverified(dataset)})

    def dataset_definition(self, names: Names) -> str:
        """The part of a definition that preparation depends on, as canonical JSON."""
        dataset = load_dataset(names.dataset)
        accepted = {"accepted": accepts_counts(dataset)} if dataset.published else {}
        return canonical_json(definition_content(dataset) | accepted)

    def own_files(self, names: Names) -> list[str]:
        return load_dataset(names.dataset).source.own_files()

    def own_old_files(self, names: Names) -> list[str]:
        """Those of the user's files that count as old, whatever their date: those with the content that was fetched.
        Where a file is older than the manifest, its date says enough."""
        manifest = paths.manifest(names.dataset)
        later = [file for file in self.own_files(names) if is_later(Path(file), manifest)]
        return [file for file in later if is_as_fetched(manifest, Path(file))]

    def manifest(self, names: Names) -> list[str]:
        return [] if load_dataset(names.dataset).generated else [str(paths.manifest(names.dataset))]

    def prepared(self, names: Names) -> str:
        """The big file that a split reads. The manifest beside it says when it changed."""
        file = "interactions" if names.task == "ranking" else "ratings"
        return str(paths.data(names.dataset) / f"{file}.parquet")

    def split_identity(self, names: Names) -> str:
        return canonical_json(self.plan.splitter(names.variant).identity())

    def feature_options(self, names: Names) -> str:
        chosen = from_label(names.features)
        settings = chosen.settings.model_dump(exclude_defaults=True)
        return f"--features {chosen.name} --settings {shlex.quote(canonical_json(settings))}"

    # runs of a method: tuning (on the split of its folder; nothing is read where nothing is tuned) and fits

    def methods(self, tuned: bool) -> list[str]:
        """Folders of the methods with a grid, or of those without."""
        return [folder for folder, entry in self.plan.runs.items() if entry.is_tuned == tuned]

    def method_identity(self, names: Names) -> str:
        return self._identity(names.method)

    def _identity_of_run(self, folder: str) -> str:
        entry = self.plan.run(folder)
        protocol = self.plan.benchmark.protocol(entry.study, entry.method, entry.tuning(folder).seed)
        return canonical_json(entry.method.identity(protocol))

    def split_file(self, suffix: str) -> Files:
        """A file of the split that a run is evaluated on."""

        def files(names: Names) -> list[str]:
            return [str(self._split(self.plan.run(names.method), names.dataset, names.split_seed, suffix))]

        return files

    def read_by_run(self, suffix: str, of_tuning: bool = False) -> Files:
        """The files with this suffix that tuning, or a fit, reads: of its split, and of what is computed from that."""

        def files(names: Names) -> list[str]:
            entry = self.plan.run(names.method)
            if of_tuning and not entry.is_tuned:
                return []
            seed = entry.tuning(names.method).seed if of_tuning else names.split_seed
            computed = [file.with_suffix(suffix) for file in self.plan.computed(entry, names.dataset, seed)]
            return list(map(str, [self._split(entry, names.dataset, seed, suffix), *computed]))

        return files

    def _split(self, entry: MethodEntry, dataset: str, seed: int | str, suffix: str) -> Path:
        return self.plan.split(entry, dataset, seed) / f"split{suffix}"

    # further metrics of a fit

    def further_metrics(self, names: Names) -> str:
        return canonical_json(self.plan.further_metrics(names.further))

    def vectors(self, names: Names) -> list[str]:
        """The vectors that a fit left, by which it is scored. Nothing for an imported run: it must not be trained again
        without being asked, and its job says why it fails. (An error here would be taken for a rule that makes
        something else.)"""
        fit = paths.fit(names.dataset, names.method, names.split_seed, names.init_seed)
        done = paths.further(fit, self.plan.further_metrics(names.further)).is_file()
        return [] if paths.is_imported(fit) and not done else [str(fit / paths.FITTED)]

    # decompositions

    def spectral_method(self, artefact: str) -> str:
        """Run folder of a method that reads the decomposition."""
        for folder, entry in self.plan.runs.items():
            if (spectrum_artefact(entry.method) or [None])[0] == artefact:
                return folder
        raise DotbenchError(f"decomposition '{artefact}': no method of the configuration reads it")

    def spectrum_content(self, names: Names) -> str:
        artefact = spectrum_artefact(self.plan.method(self.spectral_method(names.artefact)))
        assert artefact is not None
        return canonical_json(artefact[1])

    # simulations

    def simulation_identity(self, names: Names) -> str:
        return canonical_json(self.plan.job(names.simulation, names.label)[0].identity())

    def job_content(self, names: Names) -> str:
        job = self.plan.job(names.simulation, names.label)[1]
        return canonical_json({"settings": job.settings, "modules": job.modules, "gpu": job.gpu})

    # tables, figures, comparisons

    def of_kind(self, kind: type[Kind]) -> dict[str, Files]:
        """Name → what of it a table or figure of a kind reads."""
        readers: dict[str, Files] = {
            "metrics": self.run_files("metrics.json", further=".json"),
            "per_user": self.run_files("per_user.parquet", further=".parquet"),
            "curves": self.run_files("curve.csv"),
            "chosen": self.tuning_files("chosen.json"),
            "trials": self.tuning_files("trials.csv"),
            "statistics": self.statistics,
            "splits": self.splits,
            "features": self.shown_features,
            "simulations": self.simulation_files,
        }
        return {name: readers[name] for name in kind.reads}

    def run_files(self, name: str, further: str | None = None) -> Files:
        """A file of every reported run that a table or figure shows. ``further``: ending of the file of its further
        metrics."""

        def files(names: Names) -> list[str]:
            entries = self.shown_entries(names)
            own = [fit / name for entry in entries for fit in self.plan.fits(entry)]
            more = [file for entry in entries if further for file in self.plan.further_files(entry, further)]
            return list(map(str, [*own, *more]))

        return files

    def tuning_files(self, name: str) -> Files:
        """A file of the tunings of every method that a table or figure shows."""
        return lambda names: [
            str(paths.run(entry.dataset, folder) / name)
            for entry in self.shown_entries(names)
            for folder in entry.folders
        ]

    def statistics(self, names: Names) -> list[str]:
        datasets = dict.fromkeys(entry.dataset for entry in self.shown_entries(names))
        return [str(paths.data(dataset) / "stats.json") for dataset in datasets]

    def splits(self, names: Names) -> list[str]:
        """Manifests of splits, from which tables tell who is unseen. None for the default split."""
        files = [
            str(self.plan.split(entry, entry.dataset, seed) / "split.json")
            for entry in self.shown_entries(names)
            for seed in self.plan.benchmark.seeds
            if not entry.splitter.is_default
        ]
        return list(dict.fromkeys(files))

    def shown_features(self, names: Names) -> list[str]:
        return [str(file) for file in self.plan.item_features(self.plan.study(names.study), names.report_item)]

    def simulation_files(self, names: Names) -> list[str]:
        """Rows of every job of the simulations that a table or figure shows. Their records are targets beside it (see
        `Plan.records`): a plan costs in proportion to the inputs."""
        rows = [entry.rows(label) for entry in self.shown_simulations(names) for label in entry.jobs]
        return list(map(str, dict.fromkeys(rows)))

    def shown_entries(self, names: Names) -> list[MethodEntry]:
        """The methods that the table, the figure, paper-versus-ours or the page of claims shows."""
        return self.plan.shown_entries(self.plan.study(names.study), names.get("report_item"))

    def shown_simulations(self, names: Names) -> list[SimulationEntry]:
        """The simulations that the table, the figure, paper-versus-ours or the page of claims shows."""
        return self.plan.shown_simulations(self.plan.study(names.study), names.get("report_item"))

    def contents(self, names: Names) -> str:
        study = self.plan.study(names.study)
        return canonical_json(self.plan.contents(study, names.get("report_item")).to_json())

    def site_assets(self, names: Names) -> list[str]:
        """The template, style and scripts of the page, which are no modules."""
        return sorted(os.path.relpath(file) for file in (PAPERS.parent / "site" / "assets").iterdir())

    def configuration(self, names: Names) -> str:
        return canonical_json(self.plan.benchmark.stated())

    def published(self, names: Names) -> list[str]:
        """The published numbers and the claims of a study's paper."""
        key = str(self.plan.study(names.study).published)
        files = [published_path(key), claims_path(key)]
        return [os.path.relpath(file) for file in files if file.is_file()]

    def claims_code(self, names: Names) -> list[str]:
        """What decides claims, the paper's own arguments among it."""
        own = argument_module(str(self.plan.study(names.study).published))
        return [*self.kind_code("claims", ClaimsPage)(names), *(self.code("claims", own) if own else [])]

    def made_as(self, kind: type[Kind], part: str) -> str:
        """A pattern of the tables or figures that are made in one way. If there are none, nothing matches the
        pattern."""
        made = [
            rf"(?<=/{study.name}/{part}/){item.name}"
            for study in self.plan.studies()
            for item in getattr(study, part)
            if item.kind == kind.name
        ]
        return one_of(made)

    def of_target(self, target: str) -> Files:
        """The files of a target that is named on the command line."""
        return lambda names: self.plan.target(target)


def one_of(names: list[str]) -> str:
    """A pattern that matches these names only. Without names, nothing matches it."""
    return "|".join(names) or "(?!)"
