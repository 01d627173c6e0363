"""One run at a time in a folder: who lives is respected, what the dead left is taken over."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dotbench.cli import lock, verifying
from dotbench.cli import main as command
from dotbench.cli.lock import EXPIRED, LOCKS, OWNER, alone
from dotbench.errors import DotbenchError


@pytest.fixture(autouse=True)
def argv(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dotbench", "run", "-c", "my own.yaml"])


def leave_locks(*names: str) -> None:
    LOCKS.mkdir(parents=True, exist_ok=True)
    for name in names:
        (LOCKS / name).touch()


def locks() -> list[str]:
    return sorted(path.name for path in LOCKS.iterdir())


def test_a_second_run_is_told_who_works_and_what_to_do() -> None:
    with alone(), pytest.raises(DotbenchError) as caught, alone():
        pass
    message = str(caught.value)
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in message
    assert "dotbench run -c 'my own.yaml'" in message
    assert f"kill {os.getpid()}" in message
    with alone():
        pass


def test_a_second_run_ends_with_1_and_lists_nothing(workdir: Path, monkeypatch, capsys) -> None:
    """Not even the tables of an earlier run."""
    (workdir / "own.yaml").write_text(
        "name: own\ndatasets: [sim-tiny]\nseeds: [0]\nstudies: [{study: ranking, methods: [{model: popularity}]}]\n"
    )
    (workdir / "results/own/ranking/tables").mkdir(parents=True)
    for kind in ("csv", "md", "tex", "html"):
        (workdir / f"results/own/ranking/tables/ranking.{kind}").touch()
    monkeypatch.setattr(sys, "argv", ["dotbench", "run", "-c", "own.yaml"])
    with alone(), pytest.raises(SystemExit) as end:
        command.main()
    assert str(end.value.code).startswith("error: another run works in this folder: process ")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("words", ["import runs.parquet", "compare -c own.yaml", "site -c own.yaml"])
def test_whatever_else_writes_results_is_refused_in_the_same_words(workdir, monkeypatch, words: str) -> None:
    (workdir / "own.yaml").write_text(
        "name: own\ndatasets: [sim-tiny]\nseeds: [0]\nstudies: [{study: ranking, methods: [{model: popularity}]}]\n"
    )
    with alone():
        before = sorted(workdir.rglob("*"))
        monkeypatch.setattr(sys, "argv", ["dotbench", *words.split()])
        with pytest.raises(SystemExit) as end:
            command.main()
        assert str(end.value.code).startswith(f"error: another run works in this folder: process {os.getpid()} on ")
        assert str(end.value.code).endswith(f"Then repeat the command, which continues: dotbench {words}")
        assert sorted(workdir.rglob("*")) == before


FIT = ["fit", "--dataset", "sim-tiny", "--model", "popularity", "--out"]


def measured(out: str) -> object:
    """The metrics of a fit, without its times."""
    return json.loads(Path(out, "metrics.json").read_text())["metrics"]


def told(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """The message that a command ends with; nothing if it does what it is asked for."""
    monkeypatch.setattr(sys, "argv", ["dotbench", *words])
    try:
        command.main()
    except SystemExit as end:
        return str(end.code or "")
    return ""


@pytest.mark.seconds
def test_a_fit_and_a_page_of_data_prepare_nothing_beside_a_run(workdir: Path, monkeypatch, capsys) -> None:
    """Which may prepare the same; what is prepared is used."""
    with alone():
        for words in ([*FIT, "a"], ["data", "sim-tiny"]):
            assert told(monkeypatch, *words).startswith("error: another run works in this folder: process ")
        assert not (workdir / "results").exists()
    assert told(monkeypatch, *FIT, "a") == ""
    with alone():
        assert told(monkeypatch, *FIT, "b") == ""
    assert measured("a") == measured("b")


@pytest.mark.seconds
def test_two_fits_in_one_folder_do_not_mix(workdir: Path, monkeypatch) -> None:
    with lock.held(Path("a/.lock"), lambda: "not this one"):
        assert (
            told(monkeypatch, *FIT, "a")
            == "error: a: another fit writes there; wait for its end, or name another --out"
        )
    assert [path.name for path in (workdir / "a").iterdir()] == [".lock"]


@pytest.mark.seconds
def test_fits_at_once_in_a_fresh_folder_prepare_once(workdir: Path) -> None:
    code = "from dotbench.cli.main import main; main()"
    fits = [
        subprocess.Popen([sys.executable, "-c", code, *FIT, out], stdout=subprocess.PIPE, text=True) for out in "abc"
    ]
    said = "".join(fit.communicate()[0] for fit in fits)
    assert [fit.returncode for fit in fits] == [0, 0, 0]
    assert said.count("sim-tiny: preparing") == 1
    assert measured("a") == measured("b") == measured("c")
    assert verifying.verify() == []


@pytest.mark.seconds
def test_what_a_killed_run_left_is_taken_over(workdir: Path) -> None:
    code = (
        "from dotbench.cli.lock import *\n"
        "with alone():\n    LOCKS.mkdir(parents=True, exist_ok=True)\n    (LOCKS / '1.input.lock').touch()\n"
        "    print('held', flush=True)\n    input()"
    )
    leave_locks("0.input.lock")  # of a `snakemake` that was there before
    environment = os.environ | {"PYTHONPATH": str(Path(lock.__file__).parents[2])}
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DotbenchError, match=f"process {holder.pid} on"), alone():
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert OWNER.is_file()
    with alone():
        assert locks() == ["0.input.lock"]
    assert not OWNER.exists()


def test_the_lock_that_this_run_made_is_removed_at_its_end() -> None:
    leave_locks("0.output.lock")
    with alone():
        leave_locks("1.output.lock")
    assert locks() == ["0.output.lock"]


@pytest.mark.parametrize("shift", [-EXPIRED - 1, 1e7], ids=["silent", "of a clock that was ahead"])
def test_a_run_on_another_host_lives_as_long_as_it_gives_signs_of_life(shift: float) -> None:
    """Its lock may not reach us."""
    OWNER.parent.mkdir()
    owner = {
        "host": "elsewhere",
        "process": 7,
        "since": "2026-01-01 00:00:00",
        "command": "dotbench run x",
        "others": [],
    }
    OWNER.write_text(json.dumps(owner))
    leave_locks("0.input.lock")
    with (
        pytest.raises(DotbenchError, match="process 7 on elsewhere, since 2026-01-01 00:00:00: dotbench run x"),
        alone(),
    ):
        pass
    assert json.loads(OWNER.read_text()) == owner
    other = time.time() + shift
    os.utime(OWNER, (other, other))
    with alone():
        assert locks() == []


def test_the_holder_gives_signs_of_life(monkeypatch) -> None:
    monkeypatch.setattr(lock, "BEAT", 0.0)
    with alone() as held:
        os.utime(OWNER, (0, 0))
        held.beat()
        assert OWNER.stat().st_mtime > time.time() - EXPIRED / 2


@pytest.mark.parametrize("content", ["", '{"host": "x"', "[]", '{"host": "x"}'])
def test_a_file_about_the_holder_that_was_never_finished_stops_nobody(content: str) -> None:
    """As a loss of power may leave it; the locks are of that run."""
    OWNER.parent.mkdir()
    OWNER.write_text(content)
    leave_locks("0.input.lock")
    with alone():
        assert locks() == []
        assert json.loads(OWNER.read_text())["process"] == os.getpid()
