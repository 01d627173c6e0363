"""What `dotbench run` shows: a line a job, warnings once, failures with reason and log, the time left, who won."""

import io
import json
import logging
import os
import signal
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from dotbench.cli import console, owned, snakemake_child, workflow, working
from dotbench.cli import main as command
from dotbench.cli.console import Display, duration
from dotbench.cli.outcome import verdict
from dotbench.cli.told import Line, Told, labelled
from dotbench.errors import DotbenchError
from dotbench.site.boards import Board, Measure
from dotbench.site.boards import Line as BoardLine

FOLDER = "mf-rg2-spectral-369796a15a"
LABELS = {FOLDER: "MF RG2 (spectral)"}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"tune {FOLDER} on ml-100k (progress: logs/tune/x.log)", "tune MF RG2 (spectral) on ml-100k"),
        (f"fit {FOLDER} on ml-100k, split 3, initialisation 3", "fit MF RG2 (spectral) on ml-100k, split 3"),
        (f"fit {FOLDER} on a, split 3, initialisation 31", "fit MF RG2 (spectral) on a, split 3, initialisation 31"),
        ("decompose sim-tiny, split 0: rg2-rank8-38ab68a078", "decompose sim-tiny, split 0: rg2-rank8"),
        ("simulate t2rec-table1-0123456789: n30-knn (progress: l)", "simulate t2rec-table1: n30-knn"),
        ("split a for ranking, seed 1-new-users-0123456789", "split a for ranking, seed 1-new-users"),
    ],
)
def test_a_job_is_named_as_people_know_it(message: str, text: str) -> None:
    assert labelled(message, LABELS) == text


def events(told: Told, *events: tuple[float, dict[str, Any]]) -> list[Line]:
    return [line for now, event in events for line in told.hear(json.dumps(event), now)]


def begun(number: int, rule: str, message: str | None, log: str = "") -> dict[str, Any]:
    return {"event": "job_info", "jobid": number, "rule_name": rule, "rule_msg": message, "log": [log] if log else []}


def ended(number: int) -> dict[str, Any]:
    return {"event": "job_finished", "job_id": number}


def test_a_line_a_job_and_the_time_that_is_left() -> None:
    told = Told({})
    stats = {"fit": 3, "table": 1, "all": 1, "total": 5}
    events(told, (100.0, {"event": "run_info", "stats": stats}))
    assert (told.done, told.total, told.left()) == (0, 5, None)
    lines = events(
        told,
        (100.0, begun(1, "fit", "fit a")),
        (100.0, begun(2, "fit", "fit b")),
        (110.0, ended(1)),
        (110.0, {"event": "progress", "done": 1, "total": 5}),
        (120.0, ended(2)),
    )
    assert lines == [Line("done", "fit a", 10.0), Line("done", "fit b", 20.0)]
    # a fit of 15 s, a table and the rest at the mean of all, 15 s; 30 s of work were done in 20 s
    assert told.left() == pytest.approx(20 * (15 + 15 + 15) / 30)
    assert events(told, (120.0, begun(0, "all", None)), (121.0, ended(0))) == []


def test_without_jobs_to_do_no_time_is_left() -> None:
    told = Told({})
    events(told, (0.0, {"event": "run_info", "stats": {"fit": 1, "total": 1}}), (0.0, begun(1, "fit", "fit a")))
    events(told, (5.0, ended(1)))
    assert told.left() == 0.0


def test_a_failed_job_has_reason_and_log_and_is_forgotten_if_a_second_try_succeeds(workdir: Path) -> None:
    Path("a.log").write_text("step 1\nerror: disk full\n\n")
    told = Told({})
    failing = [(0.0, begun(1, "fit", "fit a", "a.log")), (1.0, {"event": "job_error", "jobid": 1})]
    text = "fit a: disk full (log: a.log)"
    assert events(told, *failing) == [Line("failed", text)]
    assert events(told, *failing) == []  # the same again
    assert list(told.failed.values()) == [text]
    events(told, failing[0], (9.0, ended(1)))
    assert told.failed == {}


@pytest.mark.parametrize("content", [None, "\n"])
def test_a_job_that_failed_without_a_word_says_so(workdir: Path, content: str | None) -> None:
    if content:
        Path("a.log").write_text(content)
    told = Told({})
    events(told, (0.0, begun(1, "fit", "fit a", "a.log")), (1.0, {"event": "job_error", "jobid": 1}))
    assert told.failed[1] == "fit a: its log does not say why (log: a.log)"


