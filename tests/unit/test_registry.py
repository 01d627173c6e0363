"""A broken component or definition is one warning that names the file; everything else goes on."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dotbench import registry
from dotbench.cli.listing import listing
from dotbench.config.benchmark import load_benchmark
from dotbench.datasets.catalogue import definitions, load_dataset
from dotbench.errors import TOLD, DotbenchError, warn
from dotbench.registry import Component, discover, unknown
from dotbench.reporting.inventory import holdings
from dotbench.sources import code, sources

GOOD = '''
from dotbench.losses.sampled import PairwiseLoss

class Hinge(PairwiseLoss):
    """Hinge."""

    name = "{name}"
    title = "Hinge"

    def formula(self, positive, negative):
        return (1 - positive + negative).clamp(min=0)
'''
BROKEN = {
    "syntax": (GOOD.replace("negative):", "negative)"), ", line 10: SyntaxError: expected ':'"),
    "no title": (GOOD.replace('title = "Hinge"', ""), ": the class Hinge has no 'title'"),
    "no method": (GOOD.replace("def formula", "def formul"), ": the class Hinge has no method 'formula'"),
    "import": (f"import no_such_library{GOOD}", ", line 1: ModuleNotFoundError: No module named 'no_such_library'"),
    "error": (f"{GOOD}\n1 / 0\n", ", line 13: ZeroDivisionError: division by zero"),
    "exit": (f"{GOOD}\nraise SystemExit(3)\n", ", line 13: SystemExit: 3"),
    "bytes": (b"\xff\xfe\x00".decode("latin-1"), "SyntaxError"),
}


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is silent because an earlier one, or a test in this process, has told the same."""
    monkeypatch.setenv(TOLD, "")
    monkeypatch.setattr(registry, "_left_out", {})


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """``add(file, text)`` puts a file beside the losses of the package, which are discovered again."""
    package = importlib.import_module("dotbench.losses")
    found = registry._modules

    def modules(kind: str) -> Iterator[tuple[str, Path]]:
        yield from found(kind)
        if kind == "losses":
            yield from ((f"dotbench.losses.{path.stem}", path) for path in sorted(tmp_path.glob("*.py")))

    monkeypatch.setattr(registry, "_modules", modules)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    discover.cache_clear()

    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, "latin-1")
        importlib.invalidate_caches()
        return tmp_path / name

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]
    discover.cache_clear()


