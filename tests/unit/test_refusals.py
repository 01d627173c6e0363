"""What the system refuses is told once, with the file, the reason and what helps."""

import errno
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dotbench.cli import lock, told, working
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
OF_PYTHON = """Traceback (most recent call last):
  File "/a/snakemake/report/__init__.py", line 8, in render
    raise ValueError("x")
ValueError: x
"""
OF_A_RULE = """DotbenchError in file "/a/rules/common.smk", line 121:
results/code/captions/x.rst: cannot be written: No space left on device
  File "/a/rules/summarise.smk", line 14, in <module>
  File "/a/dotbench/files.py", line 45, in atomic
"""


# what `dotbench.cli.snakemake_child` does where the second of its tasks fails
FAILING = """
import json, os, sys
print("Finished jobid: 3\\n" * 50, flush=True)
told = int(sys.argv[2])
for event in json.loads({events!r}):
    if event["event"] == "then":
        event["log"] = os.fstat(1).st_size
    os.write(told, json.dumps(event).encode() + b"\\n")
print("Building DAG of jobs...")
print({words!r})
sys.exit(1)
"""
ALL_MADE = [{"event": "run_info", "stats": {"fit": 1, "total": 1}}, {"event": "progress", "done": 1, "total": 1}]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([*ALL_MADE, {"event": "then"}], "tables and figures are made, the report is not: ValueError: x"),
        ([{"event": "then"}], "tables and figures are made, the report is not: ValueError: x"),
        (
            [*ALL_MADE, {"event": "error", "exception": "WorkflowError", "msg": "WorkflowError:\nno"}],
            "WorkflowError:\nno",
        ),
    ],
    ids=["the report", "the report, where nothing was to do", "between jobs"],
)
def test_where_no_job_failed_the_cause_is_told_without_the_words_of_jobs(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, events: list[dict[str, object]], told: str
) -> None:
    program = FAILING.format(events=json.dumps(events), words=OF_PYTHON)
    monkeypatch.setattr(working, "PROGRAM", [sys.executable, "-c", program])
    log, plan = Path("log"), SimpleNamespace(labels={}, tuned_on={})
    log.touch()
    work = working.Work(plan, None, log, SimpleNamespace(beat=lambda: None))
    with pytest.raises(DotbenchError) as caught:
        work.make([], then=["--report", "report.html"])
    assert str(caught.value) == f"{told}\n(log: log)"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (TRACEBACK, f"results/data/d/stats.json: Read-only file system; {CLOSED}"),
        ("OSError: [Errno 28] No space left on device\n", f"No space left on device; {FULL}"),
        ("PermissionError: [Errno 13] Permission denied: '/x/a b'\n", f"/x/a b: Permission denied; {CLOSED}"),
        (OF_A_RULE, "results/code/captions/x.rst: cannot be written: No space left on device"),
        (f"some words\n{OF_PYTHON}{OF_PYTHON}and others\n", "ValueError: x"),
        ("usage: snakemake\n  --cores\nerror: no such option\n", "no such option"),
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
