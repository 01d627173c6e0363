"""YAML files read with the line of every key, so that an error can name it."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dotbench.errors import DotbenchError
from dotbench.settings import S, dotted, explain

MOST_VALUES = 100_000  # of a file: a few lines of aliases can stand for more than a computer holds
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is libyaml's, ten times as fast
KeyPath = tuple[str | int, ...]


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The mapping in a YAML file. A DotbenchError names the file and line of what is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=LOADER)
        if _values(node, {}) > MOST_VALUES:
            raise DotbenchError(f"{path}: its aliases expand to more than {MOST_VALUES:,} values; use fewer aliases")
        _refuse_repeated_keys(path, node)
        value = yaml.load(text, LOADER)
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DotbenchError(f"{path}: not text in UTF-8: {error}") from None
    except yaml.reader.ReaderError as error:
        raise DotbenchError(f"{path}: not valid YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DotbenchError(f"{path}, line {line}: not valid YAML: {error.problem}") from None
    except (ValueError, RecursionError) as error:  # a date that there is not, a value that holds itself
        raise DotbenchError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(value, dict):
        raise DotbenchError(f"{path}: found {type(value).__name__}; allowed is a mapping of keys to values")
    return value


def read_yaml_as(path: Path, cls: type[S]) -> S:
    """The mapping in a YAML file as a settings class. A DotbenchError names file, line and key of what is wrong."""
    values = read_yaml(path)
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        problems = explain(error, cls)
        raise DotbenchError(
            "\n".join(f"{place([path], at)}: key '{dotted(at)}': {message}" for at, message in problems)
        ) from None


def _values(node: Any, known: dict[int, int]) -> int:
    """How many values a node stands for, each alias counted as what it repeats. ``known``: those of nodes seen."""
    if id(node) not in known:
        known[id(node)] = 1  # of a node that holds itself
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        flat = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
        known[id(node)] = 1 + sum(_values(part, known) for part in flat)
    return known[id(node)]


def _refuse_repeated_keys(path: Path | str, node: Any) -> None:
    """YAML takes the last of two equal keys. Whoever wrote both meant something else."""
    lines: dict[str, int] = {}
    for child in node.value if isinstance(node, yaml.CollectionNode) else []:
        if isinstance(node, yaml.MappingNode):
            key, child = child
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                raise DotbenchError(
                    f"{path}, line {line}: key '{key.value}' is there already, in line {lines[key.value]}"
                )
            lines[key.value] = line
        _refuse_repeated_keys(path, child)


def locate(path: Path | str, key: KeyPath) -> int | None:
    """Line (from 1) of the deepest part of ``key`` that the file has. None if it has not even the first."""
    node = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=LOADER)
    line = None
    for part in key:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    return line


def _child(node: Any, part: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def place(files: list[Path], key: KeyPath) -> str:
    """``FILE, line N`` of the last file that has the key. The file alone if none has it."""
    for path in reversed(files):
        line = locate(path, key)
        if line is not None:
            return f"{path}, line {line}"
    return str(files[-1]) if files else "configuration"
