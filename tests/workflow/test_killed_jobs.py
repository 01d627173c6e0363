"""Jobs that are killed, by a lack of memory, a time limit or by hand, leave no stale number behind."""

import csv

import pytest

# stage → a module whose edit makes it run again; what runs before it, and so is not killed
EDITED = {
    "prepare": ("datasets/prepare.py", ()),
    "split": ("datasets/splitting.py", ()),
    "decompose": ("solvers/decomposition.py", ()),
    "tune": ("runs/tuning.py", ()),
    "fit": ("runs/fitting.py", ("tune",)),
    "evaluate": ("evaluation/metrics/recall.py", ()),
    "table": ("statistics/paired.py", ()),
}
USUAL = ("split", "fit", "evaluate")
KILLER = """
import os, sys
if "dotbench.cli.{stage}" in sys.orig_argv:
    os.kill(os.getpid(), 9)
"""


def run_and_kill(project, stage: str) -> None:
    """Run the workflow while every job of a stage is killed."""
    killer = project.root / "workflow/sitecustomize.py"  # which Python imports at its start
    killer.write_text(KILLER.format(stage=stage))
    result = project.snakemake()
    killer.unlink()
    assert result.returncode == 1, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage", [stage if stage in USUAL else pytest.param(stage, marks=pytest.mark.large) for stage in EDITED]
)
def test_the_next_run_does_what_the_killed_one_left(own, stage):
    module, before = EDITED[stage]
    own.append_code(module)
    asked = own.planned()
    assert any(message.startswith(stage) for message in asked)
    run_and_kill(own, stage)
    assert own.planned() == [message for message in asked if message.split()[0] not in before]


@pytest.mark.slow
def test_an_edited_metric_is_never_shown_with_its_old_value(own):
    table = own.root / "results/smoke/ranking/tables/ranking.csv"

    def shown() -> list[float]:
        with table.open() as stream:
            return [float(row["recall@10_mean"]) for row in csv.DictReader(stream)]

    before = shown()
    own.edit("workflow/dotbench/evaluation/metrics/recall.py", "return ", "return 1 + ")
    run_and_kill(own, "evaluate")
    result = own.snakemake()
    assert result.returncode == 0, result.stderr
    assert shown() == pytest.approx([1 + value for value in before])
