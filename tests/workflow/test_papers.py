"""A paper is a folder: without one the rest works, and one more is found."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, copy_project

pytestmark = pytest.mark.slow
PAPERS = sorted(path.parent.name for path in (ROOT / "workflow/dotbench/papers").glob("*/study.py"))


def without(paper: str, root: Path):
    """A copy of the project without the folder of a paper."""
    project = copy_project(root)
    shutil.rmtree(project.root / "workflow/dotbench/papers" / paper)
    return project


@pytest.mark.parametrize("paper", PAPERS)
def test_without_a_paper_the_rest_lists_and_plans(paper, tmp_path):
    project = without(paper, tmp_path)
    simulations = project.dotbench("list", "simulations")  # which reads every component that others name
    assert simulations.returncode == 0, simulations.stderr
    studies = project.dotbench("list", "studies").stdout
    assert {other for other in PAPERS if f"\n{other} " in studies} == set(PAPERS) - {paper}
    planned = project.dotbench("plan")
    assert planned.returncode == 0, planned.stderr
    assert "fit" in planned.stdout


@pytest.mark.large
def test_without_a_paper_the_contract_tests_pass(tmp_path):
    project = without("nimc", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", project.root)
    shutil.copytree(ROOT / "tests/contract", project.root / "tests/contract")
    shutil.copy(ROOT / "tests/conftest.py", project.root / "tests")
    result = project.execute("-m", "pytest", "tests/contract", "-m", "not slow", "-q", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout[-3000:]
    assert " passed" in result.stdout


STUDY = '''"""A paper of the tests."""

from dotbench.studies.base import ReportItem, Study


class OtherStudy(Study):
    """Nobody et al., Nowhere."""

    name = "other"
    title = "Other"
    task = "ranking"
    metrics = ("ndcg@10",)
    published = "other"
    tables = (ReportItem("counts", "counted", "How many methods."), ReportItem("table1", "comparison", "Its Table 1."))
'''
PUBLISHED = """
paper: Nobody et al., Nowhere
source: typed in by the tests
seeds: 1
protocol: [not stated]
missing: []
methods: [{name: BPR, model: mf, loss: bpr, solver: sgd}]
cells: [{table: Table 1, dataset: sim-tiny, method: BPR, metric: ndcg@10, value: 0.1}]
"""
KIND = '''"""Tables that count."""

from pathlib import Path

from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, write_table
from dotbench.reporting.kind import TableKind
from dotbench.files import write_csv


class Counted(TableKind):
    """How many methods there are."""

    name = "counted"
    title = "Counts"
    reads = ("metrics",)

    def write(self, contents: Contents, folder: Path) -> None:
        rows = [{"study": contents.study, "methods": len(contents.runs)}]
        columns = [Column("Study", lambda row: row["study"]), Column("Methods", lambda row: str(row["methods"]))]
        write_table(contents, folder, rows, columns, [contents.title])
        write_csv(folder / f"{contents.report_item}.csv", rows, ["study", "methods"])
'''
CONFIG = """
name: other
datasets: [sim-tiny]
seeds: [0, 1]
studies:
  - study: other
    methods:
      - {model: popularity}
      - {model: mf, loss: bpr, solver: sgd, set: {embedding_size: 8, epochs: 5, updates: 0, negatives: 2}, grid: {}}
"""


def test_a_paper_with_its_own_kind_of_table_is_one_folder(tmp_path):
    """Study, published numbers, and a kind of table: three files of one folder, and a configuration."""
    project = copy_project(tmp_path)
    room = project.root / "workflow/dotbench/papers/other"
    (room / "tables").mkdir(parents=True)
    for name in ("__init__.py", "tables/__init__.py"):
        (room / name).write_text("")
    (room / "study.py").write_text(STUDY)
    (room / "published.yaml").write_text(PUBLISHED)
    (room / "tables/counted.py").write_text(KIND)
    (project.root / "config/other.yaml").write_text(CONFIG)
    result = project.dotbench("run", "--config", "config/other.yaml")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    shown = project.root / "results/other/other"
    assert "| other   | 2         |" in (shown / "tables/counts.md").read_text()
    assert "MF BPR" in (shown / "tables/table1.md").read_text()
    assert "too few seeds" in (shown / "paper_vs_ours.md").read_text()
    assert "How many methods there are." in (project.root / "results/other/report.html").read_text()
    project.edit("workflow/dotbench/papers/other/tables/counted.py", '"Methods"', '"All methods"')
    assert project.planned(config="config/other.yaml") == ["table counts of other"]
