"""A plan is the same with and without what spares Snakemake's time."""

import os
import shutil
from itertools import zip_longest
from pathlib import Path

import pytest
from conftest import Project, copy_project

PROGRAM = """
from dotbench.cli import snakemake_quick
snakemake_quick.TESTED = {versions!r}
from dotbench.cli.main import main
main()
"""
REASONS = ["Edited code: losses/bpr.py", "Params have changed", "its output is missing"]


def plan(project: Project, versions: str) -> list[str]:
    """The lines of `dotbench plan`, if these are the versions of Snakemake in which functions are replaced."""
    program = PROGRAM.format(versions=versions)
    shown = project.execute("-c", program, "plan", "--verbose", "--config", "config/smoke.yaml")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.splitlines()


def change(project: Project) -> None:
    """Something of every kind that Snakemake looks at: times, files that are gone, settings, code."""
    folders = sorted(project.root.glob("results/runs/sim-tiny/*/split*"))
    os.utime(project.root / "results/data/sim-tiny/stats.json")
    (folders[0] / "metrics.json").unlink()
    (project.root / "results/data/sim-tiny/split0/rating/split.npz").unlink()
    project.edit("config/smoke.yaml", "grid: {embedding_size: [5, 10]}", "grid: {embedding_size: [5, 11]}")
    project.append_code("losses/bpr.py")


@pytest.mark.slow
@pytest.mark.parametrize("state", ["nothing is there", "everything is there", "much has changed"])
def test_a_plan_is_the_same_at_any_speed(
    own: Project, tmp_path: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")  # the order of reasons and of their files
    project = copy_project(tmp_path / "empty") if state == "nothing is there" else own
    if state == "much has changed":
        change(project)
    quick = plan(project, "9.")
    shutil.rmtree(project.root / ".snakemake/dotbench", ignore_errors=True)  # the note that nothing is to be done
    slow = plan(project, "none of them")
    assert [pair for pair in zip_longest(quick, slow) if pair[0] != pair[1]] == []
    assert (quick == ["nothing to do: everything is up to date"]) == (state == "everything is there")
    if state == "much has changed":
        assert all(words in "".join(quick) for words in REASONS)
