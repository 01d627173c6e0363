"""Which files of the package a stage really uses, read off its imports.

They are inputs of the stage's jobs, so that an edit reruns the stages that use the edited file and no others.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent


def sources(*modules: str) -> list[str]:
    """Files of the modules and of every module of the package that they import, however indirectly, sorted.

    Imports inside functions count. Components are found by discovery, not by import: name their modules.
    Files that only mark a folder as a package are left out.
    """
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(_imports(module))
    return sorted(str(path) for path in map(_file, seen) if path is not None and path.name != "__init__.py")


def sources_digest(*modules: str) -> str:
    """sha256 over the content of ``sources(*modules)``."""
    running = hashlib.sha256()
    for path in sources(*modules):
        running.update(Path(path).read_bytes())
    return running.hexdigest()


@cache
def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")[1:])
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(f"{module} is not a module of the package")
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in found if name.split(".")[0] == "dotbench" and _file(name) is not None)
