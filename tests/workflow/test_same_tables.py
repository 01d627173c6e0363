"""Equal configuration and seeds give equal tables, whatever the machine does."""

from pathlib import Path

import pytest
from conftest import Project, copy_project
from table_digests import table_digests

pytestmark = pytest.mark.slow
OTHER_WAY = ["ranking", "rating", "--cores=1", "--prioritize", "results/smoke/rating/tables/rating.csv"]


def test_cores_order_folder_and_threads_change_no_table(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job after another, those of the last table first, in another folder, where libraries are told to use two
    threads: a job has the threads of its rule all the same."""
    for library in ("OMP", "MKL", "OPENBLAS"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "2")
    other = copy_project(tmp_path / "elsewhere" / "deeper")
    done = other.snakemake(*OTHER_WAY)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = table_digests(finished.root / "results/smoke")
    assert len(expected) == 5
    assert table_digests(other.root / "results/smoke") == expected
