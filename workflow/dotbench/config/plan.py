"""What a configuration asks for: its runs, and the tables and figures made from them."""

import itertools
import os
import sys
from functools import cached_property
from pathlib import Path

from dotbench import paths
from dotbench.config.runs import MethodEntry, RunPlan
from dotbench.datasets.catalogue import load_dataset
from dotbench.errors import DotbenchError
from dotbench.reporting.contents import Contents, SplitFacts
from dotbench.reporting.published import load_published
from dotbench.reporting.records import MethodRuns
from dotbench.simulations.entry import SimulationEntry
from dotbench.studies.base import ReportItem, Study

PACKAGES = Path(__file__).parents[2]
TABLE_FORMATS = ("csv", "md", "tex", "html")
COMPARISON = "paper_vs_ours"


class Plan(RunPlan):
    """The runs of a configuration, and its tables and figures. Cheap: no data, no numerical library."""

    # which tables and figures there are

    def report_items(self, study: type[Study]) -> list[ReportItem]:
        """The tables and figures of a study that the configuration has methods, or the simulation, for."""
        return [item for item in (*study.tables, *study.figures) if self._can_make(study, item)]

    def _can_make(self, study: type[Study], item: ReportItem) -> bool:
        """Whether there is a method, or the simulation, that a table or figure is about."""
        if item.simulation:
            return any(entry.simulation.name == item.simulation for entry in self.study_simulations(study.name))
        if item.split not in (None, self.splitter_of(study).name):
            return False
        methods = [entry.method for entry in self.study_entries(study.name)]
        wanted = item.needs or item.shows
        return any(wanted(*method.names) and item.reads(method.features) for method in methods)

    def report_item(self, study: type[Study], name: str) -> ReportItem:
        """A table or figure by name. Raises DotbenchError if the configuration has no method for it."""
        for item in self.report_items(study):
            if item.name == name:
                return item
        item = next(item for item in (*study.tables, *study.figures) if item.name == name)
        kind = "simulation" if item.simulation else "method"
        where = f" on the split '{item.split}'" if item.split else ""
        where += f" with the features '{item.features}'" if item.features else ""
        has = f"the configuration '{self.benchmark.name}' has no {kind}{where} that it is about"
        raise DotbenchError(f"'{name}' of the study '{study.name}' cannot be made: {has}")

    # what they show

    def item_entries(self, study: type[Study], name: str) -> list[MethodEntry]:
        """The methods that a table or figure shows."""
        item = self.report_item(study, name)
        if item.simulation:
            return []
        return [
            entry
            for entry in self.study_entries(study.name)
            if item.shows(*entry.method.names) and item.reads(entry.method.features)
        ]

    def item_simulations(self, study: type[Study], name: str) -> list[SimulationEntry]:
        """The simulations that a table or figure shows."""
        shown = self.report_item(study, name).simulation
        return [entry for entry in self.study_simulations(study.name) if entry.simulation.name == shown]

    def item_features(self, study: type[Study], name: str) -> list[Path]:
        """Manifests of the features whose tables a table or figure shows: one for each dataset, of the first seed."""
        item = self.report_item(study, name)
        entries = self.item_entries(study, name) if item.features else []
        folders = dict.fromkeys(self.split(entry, entry.dataset, self.benchmark.seeds[0]) for entry in entries)
        return [paths.features(folder, str(item.features)).with_suffix(".json") for folder in folders]

    def published_simulations(self, study: type[Study]) -> list[SimulationEntry]:
        """The simulations that the published numbers of a study are about; all of a study without any."""
        entries = self.study_simulations(study.name)
        if not study.published:
            return entries
        about = {method.simulation for method in load_published(study.published).methods}
        return [entry for entry in entries if entry.simulation.name in about]

    def contents(self, study: type[Study], name: str | None = None) -> Contents:
        """What a table or figure of the study shows; without a name, what paper-versus-ours does: all methods of the
        study, and the simulations that the published numbers are about."""
        item = self.report_item(study, name) if name else None
        entries = self.item_entries(study, name) if name else self.study_entries(study.name)
        simulations = self.item_simulations(study, name) if name else self.published_simulations(study)
        splitter, seeds = self.splitter_of(study), self.benchmark.seeds
        return Contents(
            name=self.benchmark.name,
            study=study.name,
            report_item=item.name if item else "",
            kind=item.kind if item else "",
            title=item.title if item else "",
            grid=self.benchmark.grid,
            published=study.published,
            task=study.task,
            metrics=self.metrics_of(study),
            validation_metric=self.validation_metric(study),
            seeds=seeds,
            tuning_seed=self.benchmark.tuning_seed,
            split=SplitFacts.of(splitter),
            runs=[
                MethodRuns(entry.dataset, entry.method.label, entry.folder, seeds, self.further(study))
                for entry in entries
            ],
            simulations=[entry.described() for entry in simulations],
            features=item.features if item else None,
            titles=self.titles(entries),
            **self.benchmark.presentation(study),
        )

    def titles(self, entries: list[MethodEntry]) -> dict[str, str]:
        """Dataset of the entries → its full name, where its definition has one."""
        found = {name: load_dataset(name).title for name in dict.fromkeys(entry.dataset for entry in entries)}
        return {name: title for name, title in found.items() if title}

    # files and targets

    def item_files(self, study: type[Study], item: ReportItem) -> list[str]:
        """The files of a table, or one of a figure's."""
        if item in study.figures:
            return [str(paths.figures(self.benchmark.name, study.name) / f"{item.name}.pdf")]
        tables = paths.tables(self.benchmark.name, study.name)
        return [str(tables / f"{item.name}.{kind}") for kind in TABLE_FORMATS]

    def comparison_files(self, study: type[Study]) -> list[str]:
        """Paper-versus-ours, of a study with published numbers about something that the configuration has."""
        same_split = study.published_split in (None, self.splitter_of(study).name)
        entries = self.study_entries(study.name) if same_split else []
        if not study.published or not (entries or self.published_simulations(study)):
            return []
        folder = paths.study(self.benchmark.name, study.name)
        return [str(folder / f"{COMPARISON}.{kind}") for kind in ("csv", "md", "html")]

    def targets(self, study: type[Study]) -> list[str]:
        """Tables and figures of a study that the configuration has methods for, and paper-versus-ours."""
        files = [self.item_files(study, item) for item in self.report_items(study) if not item.on_request]
        return [*itertools.chain(*files), *self.comparison_files(study)]

    def everything(self) -> list[str]:
        """What a run makes that names nothing: the targets of every study that is not for requests alone, and, if there
        are any, the page of the results."""
        shown = self.shown()
        return [*shown, *([self.site()] if shown else [])]

    def shown(self) -> list[str]:
        """What the page of the results shows for certain: the targets of every study that is not for requests alone."""
        wanted = [study for study in self.studies() if study.name not in self.on_request]
        return [target for study in wanted for target in self.targets(study)]

    def site(self) -> str:
        """The page of the results."""
        return str(paths.RESULTS / self.benchmark.name / "index.html")

    @cached_property
    def on_request(self) -> set[str]:
        """The studies that are made by name alone."""
        return {choice.study for choice in self.benchmark.studies if choice.on_request}

    def named_targets(self) -> dict[str, list[str]]:
        """Name on the command line → files: every study, each of its tables and figures (`<study>_<name>`), and
        paper-versus-ours. Those that the configuration has no methods for have no files."""
        targets = {}
        for study in self.studies():
            targets[study.name] = self.targets(study)
            made = self.report_items(study)
            for item in (*study.tables, *study.figures):
                targets[f"{study.name}_{item.name}"] = self.item_files(study, item) if item in made else []
            if study.published:
                targets[f"{study.name}_{COMPARISON}"] = self.comparison_files(study)
        return targets

    # what its jobs are told of the machine

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