def test_a_warning_is_shown_once_wherever_it_comes_from(workdir: Path) -> None:
    Path("a.log").write_text("warning: few users\nx.py:3: UserWarning: overflow in exp\n  warnings.warn(x)\n")
    Path("b.log").write_text("step\nwarning: few  users\n")
    told = Told({})
    lines = events(
        told,
        (0.0, begun(1, "fit", "fit a", "a.log")),
        (0.0, begun(2, "fit", "fit b", "b.log")),
        (1.0, ended(1)),
        (1.0, ended(2)),
        (2.0, {"event": "warning", "msg": "metadata\nare lost"}),
        (2.0, {"event": "warning", "msg": "metadata are lost"}),
    )
    assert [line.text for line in lines if line.kind == "warning"] == [
        "few users (fit a; log: a.log)",
        "overflow in exp (fit a; log: a.log)",
        "metadata are lost",
    ]


def test_files_that_other_commands_made_are_no_warning(workdir: Path) -> None:
    """`dotbench data mine`, then `dotbench run`: Snakemake has no metadata of the prepared data."""
    words = "Missing metadata for file results/data/mine/stats.json. Maybe metadata was deleted."
    assert events(Told({}), (0.0, {"event": "warning", "msg": words})) == []


def test_events_of_snakemake_become_lines_of_json(monkeypatch) -> None:
    """By a logger plugin that Snakemake's own registry accepts."""
    LoggerPluginRegistry().register_plugin("snakemake_logger_plugin_dotbench", snakemake_child)
    handler = LoggerPluginRegistry().get_plugin("dotbench").log_handler(None, None)
    reading, writing = os.pipe()
    monkeypatch.setattr(snakemake_child.LogHandler, "pipe", writing)

    def log(level: int, message: str | None, **extra: Any) -> None:
        handler.handle(logging.makeLogRecord({"levelno": level, "msg": message, **extra}))

    log(logging.INFO, None, event=LogEvent.PROGRESS, done=1, total=4)
    log(logging.INFO, "Finished", event=LogEvent.JOB_FINISHED, job_id=7)
    log(logging.INFO, "Building DAG of jobs...")
    log(logging.INFO, "cmd", event=LogEvent.SHELLCMD, cmd="x")
    log(logging.WARNING, "old metadata")
    log(logging.ERROR, "words", event=LogEvent.ERROR, exception="LockException")
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = [json.loads(line) for line in stream]
    assert told == [
        {"event": "progress", "done": 1, "total": 4},
        {"event": "job_finished", "job_id": 7},
        {"event": "warning", "msg": "old metadata"},
        {"event": "error", "exception": "LockException", "msg": "words"},
    ]
    handler.handle(logging.makeLogRecord({"levelno": logging.WARNING, "msg": "nobody listens"}))


def show(tmp_path: Path, verbose: bool = False, quiet: bool = False) -> None:
    log = tmp_path / "log"
    log.write_text("earlier words\n")
    with Display(Told({}), log, verbose, quiet) as display:
        with log.open("a") as stream:
            stream.write("Snakemake's words\n")
        display.hear(json.dumps({"event": "run_info", "stats": {"fit": 2, "total": 2}}))
        display.hear(json.dumps(begun(1, "fit", "fit [a]")))
        display.hear(json.dumps(ended(1)))
        display.hear(json.dumps({"event": "progress", "done": 1, "total": 2}))
        display.hear(json.dumps({"event": "warning", "msg": "careful"}))
        display.tick()


