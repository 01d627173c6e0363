"""Components are found by discovery: a public module in their kind's folder, in the package or in a paper's room."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from dotbench.errors import DotbenchError

ROOT = Path(__file__).parent
PAPERS = ROOT / "papers"


class Component:
    """What every discovered class declares: the name used in configurations and one line of description."""

    name: ClassVar[str]
    title: ClassVar[str]

    @classmethod
    def summary(cls) -> str:
        return (inspect.getdoc(cls) or "").splitlines()[0]


@cache
def discover(kind: str, base: type[Component]) -> dict[str, type[Any]]:
    """Components of a kind by name: concrete subclasses of ``base`` defined in the modules of its folders.

    ``kind``: a folder of the package, e.g. ``losses`` or ``reporting.tables``. Every paper may have a folder, or a
    module, of the same last name. Modules whose name begins with an underscore, and ``base`` modules, are helpers and
    are passed over.
    """
    components: dict[str, type[Any]] = {}
    for name in _modules(kind):
        for cls in vars(importlib.import_module(name)).values():
            own = isinstance(cls, type) and cls.__module__ == name
            if own and issubclass(cls, base) and "name" in vars(cls):
                if cls.name in components:
                    raise DotbenchError(f"{cls.__module__}: the name '{cls.name}' is already taken")
                components[cls.name] = cls
    return dict(sorted(components.items()))


def papers() -> list[str]:
    """Keys of the papers: the folders of ``dotbench/papers``, sorted."""
    return sorted(path.name for path in PAPERS.iterdir() if (path / "__init__.py").is_file())


def _modules(kind: str) -> Iterator[str]:
    """Names of the modules that may define components of a kind."""
    last = kind.split(".")[-1]
    singular = {"studies": "study"}.get(last)
    folders = [(f"dotbench.{kind}", ROOT.joinpath(*kind.split(".")))]
    for paper in papers():
        folders.append((f"dotbench.papers.{paper}.{last}", PAPERS / paper / last))
        if singular and (PAPERS / paper / f"{singular}.py").is_file():
            yield f"dotbench.papers.{paper}.{singular}"
    for package, folder in folders:
        if (folder / "__init__.py").is_file():
            names = [module.name for module in pkgutil.iter_modules([str(folder)]) if not module.ispkg]
            yield from (f"{package}.{name}" for name in names if not name.startswith("_") and name != "base")


def unknown(kind: str, name: str, allowed: Iterable[str]) -> DotbenchError:
    """The error for a name that no component has, with the nearest one suggested."""
    allowed = sorted(allowed)
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return DotbenchError(f"unknown {kind} '{name}': {hint}allowed are {', '.join(allowed)}")
