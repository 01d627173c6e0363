"""Which experiment a study runs, with which settings."""

from typing import Any

from pydantic import Field, ValidationError

from dotbench.experiments.base import Experiment, experiments
from dotbench.registry import unknown
from dotbench.settings.base import Settings, explain
from dotbench.settings.method import WrongChoice


class ExperimentChoice(Settings):
    """One entry of a study's ``experiments``."""

    experiment: str = Field(description="a name of `dotbench list experiments`")
    set: dict[str, Any] = Field(default={}, description="settings that differ from the experiment's own")
    label: str | None = Field(None, description="name in tables and figures; the experiment's title if absent")


def resolve_experiment(choice: ExperimentChoice, study: str) -> Experiment:
    """The experiment with its settings. Raises WrongChoice, which names the key below the entry."""
    allowed = {name: cls for name, cls in experiments().items() if cls.study == study}
    if choice.experiment not in allowed:
        message = str(unknown(f"experiment of the study '{study}'", choice.experiment, allowed))
        raise WrongChoice(("experiment",), message)
    cls = allowed[choice.experiment]
    try:
        found: Experiment = cls(cls.Settings.model_validate(choice.set))
    except ValidationError as error:
        path, message = explain(error, cls.Settings)[0]
        raise WrongChoice(("set", *path), message) from None  # type: ignore[arg-type]
    for key in cls.Settings.model_fields:
        _refuse_repeated(key, getattr(found.settings, key))
    return found


def _refuse_repeated(key: str, values: Any) -> None:
    """Two equal values would be two parts of the same name, or the same fit tried twice."""
    repeated = [value for k, value in enumerate(values) if value in values[:k]] if isinstance(values, list) else []
    if repeated:
        raise WrongChoice(("set", key), f"found {repeated[0]!r} more than once; allowed is every value once")
