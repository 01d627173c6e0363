"""Studies that are made by name alone, and the commands that would make, show or drop everything."""

from pathlib import Path

import pytest

from dotbench.archive.evidence import export_evidence
from dotbench.cli.progress import drop_failed
from dotbench.cli.workflow import asked, begun, compare
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json, write_text

CONFIG = """\
name: own
datasets: [sim-ratings]
studies:
  - {study: ranking, methods: [{model: popularity}]}
  - study: nimc
    on_request: true
    simulations: [{simulation: nimc-convergence, set: {replications: 2}}]
"""


@pytest.fixture
def plan(workdir: Path) -> Plan:
    Path("own.yaml").write_text(CONFIG)
    return Plan(load_benchmark([Path("own.yaml")]))


@pytest.fixture
def failed(plan: Plan) -> Path:
    """The record of a job of the study on request with a failed fit."""
    [entry] = plan.simulations
    record = entry.rows(next(iter(entry.jobs))).with_suffix(".json")
    write_json(record, {"failed": 1, "reason": "unlucky", "log": None})
    return record


def names(plan: Plan) -> list[str]:
    return [study.name for study in plan.studies()]


@pytest.mark.parametrize("target", ["nimc", "nimc_figure1a", "results/own/nimc/tables/rates.csv"])
def test_a_name_asks_for_it(plan: Plan, target: str) -> None:
    assert names(asked(plan, [])) == names(asked(plan, ["ranking"])) == ["ranking"]
    assert names(asked(plan, [target])) == ["ranking", "nimc"]
    assert asked(plan, [target]).targets(plan.study("nimc")) == plan.targets(plan.study("nimc"))


def test_it_is_shown_once_something_of_it_is_there(plan: Plan, failed: Path) -> None:
    assert names(begun(plan)) == ["ranking", "nimc"]
    failed.unlink()
    assert names(begun(plan)) == ["ranking"]


def test_its_failures_are_dropped_where_they_are_made_again(plan: Plan, failed: Path) -> None:
    table = Path("results/own/nimc/tables/rates.csv")
    write_text(table, "kept")
    assert drop_failed(asked(plan, [])) == []
    assert failed.is_file()
    assert table.is_file()
    assert drop_failed(asked(plan, ["nimc"])) == [failed]
    assert not table.exists()


def test_its_tables_are_copied_without_those_of_the_others(plan: Plan, failed: Path) -> None:
    write_text(Path("results/own/nimc/tables/rates.csv"), "a")
    written, missing = export_evidence(begun(plan), Path("to"))
    assert Path("to/nimc/rates.csv") in written
    assert read_json(Path("to/datasets.json")) == {}
    assert "results/own/ranking/tables/ranking.csv" in missing
    failed.unlink()
    with pytest.raises(
        DotbenchError, match=r"ranking\.csv: is not there yet; nothing of this configuration is finished"
    ):
        export_evidence(begun(plan), Path("to"))


def test_nothing_is_compared_that_nobody_asked_for(workdir: Path) -> None:
    Path("own.yaml").write_text(
        CONFIG.replace("nimc-convergence, set: {replications: 2}", "t2rec-table1").replace("nimc", "t2rec")
    )
    plan = Plan(load_benchmark([Path("own.yaml")]))
    assert plan.comparison_files(plan.study("t2rec"))
    with pytest.raises(DotbenchError, match="nothing that numbers were published of"):
        compare(begun(plan))


def test_a_configuration_that_makes_nothing_by_itself_is_refused(workdir: Path) -> None:
    Path("own.yaml").write_text(CONFIG.replace("  - {study: ranking, methods: [{model: popularity}]}\n", ""))
    with pytest.raises(DotbenchError, match=r"own\.yaml, line 3: key 'studies': all studies are 'on_request'"):
        load_benchmark([Path("own.yaml")])
