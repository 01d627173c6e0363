"""A configuration: which studies run on which datasets with which methods and seeds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from dotbench.config.features import check_features
from dotbench.config.simulation import SimulationChoice, resolve_simulation
from dotbench.config.split import check_method, resolve_split
from dotbench.datasets.definition import Name
from dotbench.datasets.splits.base import DEFAULT, Splitter
from dotbench.errors import DotbenchError, warn
from dotbench.evaluation.metrics.base import WATCHED, parse_metric
from dotbench.registry import PAPERS, papers, unknown
from dotbench.reporting.layout import Layout
from dotbench.reporting.method_columns import ColumnName
from dotbench.runs.method import Method, MethodChoice, WrongChoice, resolve
from dotbench.settings import Seed, Settings, dotted, explain, without_later
from dotbench.simulations.base import Simulation
from dotbench.studies.base import studies
from dotbench.tuning.grid import GridName
from dotbench.tuning.halving import Halving
from dotbench.tuning.mode import TuningMode
from dotbench.yaml_lines import KeyPath, place, read_yaml

RESERVED = ("data", "runs", "checkpoints", "studies", "code")
REDUCED = {"papers": "reduced"}  # an entry of `studies`


def or_short(form: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """For the JSON Schema of a list: its items may have a short form too."""

    def extend(schema: dict[str, Any]) -> None:
        schema["items"] = {"anyOf": [schema["items"], form]}

    return extend


def reduced_studies() -> list[dict[str, Any]]:
    """The study that each paper offers by name, reduced to minutes: `papers/<key>/reduced.yaml`."""
    files = [PAPERS / key / "reduced.yaml" for key in papers()]
    return [{"on_request": True, **read_yaml(file)} for file in files if file.is_file()]


def _no_repeats(names: list[str]) -> list[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"'{repeated[0]}' is listed more than once")
    return names


Once = AfterValidator(_no_repeats)


class DatasetUse(Settings):
    """A dataset. In a configuration its name alone is enough."""

    name: Name = Field(description="a name of `dotbench list datasets`")
    accept_unverified: bool = Field(False, description="accept a local copy whose digest differs from the official one")


class StudyMethod(MethodChoice):
    """A method of a study. Several may share a label if no dataset has two of them: one method, set differently."""

    datasets: Annotated[list[Name], Once] | None = Field(
        None, min_length=1, description="which datasets of the study it runs on; absent: all of them"
    )


class StudyChoice(Settings):
    """A study: the methods that it compares, the simulations that it runs, or both."""

    study: str = Field(description="a name of `dotbench list studies`")
    on_request: bool = Field(
        False, description="true: it runs only when you name the study, or one of its tables or figures"
    )
    datasets: Annotated[list[Name], Once] | None = Field(
        None, min_length=1, description="which datasets of the configuration it uses; absent: all of them"
    )
    split: str | dict[str, Any] = Field(
        DEFAULT, description="a name of `dotbench list splits`, or `kind` with its settings: `{kind: k-fold, folds: 5}`"
    )
    metrics: list[str] | None = Field(
        None,
        min_length=1,
        description="metrics of the tables, e.g. `[ndcg@20, recall@20, mrr]`: names of `dotbench list metrics` with a "
        "cut-off, in the order of the columns; absent: the study's own",
    )
    validation_metric: str | None = Field(
        None,
        description="metric on the validation part that ends training early and chooses the epoch and the "
        "hyperparameters; absent: `ndcg@10`, in rating studies `rmse`",
    )
    layout: Layout | None = Field(
        None,
        description="layout of the tables of methods: `long` has a line for each dataset and method, `wide` a line "
        "for each method with the datasets side by side; absent: each table's own",
    )
    columns: Annotated[list[ColumnName], Once] | None = Field(
        None,
        description="columns of the tables of methods beside the means, in this order; `[]`: means only; absent: "
        "each table's own",
    )
    size: Literal["single", "double"] = Field(
        "double",
        description="width of figures and tables: one column of a page with two, or both",
    )
    tuning: TuningMode | None = Field(
        None,
        description="how the hyperparameters of its methods are chosen, `nested` or `single`; absent: as the "
        "configuration says",
    )
    refit: bool = Field(
        False,
        description="train every reported fit again on training and validation pairs together, with the chosen "
        "settings and for as many epochs as validation found best; this doubles the time of a fit",
    )
    halving: Halving | None = Field(
        None,
        description="tune by successive halving where training can pause; absent: every setting is trained to the end",
    )
    methods: list[StudyMethod] = Field(
        default=[], min_length=1, validate_default=False, description="methods to compare; needed without `simulations`"
    )
    simulations: list[SimulationChoice] = Field(
        default=[],
        min_length=1,
        validate_default=False,
        description="many small fits on generated data; needed without `methods`",
    )

    @field_validator("split", mode="before")
    @classmethod
    def _name_or_mapping(cls, value: Any) -> Any:
        if not isinstance(value, str | dict):
            raise ValueError("allowed is a name of `dotbench list splits`, or a mapping of 'kind' and its settings")
        return value

    @model_validator(mode="after")
    def _something(self) -> "StudyChoice":
        if not self.methods and not self.simulations:
            raise ValueError("needs 'methods', 'simulations', or both")
        if not self.methods and (self.layout or self.columns is not None):
            key = "layout" if self.layout else "columns"
            raise ValueError(f"'{key}' is about tables of methods, and the study has no 'methods'")
        return self


class Benchmark(Settings):
    """The whole configuration. Lists, never mappings keyed by name: Snakemake merges mappings of several files."""

    name: Name = Field(description="name of the folder of the results, `results/<name>/`")
    datasets: list[DatasetUse] = Field(
        default=[],
        description="names of `dotbench list datasets`; none if no study has `methods`",
        json_schema_extra=or_short({"type": "string"}),
    )
    studies: list[StudyChoice] = Field(
        min_length=1,
        description="studies; `papers: reduced` stands for the reduced study of every paper that offers one",
        json_schema_extra=or_short({"const": REDUCED}),
    )
    seeds: list[Seed] = Field(
        [0, 1, 2, 3, 4], min_length=1, description="reported seeds; each names a split and an initialisation"
    )
    grid: GridName = Field(
        "paper",
        description="which grid is searched: `reduced`, `paper` or `extended`; a method without a grid of that name "
        "uses the nearest one",
    )
    tuning: TuningMode = Field(
        "nested",
        description="how hyperparameters are chosen. `nested`: anew for each seed, on the validation part of its own "
        "split, so that no choice has seen a test pair of its seed; there are as many tunings as seeds. `single`: "
        "once, on the split of `tuning_seed`; this is cheap, but training and validation pairs of that split are test "
        "pairs of the reported ones",
    )
    tuning_seed: Seed = Field(
        1000,
        description="with `tuning: single`, the seed of the split and the initialisation of tuning; not among `seeds`",
    )
    threads: int = Field(1, ge=1, description="threads of a fit; results are bit-equal only for the same number")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where fits run; auto takes a GPU if there is one"
    )
    timing: Literal["exclusive", "shared"] = Field(
        "exclusive",
        description="`exclusive`: a fit whose times are shown has the machine (on a cluster, the node) to itself; "
        "`shared`: other jobs run at the same time, and its times are marked",
    )
    data_dir: str | None = Field(
        None,
        description="folder with your copies of public datasets; the environment variable DOTBENCH_DATA replaces it",
    )

    @field_validator("datasets", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [{"name": item} if isinstance(item, str) else item for item in value]
        return value

    @field_validator("studies", mode="before")
    @classmethod
    def _reduced_papers(cls, value: Any) -> Any:
        """`papers: reduced` stands for the reduced study of every paper that offers one and is not listed itself."""
        if not isinstance(value, list) or REDUCED not in value:
            return value
        listed = [choice.get("study") for choice in value if isinstance(choice, dict)]
        offered = [choice for choice in reduced_studies() if choice["study"] not in listed and _usable(choice)]
        return [choice for given in value for choice in (offered if given == REDUCED else [given])]

    @field_validator("name")
    @classmethod
    def _free(cls, value: str) -> str:
        if value in RESERVED:
            raise ValueError(f"results/{value} holds what all configurations share; choose another name")
        return value

    @field_validator("datasets")
    @classmethod
    def _once(cls, value: list[DatasetUse]) -> list[DatasetUse]:
        _no_repeats([use.name for use in value])
        return value

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: list[int]) -> list[int]:
        if len(set(value)) < len(value):
            raise ValueError("seeds must be different whole numbers, 0 or more")
        return value

    def stated(self) -> dict[str, Any]:
        """What the configuration says, without defaults, in plain types: a file of it reads back to the same."""
        return self.model_dump(mode="json", exclude_unset=True)

    @cached_property
    def plans(self) -> list[tuple[Any, list[str], list[Method]]]:
        """(study, its datasets, its resolved methods) in the order of the configuration."""
        everything = [use.name for use in self.datasets]
        return [
            (
                studies()[choice.study],
                choice.datasets or everything,
                [
                    replace(resolve(method, self.grid), validation_metric=choice.validation_metric, refit=choice.refit)
                    for method in choice.methods
                ],
            )
            for choice in self.studies
        ]

    @cached_property
    def entries(self) -> list[tuple[Any, str, Method]]:
        """(study, dataset, method) of everything that is compared, in the order of the configuration."""
        return [
            (study, dataset, method)
            for choice, (study, datasets, methods) in zip(self.studies, self.plans, strict=True)
            for dataset in datasets
            for entry, method in zip(choice.methods, methods, strict=True)
            if entry.datasets is None or dataset in entry.datasets
        ]

    @cached_property
    def splitters(self) -> dict[str, Splitter]:
        """Study → the splitter of its pairs."""
        return {choice.study: resolve_split(choice.split, studies()[choice.study].task) for choice in self.studies}

    @cached_property
    def metrics(self) -> dict[str, list[str]]:
        """Study → the metrics of its tables."""
        return {choice.study: choice.metrics or list(studies()[choice.study].metrics) for choice in self.studies}

    @cached_property
    def validation_metrics(self) -> dict[str, str]:
        """Study → the metric that ends training early and chooses settings."""
        return {
            choice.study: choice.validation_metric or WATCHED[studies()[choice.study].task] for choice in self.studies
        }

    @cached_property
    def tunings(self) -> dict[str, TuningMode]:
        """Study → how the hyperparameters of its methods are chosen."""
        return {choice.study: choice.tuning or self.tuning for choice in self.studies}

    @cached_property
    def simulations(self) -> list[tuple[str, Simulation]]:
        """(label, simulation) of every simulation, in the order of the configuration."""
        return [
            (entry.label or simulation.title, simulation)
            for choice in self.studies
            for entry in choice.simulations
            for simulation in [resolve_simulation(entry, choice.study)]
        ]

    def presentation(self, study: Any) -> dict[str, Any]:
        """What a study says of the look of its tables and figures."""
        [choice] = [choice for choice in self.studies if choice.study == study.name]
        return {"layout": choice.layout, "columns": choice.columns, "size": choice.size}

    def of_studies(self, names: Collection[str]) -> "Benchmark":
        """The same configuration with these studies alone."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        kept = [choice for choice in self.studies if choice.study in names]
        return type(self).model_construct(**{**values, "studies": kept})

    def tuning_seeds(self, study: Any, method: Method) -> dict[int, list[int]]:
        """Seed of a split that a method is tuned on → the reported seeds that are fitted with this choice. A method
        with one setting is not tuned, and its runs are the same whatever the study says."""
        if self.tunings[study.name] == "nested" and len(method.trials()) > 1:
            return {seed: [seed] for seed in self.seeds}
        return {self.tuning_seed: self.seeds}

    def protocol(self, study: Any, method: Method, tuning_seed: int) -> dict[str, Any]:
        """What of the protocol the digest of a method's runs covers; the default split is left out, and so are the
        default validation metric and halving of what cannot be halved. ``tuning_seed``: names the split of tuning."""
        splitter = self.splitters[study.name]
        protocol = {"task": study.task, "tuning_seed": tuning_seed}
        protocol |= {} if splitter.is_default else {"split": splitter.identity()}
        watched = self.validation_metrics[study.name]
        protocol |= {} if watched == WATCHED[study.task] else {"validation_metric": watched}
        protocol |= {"refit": True} if method.refit else {}
        halving = next(choice.halving for choice in self.studies if choice.study == study.name)
        if halving and method.solver is not None and method.solver.halves and len(method.trials()) > 1:
            protocol["halving"] = without_later(halving.model_dump(), Halving)
        return protocol


