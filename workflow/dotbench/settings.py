"""The base of every settings class, and the words in which a wrong value is explained."""

from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dotbench.errors import DotbenchError

S = TypeVar("S", bound="Settings")

# For a field that a component got when there were runs without it: a default that says what was done before keeps
# their digests.
LATER: dict[str, Any] = {"later": True}

LARGEST_SEED = 2**32 - 1  # of numpy's RandomState, which scikit-surprise uses
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
FirstSeed = Annotated[int, Field(ge=0, le=LARGEST_SEED // 2)]  # others follow it


class Settings(BaseModel):
    """A frozen set of typed values; unknown keys, NaN and infinities are errors. Defaults are values like any other: a
    1 of a number with decimals is 1.0, in digests and in the names of jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


SettingsBase = Settings  # the same, where a component's own `Settings` hides that name


def narrowed(settings: Settings, cls: type[S]) -> S:
    """The same settings, which are an instance of ``cls`` among others; a TypeError if they are not."""
    if not isinstance(settings, cls):
        raise TypeError(f"settings of the class {type(settings).__name__} are no {cls.__name__}")
    return settings


def explain(error: ValidationError, cls: type[BaseModel]) -> list[tuple[tuple[str | int, ...], str]]:
    """(key path, message) of each problem with values of ``cls``."""
    problems = []
    for item in error.errors():
        path = tuple(item["loc"])
        if item["type"] == "extra_forbidden":
            keys = _keys(cls, path[:-1])
            allowed = f"; allowed are {', '.join(sorted(keys))}" if keys else ""
            problems.append((path, f"unknown key{allowed}"))
        elif item["type"] == "missing":
            problems.append((path, "missing, and needed"))
        else:
            problems.append((path, f"found {_short(item['input'])}; {_lower(item['msg'])}"))
    return problems


def validate(cls: type[S], values: dict[str, Any], where: str, context: dict[str, Any] | None = None) -> S:
    """``cls(**values)``, with a DotbenchError that begins with ``where`` for a value that is not allowed. ``context``:
    for the class's own validators."""
    try:
        return cls.model_validate(values, context=context)
    except ValidationError as error:
        problems = explain(error, cls)
        lines = [f"{where}: key '{dotted(path)}': {message}" for path, message in problems]
        raise DotbenchError("\n".join(lines)) from None


def _keys(cls: Any, path: tuple[str | int, ...]) -> list[str]:
    """Names of the fields of the settings class that stands at ``path`` below ``cls``; empty if none does."""
    for part in path:
        if isinstance(part, str):
            annotation = cls.model_fields[part].annotation if part in getattr(cls, "model_fields", {}) else None
            while get_args(annotation):
                annotation = next((a for a in get_args(annotation) if a is not type(None)), None)
            cls = annotation
    return list(getattr(cls, "model_fields", {}))


def dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
