"""However a run ends, nothing of it is left, and the same command ends as an undisturbed run does."""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import Project, copy_project

pytestmark = pytest.mark.slow
RUN = [sys.executable, "-c", "from dotbench.cli.main import main; main()", "run", "-c", "config/smoke.yaml"]
KILLS = int(os.environ.get("KILLS", "3"))  # at random moments
SEED = int(os.environ.get("KILLS_SEED", "0"))
# what has no times in it
EXACT = ["data/**/*.parquet", "data/**/split.npz", "runs/**/fitted.npz", "runs/**/per_user.parquet"]
EXACT += ["runs/**/chosen.json", "*/*/tables/*_pairs.csv"]


def digests(project: Project) -> dict[str, str]:
    results = project.root / "results"
    files = [file for pattern in EXACT for file in results.glob(pattern)]
    return {str(file.relative_to(results)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def assert_undisturbed(project: Project, finished: Project) -> None:
    """Everything is made, and equal to what an undisturbed run made; beside it lie runs of other tests."""
    assert project.planned(site=True) == []
    made, expected = digests(project), digests(finished)
    assert len(made) > 30
    assert made == {file: expected.get(file) for file in made}


def left(project: Project) -> list[psutil.Process]:
    """The processes that work in the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == project.root:
                found.append(process)
        except psutil.Error:
            continue
    return found


def nothing_is_left(project: Project) -> bool:
    end = time.monotonic() + 5  # the guard of a killed run needs a moment
    while left(project) and time.monotonic() < end:
        time.sleep(0.05)
    return not left(project)


@contextmanager
def running(project: Project) -> Iterator["subprocess.Popen[bytes]"]:
    """A run, what it says in the file ``said``."""
    with open(project.root / "said", "wb") as said:
        run = subprocess.Popen(RUN, cwd=project.root, env=project.environment(), stdout=said, stderr=said)
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def finish(project: Project) -> "subprocess.CompletedProcess[str]":
    return project.execute(*RUN[1:])


def jobs(project: Project) -> int:
    """How many fits are there."""
    return len(list((project.root / "results/runs").glob("*/*/split*/fit.json")))


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return copy_project(tmp_path / "project")


def test_every_signal_in_the_middle_and_a_second_run_beside_it(fresh: Project, finished: Project) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
    for done, number in enumerate(numbers):
        with running(fresh) as run:
            while jobs(fresh) <= done or not (fresh.root / "said").stat().st_size:  # it is at work
                assert run.poll() is None, (fresh.root / "said").read_text()
                time.sleep(0.05)
            if done == 0:
                second = finish(fresh)
                assert second.returncode == 1
                assert f"another run works in this folder: process {run.pid} on" in second.stderr
                assert "results/smoke" not in second.stdout
            run.send_signal(number)
            status = run.wait(60)
        said = (fresh.root / "said").read_text()
        assert status == (-number if number == signal.SIGKILL else 128 + number), said
        if number != signal.SIGKILL:
            words = f"interrupted by {number.name}; the same command continues: dotbench run -c config/smoke.yaml"
            assert said.splitlines()[-1] == words
        assert nothing_is_left(fresh), left(fresh)
    end = finish(fresh)
    assert end.returncode == 0, end.stdout + end.stderr
    assert "best: MF RG2 (spectral); its lead of" in end.stdout
    assert_undisturbed(fresh, finished)


def test_kills_at_random_moments(fresh: Project, finished: Project) -> None:
    """Of a run after another in one folder; the last one is left alone."""
    draw = random.Random(SEED)
    for _ in range(KILLS):
        with running(fresh) as run:
            try:
                assert run.wait(draw.uniform(0.2, 20)) == 0, (fresh.root / "said").read_text()
            except subprocess.TimeoutExpired:
                run.kill()
        assert nothing_is_left(fresh), left(fresh)
        if (fresh.root / "results/smoke/report.html").is_file():  # it was through: from the start
            assert_undisturbed(fresh, finished)
            for part in ("results", ".snakemake"):
                shutil.rmtree(fresh.root / part)
    end = finish(fresh)
    assert end.returncode == 0, end.stdout + end.stderr
    assert_undisturbed(fresh, finished)


def test_a_lock_of_a_snakemake_that_was_started_by_hand_is_told_in_our_words(own: Project) -> None:
    own.edit("config/smoke.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    locks = own.root / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("results/smoke/index.html\n")
    try:
        refused = finish(own)
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"error: {own.root}: locked by a `snakemake` that was started by hand. If it")
        assert "--unlock" not in refused.stderr
        assert "results/smoke" not in refused.stdout
        assert (locks / "0.output.lock").is_file()  # it may live
    finally:
        shutil.rmtree(locks)


def test_a_failed_job_has_name_reason_log_and_remedy(own: Project) -> None:
    own.edit("workflow/dotbench/cli/evaluate.py", "def main(", "raise RuntimeError('out of order')\n\n\ndef main(")
    failed = own.dotbench("run", "rating", "-c", "config/smoke.yaml")
    assert failed.returncode == 1
    reason = r"failed: evaluate (Biases|SVD) on sim-tiny, split [01]: RuntimeError: out of order \(log: logs/evaluate/"
    assert re.search(reason, failed.stderr), failed.stderr
    assert "it does the rest: dotbench run rating -c config/smoke.yaml" in failed.stderr
    assert "best" not in failed.stdout
    assert "results/smoke/rating" not in failed.stdout
