"""Which modules of the package a stage uses, and a digest of what each of them does.

A file with the digests that a stage uses is an input of the stage's jobs. An edit of code reruns the stages that use
the edited module and no others. An edit of documentation reruns nothing.
"""

import ast
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from dotbench import paths
from dotbench.files import digest, read_json_if_whole, write_json, write_text

ROOT = Path(__file__).parent
SUFFIX = ".digest"
AHEAD = 60.0  # seconds by which the clock of a file server may be ahead
READS_ANNOTATIONS = "dotbench.cli"  # typer makes options of the annotations of the functions there

Facts = tuple[str, tuple[str, ...]]  # digest of a module's code, modules of the package that it imports


@cache
def sources(*modules: str) -> tuple[str, ...]:
    """The modules and every module of the package that they import, however indirectly, sorted.

    Imports inside functions count, imports for type hints alone do not. Components are found by discovery, not by
    import: name their modules. Modules that only mark a folder as a package are left out.
    """
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo.extend(_facts(module)[1])
    return tuple(sorted(module for module in seen if _path(module).name != "__init__.py"))


def sources_digest(*modules: str) -> str:
    """sha256 over the names and the code of ``sources(*modules)``."""
    running = hashlib.sha256()
    for module in sources(*modules):
        running.update(f"{module} {_facts(module)[0]}\n".encode())
    return running.hexdigest()


def code_file(*modules: str) -> str:
    """The file in ``results/code`` with the digest of each of ``sources(*modules)``. Written if it is not right.

    It is as old as the newest of these digests, so that what was made before a change of one is older than the file.
    """
    path = paths.CODE / f"{modules[0].rpartition('.')[2]}-{digest(sorted(modules[1:]))}{SUFFIX}"
    used = sources(*modules)
    text = "".join(f"{_facts(module)[0]}  {module}\n" for module in used)
    if not path.is_file() or path.read_text("utf-8") != text:
        write_text(path, text)
        history = _history()
        newest = max(history[module][-1][0] for module in used)
        os.utime(path, (newest, newest))
    return str(path)


def is_code_file(file: str) -> bool:
    return file.endswith(SUFFIX) and Path(file).parent == paths.CODE


def edited(code_file: str, since: float) -> list[str]:
    """The source files, relative to the package, of those modules in a file of `code_file` whose code is not what it
    was at a time, in seconds since 1970."""
    modules = [line.split()[1] for line in Path(code_file).read_text("utf-8").splitlines()]
    history = _history()
    return [
        _path(module).relative_to(ROOT).as_posix() for module in modules if not _is_as_it_was(history[module], since)
    ]


def _is_as_it_was(history: list[tuple[float, str]], since: float) -> bool:
    before = [digest for seconds, digest in history if seconds <= since]
    return (before or [history[0][1]])[-1] == history[-1][1]


def refresh() -> None:
    """Write down in ``results/code/history.json`` since when every module of the package has the code that it has.

    A module that is new there has it since the time of its source file, so that it is older than what was made after a
    checkout. One whose code changes has it since now.
    """
    modules = {_module(path): path for path in sorted(ROOT.rglob("*.py"))}
    history = _history()
    now = time.time()
    found = {module: list(history.get(module, [])) for module in modules}
    for module, source in modules.items():
        current = _facts(module)[0]
        if not found[module]:
            found[module] = [(min(source.stat().st_mtime, now), current)]
        elif found[module][-1][1] != current:
            found[module].append((now, current))
    if found != history:
        write_json(paths.CODE / "history.json", found)
        _history.cache_clear()
    known = {_source_digest(module): _facts(module) for module in modules}
    if known.keys() != _index().keys():
        write_json(_index_file(), {"made_by": _own_digest(), "modules": known})


def end_the_future() -> None:
    """Give every file of results and resources that is dated in the future the present time.

    A clock that was ahead, here or on the machine that they were copied from, must not make them newer than what is
    changed now: an edit would rerun nothing. Nor must they be newer than what is made of them now, which would be made
    again by every run.
    """
    now = time.time()
    for root in filter(Path.is_dir, (paths.RESULTS, paths.RESOURCES)):
        for file in list(_later(str(root), now + AHEAD)):
            with suppress(OSError):  # it is gone by now, or another user's
                os.utime(file, (now, now), follow_symlinks=False)


