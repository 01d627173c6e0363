"""Jobs in forks of one process: the same as ``python -m`` in every way that the workflow can see."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forks_server import serving, wait_until

from dotbench.cli import forks, job

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="forks are served on Linux alone")

STAGE = """
import os, sys, time
from typing import Annotated
import typer
from dotbench.errors import DotbenchError

def main(what: Annotated[str, typer.Option()] = "tell"):
    print(os.getcwd(), os.environ.get("MARK"), os.environ.get("OMP_NUM_THREADS"), sys.argv[1:], flush=True)
    print("to the errors", file=sys.stderr)
    if what == "refuse":
        raise DotbenchError("what was asked for is refused")
    if what == "fail":
        raise ValueError("a fault")
    if what == "exit":
        raise typer.Exit(3)
    if what == "die":
        os.kill(os.getpid(), 9)
    if what == "sleep":
        print(os.getpid(), flush=True)
        time.sleep(60)
    if what == "threads":
        import numpy, torch, threadpoolctl
        print(torch.get_num_threads(), {pool["num_threads"] for pool in threadpoolctl.threadpool_info()})

if __name__ == "__main__":
    from dotbench.cli.stage import run
    run(main)
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forks")
    (path / "pretended.py").write_text(STAGE)
    return path


@pytest.fixture(scope="module")
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """With the address of a server, which ends with the test."""
    before = os.environ.copy()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), before.get("PYTHONPATH", "")])
    try:
        with serving(os.environ | {"MARK": "own"}) as variables:
            yield variables
    finally:
        os.environ.clear()
        os.environ.update(before)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", job.__name__, "pretended", *arguments]


def calls(folder: Path, environment: dict[str, str], what: str, threads: str = "1") -> "list[tuple[int, str, str]]":
    """Status, output and errors of a job in a fork, and of the same without a server."""
    results = []
    for name in ("DOTBENCH_FORK", "OTHER"):
        env = {key: value for key, value in environment.items() if key != "DOTBENCH_FORK"}
        env |= {
            name: environment["DOTBENCH_FORK"],
        } | {f"{library}_NUM_THREADS": threads for library in ("OMP", "OPENBLAS", "MKL")}
        done = subprocess.run(command("--what", what), cwd=folder, env=env, text=True, capture_output=True)
        results.append((done.returncode, done.stdout, done.stderr))
    return results


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "status"), [("tell", 0), ("refuse", 1), ("exit", 3), pytest.param("threads", 0, marks=pytest.mark.slow)]
)
def test_a_fork_does_what_python_does(folder: Path, environment: dict[str, str], what: str, status: int) -> None:
    forked, direct = calls(folder, environment, what, threads="2")
    assert forked == direct
    assert forked[0] == status
    assert forked[1].startswith(f"{folder} own 2 ['--what', '{what}']")


def test_a_fault_ends_with_its_traceback(folder: Path, environment: dict[str, str]) -> None:
    forked, direct = calls(folder, environment, "fail")
    assert forked[0] == direct[0] == 1
    assert forked[2].splitlines()[-1] == direct[2].splitlines()[-1] == "ValueError: a fault"


def test_a_killed_fork_is_told_as_a_shell_tells_it(folder: Path, environment: dict[str, str]) -> None:
    (forked, *_), (direct, *_) = calls(folder, environment, "die")
    assert forked == 128 + signal.SIGKILL
    assert direct == -signal.SIGKILL


def test_the_fork_ends_with_who_asked_for_it(folder: Path, environment: dict[str, str]) -> None:
    asking = subprocess.Popen(
        command("--what", "sleep"), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert asking.stdout
    asking.stdout.readline()
    fork = int(asking.stdout.readline())
    assert Path(f"/proc/{fork}").exists()
    asking.kill()
    asking.wait()
    wait_until(lambda: not Path(f"/proc/{fork}").exists())


def test_another_interpreter_runs_directly(folder: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """A job in an environment of its own has other libraries than the server."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    text = "import os, sys; print(os.getppid(), flush=True)"
    env = environment | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    (folder / "shown.py").write_text(text)
    done = subprocess.run([other, "-m", job.__name__, "shown"], cwd=folder, env=env, text=True, capture_output=True)
    assert done.stdout.strip() == str(os.getpid()), done.stderr


def test_a_server_that_is_gone_is_done_without(folder: Path, environment: dict[str, str], tmp_path: Path) -> None:
    env = environment | {"DOTBENCH_FORK": str(tmp_path / "gone")}
    done = subprocess.run(command(), cwd=folder, env=env, text=True, capture_output=True)
    assert (done.returncode, done.stdout.split()[1]) == (0, "own")


def test_forks_end_with_whoever_started_their_server(folder: Path) -> None:
    """However it ends: the pipe that the server reads is closed by the system."""
    asks = f"subprocess.run({command('--what', 'sleep')})"
    starter = f"import subprocess; from dotbench.cli import forks; forks.start(); {asks}"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen([sys.executable, "-c", starter], cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    fork = int(process.stdout.readline())
    process.kill()
    wait_until(lambda: not Path(f"/proc/{fork}").exists())


def test_what_killed_servers_left_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start of the next one; who lives, or is about to, and what is something else stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sockets = {name: socket.socket(socket.AF_UNIX) for name in ("dead/forks", "alive/forks", "young/forks.new")}
    for name, one in sockets.items():
        address = tmp_path / f"{forks.PREFIX}{name}"
        address.parent.mkdir()
        one.bind(str(address))
    (tmp_path / f"{forks.PREFIX}other").mkdir()
    sockets["alive/forks"].listen(1)
    sockets["dead/forks"].close()
    forks._remove_left()
    assert sorted(path.name.removeprefix(forks.PREFIX) for path in tmp_path.iterdir()) == ["alive", "other", "young"]
    for one in sockets.values():
        one.close()


@pytest.mark.slow
def test_everything_that_jobs_import_is_imported_without_a_thread_of_python() -> None:
    """A thread does not come along into a fork, and what it held stays locked there."""
    prepared = "from dotbench.cli import forks; [*map(forks.prepare, forks.NEEDED)]"
    text = f"import threading; {prepared}; print(threading.active_count())"
    done = subprocess.run([sys.executable, "-c", text], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "1"


def test_a_request_comes_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["dotbench.cli.fit", "", "--label", "a = 'b'\n\u2192", "\udcff"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ODD", "x=y=")
    monkeypatch.setenv("NOTHING", "")
    request = job.request_of(arguments, os.environ)
    assert job.read_request(request) == (job.ENVIRONMENT, str(tmp_path), arguments, dict(os.environ))


def test_a_request_that_is_cut_short_starts_nothing(environment: dict[str, str]) -> None:
    """Wherever it ends; the server goes on."""
    request = job.request_of(["pretended", "x"], environment)
    for end in (0, len(request) // 2, request.rindex(b"\0", 0, -1) + 1):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(environment["DOTBENCH_FORK"])
            with open(os.devnull, "rb") as nothing:
                socket.send_fds(connection, [len(request).to_bytes(8, "big")], [nothing.fileno()] * 3)
            connection.sendall(request[:end])
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(16) == b""
