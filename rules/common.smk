# What the rules share: the validated configuration and the functions of wildcards. No rule stands here.
import os
import sys

from dotbench.datasets.accepted import accepts_counts, accepts_unverified
from dotbench.datasets.catalogue import (
    definition_content,
    definition_files,
    load_dataset,
    parser_of,
)
from dotbench.datasets.generators.base import generators
from dotbench.errors import DotbenchError
from dotbench.features.base import from_label
from dotbench.files import canonical_json
from dotbench.plan import Plan, spectrum_artefact
from dotbench.runs import paths
from dotbench.scheduling import keep_one_clock
from dotbench.settings.benchmark import parse_benchmark
from dotbench.settings.published import published_path
from dotbench.sources import sources
from snakemake.scheduling.job_scheduler import JobScheduler

try:
    # the last file wins: Snakemake lists the default behind those of the command line
    own = [Path(file) for file in workflow.configfiles if not Path(file).samefile(DEFAULT_CONFIG)]
    plan = Plan(parse_benchmark(config, [DEFAULT_CONFIG, *own]))
    definition_files()
except DotbenchError as error:
    sys.exit(f"error: {error}")

os.environ.update(plan.environment())
keep_one_clock(JobScheduler)


wildcard_constraints:
    dataset="[a-z0-9]+(-[a-z0-9]+)*",
    task="ranking|rating",
    seed=r"\d+",
    variant="(?:-[a-z0-9-]+-[0-9a-f]{10})?",  # of a split; nothing for the default one
    split_seed=r"\d+",
    init_seed=r"\d+",
    method="[a-z0-9-]+-[0-9a-f]{10}",
    artefact="[a-z0-9-]+-[0-9a-f]{10}",
    experiment="[a-z0-9-]+-[0-9a-f]{10}",
    part="[a-z0-9-]+",
    features="[a-z]+(-[a-z]+)*",
    name=plan.benchmark.name,
    study="|".join(study.name for study in plan.studies()),


# The whole machine and a share of it: a fit behind a time axis takes the whole.
WHOLE_MACHINE, SHARE = 100, 1


def stage_sources(stage, *components):
    """Files of the package that a stage uses: its jobs rerun when one of them changes, and only then.

    Relative to the working directory: a checkout that is moved together with its results stays up to date.
    """
    return [os.path.relpath(file) for file in sources(f"dotbench.cli.{stage}", *components)]


def dataset_source(wildcards):
    """The part of a definition that fetching depends on, as canonical JSON."""
    fields = {"source", "licence", "citation"}
    dataset = load_dataset(wildcards.dataset)
    accepted = {"accepted": accepts_unverified(dataset)}
    return canonical_json(dataset.model_dump(mode="json", include=fields) | accepted)


def dataset_definition(wildcards):
    """The part of a definition that preparation depends on, as canonical JSON."""
    dataset = load_dataset(wildcards.dataset)
    accepted = {"accepted": accepts_counts(dataset)} if dataset.published else {}
    return canonical_json(definition_content(dataset) | accepted)


def own_files(wildcards):
    return load_dataset(wildcards.dataset).source.own_files()


def manifest_of(wildcards):
    generated = load_dataset(wildcards.dataset).generated
    return [] if generated else str(paths.manifest(wildcards.dataset))


def manifest_option(wildcards, input):
    return f"--manifest {input.manifest}" if input.manifest else ""


def prepare_sources(wildcards):
    dataset = load_dataset(wildcards.dataset)
    if dataset.generated:
        component = generators()[dataset.source.generator]
    else:
        component = parser_of(dataset)
    return stage_sources("prepare", component.__module__)


def prepared(wildcards):
    """The big file that a split reads; the manifest beside it says when it changed."""
    file = "interactions" if wildcards.task == "ranking" else "ratings"
    return str(paths.data(wildcards.dataset) / f"{file}.parquet")


def split_identity(wildcards):
    return canonical_json(plan.splitter(wildcards.variant).identity())


def split_sources(wildcards):
    return stage_sources("split", type(plan.splitter(wildcards.variant)).__module__)


def feature_sources(wildcards):
    return stage_sources("features", from_label(wildcards.features).__module__)


def feature_options(wildcards):
    chosen = from_label(wildcards.features)
    settings = chosen.settings.model_dump(exclude_defaults=True)
    return f"--features {chosen.name} --settings '{canonical_json(settings)}'"


def method_identity(wildcards):
    entry = plan.run(wildcards.method)
    return canonical_json(entry.method.identity(plan.benchmark.protocol(entry.study, entry.method)))


def method_sources(stage):
    def files(wildcards):
        components = plan.method(wildcards.method).components
        return stage_sources(stage, *(component.__module__ for component in components))

    return files


def split_file(name, of_tuning=False):
    def file(wildcards):
        entry = plan.run(wildcards.method)
        if of_tuning and len(entry.method.trials()) == 1:
            return []  # nothing to tune
        seed = plan.benchmark.tuning_seed if of_tuning else wildcards.split_seed
        return str(plan.split(entry, wildcards.dataset, seed) / name)

    return file


def spectrum_file(suffix, of_tuning=False):
    def file(wildcards):
        entry = plan.run(wildcards.method)
        artefact = spectrum_artefact(entry.method)
        if artefact is None or (of_tuning and len(entry.method.trials()) == 1):
            return []
        seed = plan.benchmark.tuning_seed if of_tuning else wildcards.split_seed
        file = paths.spectrum(wildcards.dataset, seed, artefact[0], entry.splitter.variant)
        return str(file.with_suffix(suffix))

    return file