def _later(folder: str, time: float) -> Iterator[str]:
    """The files below a folder that are dated after a time. Each is looked at once: 5 µs, and no more can be spared,
    because a folder keeps its date when a file in it gets another one."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _later(entry.path, time)
            else:
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime > time:
                        yield entry.path


@cache
def _history() -> dict[str, list[tuple[float, str]]]:
    """Module → since when it had which digest, oldest first."""
    content = read_json_if_whole(paths.CODE / "history.json") or {}
    return {module: [(seconds, digest) for seconds, digest in entries] for module, entries in content.items()}


def code(text: str, keeps_annotations: bool = False) -> ast.Module:
    """What of a source text can change what it does, as a syntax tree.

    Comments, docstrings, type hints of functions, variables and class variables, what stands under
    ``if TYPE_CHECKING``, imported names that are then not used, and the order of imports are gone. Type hints of a
    class's fields stay: dataclasses and settings read them.
    """
    tree: ast.Module = _Stripped(keeps_annotations).visit(ast.parse(text))
    _keep_used_imports(tree)
    return tree


class _Stripped(ast.NodeTransformer):
    def __init__(self, keeps_annotations: bool) -> None:
        self.keeps_annotations = keeps_annotations
        self.in_class = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.AST]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(other) for other in node.orelse]
        return self._filled(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        outside, self.in_class = self.in_class, True
        self._filled(node)
        self.in_class = outside
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if not self.keeps_annotations:
            node.returns = None
        outside, self.in_class = self.in_class, False
        self._filled(node)
        self.in_class = outside
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        if not self.keeps_annotations:
            node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        is_class_variable = "ClassVar" in ast.unparse(node.annotation)
        if self.in_class and not is_class_variable:
            return self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign(targets=[node.target], value=self.visit(node.value)), node)

    def _filled(self, node: ast.AST) -> ast.AST:
        """The node with its children visited. A body that is left without a statement gets a ``pass``."""
        self.generic_visit(node)
        if not node.body:  # type: ignore[attr-defined]
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node

    visit_For = visit_While = visit_With = visit_Try = _filled


def _keep_used_imports(tree: ast.Module) -> None:
    """Drop imported names that are not used, and sort every run of imports."""
    nodes = list(ast.walk(tree))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and "__all__" in map(ast.unparse, statement.targets):
            used |= set(ast.literal_eval(statement.value))
    for node in nodes:
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, list(_sorted_imports(body, used)) or ([ast.Pass()] if name == "body" else []))


def _sorted_imports(body: list[ast.stmt], used: set[str]) -> Iterator[ast.stmt]:
    run: dict[str, ast.stmt] = {}
    for node in (*body, None):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name.split(".")[0]) in used or alias.asname == alias.name:
                    one: ast.stmt = ast.Import([alias])
                    if isinstance(node, ast.ImportFrom):
                        one = ast.ImportFrom(node.module, [alias], node.level)
                    run[ast.unparse(one)] = one
            continue
        yield from (run[key] for key in sorted(run))
        run.clear()
        if node is not None:
            yield node


@cache
def _facts(module: str) -> Facts:
    path = _path(module)
    text = path.read_bytes()
    facts = _index().get(hashlib.sha256(text).hexdigest())
    if facts is not None:
        return facts
    try:
        tree = code(text.decode(), keeps_annotations=module.startswith(READS_ANNOTATIONS))
    except (SyntaxError, ValueError):  # the text as it is, of a module that nothing can import
        return hashlib.sha256(text).hexdigest(), ()
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest(), tuple(sorted(set(_imports(tree))))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == "dotbench" and _file(name) is not None)


@cache
def _index() -> dict[str, Facts]:
    """sha256 of a source file → its facts, as the last `refresh` found them: parsing is spared."""
    try:
        content = json.loads(_index_file().read_bytes())
    except (OSError, ValueError):
        return {}
    if content["made_by"] != _own_digest():
        return {}
    return {source: (digest, tuple(imported)) for source, (digest, imported) in content["modules"].items()}


def _index_file() -> Path:
    """Beside the bytecode, for every folder that this package works in. In ``results/code`` if none may be written."""
    folder = ROOT / "__pycache__"
    return (folder if os.access(folder, os.W_OK) else paths.CODE) / "code.json"


@cache
def _source_digest(module: str) -> str:
    return hashlib.sha256(_path(module).read_bytes()).hexdigest()


@cache
def _own_digest() -> str:
    """Of this file: another one finds other facts."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


@cache
def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split(".")[1:])
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def _path(module: str) -> Path:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(f"{module} is not a module of the package")
    return path


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
