"""Components are found by discovery: a public module in their kind's folder, in the package or in a paper's room."""

import difflib
import importlib
import inspect
import pkgutil
import re
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from dotbench.errors import DotbenchError, warn

ROOT = Path(__file__).parent
PAPERS = ROOT / "papers"


class Component:
    """What every discovered class declares: the name used in configurations and one line of description."""

    name: ClassVar[str]
    title: ClassVar[str]

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of the docstring, in one line."""
        return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


@cache
def discover(kind: str, base: type[Component]) -> dict[str, type[Any]]:
    """Components of a kind by name: concrete subclasses of ``base`` defined in the modules of its folders.

    ``kind``: a folder of the package, e.g. ``losses`` or ``reporting.tables``. Every paper may have a folder, or a
    module, of the same last name. Modules whose name begins with an underscore, and ``base`` modules, are helpers and
    are passed over.

    A module that cannot be imported, a class that lacks something, and classes with one name are left out with a
    warning that names the file. `unknown` says the same of their names.
    """
    components: dict[str, type[Any]] = {}
    owners: dict[str, type[Any]] = {}
    for module, path in _modules(kind):
        try:
            content = vars(importlib.import_module(module))
        except (Exception, SystemExit) as error:
            _leave_out(_names_in(path), path, _in_words(error, path))
            continue
        for cls in content.values():
            own = isinstance(cls, type) and cls.__module__ == module
            if not (own and issubclass(cls, base) and "name" in vars(cls)):
                continue
            lacking = _lacking(cls)
            if lacking:
                _leave_out([cls.name], path, f"the class {cls.__name__} has no {' and no '.join(lacking)}")
            elif owners.setdefault(cls.name, cls) is not cls:
                components.pop(cls.name, None)
                other = f"the class {owners[cls.name].__name__} of {owners[cls.name].__module__}"
                _leave_out([cls.name], path, f"the name '{cls.name}' is also that of {other}; neither is used")
            else:
                components[cls.name] = cls
    return dict(sorted(components.items()))


_left_out: dict[str, str] = {}  # name of a component → the file, and what is wrong with it


def _leave_out(names: Iterable[str], path: Path, reason: str) -> None:
    message = f"{path}{reason if reason.startswith(', line ') else f': {reason}'}"
    _left_out.update(dict.fromkeys(names, message))
    warn(f"left out: {message}")


def _in_words(error: BaseException, path: Path) -> str:
    """Why a module cannot be imported, with the line of it."""
    if isinstance(error, SyntaxError) and error.filename:
        line, what = error.lineno, error.msg
        if Path(error.filename) != path:
            return f"imports {error.filename}, line {line}: {type(error).__name__}: {what}"
    else:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line, what = (lines[-1] if lines else None), str(error)
    return f"{f', line {line}: ' if line else ''}{type(error).__name__}: {what}"


def _names_in(path: Path) -> set[str]:
    """The names that the components of a module have which cannot be imported, as its text and its file say."""
    text = path.read_text("utf-8", errors="replace")
    return {path.stem.replace("_", "-"), *re.findall(r"""^\s+name\s*(?::[^=\n]*)?=\s*["']([^"'\n]+)["']""", text, re.M)}


def _lacking(cls: type[Component]) -> list[str]:
    """What a component must have and has not: class variables without a value, methods without a body."""
    lacking: dict[str, str] = {}
    for base in cls.__mro__:
        for name, hint in vars(base).get("__annotations__", {}).items():
            if "ClassVar" in str(hint) and not hasattr(cls, name):
                lacking[name] = f"'{name}'"
        for name in vars(base):
            if getattr(getattr(cls, name, None), "__isabstractmethod__", False):
                lacking[name] = f"method '{name}'"
    return list(lacking.values())


def papers() -> list[str]:
    """Keys of the papers: the folders of ``dotbench/papers``, sorted."""
    return sorted(path.name for path in PAPERS.iterdir() if (path / "__init__.py").is_file())


def _modules(kind: str) -> Iterator[tuple[str, Path]]:
    """Name and file of the modules that may define components of a kind."""
    last = kind.split(".")[-1]
    singular = {"studies": "study"}.get(last)
    folders = [(f"dotbench.{kind}", ROOT.joinpath(*kind.split(".")))]
    for paper in papers():
        folders.append((f"dotbench.papers.{paper}.{last}", PAPERS / paper / last))
        if singular and (PAPERS / paper / f"{singular}.py").is_file():
            yield f"dotbench.papers.{paper}.{singular}", PAPERS / paper / f"{singular}.py"
    for package, folder in folders:
        if (folder / "__init__.py").is_file():
            names = [module.name for module in pkgutil.iter_modules([str(folder)]) if not module.ispkg]
            public = [name for name in names if not name.startswith("_") and name != "base"]
            yield from ((f"{package}.{name}", folder / f"{name}.py") for name in public)


def unknown(kind: str, name: str, allowed: Iterable[str]) -> DotbenchError:
    """The error for a name that no component has: what is wrong with the file that has it, or the nearest name."""
    allowed = sorted(allowed)
    if name in _left_out and name not in allowed:
        return DotbenchError(f"the {kind} '{name}' cannot be used: {_left_out[name]}")
    listed = f"allowed are {', '.join(allowed)}" if allowed else "there is none"
    return DotbenchError(f"unknown {kind} '{name}': {did_you_mean(name, allowed)}{listed}")


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """A question that suggests the nearest name, with a space behind it. Empty where none is near."""
    near = difflib.get_close_matches(name, list(allowed), n=1)
    return f"did you mean '{near[0]}'? " if near else ""
