"""Which split a study uses: a splitter with resolved settings, and what it cannot be combined with."""

from typing import Any

from pydantic import ValidationError

from dotbench.datasets.splits.base import Splitter, splitters
from dotbench.registry import unknown
from dotbench.runs.method import Method, WrongChoice
from dotbench.settings import explain


def resolve_split(choice: str | dict[str, Any], task: str) -> Splitter:
    """The splitter of a name, or of a mapping with ``kind`` and settings, for ``ranking`` or ``rating``.

    Raises WrongChoice, which names the key.
    """
    kind, values = (choice, {}) if isinstance(choice, str) else (choice.get("kind"), dict(choice))
    values.pop("kind", None)
    if kind is None:
        raise WrongChoice(("kind",), f"missing; allowed are {', '.join(splitters())}")
    if not isinstance(kind, str) or kind not in splitters():
        raise WrongChoice(() if isinstance(choice, str) else ("kind",), str(unknown("split", str(kind), splitters())))
    cls: type[Splitter] = splitters()[kind]
    if task not in cls.tasks:
        raise WrongChoice((), f"'{kind}' is a split for {' and '.join(cls.tasks)}, not for {task}")
    try:
        return cls(cls.Settings.model_validate(values))
    except ValidationError as error:
        path, message = explain(error, cls.Settings)[0]
        raise WrongChoice(tuple(map(str, path)), message) from None


def check_method(splitter: Splitter, method: Method) -> None:
    """Raises WrongChoice if the split tests what the method cannot score."""
    parts = [part for part in (method.model, method.loss) if part is not None]
    scores_unseen = all(any(part.scores_unseen(settings) for part in parts) for settings in method.trials())
    if splitter.unseen_by_design and not scores_unseen:
        raise WrongChoice(
            ("model",),
            f"'{method.model.name}' cannot score users or items without training pairs; the split '{splitter.name}' "
            "tests such users or items",
        )
