"""A disk that is full or may only be read, and a clock that was wrong: told in one message, and no stale number."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Project, copy_project

pytestmark = pytest.mark.slow

SMALL = """
name: small
datasets: [sim-tiny]
seeds: [0]
studies: [{study: ranking, methods: [{model: popularity}]}]
"""
RUN = ["run", "ranking_ranking", "-c", "config/small.yaml"]
FULL = "No space left on device; make room on this disk and repeat the command"
YEAR = 365 * 24 * 3600
Mount = Callable[[Path, str], None]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """``mount(folder, options)`` puts a disk in memory there, or, with ``bind``, the folder itself; a second time with
    ``remount``."""
    mounted: list[Path] = []

    def call(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-o", options, str(folder), str(folder)]
        command[1:1] = [] if "bind" in options else ["-t", "tmpfs"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine mounts no disk for a test: {done.stderr.strip()}")
        if "remount" not in options:
            mounted.append(folder)

    yield call
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    project = copy_project(tmp_path / "project")
    (project.root / "config/small.yaml").write_text(SMALL)
    return project


def half_written(project: Project) -> list[Path]:
    """Temporary files of `dotbench.files.atomic`."""
    return [file for file in (project.root / "results").rglob(".*.*") if file.is_file()]


def assert_finished(project: Project) -> None:
    """The same command makes everything; nothing is damaged, and nothing is to do."""
    done = project.dotbench(*RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.dotbench("verify").stdout == "nothing is damaged\n"
    assert project.planned("ranking_ranking", config="config/small.yaml") == []


def test_a_full_disk_is_told_and_the_same_command_goes_on(fresh: Project, mount: Mount) -> None:
    data = fresh.root / "results/data/sim-tiny"
    mount(data, "size=16k")
    failed = fresh.dotbench(*RUN)
    assert failed.returncode == 1
    told = [line for line in failed.stderr.splitlines() if line.startswith("failed: ")]
    assert len(told) == 1, failed.stderr
    assert told[0].startswith("failed: prepare sim-tiny: results/data/sim-tiny/")
    assert f": cannot be written: {FULL} (log: logs/prepare/sim-tiny.log)" in told[0]
    assert failed.stderr.splitlines()[-1].endswith(f"it does the rest: dotbench {' '.join(RUN)}")
    assert "Traceback" not in failed.stdout + failed.stderr
    assert half_written(fresh) == []
    mount(data, "remount,size=64m")
    assert_finished(fresh)


def test_results_that_may_only_be_read_are_told_and_the_same_command_goes_on(own: Project, mount: Mount) -> None:
    """An edit calls for the tables again; the old ones stay as they are."""
    own.edit("workflow/dotbench/statistics/paired.py", "ALPHA = 0.05", "ALPHA = 0.04")
    kept = {file: file.read_bytes() for file in tables_of(own)}
    mount(own.root / "results", "bind")
    mount(own.root / "results", "remount,ro,bind")
    failed = own.dotbench("run", "-c", "config/smoke.yaml")
    assert failed.returncode == 1
    [told] = failed.stderr.splitlines()
    assert told.startswith(f"error: {own.root / 'results'}: cannot be written: Read-only file system; work in a folder")
    assert {file: file.read_bytes() for file in kept} == kept
    mount(own.root / "results", "remount,rw,bind")
    done = own.dotbench("run", "-c", "config/smoke.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert own.planned(site=True) == []


def test_a_folder_on_a_full_disk_is_told_before_anything_runs(fresh: Project, mount: Mount) -> None:
    """Where the plan itself cannot be written: one message without places in code."""
    mount(fresh.root / "results/code/captions", "size=16k")
    failed = fresh.dotbench(*RUN)
    assert failed.returncode == 1
    first, *rest = failed.stderr.splitlines()
    assert first.startswith("error: results/code/captions/")
    assert first.endswith(f": cannot be written: {FULL}")
    assert len(rest) == 1, failed.stderr
    assert rest[0].startswith("(log: logs/run/")
    assert half_written(fresh) == []


@pytest.mark.parametrize(
    "shift", [pytest.param(YEAR, id="ahead"), pytest.param(-YEAR, id="behind", marks=pytest.mark.large)]
)
def test_a_clock_that_was_wrong_hides_no_edit_and_repeats_nothing(own: Project, shift: int) -> None:
    """Every file is dated in the future, or in the past: nothing is to do; an edit reruns what it calls for, once."""
    then = time.time() + shift
    for part in ("results", "resources", ".snakemake"):
        for file in (own.root / part).rglob("*"):
            if file.is_file():
                os.utime(file, (then, then))
    assert own.planned(site=True) == []
    own.append_code("statistics/paired.py")
    tables = ["table ranking of ranking", "table rating of rating"]
    assert own.planned() == tables
    assert own.snakemake().returncode == 0
    assert own.planned() == []


def tables_of(project: Project) -> list[Path]:
    return [project.root / f"results/smoke/{name}/tables/{name}.csv" for name in ("ranking", "rating")]
