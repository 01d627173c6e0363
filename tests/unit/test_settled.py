"""The note that says that nothing has changed since there was nothing to do."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dotbench.cli import settled
from dotbench.cli.settled import Note
from dotbench.errors import TOLD

FILES = [
    "results/runs/sim/mf/split0/fit.json",
    "results/smoke/ranking/tables/ranking.md",
    "results/code/history.json",
    "resources/ml/manifest.json",
    ".snakemake/metadata/abc",
    "config/datasets/mine.yaml",
    "own.yaml",
    "mine.csv",
    "project/Snakefile",
    "project/rules/train.smk",
    "project/workflow/dotbench/losses/bpr.py",
]


@pytest.fixture
def here(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settled, "OWN", [Path("project/Snakefile"), Path("project/rules"), Path("project/workflow")])
    monkeypatch.delenv(TOLD, raising=False)
    for file in FILES:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")
    return workdir


def note() -> Note:
    return Note(["ranking"], [Path("own.yaml")])


@pytest.fixture
def kept(here: Path) -> None:
    made = note()
    assert not made.holds()
    made.watch(["mine.csv"])
    made.keep()
    assert note().holds()


def replaced(path: Path) -> None:
    """Another content of the same size at the same time."""
    before = path.stat()
    path.write_text("CONTENT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def restored(path: Path) -> None:
    """A copy from a backup, with its times."""
    shutil.copy2(path, "backup")
    path.unlink()
    shutil.move("backup", path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "truncated": lambda path: os.truncate(path, 3),
    "emptied": lambda path: path.write_text(""),
    "edited": lambda path: path.write_text("other content"),
    "touched": lambda path: os.utime(path),
    "replaced": replaced,
    "restored": restored,
    "beside": lambda path: path.with_name("new").write_text("new"),
}
ALONE = {"own.yaml", "mine.csv", "project/Snakefile"}  # of whose folders nothing is known


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_any_file_ends_it(kept: None, file: str, change: str) -> None:
    CHANGES[change](Path(file))
    assert note().holds() == (change == "beside" and file in ALONE)


def test_another_question_has_another_note(kept: None) -> None:
    assert not Note([], [Path("own.yaml")]).holds()
    assert not Note(["ranking"], None).holds()


@pytest.mark.parametrize("name", ["DOTBENCH_ACCEPT_UNVERIFIED", "SNAKEMAKE_PROFILE"])
def test_what_the_environment_says_ends_it(kept: None, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "other")
    assert not note().holds()


def test_another_snakemake_ends_it(kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled.metadata, "version", lambda name: "10.0")
    assert not note().holds()


def test_what_follows_a_run_does_not_end_it(kept: None) -> None:
    for beside in ("results/smoke/report.html", "results/smoke/report-ranking.html", "results/runs/index.csv"):
        Path(beside).write_text("new")
    (Path("project/workflow/__pycache__")).mkdir()
    Path("project/workflow/__pycache__/a.pyc").write_text("new")
    assert note().holds()
    Path("results/smoke/index.html").write_text("new")
    assert not note().holds()


def test_nothing_is_kept_where_something_changed_meanwhile(here: Path) -> None:
    made = note()
    made.watch(["mine.csv"])
    Path("results/runs/sim/mf/split0/fit.json").unlink()
    made.keep()
    assert not note().holds()


def test_digests_of_code_may_be_written_meanwhile_and_not_later(here: Path) -> None:
    made = note()
    made.watch(["mine.csv"])
    Path("results/code/fit.digest").write_text("new")
    made.keep()
    assert note().holds()
    Path("results/code/fit.digest").write_text("other")
    assert not note().holds()


def test_a_warning_comes_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = note()
    made.watch([])
    monkeypatch.setenv(TOLD, "12345678")
    made.keep()
    monkeypatch.delenv(TOLD)
    assert not note().holds()


def test_a_broken_note_says_nothing(kept: None) -> None:
    [file] = settled.NOTES.iterdir()
    for text in ("", "{", "[]", '{"files": []}'):
        file.write_text(text)
        assert not note().holds()
