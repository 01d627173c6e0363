"""What the system refuses is told once, with the file, the reason and what helps."""

import errno
import os
from pathlib import Path

import pytest

from dotbench.cli import lock, told
from dotbench.cli.snakemake import reason_in
from dotbench.errors import DotbenchError
from dotbench.files import CLOSED, FULL, REMEDIES, atomic, refused, write_text


@pytest.mark.parametrize("number", REMEDIES)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_is_refused_leaves_the_old_file_and_nothing_else(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    write_text("results/a.csv", "old")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, refuse)
        with pytest.raises(DotbenchError) as caught:
            write_text("results/a.csv", "new")
    assert str(caught.value) == f"results/a.csv: cannot be written: {os.strerror(number)}; {REMEDIES[number]}"
    assert [(path.name, path.read_text()) for path in Path("results").iterdir()] == [("a.csv", "old")]


def test_a_full_disk_is_found_while_the_content_is_written(workdir: Path) -> None:
    """/dev/full refuses every byte."""
    told = r"b\.csv: cannot be written: No space left on device; make room"
    with pytest.raises(DotbenchError, match=told), atomic("b.csv"), open("/dev/full", "w") as stream:
        stream.write("x" * 100_000)
    assert list(workdir.iterdir()) == []


def test_an_error_without_a_remedy_is_told_as_it_is() -> None:
    assert refused(OSError(errno.EIO, "x")) == os.strerror(errno.EIO)
    assert refused(OSError("a library's own words")) == "a library's own words"


TRACEBACK = """Traceback (most recent call last):
  File "/a/snakemake/jobs.py", line 806, in remove_existing_output
    os.remove(file)
OSError: [Errno 30] Read-only file system: 'results/data/d/stats.json'
"""
OF_A_RULE = """DotbenchError in file "/a/rules/common.smk", line 121:
results/code/captions/x.rst: cannot be written: No space left on device
  File "/a/rules/summarise.smk", line 14, in <module>
  File "/a/dotbench/files.py", line 45, in atomic
"""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (TRACEBACK, f"results/data/d/stats.json: Read-only file system; {CLOSED}"),
        ("OSError: [Errno 28] No space left on device\n", f"No space left on device; {FULL}"),
        ("PermissionError: [Errno 13] Permission denied: '/x/a b'\n", f"/x/a b: Permission denied; {CLOSED}"),
        (OF_A_RULE, "results/code/captions/x.rst: cannot be written: No space left on device"),
        ("FileNotFoundError: [Errno 2] No such file: 'x'\n", "FileNotFoundError: [Errno 2] No such file: 'x'"),
    ],
)
def test_what_the_system_refuses_to_snakemake_is_one_line(words: str, reason: str) -> None:
    assert reason_in(words) == reason


def test_a_job_that_could_not_even_write_its_log_tells_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told.shutil, "disk_usage", lambda _: Free(5))
    assert told._last_line(["absent.log"]) == (
        "its log does not say why; this disk is full (5 bytes are free): make room and repeat the command"
    )
    monkeypatch.setattr(told.shutil, "disk_usage", lambda _: Free(1 << 30))
    assert told._last_line(["absent.log"]) == "its log does not say why"


class Free:
    """As `shutil.disk_usage` says it."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_a_folder_in_which_nothing_can_be_written_is_told(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "x")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(DotbenchError, match=r"dotbench\.lock: cannot be locked: Read-only file system; allow"),
        lock.alone(),
    ):
        pass