def features_file(suffix, of_tuning=False):
    """The features that a method's model reads."""

    def file(wildcards):
        entry = plan.run(wildcards.method)
        if of_tuning and len(entry.method.trials()) == 1:
            return []
        seed = plan.benchmark.tuning_seed if of_tuning else wildcards.split_seed
        folder = plan.split(entry, wildcards.dataset, seed)
        files = [paths.features(folder, label) for label in entry.method.features]
        return [str(file.with_suffix(suffix)) for file in files]

    return file


def spectrum_method(artefact):
    """A method that reads the artefact."""
    for folder, entry in plan.runs.items():
        if (spectrum_artefact(entry.method) or [None])[0] == artefact:
            return folder
    raise DotbenchError(f"decomposition '{artefact}': no method of the configuration reads it")


def spectrum_content(wildcards):
    return canonical_json(spectrum_artefact(plan.method(spectrum_method(wildcards.artefact)))[1])


def spectrum_sources(wildcards):
    return stage_sources(
        "decompose", plan.method(spectrum_method(wildcards.artefact)).loss.__module__
    )


def optional_inputs(wildcards, input):
    """Options of the inputs that only some methods have."""
    files = {name: input.get(f"{name}_big") or [] for name in ("split", "spectrum", "features")}
    named = [(name, [found] if isinstance(found, str) else found) for name, found in files.items()]
    return " ".join(f"--{name} {file}" for name, found in named for file in found)


def fit_machine(wildcards):
    return WHOLE_MACHINE if plan.is_timed(wildcards.method) else SHARE


def gpus(wildcards):
    return plan.gpus(wildcards.method)


def spectrum_gpus(wildcards):
    return plan.gpus(spectrum_method(wildcards.artefact))


def part_of(wildcards):
    """(experiment, part) of the wildcards."""
    return plan.part(wildcards.experiment, wildcards.part)


def experiment_identity(wildcards):
    return canonical_json(part_of(wildcards)[0].identity())


def part_content(wildcards):
    part = part_of(wildcards)[1]
    return canonical_json({"settings": part.settings, "modules": part.modules, "gpu": part.gpu})


def part_sources(wildcards):
    experiment, part = part_of(wildcards)
    return stage_sources("experiment", type(experiment).__module__, *part.modules)


def part_gpus(wildcards):
    return plan.part_gpus(wildcards.experiment, wildcards.part)


def one_of(names):
    """A pattern of these names alone; of none, one that nothing matches."""
    return "|".join(names) or "(?!)"


def made_as(part, *kinds):
    """A pattern of the tables or figures that are made in one of these ways; a name is a study's own."""
    return one_of([rf"(?<=/{study}/{part}/){name}" for study, name in plan.named(part, *kinds)])


def shown_entries(wildcards):
    """What the table or figure of the wildcards shows; for other outputs all of the study."""
    study = plan.study(wildcards.study)
    exhibit = wildcards.get("table") or wildcards.get("figure")
    return plan.exhibit_entries(study, exhibit) if exhibit else plan.study_entries(study.name)


def study_files(name):
    """A file of every reported run that a table or figure shows."""

    def files(wildcards):
        return [str(fit / name) for entry in shown_entries(wildcards) for fit in plan.fits(entry)]

    return files


def exhibit_features(wildcards):
    """Manifests of the features whose tables the table of the wildcards shows."""
    return [
        str(file) for file in plan.exhibit_features(plan.study(wildcards.study), wildcards.table)
    ]


def shown_packed(wildcards):
    """The packed experiments that the table, the figure or paper-versus-ours of the wildcards shows."""
    study = plan.study(wildcards.study)
    exhibit = wildcards.get("table") or wildcards.get("figure")
    return plan.exhibit_packed(study, exhibit) if exhibit else plan.published_packed(study)


def part_files(suffix):
    """A file of every part of the packed experiments that a table or figure shows."""

    def files(wildcards):
        rows = [packed.rows(label) for packed in shown_packed(wildcards) for label in packed.parts]
        return [str(file.with_suffix(suffix)) for file in dict.fromkeys(rows)]

    return files


def packed_sources(stage):
    """Files of a stage that reads rows of experiments: what the rows mean is said by the experiment."""

    def files(wildcards):
        modules = {type(packed.experiment).__module__ for packed in shown_packed(wildcards)}
        return stage_sources(stage, *sorted(modules))

    return files


def tuning_files(name):
    """A file of the tuning of every method that a table or figure shows."""

    def files(wildcards):
        return [
            str(paths.run(entry.dataset, entry.folder) / name) for entry in shown_entries(wildcards)
        ]

    return files


def study_statistics(wildcards):
    names = dict.fromkeys(entry.dataset for entry in shown_entries(wildcards))
    return [str(paths.data(name) / "stats.json") for name in names]


def study_splits(wildcards):
    """Manifests of the splits of a study, from which its tables tell who is unseen; none for the default split."""
    found = [
        str(plan.split(entry, entry.dataset, seed) / "split.json")
        for entry in shown_entries(wildcards)
        for seed in plan.benchmark.seeds
        if not entry.splitter.is_default
    ]
    return list(dict.fromkeys(found))


def study_contents(wildcards):
    exhibit = wildcards.get("table") or wildcards.get("figure")
    return canonical_json(plan.contents(plan.study(wildcards.study), exhibit))


def published_file(wildcards):
    return os.path.relpath(published_path(plan.study(wildcards.study).published))


def refuse(target):
    """The input of a target that cannot be made."""

    def fail(wildcards):
        study, exhibit = target.split("_", 1)
        plan.exhibit(plan.study(study), exhibit)

    return fail
