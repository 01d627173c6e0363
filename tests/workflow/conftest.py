"""A copy of the project in which the small configuration has been run once."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock

from dotbench.datasets.generators.files import draw_reviews, write_yelp

ROOT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config", "envs", "profiles", "rules", "workflow"]


# the methods of the small configuration under the study of a paper: their runs are shared
PAPER = """
name: paper
datasets: [sim-tiny]
seeds: [0, 1]
tuning: single
studies:
  - study: rg2
    methods:
      - {model: mf, loss: bpr, solver: sgd, set: {embedding_size: 8, epochs: 5, updates: 0, negatives: 2}, grid: {learning_rate: [0.1, 0.01]}}
      - {model: mf, loss: rg2, solver: als, set: {embedding_size: 8, epochs: 5}, grid: {}}
      - {model: mf, loss: rg2, solver: spectral, set: {embedding_size: 8}, grid: {regularization: [0.1, 0.3]}}
"""  # noqa: E501


@cache
def preloaded() -> "subprocess.Popen[str]":
    """The process that forks Snakemake; it ends with this one, which closes its input."""
    script = Path(__file__).with_name("preloaded.py")
    return subprocess.Popen([sys.executable, script], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@dataclass(frozen=True)
class Project:
    """A copy of the project: edit it, ask what would run, run it."""

    root: Path

    def environment(self) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("DOTBENCH_")}
        return env | {"PYTHONPATH": str(self.root / "workflow")}

    def execute(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python …`` in the copy, with the copy's package."""
        return subprocess.run(
            [sys.executable, *command], cwd=self.root, env=self.environment(), text=True, capture_output=True
        )

    def snakemake(self, *arguments: str, config: str = "config/smoke.yaml") -> "subprocess.CompletedProcess[str]":
        """``python -m snakemake …`` in the copy, with the copy's package."""
        command, server = [*arguments, "--configfile", config], preloaded()
        assert server.stdin
        assert server.stdout
        with TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("output", "errors")]
            call = [command, str(self.root), self.environment(), *map(str, files)]
            server.stdin.write(json.dumps(call) + "\n")
            server.stdin.flush()
            status = int(server.stdout.readline())
            return subprocess.CompletedProcess(command, status, *(file.read_text() for file in files))

    def dotbench(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.execute("-c", "from dotbench.cli.main import main; main()", *arguments)

    def planned(self, *arguments: str, config: str = "config/smoke.yaml", site: bool = False) -> list[str]:
        """Messages of the jobs that a dry run announces, sorted, with the digests of runs left out. ``site``: with the
        page of the results, which follows whatever it shows."""
        result = self.snakemake(*arguments, "--dry-run", "--quiet", "host", config=config)
        assert result.returncode == 0, result.stdout + result.stderr
        messages = re.findall(r"^Job \d+: (.*)$", result.stdout + result.stderr, re.MULTILINE)
        shown = [message for message in messages if site or not message.startswith("site of ")]
        return sorted(re.sub(r"-[0-9a-f]{10}|, initialisation \d+| \(progress.*", "", message) for message in shown)

    def append_code(self, path: str) -> None:
        """Add a statement to a module of the package."""
        file = self.root / "workflow/dotbench" / path
        file.write_text(file.read_text() + "\n\nEDITED = True\n")

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))


def copy_project(root: Path) -> Project:
    """A copy of the project in an empty folder, in which nothing has been run."""
    root.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, root / part)
    return Project(root)


def shared(factory: pytest.TempPathFactory, name: str, run: Callable[[Project], None]) -> Project:
    """A copy of a project that was run once, whichever of the parallel workers came first."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    template = base / f"{name}-finished"
    with FileLock(base / f"{name}.lock"):
        if not template.is_dir():
            run(copy_project(base / f"{name}-running"))
            (base / f"{name}-running").rename(template)
    copy = factory.mktemp(name) / "project"
    shutil.copytree(template, copy)
    return Project(copy)


def run_to_the_end(*configurations: str) -> Callable[[Project], None]:
    def run(project: Project) -> None:
        for configuration in configurations:
            result = project.snakemake(config=configuration)
            assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-6000:]

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small configuration, run to the end. Tests must leave it as it is."""
    return shared(tmp_path_factory, "smoke", run_to_the_end("config/smoke.yaml"))