def parse_benchmark(values: dict[str, Any], files: list[Path]) -> Benchmark:
    """Validate a configuration. ``files`` are where its values come from, the last one winning.

    Raises DotbenchError with the file, line and key of every problem.
    """
    for file in files:
        read_yaml(file)  # Snakemake's reader takes the last of two equal keys, ours refuses them

    def fail(problems: list[tuple[KeyPath, str]]) -> DotbenchError:
        return DotbenchError(
            "\n".join(f"{place(files, path)}: key '{dotted(path)}': {message}" for path, message in problems)
        )

    try:
        benchmark = Benchmark.model_validate(values)
    except ValidationError as error:
        raise fail(explain(error, Benchmark)) from None
    if "single" in benchmark.tunings.values() and benchmark.tuning_seed in benchmark.seeds:
        raise fail(
            [
                (
                    ("tuning_seed" if "tuning_seed" in values else "seeds",),
                    f"found {benchmark.tuning_seed}, which is among the reported seeds",
                )
            ]
        )
    names = [choice.study for choice in benchmark.studies]
    if all(choice.on_request for choice in benchmark.studies):
        raise fail([(("studies",), "all studies are 'on_request', so a run without a target would make nothing")])
    for s, study_choice in enumerate(benchmark.studies):
        if study_choice.study in names[:s]:
            raise fail([(("studies", s, "study"), f"found '{study_choice.study}' again; each study has one entry")])
        problems = _study_problems(study_choice, ("studies", s), benchmark)
        if problems:
            raise fail(problems)
    return benchmark


