"""What `dotbench list` shows."""

from collections.abc import Callable, Sequence
from pathlib import Path

from dotbench.config.suite import load_suite, shipped_suites
from dotbench.datasets.catalogue import definition_files, definitions
from dotbench.datasets.splits.base import splitters
from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import metrics
from dotbench.features.base import feature_sets
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.registry import unknown
from dotbench.simulations.base import simulations
from dotbench.solvers.base import solvers
from dotbench.studies.base import studies

Listing = tuple[list[str], Sequence[tuple[str, ...]]]
KINDS = {  # what can be listed → what it is
    "datasets": "data to learn from: `datasets:` of a configuration",
    "splits": "how pairs become train, validation and test: `split:` of a study",
    "features": "covariates of users and items: `features:` of a model",
    "models": "what gives vectors or predictions: `model:` of a method",
    "losses": "what training minimises: `loss:` of a method",
    "solvers": "how a loss is minimised: `solver:` of a method",
    "metrics": "what tables compare: `metrics:` of a study",
    "studies": "comparisons with their tables and figures: `study:` of a configuration",
    "simulations": "many small fits on generated data: `simulations:` of a study",
    "suites": "configurations that one command runs one after the other: `dotbench run full`",
    "targets": "what `dotbench run` can make of a configuration (-c)",
}


def overview() -> Listing:
    """(header, rows): what can be listed."""
    return ["kind", "what"], list(KINDS.items())


def listing(what: str, config: Sequence[Path] | None = None) -> Listing:
    """(header, rows) of one kind of component, or of the targets of a configuration. Raises DotbenchError for another
    kind."""
    if config and what != "targets":
        raise DotbenchError(f"-c: found with 'list {what}'; only 'list targets' takes a configuration")
    kinds: dict[str, Callable[[], Listing]] = {
        "datasets": _datasets,
        "splits": _splits,
        "features": _features,
        "models": _models,
        "losses": _losses,
        "solvers": _solvers,
        "metrics": _metrics,
        "studies": _studies,
        "simulations": _simulations,
        "suites": _suites,
        "targets": lambda: _targets(config),
    }
    if what not in kinds:
        raise unknown("kind", what, kinds)
    return kinds[what]()


def _targets(config: Sequence[Path] | None) -> Listing:
    from dotbench.cli import targets, workflow

    return targets.listed(workflow.load_plan(config))


def _suites() -> Listing:
    rows = [(suite, file, ", ".join(part.name for part in load_suite(Path(file)))) for suite, file in shipped_suites()]
    return ["name", "file", "parts"], rows


def _datasets() -> Listing:
    rows = []
    files = definition_files()
    for name, dataset in definitions().items():
        path, source = files[name], dataset.source
        origin = (
            f"generator {source.generator}"
            if dataset.generated
            else (source.own_files() or source.urls or ["local copy only"])[0]
        )
        counts = dataset.published
        size = f"{counts.users:,} × {counts.items:,}, {counts.interactions:,}" if counts else ""
        rows.append((name, dataset.title or "", origin, size, "package" if "definitions" in path.parts else str(path)))
    return ["name", "title", "source", "users × items, interactions", "defined in"], rows


def _splits() -> Listing:
    rows = [(name, ", ".join(part.tasks), _settings(part), part.summary()) for name, part in splitters().items()]
    return ["name", "tasks", "settings", "what"], rows


def _features() -> Listing:
    rows = [(name, _settings(part), part.summary()) for name, part in feature_sets().items()]
    return ["name", "settings", "what"], rows


def _models() -> Listing:
    rows = [
        (name, model.task, "baseline", _settings(model), model.summary())
        if model.is_baseline
        else (name, "that of its loss", "model", _settings(model), model.summary())
        for name, model in models().items()
    ]
    return ["name", "task", "kind", "settings", "what"], rows


def _losses() -> Listing:
    able = {
        name: ", ".join(s for s, solver in solvers().items() if issubclass(loss, solver.requires))
        for name, loss in losses().items()
    }
    rows = [(n, loss.task, loss.family, able[n], _settings(loss), loss.summary()) for n, loss in losses().items()]
    return ["name", "task", "family", "solvers", "settings", "formula"], rows


def _solvers() -> Listing:
    return ["name", "settings", "what"], [(n, _settings(solver), solver.summary()) for n, solver in solvers().items()]


def _metrics() -> Listing:
    rows = [
        (part.form(), part.task, "lower" if part.lower_is_better else "higher", part.summary())
        for part in metrics().values()
    ]
    return ["name", "task", "better is", "formula"], rows


def _studies() -> Listing:
    rows = [(name, ", ".join(study.metrics), study.summary()) for name, study in studies().items()]
    return ["name", "metrics", "what"], rows


def _simulations() -> Listing:
    rows = [
        (name, part.study, ", ".join(part.Settings.model_fields), part.summary())
        for name, part in simulations().items()
    ]
    return ["name", "study", "settings", "what"], rows


def _settings(component: type) -> str:
    fields = component.Settings.model_fields.items()  # type: ignore[attr-defined]
    return ", ".join(f"{name}={field.default}" for name, field in fields)