def test_without_a_terminal_lines_are_plain_and_progress_comes_now_and_then(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(console, "EVERY", 0.0)
    show(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "fit [a] 0.0 s",
        "warning: careful",
        "1 of 2 jobs, about 0 s left",
    ]


@pytest.mark.parametrize(
    ("options", "shown"),
    [({"quiet": True}, ["warning: careful"]), ({"verbose": True}, ["warning: careful", "Snakemake's words"])],
)
def test_quiet_leaves_out_jobs_and_verbose_shows_the_words_of_snakemake(tmp_path, capsys, options, shown) -> None:
    show(tmp_path, **options)
    assert capsys.readouterr().out.splitlines() == shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_that_is_gone_at_the_end(tmp_path, monkeypatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    show(tmp_path)
    text = terminal.getvalue()
    assert "1 of 2 jobs" in text
    assert "━" in text
    assert text.endswith("\x1b[2K")  # the line of the bar is empty


@pytest.mark.parametrize(("error", "status"), [(BrokenPipeError(), 128 + signal.SIGPIPE), (OSError(5, "EIO"), None)])
def test_without_readers_a_run_ends_and_without_its_terminal_it_goes_on(tmp_path, monkeypatch, error, status) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise error

    monkeypatch.setattr(sys, "stdout", Gone())
    if status is None:
        show(tmp_path)
        return
    with pytest.raises(owned.Interrupted) as caught:
        show(tmp_path)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00 min"), (754, "12:34 min"), (3600, "1:00 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# who won


def board(values: list[float | None], pairs: list[list[Any]], lower: bool = False) -> Board:
    lines = [
        BoardLine(method, 2, 0, {"x": [value, None, None, None]}, {"x": ""}, {}, {})
        for method, value in zip("ABCDEF", values, strict=False)
    ]
    return Board("table", "Title", "data", [Measure("x", "X", lower)], lines, {"x": pairs})


def pair(first: int, second: int, difference: float, p: float) -> list[Any]:
    return [first, second, difference, 0.0, 0.0, p]


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (
            board([0.2, 0.5, 0.1], [pair(0, 1, -0.3, 0.0001), pair(0, 2, 0.1, 0.6), pair(1, 2, 0.4, 0.0001)]),
            "best: B; its lead of 0.3000 over A is real (p < 0.001)",
        ),
        (
            board([0.2, 0.5, 0.1], [pair(1, 0, 0.3, 0.04), pair(0, 2, 0.1, 0.6), pair(1, 2, 0.4, 0.01)], lower=True),
            "no winner: C leads by 0.1000, which may be chance (p = 0.600); no significant difference from it: A",
        ),
        (
            board([0.3, None, 0.2, 0.1], [pair(0, 2, 0.1, 0.05), pair(0, 3, 0.2, 0.5), pair(2, 3, 0.1, 1.0)]),
            "no winner: A leads by 0.1000, which may be chance (p = 0.050); no significant difference from it: C, D",
        ),
        (board([0.3, 0.2], []), "A is ahead of B; the table has no test of this difference"),
        (board([None, 0.2], []), "B is the only one with a result"),
    ],
)
def test_the_verdict_is_that_of_the_test_between_the_first_two(shown: Board, words: str) -> None:
    assert verdict(shown) == words


# what a run ends with

OWN = """
name: own
datasets: [sim-tiny]
seeds: [0]
studies:
  - study: ranking
    methods:
      - {model: popularity}
"""


