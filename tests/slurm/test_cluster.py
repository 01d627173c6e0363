"""The small configuration on a real SLURM of one node."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cluster import Cluster, missing
from filelock import FileLock
from table_digests import table_digests

from dotbench.cli.workflow import load_plan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A cluster, and a folder that its node sees."""

    cluster: Cluster
    folder: Path
    config: Path = ROOT / "config/smoke.yaml"

    def command(self, *arguments: str) -> list[str]:
        snakefile, profile = str(ROOT / "Snakefile"), str(ROOT / "profiles/slurm")
        command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", snakefile]
        often = ["--slurm-init-seconds-before-status-checks", "2"]
        return [*command, "--workflow-profile", profile, *often, "--configfile", str(self.config)]

    def local(self, *arguments: str) -> list[str]:
        """The same without the cluster."""
        command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", str(ROOT / "Snakefile")]
        return [*command, "--configfile", str(self.config)]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Snakemake on the login node, as plain ``snakemake --workflow-profile`` starts it."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("DOTBENCH_")}
        environment |= self.cluster.environment
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of the test's own, which takes a second; of parallel tests one after the other has one."""
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="needs pip install -e '.[slurm]'")
    with FileLock(Path(tempfile.gettempdir()) / "dotbench-tests-slurm.lock"):
        if reason := missing():
            pytest.skip(reason)
        one = Cluster(tmp_path_factory.mktemp("slurm"))
        try:
            try:
                one.start()
            except RuntimeError as error:  # its daemons may lack rights that this machine does not give
                pytest.skip(str(error)[-500:])
            yield one
        finally:
            one.stop()


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Site:
    return Site(cluster, tmp_path)


SAME = ("fitted.npz", "per_user.parquet", "split.npz")  # what holds no times


def content(folder: Path) -> dict[str, bytes]:
    files = [path for name in SAME for path in (folder / "results").rglob(name)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def end_well(site: Site, running: "subprocess.Popen[str]", timeout: int) -> None:
    """Wait for a run, which must succeed; what it printed and the cluster's jobs are told if it does not.

    Meanwhile the administrator looks after the node: a controller that is killed forgets the jobs of its last seconds
    and gives their numbers again; SLURM takes a node out of service that still has a job of that number.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            output, _ = running.communicate(timeout=2)
            break
        except subprocess.TimeoutExpired:
            site.cluster.resume()
            if time.monotonic() > end:
                jobs = "\n".join(site.cluster.jobs())
                running.kill()
                pytest.fail(f"no end after {timeout} s; jobs:\n{jobs}\noutput:\n{running.communicate()[0]}")
    assert running.returncode == 0, output


def test_the_run_survives_a_restart_and_equals_a_local_one(site, tmp_path_factory):
    """In few submissions, none of which asks for a GPU; the controller is killed in the middle and comes back."""
    before = len(site.cluster.jobs())
    running = site.start("all")
    while len(site.cluster.jobs()) < before + 2:
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.2)
    site.cluster.stop_controller(signal=9)
    time.sleep(3)
    site.cluster.start_controller()
    end_well(site, running, 600)
    assert (site.folder / "results/smoke/index.html").is_file()
    assert (
        len(site.cluster.jobs()) - before <= 8 + 2
    )  # 33 jobs; the killed controller may forget the last two submissions
    assert not [
        line
        for line in site.cluster.call("squeue", "--states=all", "--noheader", "--format=%b").split()
        if "gpu" in line
    ]
    local = tmp_path_factory.mktemp("local")
    subprocess.run(site.local("all"), cwd=local, check=True, capture_output=True)
    assert content(site.folder) == content(local)
    assert table_digests(site.folder / "results/smoke") == table_digests(local / "results/smoke")


def test_who_needs_a_gpu_asks_for_one_and_sigterm_ends_the_run(site):
    """The cluster has a stand-in for a GPU, so the submission runs and fails; it is looked at while it does."""
    known = {line.split()[0] for line in site.cluster.jobs()}
    running = site.start("all", "--config", "device=cuda")
    try:
        while not (new := [line.split()[0] for line in site.cluster.jobs() if line.split()[0] not in known]):
            assert running.poll() is None, running.stdout.read()
            time.sleep(0.2)
        assert "gres:gpu:1" in site.cluster.call("scontrol", "show", "job", new[0])  # the decompositions among it
    finally:
        running.terminate()  # it waits for what is submitted
        site.cluster.call("scancel", *[line.split()[0] for line in site.cluster.jobs() if line.split()[0] not in known])
        assert running.wait(120) != 0
    assert "gres:gpu:1" not in "".join(site.cluster.call("scontrol", "show", "job", job) for job in known)


LONG = """
name: long
datasets: [sim-tiny]
seeds: [0]
studies:
  - study: ranking
    methods:
      - model: mf
        loss: bpr
        solver: sgd
        grid: {}
        set: {embedding_size: 8, epochs: 5000, patience: 5000, updates: 0, learning_rate: 0.001}
"""


def assert_ends_equal(site: Site, running: "subprocess.Popen[str]", fitted: str, timeout: int) -> None:
    """A run on the cluster ends well, with the bytes of a fit that nothing disturbs."""
    whole = site.folder / "whole"
    whole.mkdir()
    subprocess.run(site.local(fitted), cwd=whole, check=True, capture_output=True)
    end_well(site, running, timeout)
    assert (site.folder / fitted).read_bytes() == (whole / fitted).read_bytes()


@pytest.mark.large
def test_a_node_that_dies_in_the_middle_of_a_fit_costs_no_run(site):
    """All that runs there is gone at once. The node comes back, the run goes on by itself, and the fit ends equal."""
    config = site.folder / "long.yaml"
    config.write_text(LONG.replace("5000", "600"))
    [entry] = load_plan([config]).entries
    fitted = f"results/runs/sim-tiny/{entry.folders[0]}/split0-init0/fitted.npz"
    one = replace(site, config=config)
    running = one.start(fitted)
    while not list(site.folder.glob("logs/fit/*/*/*.log")):
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.1)
    assert not (site.folder / fitted).exists()
    site.cluster.kill_node()
    assert any("PENDING" in line or "NODE_FAIL" in line for line in site.cluster.jobs())
    site.cluster.start_node()
    assert_ends_equal(one, running, fitted, 200)


@pytest.mark.large
def test_a_fit_that_is_cancelled_goes_on_and_ends_equal(site):
    """scancel in the middle of a training; the job is submitted again and continues from its checkpoint."""
    config = site.folder / "long.yaml"
    config.write_text(LONG)
    [entry] = load_plan([config]).entries
    fitted = f"results/runs/sim-tiny/{entry.folders[0]}/split0-init0/fitted.npz"
    checkpoint = site.folder / f"results/checkpoints/sim-tiny/{entry.folders[0]}/split0-init0.pt"
    one = replace(site, config=config)
    known = {line.split()[0] for line in site.cluster.jobs()}
    running = one.start(fitted)
    while not checkpoint.is_file():
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.1)
    jobs = [line.split() for line in site.cluster.jobs()]
    [job] = [number for number, state, _ in jobs if number not in known and state == "RUNNING"]
    site.cluster.call("scancel", job)
    assert_ends_equal(one, running, fitted, 300)
