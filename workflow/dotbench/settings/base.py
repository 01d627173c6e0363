"""The base of every settings class, and the words in which a wrong value is explained."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from dotbench.errors import DotbenchError

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """A frozen set of typed values; unknown keys, NaN and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def explain(error: ValidationError, keys: list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """(key path, message) of each problem; ``keys`` are the allowed names at the top level."""
    problems = []
    for item in error.errors():
        path = tuple(item["loc"])
        if item["type"] == "extra_forbidden":
            allowed = f"; allowed are {', '.join(sorted(keys))}" if len(path) == 1 else ""
            problems.append((path, f"unknown key{allowed}"))
        elif item["type"] == "missing":
            problems.append((path, "missing, and needed"))
        else:
            problems.append((path, f"found {_short(item['input'])}; {_lower(item['msg'])}"))
    return problems


def validate(cls: type[S], values: dict[str, Any], where: str) -> S:
    """``cls(**values)``, with a DotbenchError that begins with ``where`` for a value that is not allowed."""
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        problems = explain(error, list(cls.model_fields))
        lines = [f"{where}: key '{dotted(path)}': {message}" for path, message in problems]
        raise DotbenchError("\n".join(lines)) from None


def dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in path)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
