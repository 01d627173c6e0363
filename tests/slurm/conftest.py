"""A cluster, and a folder that its node sees."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cluster import Cluster, missing
from filelock import FileLock

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
            one.start()
            yield one
        finally:
            one.stop()


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Site:
    return Site(cluster, tmp_path)
