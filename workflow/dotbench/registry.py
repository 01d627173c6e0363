"""Components are found by discovery: one public module in a package's folder, one component class in it."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar

from dotbench.errors import DotbenchError


class Component:
    """What every discovered class declares: the name used in configurations and one line of description."""

    name: ClassVar[str]
    title: ClassVar[str]

    @classmethod
    def summary(cls) -> str:
        return (inspect.getdoc(cls) or "").splitlines()[0]


@cache
def discover(package: str, base: type[Component]) -> dict[str, type[Any]]:
    """Components of a package by name: concrete subclasses of ``base`` defined in its modules.

    Modules whose name begins with an underscore, and ``base`` modules, are helpers and are passed over.
    """
    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name.startswith("_") or module.name == "base":
            continue
        for cls in vars(importlib.import_module(f"{package}.{module.name}")).values():
            own = isinstance(cls, type) and cls.__module__ == f"{package}.{module.name}"
            if own and issubclass(cls, base) and "name" in vars(cls):
                if cls.name in found:
                    raise DotbenchError(f"{cls.__module__}: the name '{cls.name}' is already taken")
                found[cls.name] = cls
    return dict(sorted(found.items()))


def unknown(kind: str, name: str, allowed: Iterable[str]) -> DotbenchError:
    """The error for a name that no component has, with the nearest one suggested."""
    allowed = sorted(allowed)
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return DotbenchError(f"unknown {kind} '{name}': {hint}allowed are {', '.join(allowed)}")
