"""Suites: their parts, what is left out without data, and what `dotbench run` and `dotbench plan` do with them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dotbench.cli import suite as suites
from dotbench.cli import workflow
from dotbench.config.suite import SHIPPED, find_suite, load_suite
from dotbench.errors import DotbenchError

METHODS = [{"model": "popularity"}]
SIMULATED = {"study": "nimc", "simulations": [{"simulation": "nimc-convergence"}]}


@pytest.fixture
def write(workdir: Path):
    def write(*parts: dict[str, Any], **more: Any) -> Path:
        file = workdir / "own.yaml"
        file.write_text(yaml.safe_dump({"suite": "own", "parts": list(parts), **more}))
        return file

    return write


def part(name: str, *datasets: str, studies: Any = None, **more: Any) -> dict[str, Any]:
    studies = studies or [{"study": "ranking", "methods": METHODS}]
    return {"set": {"name": name, "datasets": list(datasets), "studies": studies}, **more}


def test_parts_take_files_values_of_the_suite_and_their_own(write, workdir):
    (workdir / "base.yaml").write_text("name: base\ndatasets: [sim-tiny]\nseeds: [4, 5]\n")
    file = write({"config": ["base.yaml"]}, part("own", "sim-small"), set={"seeds": [7]})
    base, own = load_suite(file)
    assert (base.name, base.plan.benchmark.name, base.plan.benchmark.seeds) == ("base", "own-base", [7])
    assert (own.name, own.datasets) == ("own", ["sim-small"])
    assert [part.name for part in load_suite(file, ["own"])] == ["own"]
    written = own.write(own.file)
    assert workflow.load_plan([written]).benchmark.stated() == own.plan.benchmark.stated()
    before = written.stat().st_mtime_ns
    own.write(own.file)
    assert written.stat().st_mtime_ns == before


WRONG = {
    "unknown key": ({"suites": 1, **part("a", "sim-tiny")}, "key 'parts.0.suites': unknown key"),
    "no file": ({"config": ["none.yaml"]}, "none.yaml: cannot be read"),
    "no target": (part("a", "sim-tiny", targets=["rankin"]), "rankin"),
    "no dataset": (part("a", "sim-tony"), "unknown dataset 'sim-tony'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_part_is_told_with_its_place(case, write):
    chosen, message = WRONG[case]
    with pytest.raises(DotbenchError) as told:
        load_suite(write(chosen))
    assert message in str(told.value)
    assert "own.yaml, line " in str(told.value)


def test_names_are_told_apart(write):
    file = write(part("a", "sim-tiny"), part("a", "sim-small"))
    with pytest.raises(DotbenchError, match=r"line \d+: a part named 'a' is there already"):
        load_suite(file)
    with pytest.raises(DotbenchError, match="has no part 'b'; allowed are a"):
        load_suite(write(part("a", "sim-tiny")), ["b"])


def test_without_its_data_a_part_loses_methods_and_keeps_simulations(write):
    studies = [{"study": "ranking", "datasets": ["yelp"], "methods": METHODS}, SIMULATED]
    some, mixed, none = load_suite(
        write(part("some", "sim-tiny", "yelp"), part("mixed", "yelp", studies=studies), part("none", "yelp"))
    )
    absent = {"yelp": "not here", "steam": "not used"}
    assert some.without(absent).datasets == ["sim-tiny"]
    assert some.without(absent).left_out == {"yelp": "not here"}
    assert [study["study"] for study in mixed.without(absent).values["studies"]] == ["nimc"]
    assert none.without(absent).is_empty
    assert some.without({}) is some


def test_a_method_goes_with_its_datasets(write):
    methods = [{"model": "item-knn", "datasets": ["yelp"]}, {"model": "popularity", "datasets": ["sim-tiny", "yelp"]}]
    alone = [{"study": "ranking", "methods": methods[:1]}]
    both, one = load_suite(
        write(
            part("both", "sim-tiny", "yelp", studies=[{"study": "ranking", "methods": methods}]),
            part("one", "sim-tiny", "yelp", studies=alone),
        )
    )
    absent = {"yelp": "not here"}
    [study] = both.without(absent).values["studies"]
    assert study["methods"] == [{"model": "popularity", "datasets": ["sim-tiny"]}]
    assert one.without(absent).is_empty


def test_a_suite_is_found_by_its_name_or_its_file(write, workdir):
    assert find_suite("full") == SHIPPED / "full.yaml"
    assert find_suite("movielens") is None  # a configuration
    assert find_suite("ranking") is None
    file = write(part("a", "sim-tiny"))
    assert find_suite(str(file)) == file
    assert find_suite("absent.yaml") is None


def run(file: Path, *options: str) -> tuple[int, list[tuple[str, ...]]]:
    shown: list[tuple[str, ...]] = []
    status = suites.run(file, [], False, list(options), False, lambda header, rows: shown.extend(rows))
    return status, shown


def test_a_part_that_fails_or_has_no_data_does_not_stop_the_others(write, monkeypatch, capsys):
    ran = []

    def pretend(targets, config, retry_failed, options, verbose):
        ran.append((targets, config[0].name))
        if config[0].stem == "breaks":
            raise DotbenchError("broken")
        return int(config[0].stem == "fails")

    monkeypatch.setattr(workflow, "run", pretend)
    parts = [part(name, "sim-tiny") for name in ("fails", "breaks")]
    status, shown = run(write(*parts, part("absent", "yelp"), part("last", "sim-tiny", targets=["ranking"])))
    assert status == 1
    assert ran == [([], "fails.yaml"), ([], "breaks.yaml"), (["ranking"], "last.yaml")]
    assert [line[:2] for line in shown] == [
        ("fails", "failed"),
        ("breaks", "failed"),
        ("absent", "not run"),
        ("last", "done"),
    ]
    listed = Path("results/own/parts.md").read_text()
    assert "| absent | not run" in listed
    assert "not run on yelp: cannot be downloaded" in listed
    told = capsys.readouterr()
    assert "error: broken" in told.err
    assert "failed: fails, breaks; repeat the command" in told.err


def test_a_dry_run_writes_no_list(write, monkeypatch):
    monkeypatch.setattr(workflow, "run", lambda *_: 0)
    assert run(write(part("a", "sim-tiny")), "-n") == (0, [])
    assert not Path("results/own/parts.md").exists()


@pytest.mark.seconds
def test_a_plan_counts_shared_jobs_once_and_leaves_nothing(write, workdir, capsys):
    file = write(part("a", "sim-tiny"), part("b", "sim-tiny"), part("c", "yelp"))
    rows: list[tuple[str, ...]] = []
    suites.plan(file, [], 4, 8, lambda header, lines: rows.extend(lines))
    jobs = {name: int(count) for name, count, *_ in rows}
    assert jobs["a"] > jobs["b"] > 0  # data, splits and fits are those of the first
    assert jobs["c"] == 0
    told = capsys.readouterr().out
    assert f"cost    {jobs['a'] + jobs['b']} jobs, " in told
    assert "not run on yelp: cannot be downloaded" in told
    assert " on 4 × 8 cores" in told
    assert [path.name for path in workdir.iterdir()] == ["own.yaml"]