@pytest.fixture
def config(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = workdir / "own.yaml"
    path.write_text(OWN)
    monkeypatch.setattr(sys, "argv", ["dotbench", "run", "-c", "own.yaml"])
    return path


def snakemake_that(status: int, *told: dict[str, Any], words: str = "") -> Any:
    """Stands for Snakemake: tells these events, says these words."""

    def run(program: Any, arguments: Any, output: Path, hear: Any, tick: Any) -> int:
        output.write_text(words)
        for event in told:
            hear(json.dumps(event))
        tick()
        return status

    return run


def test_a_run_that_leaves_a_table_unmade_says_so_and_fails(config, monkeypatch, capsys) -> None:
    monkeypatch.setattr(owned, "run", snakemake_that(0))
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 1
    shown = capsys.readouterr()
    assert "not made: results/own/ranking/tables/ranking.csv, results/own/ranking/tables/ranking.md" in shown.err
    assert shown.err.count("results/own/") == workflow.NAMED
    more = len(workflow.load_plan([config]).everything()) - workflow.NAMED
    assert f" and {more} more; see the log, logs/run/own-" in shown.err
    assert "results/own/ranking" not in shown.out


@pytest.mark.parametrize(("targets", "shown"), [((), False), (("results/data/sim-tiny/stats.json",), True)])
def test_records_of_runs_are_listed_only_where_they_are_named(config, monkeypatch, capsys, targets, shown) -> None:
    """Whatever a run that names nothing asks for."""
    monkeypatch.setattr(workflow, "site_of", lambda plan, report: Path(plan.site()))
    for file in workflow.load_plan([config]).everything():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text('{"status": "ok", "metrics": null}')
    monkeypatch.setattr(owned, "run", snakemake_that(0))
    monkeypatch.setattr(sys, "argv", ["dotbench", "run", *targets, "-c", "own.yaml"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    assert ("file    results/data/sim-tiny/stats (json)" in capsys.readouterr().out) is shown


def test_a_run_with_nothing_to_do_says_so_and_still_says_where_everything_is(config, monkeypatch, capsys) -> None:
    plan = workflow.load_plan([config])
    for file in plan.everything():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text('{"status": "ok", "metrics": null}')
    monkeypatch.setattr(owned, "run", snakemake_that(0))
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines[:4] == [
        "nothing to do: everything is up to date",
        "table   results/own/ranking/tables/ranking (csv, md, tex, html)",
        "figure  results/own/ranking/figures/convergence (pdf)",
        "report  results/own/report.html",
    ]
    assert lines[-1] == "next    dotbench open -c own.yaml"


def test_a_failed_job_is_told_with_what_to_do(config, monkeypatch, capsys) -> None:
    Path("fit.log").write_text("error: disk full\n")
    failing = [begun(1, "fit", "fit a", "fit.log"), {"event": "job_error", "jobid": 1}]
    monkeypatch.setattr(owned, "run", snakemake_that(1, *failing))
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors == [
        "failed: fit a: disk full (log: fit.log)",
        "mend the causes, then repeat the command; it does the rest: dotbench run -c own.yaml",
    ]


@pytest.mark.parametrize(
    ("status", "told", "words", "message"),
    [
        (1, [], "Building DAG of jobs...\nerror: own.yaml: no good\n", "error: own.yaml: no good\n(log: logs/run/own-"),
        (
            2,
            [],
            "usage: snakemake [-h]\n  [--x]\nsnakemake: error: unrecognized arguments: --y\n",
            "error: snakemake: error: unrecognized arguments: --y\n(log: logs/run/own-",
        ),
        (-9, [], "", "error: Snakemake was killed by SIGKILL, perhaps for lack of memory (log: logs/run/own-"),
        (
            1,
            [{"event": "error", "exception": "LockException", "msg": "Error: Directory cannot be locked. … --unlock"}],
            "Error: Directory cannot be locked. … --unlock",
            "locked by a `snakemake` that was started by hand",
        ),
    ],
)
def test_a_snakemake_that_does_not_work_is_told_in_our_words(config, monkeypatch, status, told, words, message) -> None:
    monkeypatch.setattr(owned, "run", snakemake_that(status, *told, words=words))
    with pytest.raises(SystemExit) as end:
        command.main()
    assert message in str(end.value.code)
    assert "--unlock" not in str(end.value.code)


def test_an_interrupted_run_says_how_to_continue(config, monkeypatch, capsys) -> None:
    def run(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError

    kept: list[tuple[int, int]] = []
    monkeypatch.setattr(owned, "run", run)
    monkeypatch.setattr(os, "dup2", lambda *pair: kept.append(pair))
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 143
    words = "interrupted by SIGTERM; the same command continues: dotbench run -c own.yaml\n"
    assert capsys.readouterr().err == words


def test_open_shows_the_page_or_says_how_it_is_made(config, monkeypatch, capsys) -> None:
    opened: list[str] = []

    def show(address: str) -> bool:
        opened.append(address)
        return len(opened) == 1

    monkeypatch.setattr(webbrowser, "open", show)
    monkeypatch.setattr(sys, "argv", ["dotbench", "open", "-c", "own.yaml"])

    def end() -> Any:
        with pytest.raises(SystemExit) as end:
            command.main()
        return end.value.code

    assert str(end()).startswith("error: results/own/index.html: not there yet; `dotbench run -c own.yaml` makes it")
    assert opened == []
    page = Path("results/own/index.html")
    page.parent.mkdir(parents=True)
    page.touch()
    assert end() == 0
    assert capsys.readouterr().out == "results/own/index.html\n"
    assert opened == [page.resolve().as_uri()]
    assert end() == "error: found no browser on this machine; open the file yourself"


def test_a_run_of_splits_alone_has_a_display_too(config, monkeypatch) -> None:
    monkeypatch.setattr(owned, "run", snakemake_that(0))
    assert workflow.make_splits([config]) == 0
    monkeypatch.setattr(owned, "run", snakemake_that(1, words="error: no good"))
    with pytest.raises(DotbenchError, match="no good"):
        workflow.make_splits([config])
    assert working.LOGS.is_dir()
