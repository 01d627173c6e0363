"""Print how the package is built: files and lines of each folder, and the circles of folders that import each other.

    python tools/structure.py [FOLDER OF THE PACKAGE]

An import inside a function counts; one under ``if TYPE_CHECKING`` does not, for it is never executed. A file that
stands in the package's own folder counts as a folder of its own.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

PACKAGE = Path(__file__).parents[1] / "workflow" / "dotbench"
Graph = dict[str, set[str]]


def imports(tree: ast.AST) -> Iterator[str]:
    """Names of the modules, or of what is taken from them, that a file imports when it runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from imports(other)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imports(node)


def file_graph(package: Path) -> Graph:
    """Module → the modules of the package that it imports."""
    modules = {_module(package, path): path for path in package.rglob("*.py")}
    graph: Graph = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text("utf-8"))
        found = {imported for imported in imports(tree) if imported in modules}
        graph[name] = {module for module in found if module != name and modules[module].name != "__init__.py"}
    return graph


def folder_graph(graph: Graph, depth: int) -> Graph:
    """The same between folders, as deep as ``depth`` names below the package."""
    folders: Graph = defaultdict(set)
    for module, imported in graph.items():
        here = _folder(module, depth)
        folders[here] |= {_folder(other, depth) for other in imported} - {here}
    return folders


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected parts of more than one node (Tarjan), the largest first."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return sorted(found, key=len, reverse=True)


def _module(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder(module: str, depth: int) -> str:
    parts = module.split(".")[1:]
    return "/".join(parts[: min(depth, len(parts) - 1)]) or parts[0] if parts else "dotbench"


def main() -> None:
    sys.setrecursionlimit(10_000)
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    graph = file_graph(package)
    sizes: dict[str, list[int]] = defaultdict(list)
    for path in package.rglob("*.py"):
        folder = "/".join(path.relative_to(package).parts[:-1]) or "(the package's own folder)"
        sizes[folder].append(len(path.read_text("utf-8").splitlines()))
    rows = [(folder, len(lines), sum(lines), max(lines)) for folder, lines in sorted(sizes.items())]
    rows.append(
        ("in all", sum(len(v) for v in sizes.values()), sum(map(sum, sizes.values())), max(map(max, sizes.values())))
    )
    print(tabulate(rows, ["folder", "files", "lines", "longest file"]))
    for depth, what in ((1, "folders"), (2, "folders and those inside them")):
        found = circles(folder_graph(graph, depth))
        print(f"\ncircles of {what}: {len(found)}")
        for part in found:
            print(f"  {len(part)}: {', '.join(part)}")
    found = circles(graph)
    print(f"\ncircles of files: {len(found)}")
    for part in found:
        print(f"  {len(part)}: {', '.join(part)}")


if __name__ == "__main__":
    main()
