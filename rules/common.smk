# What the rules share: the validated configuration, and what each job reads. No rule stands here.
import os
import sys

from dotbench.cli import forks, slurm
from dotbench.cli.snakemake import accept_any_date, keep_one_clock, outputs_of
from dotbench.cli.snakemake_quick import quicken
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.inputs import Inputs, one_of
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.reporting.paper_vs_ours import PaperVersusOurs
from dotbench.sources import end_the_future, refresh
from snakemake.dag import DAG
from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler

try:
    # the last file wins: Snakemake lists the default behind those of the command line
    own = [Path(file) for file in workflow.configfiles if not Path(file).samefile(DEFAULT_CONFIG)]
    plan = Plan(parse_benchmark(config, [DEFAULT_CONFIG, *own]))
    if not workflow.remote_exec:  # a job of a cluster, after which others wait
        end_the_future()
    refresh()
except DotbenchError as error:
    sys.exit(f"error: {error}")

inputs = Inputs(plan)
os.environ.update(plan.environment())
keep_one_clock(JobScheduler)
accept_any_date(DAG)
# An option of Snakemake can name a storage on another machine.
if workflow.storage_settings.default_storage_provider is None:
    quicken()

# Jobs on this machine run in forks of a process that has imported the libraries; those of a cluster start python.
if not forks.is_mine():
    os.environ.pop("DOTBENCH_FORK", None)


def on_slurm():
    return workflow.executor_plugin is not None and workflow.executor_plugin.name == "slurm"


if workflow.remote_exec and workflow.local_exec and slurm.jobs_of(sys.argv) > 1:
    forks.start()  # for the jobs of one submission; onstart is for the process that submits


onstart:
    forks.start()
    if on_slurm():
        import snakemake_executor_plugin_slurm as plugin

        try:
            slurm.make_safe(plugin, workflow.executor_settings, logger.warning)
        except DotbenchError as error:
            raise WorkflowError(str(error))


wildcard_constraints:
    dataset="[a-z0-9]+(-[a-z0-9]+)*",
    task="ranking|rating",
    seed=r"\d+",
    variant="(?:-[a-z0-9-]+-[0-9a-f]{10})?",  # of a split; nothing for the default one
    split_seed=r"\d+",
    init_seed=r"\d+",
    method="[a-z0-9-]+-[0-9a-f]{10}",
    artefact="[a-z0-9-]+-[0-9a-f]{10}",
    simulation="[a-z0-9-]+-[0-9a-f]{10}",
    label="[a-z0-9-]+",  # of a simulation's job
    features="[a-z]+(-[a-z]+)*",
    further="[0-9a-f]{10}",  # metrics beyond those of metrics.json
    study=one_of([study.name for study in plan.studies()]),


# Where tables, figures and the page of this configuration are. Not a wildcard: of every file Snakemake would ask every
# kind of table whether it makes it.
OWN = f"results/{plan.benchmark.name}"

# The whole machine and a share of it: a fit behind a time axis takes the whole.
WHOLE_MACHINE, SHARE = 100, 1


# What starts first of what is ready: long jobs and what they wait for, so that no core idles beside the last one; and
# fits before evaluations, which would run alone between two fits that take the whole machine.
DATA, TUNE, FIT = 3, 2, 1


def fit_machine(wildcards):
    return WHOLE_MACHINE if plan.is_timed(wildcards.method) else SHARE


def whole_node(wildcards):
    """On SLURM: what asks for a node alone, where times are wanted."""
    return "--exclusive" if plan.is_timed(wildcards.method) else ""


def growing(least):
    """A resource that grows with every attempt: a job that lacked memory or time gets more of it."""
    return lambda wildcards, attempt: least * attempt


def gpus(wildcards):
    return plan.gpus(wildcards.method)


def spectrum_gpus(wildcards):
    return plan.gpus(inputs.spectral_method(wildcards.artefact))


def job_gpus(wildcards):
    return plan.job_gpus(wildcards.simulation, wildcards.label)


def own_files(wildcards):
    """The user's data. A copy, or another date after it was fetched, changes nothing: what counts is the content."""
    old = inputs.own_old_files(wildcards)
    return [ancient(file) if file in old else file for file in inputs.own_files(wildcards)]


def manifest_option(wildcards, input):
    return f"--manifest {input.manifest}" if input.manifest else ""


def array_options(wildcards, input):
    """Options of the arrays that a run reads: the split, and what is computed from it, by the names of their folders."""
    options = {"spectra": "spectrum", "features": "features"}
    return " ".join(
        f"--{options.get(Path(file).parent.name, 'split')} {file}" for file in input.big
    )


def inputs_of(kind):
    """What a table or figure of a kind reads; per-user scores count as old as the metrics beside them."""
    files = inputs.of_kind(kind)
    return {name: ancient(file) if name == "per_user" else file for name, file in files.items()}


def reported_outputs(kind, stem, **labels):
    """Ending → file of a table or figure, those for the report with caption, category and labels."""
    return {
        name: report(file, **shown) if shown else file
        for name, (file, shown) in outputs_of(kind, stem, labels).items()
    }
