"""A program ends with whoever started it, however that ends, and so does what the program started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from dotbench.cli import owned

pytestmark = pytest.mark.seconds

# a program with a job; the job of a stubborn one does not mind SIGINT
PROGRAM = """
import os, signal, subprocess, sys
from dotbench.cli import owned
owned.follow(int(sys.argv[1]))
stubborn = sys.argv[3] == "stubborn"
if stubborn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
job = subprocess.Popen(["sleep", "600"])
os.write(int(sys.argv[2]), f"{os.getpid()} {job.pid}\\n".encode())
if sys.argv[3] == "brief":
    sys.exit(3)
while job.wait():
    pass
"""
PARENT = f"""
import sys
from pathlib import Path
from dotbench.cli import owned
owned.PATIENCE = float(sys.argv[2])
say = lambda line: print(line, flush=True)
program = [sys.executable, "-c", {PROGRAM!r}]
try:
    with owned.interruptible():
        print(owned.run(program, [sys.argv[1]], Path("log"), say, lambda: None))
except owned.Interrupted as interrupted:
    sys.exit(interrupted.status)
"""


class Family(NamedTuple):
    parent: "subprocess.Popen[str]"
    program: int
    job: int


def lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def start(workdir: Path) -> Iterator[Callable[..., Family]]:
    """Start a parent with a program that has a job."""
    started: list[Family] = []

    def start(kind: str, patience: float = 0.2) -> Family:
        environment = os.environ | {"PYTHONPATH": str(Path(owned.__file__).parents[2])}
        command = [sys.executable, "-c", PARENT, kind, str(patience)]
        parent = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=environment)
        assert parent.stdout
        started.append(Family(parent, *map(int, parent.stdout.readline().split())))
        return started[-1]

    yield start
    for family in started:
        family.parent.kill()
        family.parent.communicate()


@pytest.mark.parametrize("kind", ["willing", "stubborn"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_the_parent_leaves_nothing(start, number: signal.Signals, kind: str) -> None:
    family = start(kind)
    assert lives(family.job)
    family.parent.send_signal(number)
    assert family.parent.wait(10) == (-number if number == signal.SIGKILL else 128 + number)
    assert eventually(lambda: not lives(family.program) and not lives(family.job))


def test_a_second_signal_does_not_wait(start) -> None:
    family = start("stubborn", patience=600.0)
    family.parent.send_signal(signal.SIGINT)
    time.sleep(0.1)
    assert family.parent.poll() is None
    family.parent.send_signal(signal.SIGINT)
    assert family.parent.wait(10) == 130
    assert eventually(lambda: not lives(family.program) and not lives(family.job))


def test_what_a_program_leaves_at_its_end_is_ended(start) -> None:
    family = start("brief")
    assert family.parent.communicate(timeout=10)[0] == "3\n"
    assert family.parent.returncode == 0
    assert eventually(lambda: not lives(family.job))


def test_what_a_program_leaves_has_a_moment_to_tidy_up(tmp_path: Path) -> None:
    """Such as the process that forks the jobs, which deletes its folder after Snakemake has ended."""
    code = (
        "import subprocess, sys; from dotbench.cli import owned; owned.follow(int(sys.argv[1]));"
        "subprocess.Popen(['sh', '-c', 'sleep .2; touch tidied'], cwd=sys.argv[3])"
    )
    assert owned.run([sys.executable, "-c", code], [str(tmp_path)], tmp_path / "log", print, lambda: None) == 0
    assert (tmp_path / "tidied").is_file()


def test_a_killed_program_is_told_by_its_signal(start) -> None:
    family = start("willing")
    os.kill(family.program, signal.SIGKILL)
    assert family.parent.communicate(timeout=10)[0] == "-9\n"
    assert eventually(lambda: not lives(family.job))


def test_a_suspended_parent_suspends_all_and_continues_all(start) -> None:
    family = start("willing")

    def suspended(process: int) -> bool:
        return bool(psutil.Process(process).status() == psutil.STATUS_STOPPED)

    family.parent.send_signal(signal.SIGTSTP)
    assert eventually(lambda: all(map(suspended, (family.parent.pid, family.program, family.job))))
    family.parent.send_signal(signal.SIGCONT)
    assert eventually(lambda: not any(map(suspended, (family.parent.pid, family.program, family.job))))


def test_an_ignored_signal_stays_ignored() -> None:
    """As `nohup` and a shell's background jobs have it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with owned.interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(owned.Interrupted) as caught:
                os.kill(os.getpid(), signal.SIGTERM)
        assert caught.value.status == 143
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_lines_are_heard_whole_and_all_and_words_are_kept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from dotbench.cli import owned; owned.follow(int(sys.argv[1])); print(sys.argv[3:]);"
        "[os.write(int(sys.argv[2]), b'%d ' % k + b'x' * 5000 + b'\\n') for k in range(100)]"
    )
    heard: list[str] = []
    ticks: list[None] = []
    status = owned.run(
        [sys.executable, "-c", code], ["a b"], tmp_path / "log", heard.append, lambda: ticks.append(None)
    )
    assert status == 0
    assert heard == [f"{k} {'x' * 5000}" for k in range(100)]
    assert (tmp_path / "log").read_text() == "['a b']\n"
    assert ticks


INTERRUPTED = """
import os, signal, sys, time
from dotbench.cli import main as cli
from dotbench.files import atomic

@cli.app.command()
def slowly() -> None:
    with atomic("file.txt") as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.{name})
        time.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.argv = ["dotbench", "slowly"]
cli.main()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_no_command_leaves_half_a_file(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(name=name)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 128 + getattr(signal, name)
    assert done.stderr.startswith(f"interrupted by {name}")
    assert not list(tmp_path.iterdir())