def losses_and_warnings(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    names = [row[0] for row in listing("losses")[1]]
    return names, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_warning_and_everything_else_goes_on(add, capsys, text: str, reason: str) -> None:
    before, _ = losses_and_warnings(capsys)
    discover.cache_clear()
    file = add("my_hinge.py", text.replace("{name}", "hinge"))
    names, told = losses_and_warnings(capsys)
    assert names == before
    assert len(told) == 1
    assert told[0].startswith(f"warning: left out: {file}")
    assert reason in told[0]


@pytest.mark.parametrize("key", [key for key in BROKEN if key != "bytes"])
@pytest.mark.parametrize("name", ["hinge", "my-hinge"])
def test_a_broken_component_by_name_says_what_is_wrong(add, tmp_path: Path, key: str, name: str) -> None:
    """By the name that it says, or that of its file where nothing of it can be read."""
    text, reason = BROKEN[key]
    add("my_hinge.py", text.replace("{name}", name))
    config = tmp_path / "own.yaml"
    config.write_text(
        "name: own\ndatasets: [sim-tiny]\nstudies:\n  - study: ranking\n    methods:\n"
        f"      - {{model: mf, loss: {name}, solver: sgd}}\n"
    )
    with pytest.raises(DotbenchError) as caught:
        load_benchmark([config])
    assert f"the loss '{name}' cannot be used: {tmp_path / 'my_hinge.py'}{reason}" in str(caught.value)


def test_a_good_file_is_found(add, capsys) -> None:
    add("my_hinge.py", GOOD.replace("{name}", "hinge"))
    names, told = losses_and_warnings(capsys)
    assert "hinge" in names
    assert told == []


def test_of_two_classes_with_one_name_neither_is_used(add, capsys) -> None:
    """Which of the two made a number would depend on the names of the files."""
    add("my_bpr.py", GOOD.replace("{name}", "bpr"))
    names, told = losses_and_warnings(capsys)
    assert "bpr" not in names
    assert len(told) == 1
    assert "my_bpr.py: the name 'bpr' is also that of the class BPR of dotbench.losses.bpr" in told[0]
    assert "cannot be used" in str(unknown("loss", "bpr", names))


def test_every_component_of_the_package_is_whole(capsys) -> None:
    for kind in ("losses", "models", "baselines", "solvers", "features", "studies", "simulations"):
        discover.__wrapped__(kind, Component)
    assert capsys.readouterr().err == ""


def test_a_warning_is_told_once_by_this_process_and_those_that_it_starts(capsys) -> None:
    warn("a\nb")
    warn("a b")
    warn("another")
    assert capsys.readouterr().err == "warning: a b\nwarning: another\n"


def test_the_digest_of_a_module_with_a_wrong_syntax_is_that_of_its_text(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("dotbench.sources._path", lambda module: tmp_path / "wrong.py")
    (tmp_path / "wrong.py").write_text("def x(:\n")
    with pytest.raises(SyntaxError):
        code("def x(:\n")
    assert sources("dotbench.losses.wrong_in_this_test") == ("dotbench.losses.wrong_in_this_test",)


def test_an_empty_list_of_names_is_told_as_such() -> None:
    assert str(unknown("thing", "x", [])) == "unknown thing 'x': there is none"


# definitions of datasets

DEFINITIONS = {
    "YAML": ("name: bad\nsource: {file: x.csv\n", "config/datasets/bad.yaml, line 3: not valid YAML: "),
    "a date that there is not": ("name: bad\nday: 2024-13-45\n", "config/datasets/bad.yaml: not valid YAML: month "),
    "a value that holds itself": ("name: bad\nlist: &a [*a]\n", "config/datasets/bad.yaml: not valid YAML: "),
    "no mapping": ("- bad\n", "config/datasets/bad.yaml: found list; allowed is a mapping"),
    "unknown key": ("name: bad\nsource: {file: x}\na: 1\n", "config/datasets/bad.yaml, line 3: key 'a': unknown key"),
    "another name": ("name: other\nsource: {file: x}\n", "config/datasets/bad.yaml, line 1: key 'name': found 'other'"),
    "braces": ("name: bad\nsource: {file: 'a{x}.csv'}\n", "config/datasets/bad.yaml, line 2: key 'source.file': "),
    "braces in a list": ("name: bad\nsource: {files: ['a}.csv']}\n", "config/datasets/bad.yaml, line 2: key 'source."),
}


@pytest.fixture
def bad(workdir: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        path = workdir / "config" / "datasets" / "bad.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text)

    return write


@pytest.mark.parametrize(("text", "message"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_bad_definition_is_one_warning_and_everything_else_goes_on(bad, capsys, text: str, message: str) -> None:
    before = [row[0] for row in listing("datasets")[1]]
    assert capsys.readouterr().err == ""
    bad(text)
    assert [row[0] for row in listing("datasets")[1]] == before
    assert [holding.dataset.name for holding in holdings()] == before
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"warning: left out: {message}")
    with pytest.raises(DotbenchError) as caught:
        load_dataset("bad")
    assert str(caught.value).startswith(message)
    assert load_dataset("ml-100k").name == "ml-100k"


def test_a_name_that_two_files_have_is_nobodys(define, capsys) -> None:
    define("ml-100k", source={"file": "a.csv"})
    assert "ml-100k" not in definitions()
    assert "ml-1m" in definitions()
    assert "the name 'ml-100k' is taken by " in capsys.readouterr().err
    with pytest.raises(DotbenchError, match="the name 'ml-100k' is taken by "):
        load_dataset("ml-100k")


@pytest.mark.parametrize("is_there", [True, False])
def test_an_unknown_dataset_is_told_with_the_folders_that_were_searched(workdir: Path, is_there: bool) -> None:
    if is_there:
        (workdir / "config" / "datasets").mkdir(parents=True)
    with pytest.raises(DotbenchError) as caught:
        load_dataset("mine")
    folders = str(caught.value).split("; definitions are looked for in ")[1]
    assert "dotbench/datasets/definitions" in folders
    assert folders.endswith(f"config/datasets of {workdir}{'' if is_there else ' (no such folder)'}")


def test_a_paper_without_its_study_takes_nothing_else_along(monkeypatch, capsys) -> None:
    """The default configuration offers the reduced study of every paper."""
    found = registry._modules
    monkeypatch.setattr(registry, "_modules", lambda kind: (m for m in found(kind) if "papers.nimc" not in m[0]))
    discover.cache_clear()
    try:
        benchmark = load_benchmark([Path(__file__).parents[2] / "config" / "config.yaml"])
        assert [choice.study for choice in benchmark.studies] == ["ranking", "rating", "t2rec"]
        assert capsys.readouterr().err.startswith("warning: left out: the reduced study 'nimc': unknown study 'nimc'")
    finally:
        discover.cache_clear()
