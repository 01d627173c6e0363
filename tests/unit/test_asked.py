"""Jobs that Snakemake asks for without a shell: the same as with one."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from forks_server import serving
from hypothesis import given
from hypothesis import strategies as st

from dotbench.cli import asked

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="forks are served on Linux alone")

HEAD = "set -euo pipefail;  python -m dotbench.cli.job"
STAGE = """
import os, sys, time
from typing import Annotated
import typer
def main(what: Annotated[str, typer.Option()], text: Annotated[str, typer.Option()]):
    print(os.getcwd(), os.environ["MARK"], os.environ.get("OMP_NUM_THREADS"), sys.argv[1:], sys.stdin.read())
    print("to the errors", file=sys.stderr, flush=True)
    if what == "sleep":
        time.sleep(60)
    if what == "die":
        os.kill(os.getpid(), 9)
    sys.exit(3 if what == "fail" else 0)
if __name__ == "__main__":
    from dotbench.cli.stage import run
    run(main)
"""


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1),
    st.text("ab/ '\"$"),
)
def test_a_quoted_command_is_understood(arguments: list[str], output: str) -> None:
    command = f"{HEAD} {shlex.join(arguments)} > {shlex.quote(output)} 2>&1"
    assert asked.read(command) == (arguments, output)


@pytest.mark.parametrize(
    "command",
    [
        "python -m dotbench.cli.job a > b 2>&1",
        f"{HEAD} a",
        f"{HEAD} a > b",
        f"{HEAD} a >> b 2>&1",
        f"{HEAD} a > b 2>&1 | cat",
        f"{HEAD} a > b 2>&1; true",
        f"{HEAD} a; true > b 2>&1",
        f"{HEAD} a && true > b 2>&1",
        f"{HEAD} $HOME > b 2>&1",
        f'{HEAD} "$HOME" > b 2>&1',
        f"{HEAD} `true` > b 2>&1",
        f"{HEAD} *.py > b 2>&1",
        f"{HEAD} ~/a > b 2>&1",
        f"{HEAD} {{a,b}} > b 2>&1",
        f"{HEAD} a\\ b > b 2>&1",
        f"{HEAD} 'a > b 2>&1",
        f"{HEAD} a\ntrue > b 2>&1",
        f"{HEAD} a < c > b 2>&1",
        f"source activate x; {HEAD} a > b 2>&1",
    ],
)
def test_what_a_shell_must_read_is_left_to_it(command: str) -> None:
    assert asked.read(command) is None


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a folder with a stage of its own, and the address of a server."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "pretended.py").write_text(STAGE)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    variables = os.environ | {"MARK": "a = 'b'\n", "OMP_NUM_THREADS": "1", "PATH": path}
    variables["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    with serving(variables) as environment:
        yield environment


def started(what: str, env: dict[str, str], log: str = "log") -> "asked.Asked | subprocess.Popen[bytes]":
    command = f"{HEAD} pretended  --what {what} --text 'it'\"'\"'s'  > {log} 2>&1"
    return asked.start(
        command, shell=True, executable="/bin/bash", stdout=sys.stdout, env=env, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(("what", "status"), [("tell", 0), ("fail", 3)])
def test_it_does_what_a_shell_does(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    one = started(what, environment, "'a log'")
    assert isinstance(one, asked.Asked)
    assert one.wait() == status
    other = started(what, environment | {"DOTBENCH_FORK": "nowhere"}, "other")
    assert isinstance(other, subprocess.Popen)
    assert other.wait() == status
    logs = [sorted(Path(name).read_text().splitlines()) for name in ("a log", "other")]
    assert logs[0] == logs[1]  # Python collects what it prints until it ends, and the server's writes lines
    assert len(logs[0]) == 3


def test_killed_it_is_told_so_and_nothing_is_left(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert started("die", environment).wait() == 128 + signal.SIGKILL
    one = started("sleep", environment)
    while "to the errors" not in Path("log").read_text():
        pass
    one.kill()
    assert one.wait() == 128 + signal.SIGKILL


def test_another_python_or_a_log_that_cannot_be_written_is_left_to_the_shell(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python").symlink_to("/bin/false")
    other = started("tell", environment | {"PATH": f"{tmp_path}{os.pathsep}{environment['PATH']}"})
    assert isinstance(other, subprocess.Popen)
    assert other.wait() == 1
    unwritable = started("tell", environment, "no/such/folder")
    assert isinstance(unwritable, subprocess.Popen)
    assert unwritable.wait() == 1


def test_snakemake_asks() -> None:
    """In a process of its own: it stays so."""
    text = """
import importlib
from dotbench.cli import asked
module = importlib.import_module("snakemake.shell")
before = module.sp
asked.install()
assert module.sp.Popen is asked.start
assert module.sp.CalledProcessError is before.CalledProcessError
"""
    assert subprocess.run([sys.executable, "-c", text]).returncode == 0
