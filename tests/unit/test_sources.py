"""Which code a stage uses, and that documentation is no code."""

import ast
import json
import os
import time
from pathlib import Path

import pytest

from dotbench import paths, sources

pytestmark = pytest.mark.seconds

CODE = '''"""A module."""

import math
from typing import TYPE_CHECKING, Any, ClassVar

from dotbench.files import digest, read_json

if TYPE_CHECKING:
    from pathlib import Path


class Thing:
    """A thing."""

    size: int = 3
    kind: ClassVar[str] = "thing"

    def area(self, width: float, say: "Any" = None) -> "float":
        """Width times size."""
        total: float = width * self.size  # a comment
        return digest(read_json(math.floor(total)))
'''

FREE = {
    "a docstring of the module": ('"""A module."""', '"""Another."""'),
    "a docstring of a class": ('"""A thing."""', '"""Another thing.\n\n    Longer."""'),
    "a docstring of a function": ('        """Width times size."""\n', ""),
    "a comment": ("  # a comment", "  # another one"),
    "a type hint of an argument": ("width: float", "width: int"),
    "a type hint of what is returned": (' -> "float"', ""),
    "a type hint of a variable": ("total: float =", "total ="),
    "a type hint of a class variable": ("ClassVar[str]", "ClassVar[Any]"),
    "an import for a type hint": ("import Path", "import Path, PurePath"),
    "an import that is not used": ("import math\n", "import math\nimport os\n"),
    "the order of imports": (
        "import math\nfrom typing import TYPE_CHECKING, Any, ClassVar\n",
        "from typing import ClassVar, Any, TYPE_CHECKING\nimport math\n",
    ),
    "the order of imported names": ("digest, read_json\n", "read_json, digest\n"),
    "an empty line": ("\n\nclass", "\n\n\n\nclass"),
}
NOT_FREE = {
    "a number": ("= 3", "= 4"),
    "the type of a field": ("size: int", "size: float"),
    "a default": ('"Any" = None', '"Any" = print'),
    "a name": ("floor", "ceil"),
    "an import that is used": ("from dotbench.files import digest", "from dotbench.files import file_digest as digest"),
    "a class variable's value": ('= "thing"', '= "other"'),
    "a text that is a value": ("digest(read_json", 'digest("x" or read_json'),
}


def code(text: str) -> str:
    return ast.unparse(sources.code(text))


@pytest.mark.parametrize("edit", FREE.values(), ids=FREE)
def test_documentation_is_no_code(edit):
    assert edit[0] in CODE
    assert code(CODE.replace(*edit)) == code(CODE)


@pytest.mark.parametrize("edit", NOT_FREE.values(), ids=NOT_FREE)
def test_what_changes_what_happens_is_code(edit):
    assert edit[0] in CODE
    assert code(CODE.replace(*edit)) != code(CODE)


def test_annotations_that_make_options_are_code():
    text = "def main(seed: int) -> None: ..."
    other = text.replace("int", "str")
    assert ast.unparse(sources.code(text, True)) != ast.unparse(sources.code(other, True))
    assert code(text) == code(other)


def test_bodies_without_a_statement_stay_valid():
    text = 'class A(Exception):\n    """One."""\n\n\ndef f():\n    """Two."""\n\n\nif TYPE_CHECKING:\n    import os\n'
    compile(code(text), "text", "exec")
    assert code(text) == "class A(Exception):\n    pass\n\ndef f():\n    pass"