def own_files(root: Path) -> list[Path]:
    """What tests may edit or add; bytecode is left alone, which spares a compilation at every start."""
    files = [path for part in ("config", "workflow") for path in (root / part).rglob("*")]
    return [path for path in files if path.is_file() and path.parent.name != "__pycache__"]


@contextmanager
def put_back(project: Project) -> Iterator[Project]:
    """What is edited or added in config and workflow is put back afterwards."""
    kept = {path: path.read_bytes() for path in own_files(project.root)}
    yield project
    for path in own_files(project.root):
        if path not in kept:
            path.unlink()
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


@pytest.fixture
def project(finished: Project):
    """The finished project; what a test edits or adds in config and workflow is put back afterwards."""
    with put_back(finished) as project:
        yield project


@pytest.fixture
def own(finished: Project, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Project:
    """The small configuration as it was when it had just been run, for this test alone: it may lose anything."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    shutil.copytree(base / "smoke-finished", tmp_path / "own")
    return Project(tmp_path / "own")


# a simulation, as small as one can be
SIMULATION = """
name: simulation
datasets: []
studies:
  - study: t2rec
    simulations:
      - simulation: t2rec-table1
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

# the simulations, tables and figures that the first has not
MORE_SIMULATIONS = """
name: more-simulations
datasets: []
studies:
  - study: t2rec
    simulations:
      - simulation: t2rec-rate
        set: {smoothness: [1.5], dimensions: [1], ratings: [64, 128], replications: 2, updates: 60, epochs: 20,
          width: 8, parameters: 60, fresh: 500}
      - {simulation: t2rec-depth, set: {depths: [1, 2], users: 40, ratings: [300], replications: 2, epochs: 2}}
      - simulation: t2rec-targets
        set: {sizes: [3], depths: [2], widths: [6], users: 40, ratings: [300], replications: 2, epochs: 2}
      - simulation: t2rec-capacity
        set: {sizes: [30], dimensions: [2], widths: [4], ratings: 300, replications: 1, steps: 20,
          training: {epochs: 2}, started: {epochs: 1}}
  - study: nimc
    simulations:
      - {simulation: nimc-convergence, set: {users: 20, observations: 100, dimension: 3, components: 1, iterations: 40}}
      - simulation: nimc-distance
        set: {users: 20, observations: [100], distances: [0.1, 1.0], dimension: 3, components: 1, replications: 2,
          iterations: 40}
      - simulation: nimc-tensor
        set: {activations: [relu], laws: [orthogonal], pairs: [2000], observations: [100], replications: 1, users: 20,
          dimension: 3, components: 1, iterations: 40}
      - simulation: nimc-curvature
        set: {models: [relu], observations: [20, 60], rows: [], distance: [], entry: [0.1], largest: [], least: [],
          replications: 1, dimension: 3, components: 2, n: 20, m: 60}
      - simulation: nimc-contraction
        set: {models: [tanh], observations: [20, 60], distances: [0.1], replications: 1, dimension: 3, components: 1,
          iterations: 60, pairs: 1000}
      - simulation: nimc-maps
        set: {maps: [{activation: relu, users: [8, 12], observations: [20, 60]}], methods: [gd, lm], replications: 2,
          dimension: 3, components: 1, iterations: 200, second_order_iterations: 20}
      - simulation: nimc-samples
        set: {activations: [sigmoid], dimension: [2, 3, 4], components: [], rows: [], scale: [], largest: [], least: [],
          features: [], noise: [], extra: [], ratios: [1.0, 2.0, 4.0], k: 1, replications: 2, starts: 2}
      - simulation: nimc-labels
        set: {activations: [relu], observations: [200], replications: 1, restarts: 2, users: 20, dimension: 3,
          components: 1, iterations: 40}
"""


def write_and_run(name: str, text: str) -> Callable[[Project], None]:
    def run(project: Project) -> None:
        (project.root / f"config/{name}.yaml").write_text(text)
        run_to_the_end(f"config/{name}.yaml")(project)

    return run


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A simulation, run to the end. Tests must leave it as it is."""
    return shared(tmp_path_factory, "simulation", write_and_run("simulation", SIMULATION))


@pytest.fixture(scope="session")
def all_simulations(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Every other simulation, run to the end. Tests must leave them as they are."""
    return shared(tmp_path_factory, "more-simulations", write_and_run("more-simulations", MORE_SIMULATIONS))


@pytest.fixture
def simulated(simulation: Project):
    """The finished simulation; what a test edits is put back afterwards."""
    with put_back(simulation) as project:
        yield project


# three generated datasets, compared on one footing
ANOTHER = """
name: sim-tiny-{seed}
source:
  generator: sim-ratings
  parameters: {{users: 120, items: 160, ratings: 4800, rank: 3, seed: {seed}, min_ratings: 15}}
prepare: {{min_rating: 3, core: 5}}
"""
COMPARISON = """
name: compared
datasets: [sim-tiny, sim-tiny-1, sim-tiny-2]
seeds: [0]
tuning: single
studies:
  - study: comparison
    methods:
      - {model: popularity}
      - {model: item-knn, grid: {neighbors: [5, 20]}}
      - {model: mf, loss: rg2, solver: spectral, set: {embedding_size: 8}, grid: {regularization: [0.1, 0.3]}}
      - {model: mf, loss: bpr, solver: sgd, set: {embedding_size: 8, epochs: 2, updates: 0}, grid: {}}
"""


def run_comparison(project: Project) -> None:
    for seed in (1, 2):
        (project.root / f"config/datasets/sim-tiny-{seed}.yaml").write_text(ANOTHER.format(seed=seed))
    write_and_run("compared", COMPARISON)(project)


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The comparison of methods on three datasets, run to the end. Tests must leave it as it is."""
    return shared(tmp_path_factory, "compared", run_comparison)


# reviews of the Yelp format, generated, and the study of them
MINI_YELP = """
name: mini-yelp
source:
  obtain: generated by the tests
  members:
    - path: yelp_academic_dataset_review.json
    - {path: yelp_academic_dataset_user.json, role: users}
    - {path: yelp_academic_dataset_business.json, role: items}
format:
  parser: yelp
  fields: {user: user_id, item: business_id, rating: stars, timestamp: date}
  time: iso
  texts: {text: text}
  counts: {useful: useful, funny: funny, cool: cool}
  min_city_businesses: 1
  min_business_reviews: 1
prepare: {min_rating: null, core: 1}
"""
REVIEWS = """
name: reviews
datasets: [mini-yelp]
data_dir: files
seeds: [0, 1, 2]
studies:
  - study: t2rec
    split: warm-cold
    methods:
      - {model: constant}
      - model: two-tower
        loss: squared
        solver: sgd
        label: Towers
        set: {features: aspects-leaky+yelp-profile, ids: false, width: 8, embedding_size: 4, epochs: 2, updates: 0}
        grid: {}
"""


def run_reviews(project: Project) -> None:
    (project.root / "config/datasets/mini-yelp.yaml").write_text(MINI_YELP)
    (project.root / "config/reviews.yaml").write_text(REVIEWS)
    files = project.root / "files/mini-yelp"
    files.mkdir(parents=True)
    write_yelp(files, draw_reviews(60, 20, 500))
    run_to_the_end("config/reviews.yaml")(project)


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study of reviews on generated files, run to the end. Tests must leave it as it is."""
    return shared(tmp_path_factory, "reviews", run_reviews)


@pytest.fixture
def paper(project: Project) -> str:
    """A configuration with the study of a paper, in the project."""
    (project.root / "config/paper.yaml").write_text(PAPER)
    return "config/paper.yaml"