def _study_problems(choice: StudyChoice, path: KeyPath, benchmark: Benchmark) -> list[tuple[KeyPath, str]]:
    if choice.study not in studies():
        return [((*path, "study"), str(unknown("study", choice.study, studies())))]
    study = studies()[choice.study]
    datasets = [use.name for use in benchmark.datasets]
    problems: list[tuple[KeyPath, str]] = []
    for d, name in enumerate(choice.datasets or []):
        if name not in datasets:
            problems.append(((*path, "datasets", d), str(unknown("dataset of this configuration", name, datasets))))
    if choice.methods and not datasets:
        problems.append((("datasets",), f"found none; the methods of the study '{study.name}' need at least one"))
    problems += _metric_problems(choice, path)
    splitter = None
    try:
        splitter = resolve_split(choice.split, study.task)
    except WrongChoice as error:
        problems.append(((*path, "split", *error.key), str(error)))
    if choice.refit and splitter is not None and splitter.validates_by_test:
        problems.append(((*path, "refit"), "the validation part is the test part, on which nothing may be trained"))
    used = choice.datasets or datasets
    labels: dict[tuple[str, str], int] = {}
    for m, method_choice in enumerate(choice.methods):
        entry_path = (*path, "methods", m)
        for d, name in enumerate(method_choice.datasets or []):
            if name not in used:
                problems.append(((*entry_path, "datasets", d), str(unknown("dataset of this study", name, used))))
        try:
            method = resolve(method_choice, benchmark.grid)
            check_features(method)
        except WrongChoice as error:
            problems.append(((*entry_path, *error.key), str(error)))
            continue
        if splitter is not None:
            try:
                check_method(splitter, method)
            except WrongChoice as error:
                problems.append(((*entry_path, *error.key), str(error)))
        if method.task != study.task:
            kind, part = ("loss", method.loss) if method.loss else ("model", method.model)
            message = f"'{part.name}' is a {method.task} {kind}; the study is for {study.task}"
            problems.append(((*entry_path, kind), message))
        runs_on = method_choice.datasets or used
        if taken := [labels[method.label, name] for name in runs_on if (method.label, name) in labels]:
            message = f"has the label '{method.label}' of entry {taken[0]}; give one of them a 'label'"
            problems.append((entry_path, message))
        labels |= {(method.label, name): m for name in runs_on}
    return [*problems, *_simulation_problems(choice, path)]