@pytest.mark.slow
def test_every_module_of_the_package_keeps_its_code():
    """What is left compiles, and has the functions and classes of the whole."""
    for path in sources.ROOT.rglob("*.py"):
        text = path.read_text("utf-8")
        left = sources.code(text)
        compile(ast.unparse(left), str(path), "exec")
        whole, kept = (
            [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            for tree in (ast.parse(text), left)
        )
        assert kept == whole, path


def test_an_import_for_a_type_hint_is_no_dependency():
    assert "dotbench.execution.hardware" not in sources.sources("dotbench.simulations.base")
    assert "dotbench.files" in sources.sources("dotbench.simulations.base")


def test_a_table_depends_on_its_own_code():
    table = sources.sources("dotbench.cli.table", "dotbench.reporting.tables.comparison")
    assert "dotbench.statistics.paired" in table
    assert not [module for module in table if module.startswith("dotbench.papers.")]
    assert not [module for module in table if "figures" in module]


@pytest.fixture
def edit(workdir, monkeypatch):
    """Give a module other code, as far as digests go; what is kept beside the package's bytecode stays as it is."""
    facts = sources._facts
    others: dict[str, str] = {}

    def edited(module):
        digest, imported = facts(module)
        return others.get(module, digest), imported

    monkeypatch.setattr(sources, "_facts", edited)
    monkeypatch.setattr(sources, "_index_file", lambda: workdir / "code.json")
    sources._history.cache_clear()
    yield others.__setitem__
    sources._history.cache_clear()


def test_a_code_file_is_older_than_what_follows_and_changes_with_the_code(edit):
    def made() -> Path:
        sources.refresh()
        return Path(sources.code_file("dotbench.cli.split", "dotbench.settings"))

    file = made()
    before = file.read_text()
    used = sources.sources("dotbench.cli.split", "dotbench.settings")
    assert [line.split()[1] for line in before.splitlines()] == list(used)
    assert before.splitlines()[0].split()[0] == sources._facts(used[0])[0]
    times = [(sources.ROOT.parent / f"{module.replace('.', '/')}.py").stat().st_mtime for module in used]
    assert file.stat().st_mtime == pytest.approx(max(times))
    os.utime(file, (1, 1))
    assert made().stat().st_mtime == 1  # what is right is left alone
    edit("dotbench.losses.bpr", "other")  # which no split uses
    assert made().stat().st_mtime == 1
    edit("dotbench.settings", "other")
    assert "other  dotbench.settings\n" in made().read_text()
    assert file.stat().st_mtime > time.time() - 60
    file.unlink()
    assert made().stat().st_mtime > time.time() - 60  # made anew, it is no older than the change


def test_the_modules_are_told_that_are_not_what_they_were(edit):
    sources.refresh()
    file = sources.code_file("dotbench.cli.split")
    first = time.time()
    assert sources.edited(file, first) == []
    edit("dotbench.settings", "other")
    edit("dotbench.files", "other")
    sources.refresh()
    second = time.time()
    assert sources.edited(file, first) == ["files.py", "settings.py"]
    assert sources.edited(file, second) == []
    edit("dotbench.files", sources._history()["dotbench.files"][0][1])  # it is undone
    sources.refresh()
    assert sources.edited(file, first) == ["settings.py"]
    assert sources.edited(file, second) == ["files.py"]
    assert sources.edited(file, 0) == ["settings.py"]  # since before anything was known: since the first


def test_files_of_the_future_get_the_present_time_and_no_others(workdir):
    """All the same one, so that none is newer than what was made of it."""
    now = time.time()
    ages = {"results/a": 1e7, "results/runs/d/b": 2e9, "resources/d/manifest.json": 1e4}
    ages |= {"results/c": -1e7, "results/d": 5.0, "own.csv": 1e7}
    for name, age in ages.items():
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.utime(file, (now + age, now + age))
    (workdir / "results/gone").symlink_to("nowhere")
    sources.end_the_future()
    times = {name: Path(name).stat().st_mtime for name in ages}
    late = list(ages)[:3]
    assert len({times[name] for name in late}) == 1
    assert now - 1 <= times[late[0]] <= time.time()
    assert [times[name] - now for name in ages if name not in late] == pytest.approx([-1e7, 5.0, 1e7])


@pytest.mark.slow  # reads every module
def test_what_is_known_of_a_file_is_not_read_off_it_again(workdir, monkeypatch):
    monkeypatch.setattr(sources.os, "access", lambda *_: False)  # the package may not be written
    for cached in (sources.sources, sources._facts, sources._index):
        cached.cache_clear()
    sources.refresh()
    expected = sources.sources_digest("dotbench.cli.fit")
    index = json.loads((paths.CODE / "code.json").read_text())
    assert len(index["modules"]) > 100
    for cached in (sources.sources, sources._facts, sources._index):
        cached.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(sources, "code", None)  # not called
        assert sources.sources_digest("dotbench.cli.fit") == expected
    (paths.CODE / "code.json").write_text("{")  # broken: as if it were not there
    for cached in (sources.sources, sources._facts, sources._index):
        cached.cache_clear()
    assert sources.sources_digest("dotbench.cli.fit") == expected
    for cached in (sources.sources, sources._facts, sources._index):
        cached.cache_clear()
