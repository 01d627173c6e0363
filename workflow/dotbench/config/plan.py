"""What a configuration asks for: its runs, and the tables and figures made from them."""

import itertools
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from pathlib import Path

from dotbench import paths
from dotbench.config.runs import MethodEntry, RunPlan
from dotbench.datasets.catalogue import load_dataset
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.language import claims_path
from dotbench.reporting.contents import Contents, SplitFacts
from dotbench.reporting.kind import Kind, Reads, figure_kinds, table_kinds
from dotbench.reporting.published import load_published
from dotbench.reporting.records import MethodRuns
from dotbench.simulations.entry import SimulationEntry
from dotbench.studies.base import ReportItem, Study

ALL_READS: tuple[Reads, ...] = ("metrics", "chosen")  # of runs, by paper-versus-ours and claims
TABLE_FORMATS = ("csv", "md", "tex", "html")
COMPARISON, CLAIMS = "paper_vs_ours", "claims"


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
        """The simulations that the published numbers of a study are about. All simulations if the study has no
        published numbers."""
        entries = self.study_simulations(study.name)
        if not study.published:
            return entries
        about = _published_simulations(study.published)
        return [entry for entry in entries if entry.simulation.name in about]

    def shown_entries(self, study: type[Study], name: str | None) -> list[MethodEntry]:
        """The methods that a table or figure shows. Without a name: all methods of the study, for paper-versus-ours.
        For CLAIMS: the methods on the split of the published numbers."""
        if name == CLAIMS:
            same_split = study.published_split in (None, self.splitter_of(study).name)
            return self.study_entries(study.name) if same_split else []
        return self.item_entries(study, name) if name else self.study_entries(study.name)

    def shown_simulations(self, study: type[Study], name: str | None) -> list[SimulationEntry]:
        """The simulations that a table or figure shows. For paper-versus-ours: those that the published numbers are
        about. For CLAIMS: all of the study."""
        if name == CLAIMS:
            return self.study_simulations(study.name)
        return self.item_simulations(study, name) if name else self.published_simulations(study)

    def contents(self, study: type[Study], name: str | None = None) -> Contents:
        """What a table or figure of the study shows, or paper-versus-ours, without a name, or CLAIMS."""
        item = self.report_item(study, name) if name not in (None, CLAIMS) else None
        entries, simulations = self.shown_entries(study, name), self.shown_simulations(study, name)
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
            tuning=self.benchmark.tunings[study.name],
            tuning_seed=self.benchmark.tuning_seed,
            split=SplitFacts.of(splitter),
            runs=[
                MethodRuns(entry.dataset, entry.method.label, entry.folders_by_seed, seeds, self.further(study))
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

    def claim_files(self, study: type[Study]) -> list[str]:
        """The page of claims, of a study with claims and something that may decide them."""
        shown = self.shown_entries(study, CLAIMS) or self.shown_simulations(study, CLAIMS)
        if not (shown and study.published and claims_path(study.published).is_file()):
            return []
        folder = paths.study(self.benchmark.name, study.name)
        return [str(folder / f"{CLAIMS}.{kind}") for kind in ("csv", "md", "html")]

    def targets(self, study: type[Study]) -> list[str]:
        """Tables and figures of a study that the configuration has methods for, paper-versus-ours, and claims."""
        files = [self.item_files(study, item) for item in self.report_items(study) if not item.on_request]
        return [*itertools.chain(*files), *self.comparison_files(study), *self.claim_files(study)]

    def everything(self) -> list[str]:
        """What a run makes that names nothing: the targets of every study that is not for requests alone, what they are
        made from, and, if there are any, the page of the results."""
        shown = self.shown()
        records = [record for study in self._wanted() for record in self.records(study)]
        return [*dict.fromkeys([*shown, *records]), *([self.site()] if shown else [])]

    def shown(self) -> list[str]:
        """What the page of the results shows for certain: the targets of every study that is not for requests alone."""
        return [target for study in self._wanted() for target in self.targets(study)]

    def _wanted(self) -> list[type[Study]]:
        return [study for study in self.studies() if study.name not in self.on_request]

    def records(self, study: type[Study], item: str | None = None) -> list[str]:
        """The records that a table or figure of a study is made from, or all its targets: of data, splits, tunings,
        fits, metrics and simulations.

        They are targets beside what is made from them. A table that is there keeps Snakemake from asking for its
        inputs: where every job that an edit calls for was killed, it would find nothing to do the next time.
        """
        if item is not None:
            return self._records(study, item)
        parts: list[str | None] = [one.name for one in self.report_items(study) if not one.on_request]
        parts += [None] if self.comparison_files(study) else []
        parts += [CLAIMS] if self.claim_files(study) else []
        return list(dict.fromkeys(file for part in parts for file in self._records(study, part)))

    def _records(self, study: type[Study], name: str | None) -> list[str]:
        """What `shown_entries` and `shown_simulations` of the name stand on, as far as it is read."""
        entries = self.shown_entries(study, name)
        reads = ALL_READS if name in (None, CLAIMS) else self.kind(study, self.report_item(study, str(name))).reads
        files = [paths.data(e.dataset) / "stats.json" for e in entries]
        if not {"metrics", "per_user", "curves"}.isdisjoint(reads):
            files += [file for e in entries for file in self._fit_records[study.name, e.dataset, e.method.label]]
        if not {"metrics", "per_user", "curves", "chosen", "trials"}.isdisjoint(reads):
            files += [file for e in entries for file in self._tuning_records(e)]
        if "features" in reads and name not in (None, CLAIMS):
            files += self.item_features(study, str(name))
        files += [file for e in self.shown_simulations(study, name) for file in self._job_records[e.folder]]
        return list(map(str, dict.fromkeys(files)))

    def kind(self, study: type[Study], item: ReportItem) -> type[Kind]:
        """How a table or figure of a study is made."""
        kinds: Mapping[str, type[Kind]] = figure_kinds() if item in study.figures else table_kinds()
        return kinds[item.kind]

    @cached_property
    def _job_records(self) -> dict[str, list[Path]]:
        """Folder of a simulation → the records of its jobs."""
        return {e.folder: [e.rows(label).with_suffix(".json") for label in e.jobs] for e in self.simulations}

    @cached_property
    def _fit_records(self) -> dict[tuple[str, str, str], list[Path]]:
        """(study, dataset, label) → the records of the fits and of what they read. Imported runs come with those
        of their splits, and without those of decompositions and features, which they do not need."""
        return {(e.study.name, e.dataset, e.method.label): self._records_of_fits(e) for e in self.entries}

    def _records_of_fits(self, entry: MethodEntry) -> list[Path]:
        files = self.further_files(entry, ".json")
        for seed, fit in zip(self.benchmark.seeds, self.fits(entry), strict=True):
            files += [fit / "fit.json", fit / "metrics.json", *self._split_records(entry, seed, paths.is_imported(fit))]
        return files

    def _tuning_records(self, entry: MethodEntry) -> list[Path]:
        """The records of tunings, and those of what they read; with imported fits came the choice."""
        files = []
        for tuning in entry.tunings:
            files.append(paths.run(entry.dataset, tuning.folder) / "chosen.json")
            if entry.is_tuned:
                imported = any(map(paths.is_imported, self.fits_of(entry, tuning)))
                files += self._split_records(entry, tuning.seed, imported)
        return files

    def _split_records(self, entry: MethodEntry, seed: int, imported: bool) -> list[Path]:
        """The manifests of a split and of what a method reads that is computed from it."""
        computed = [] if imported else self.computed(entry, entry.dataset, seed)
        return [
            self.split(entry, entry.dataset, seed) / "split.json",
            *(file.with_suffix(".json") for file in computed),
        ]

    def site(self) -> str:
        """The page of the results."""
        return str(paths.RESULTS / self.benchmark.name / "index.html")

    @cached_property
    def on_request(self) -> set[str]:
        """The studies that are made by name alone."""
        return {choice.study for choice in self.benchmark.studies if choice.on_request}

    def named_targets(self) -> dict[str, list[str]]:
        """Name on the command line → files: every study, each of its tables and figures (`<study>_<name>`),
        paper-versus-ours and claims. Those that the configuration has no methods for have no files."""
        return {name: files() for name, files in self.makers().items()}

    def makers(self) -> dict[str, Callable[[], list[str]]]:
        """Name of `named_targets` → what tells its files: there are many, and few are asked for."""
        makers: dict[str, Callable[[], list[str]]] = {}
        for study in self.studies():
            makers[study.name] = partial(self._study_files, study)
            for item in (*study.tables, *study.figures):
                makers[f"{study.name}_{item.name}"] = partial(self._item_target, study, item)
            if study.published:
                compared, claimed = self.comparison_files(study), self.claim_files(study)
                makers[f"{study.name}_{COMPARISON}"] = partial(self._with_records, study, None, compared)
                makers[f"{study.name}_{CLAIMS}"] = partial(self._with_records, study, CLAIMS, claimed)
        return makers

    def target(self, name: str) -> list[str]:
        """The files of a name of `named_targets`. Raises DotbenchError where the configuration can make none."""
        if files := self.makers()[name]():
            return files
        study, _, item = name.partition("_")
        if item and item not in (COMPARISON, CLAIMS):
            self.report_item(self.study(study), item)
        raise DotbenchError(f"'{name}' cannot be made: the configuration has nothing that it shows")

    def _study_files(self, study: type[Study]) -> list[str]:
        return [*self.targets(study), *self.records(study)]

    def _item_target(self, study: type[Study], item: ReportItem) -> list[str]:
        made = item in self.report_items(study)
        return self._with_records(study, item.name, self.item_files(study, item) if made else [])

    def _with_records(self, study: type[Study], name: str | None, files: list[str]) -> list[str]:
        """The files and what they are made from, if there are any."""
        return [*files, *self._records(study, name)] if files else []

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
            "PYTHONPATH": paths.python_path(),
            "DOTBENCH_ACCEPT_UNVERIFIED": ",".join(filter(None, [inherited, *accepted])),
        }
        if benchmark.data_dir and not os.environ.get("DOTBENCH_DATA"):
            variables["DOTBENCH_DATA"] = benchmark.data_dir
        return variables


@cache
def _published_simulations(key: str) -> set[str | None]:
    """The simulations that the published numbers of a paper are about."""
    return {method.simulation for method in load_published(key).methods}