def _metric_problems(choice: StudyChoice, path: KeyPath) -> list[tuple[KeyPath, str]]:
    task = studies()[choice.study].task
    named = choice.metrics or []
    told: list[tuple[KeyPath, str]] = [((*path, "metrics", k), name) for k, name in enumerate(named)]
    problems: list[tuple[KeyPath, str]] = [
        ((*path, "metrics", k), f"'{name}' is listed more than once")
        for k, name in enumerate(named)
        if name in named[:k]
    ]
    watched = (*path, "validation_metric")
    if choice.validation_metric is not None:
        told.append((watched, choice.validation_metric))
    for key, name in told:
        try:
            metric = parse_metric(name, task)
        except DotbenchError as error:
            problems.append((key, str(error)))
            continue
        if key == watched and not metric.can_be_watched:
            problems.append((key, f"'{name}' does not measure hits, so it cannot end training"))
    return problems


def _simulation_problems(choice: StudyChoice, path: KeyPath) -> list[tuple[KeyPath, str]]:
    problems: list[tuple[KeyPath, str]] = []
    labels: dict[str, int] = {}
    for e, entry in enumerate(choice.simulations):
        entry_path = (*path, "simulations", e)
        try:
            label = entry.label or resolve_simulation(entry, choice.study).title
        except WrongChoice as error:
            problems.append(((*entry_path, *error.key), str(error)))
            continue
        if label in labels:
            problems.append(
                (entry_path, f"has the label '{label}' of entry {labels[label]}; give one of them a 'label'")
            )
        labels[label] = e
    return problems


def _usable(reduced: dict[str, Any]) -> bool:
    """Whether everything is there that a paper's reduced study names. A warning says what is missing."""
    problems: list[tuple[KeyPath, str]] = []
    try:
        choice = StudyChoice.model_validate(reduced)
        if choice.study in studies():
            problems = _simulation_problems(choice, ())
        else:
            problems = [(("study",), str(unknown("study", choice.study, studies())))]
    except ValidationError as error:
        problems = explain(error, StudyChoice)
    if problems:
        warn(f"left out: the reduced study '{reduced['study']}': {problems[0][1]}")
    return not problems


def load_benchmark(files: list[Path]) -> Benchmark:
    """Read configuration files as Snakemake does: later ones override, mappings are merged key by key."""
    return parse_benchmark(merged([read_yaml(path) for path in files]), files)


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The values of all parts: later ones override, mappings are merged key by key."""
    values: dict[str, Any] = {}
    for part in parts:
        _merge(values, part)
    return values


def _merge(base: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
