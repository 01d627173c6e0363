"""A copy of the project in which the small configuration has been run once."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config", "envs", "profiles", "rules", "workflow"]


# the methods of the small configuration under the study of a paper: their runs are shared
PAPER = """
name: paper
datasets: [sim-tiny]
seeds: [0, 1]
studies:
  - study: rg2
    methods:
      - {model: mf, loss: bpr, solver: sgd, set: {embedding_size: 8, epochs: 5, updates: 0, negatives: 2}, grid: {learning_rate: [0.1, 0.01]}}
      - {model: mf, loss: rg2, solver: als, set: {embedding_size: 8, epochs: 5}, grid: {}}
      - {model: mf, loss: rg2, solver: spectral, set: {embedding_size: 8}, grid: {regularization: [0.1, 0.3]}}
"""  # noqa: E501


@dataclass(frozen=True)
class Project:
    """A copy of the project: edit it, ask what would run, run it."""

    root: Path

    def execute(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python …`` in the copy, with the copy's package."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("DOTBENCH_")}
        env |= {"PYTHONPATH": str(self.root / "workflow"), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, *command], cwd=self.root, env=env, text=True, capture_output=True)

    def snakemake(self, *arguments: str, config: str = "config/smoke.yaml") -> "subprocess.CompletedProcess[str]":
        return self.execute("-m", "snakemake", *arguments, "--configfile", config)

    def dotbench(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.execute("-c", "from dotbench.cli.main import main; main()", *arguments)

    def planned(self, *arguments: str, config: str = "config/smoke.yaml") -> list[str]:
        """Messages of the jobs that a dry run announces, sorted, with the digests of runs left out."""
        result = self.snakemake(*arguments, "--dry-run", "--quiet", "host", config=config)
        assert result.returncode == 0, result.stdout + result.stderr
        messages = re.findall(r"^Job \d+: (.*)$", result.stdout + result.stderr, re.MULTILINE)
        return sorted(re.sub(r"-[0-9a-f]{10}|, initialisation \d+| \(progress.*", "", message) for message in messages)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))


def copy_project(root: Path) -> Project:
    """A copy of the project in an empty folder, in which nothing has been run."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, root / part)
    for cache in root.rglob("__pycache__"):
        shutil.rmtree(cache)
    return Project(root)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small configuration, run to the end. Tests must leave it as it is."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    result = project.snakemake()
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-6000:]
    return project


@contextmanager
def put_back(project: Project) -> Iterator[Project]:
    """What is edited or added in config and workflow is put back afterwards."""
    root = project.root
    kept = {p: p.read_bytes() for part in ("config", "workflow") for p in (root / part).rglob("*") if p.is_file()}
    yield project
    for part in ("config", "workflow"):
        for path in (root / part).rglob("*"):
            if path.is_file() and path not in kept:
                path.unlink()
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


@pytest.fixture
def project(finished: Project):
    """The finished project; what a test edits or adds in config and workflow is put back afterwards."""
    with put_back(finished) as project:
        yield project


# a packed experiment, as small as one can be
SIMULATION = """
name: simulation
datasets: []
studies:
  - study: t2rec
    experiments:
      - experiment: t2rec-table1
        set:
          sizes: [30]
          dimensions: [3]
          ratings: 400
          replications: 2
          pack: 1
          methods:
            - constant
            - {name: knn, title: KNN, method: knn-basic, grid: {neighbors: [2, 5]}}
"""


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A packed experiment, run to the end. Tests must leave it as it is."""
    project = copy_project(tmp_path_factory.mktemp("simulation"))
    (project.root / "config/simulation.yaml").write_text(SIMULATION)
    result = project.snakemake(config="config/simulation.yaml")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-6000:]
    return project


@pytest.fixture
def simulated(simulation: Project):
    """The finished experiment; what a test edits is put back afterwards."""
    with put_back(simulation) as project:
        yield project


@pytest.fixture
def paper(project: Project) -> str:
    """A configuration with the study of a paper, in the project."""
    (project.root / "config/paper.yaml").write_text(PAPER)
    return "config/paper.yaml"
