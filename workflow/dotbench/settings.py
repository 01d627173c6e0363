"""The base of every settings class, and the words in which a wrong value is explained."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from dotbench.errors import DotbenchError

S = TypeVar("S", bound="Settings")

# For a field that a component got when there were runs without it: a default that says what was done before keeps
# their digests.
LATER: dict[str, Any] = {"later": True}

LARGEST_SEED = 2**32 - 1  # of numpy's RandomState, which scikit-surprise uses
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
FirstSeed = Annotated[int, Field(ge=0, le=LARGEST_SEED // 2)]  # others follow it

CHOICE = "<choice>"  # stands for a member of a union in the path of an error
TRUTH_VALUES = " (YAML reads yes, no, on and off as true and false; text stands in quotes)"


def _without_truth_values(schema: Any) -> Any:
    """The same schema, in which no number, however deep, takes true for 1 or false for 0, as Python does."""
    if isinstance(schema, list | tuple):
        return type(schema)(map(_without_truth_values, schema))
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("int", "float"):
        return core_schema.no_info_before_validator_function(_no_truth_value, schema)
    if schema.get("type") == "function-before" and schema["function"]["function"] is _no_truth_value:
        return schema  # of a settings class within another
    said = ("default", "metadata", "serialization")  # values, no schemas
    parts = {key: part if key in said else _without_truth_values(part) for key, part in schema.items()}
    if parts.get("type") == "union":
        parts["choices"] = [choice if isinstance(choice, tuple) else (choice, CHOICE) for choice in parts["choices"]]
    return parts


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number_type", "a number is needed")
    return value


class Settings(BaseModel):
    """A frozen set of typed values. Unknown keys, NaN, infinities, and true or false in the place of a number are
    errors. Defaults are values like any other: a 1 of a number with decimals is 1.0, in digests and in the names of
    jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: CoreSchema = _without_truth_values(handler(source))
        return schema


SettingsBase = Settings  # the same, where a component's own `Settings` hides that name


def without_later(values: Mapping[str, Any], *classes: type[BaseModel]) -> dict[str, Any]:
    """The values without those that are the default of a field that one of the classes got ``LATER``."""
    defaults = [
        (key, field.default)
        for cls in classes
        for key, field in cls.model_fields.items()
        if field.json_schema_extra == LATER
    ]
    return {key: value for key, value in values.items() if (key, value) not in defaults}


def narrowed(settings: Settings, cls: type[S]) -> S:
    """The same settings, which are an instance of ``cls`` among others. A TypeError if they are not."""
    if not isinstance(settings, cls):
        raise TypeError(f"settings of the class {type(settings).__name__} are no {cls.__name__}")
    return settings


def explain(error: ValidationError, cls: type[BaseModel]) -> list[tuple[tuple[str | int, ...], str]]:
    """(key path, message) of each problem with values of ``cls``. Never empty.

    Where a value may be of several types, what each of them says of it is one problem, and what the deepest says is the
    problem: of a list with one wrong value it is not said that it is no number.
    """
    messages: dict[tuple[str | int, ...], list[str]] = {}
    truth_values = set()
    for item in error.errors():
        path = tuple(part for part in item["loc"] if part != CHOICE)
        found = f"found {_short(item['input'])}; "
        said = messages.setdefault(path, [])
        if item["type"] == "extra_forbidden":
            keys = _keys(cls, path[:-1])
            allowed = f"allowed are {', '.join(sorted(keys))}" if keys else "no key is allowed here"
            said.append(f"unknown key; {allowed}")
        elif item["type"] == "missing":
            said.append("missing, and needed")
        else:
            said.append(_lower(item["msg"]) if said else found + _lower(item["msg"]))
        if isinstance(item["input"], bool) and item["type"].endswith(("_type", "literal_error")):
            truth_values.add(path)
    deepest = [path for path in messages if not any(path == other[: len(path)] != other for other in messages)]
    return [(path, ", or ".join(messages[path]) + (TRUTH_VALUES if path in truth_values else "")) for path in deepest]


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
    """Names of the fields of the settings class that stands at ``path`` below ``cls``. Empty if none does."""
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
