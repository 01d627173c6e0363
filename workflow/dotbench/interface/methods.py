"""The method and the split that somebody names."""

from typing import Any

from dotbench.config.features import check_features
from dotbench.config.split import check_method, resolve_split
from dotbench.datasets.splits.base import Splitter
from dotbench.errors import DotbenchError
from dotbench.runs.method import Method, MethodChoice, WrongChoice, resolve, with_defaults


def choose_method(
    model: str, loss: str | None, solver: str | None, settings: dict[str, Any], label: str | None = None
) -> Method:
    """The method of these names, nothing tuned: what ``settings`` leaves out is the loss's default for its solver
    (``Loss.defaults``), or the component's. Raises WrongChoice."""
    choice = MethodChoice(model=model, loss=loss, solver=solver, set=settings, grid={}, label=label)
    method = resolve(with_defaults(choice))
    check_features(method)
    return method


def choose_split(choice: str | dict[str, Any], method: Method) -> Splitter:
    """The split of a name, or of a mapping of ``kind`` and its settings, for a method. Raises WrongChoice."""
    splitter = resolve_split(choice, method.task)
    check_method(splitter, method)
    return splitter


def explained(error: WrongChoice, argument: str = "") -> DotbenchError:
    """The error as one of an argument, or of the setting that its key names."""
    key = [part for part in error.key if part != "set"]
    return DotbenchError(": ".join([*filter(None, [argument]), *key, str(error)]))
