"""The notes under a table name the split and what is special about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from dotbench import paths
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.plan import Plan
from dotbench.datasets.splits.base import make_splitter
from dotbench.files import write_json
from dotbench.reporting.notes import notes
from dotbench.tuning.grid import GridName

STUDY = {"study": "ranking", "methods": [{"model": "popularity"}]}
METHODS = {"ranking": [{"model": "popularity"}], "rating": [{"model": "slope-one"}]}
STATS = {"users": 3, "items": 4, "interactions": 9, "raw": {"users": 3, "items": 4, "rows": 9}}
FACTS = {"sim-tiny": {**STATS, "origin": "generated", "verified": True, "counts_differ": []}}


def lines(task: str, split: Any, shown: tuple[str, ...] = ("spread", "interval"), **settings: Any) -> list[str]:
    """Notes of a table without runs."""
    study = {"study": task, "split": split, "methods": METHODS[task]}
    values = {"name": "own", "datasets": ["sim-tiny"], "studies": [study], "seeds": [0, 1], **settings}
    plan = Plan(parse_benchmark(values, []))
    contents = plan.contents(plan.studies()[0])
    return notes(replace(contents, runs=[]), [], FACTS, shown)


def test_the_default_split() -> None:
    found = lines("ranking", "per-user-random")
    assert found[0].startswith("Per-user random 80/10/10 split; all items ranked, train and validation masked; NDCG")
    assert "over 2 seeds, each a split and an initialisation (seeds 0, 1)." in found[1]
    assert found[2].startswith("Intervals shown are Student's t, which takes the splits as independent.")
    assert (
        "corrected interval, which is not shown, is 1.12 times as wide around the same mean" in found[2]
    )  # √(1 + 2/8)
    assert found[3] == (
        "Hyperparameters are chosen for each seed on the validation part of its own split, without the test part."
    )
    assert lines("rating", "per-user-random")[0] == (
        "Per-user random 80/10/10 split of all ratings; predictions not clipped."
    )


def test_a_table_without_intervals_says_where_they_are() -> None:
    assert lines("ranking", "per-user-random", shown=("spread",))[2].startswith("Intervals of the csv are Student's t")


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "for each seed on the validation part of its own split, without the test part."),
        ({"seedless": True}, "for each seed on the validation part of this same split, without the test part."),
        (
            {"same_test": True, "validates_by_test": True},
            "on the test part itself, and so is the epoch that a fit keeps.",
        ),
        ({"same_test": True}, "for each seed on its validation part of the same division, without the test part."),
    ],
)
def test_tuning_for_each_seed_is_told_as_the_split_divides(facts: dict[str, bool], told: str) -> None:
    plan = Plan(parse_benchmark({"name": "own", "datasets": ["sim-tiny"], "studies": [STUDY]}, []))
    contents = plan.contents(plan.studies()[0])
    contents = replace(contents, runs=[], split=replace(contents.split, **facts))
    assert f"Hyperparameters are chosen {told}" in notes(contents, [], FACTS, shown=())


def test_a_tuning_split_of_its_own_is_told() -> None:
    assert lines("ranking", "per-user-random", tuning="single")[3] == (
        "Hyperparameters are chosen on the validation part of a split that is not among the reported ones (seed 1000; "
        "its training and validation pairs overlap their test pairs)."
    )


@pytest.mark.parametrize(
    ("task", "split", "parts"),
    [
        (
            "ranking",
            "global-temporal",
            ["Global temporal 80/10/10 (leakage-free) split; all", "new users are not evaluated"],
        ),
        ("ranking", "leave-one-out", ["Leave-one-out (latest) split;", "not free of leakage in time"]),
        (
            "ranking",
            {"kind": "leave-one-out", "choose": "random"},
            ["Leave-one-out (random) split;", "One random pair"],
        ),
        ("rating", {"kind": "k-fold", "folds": 7}, ["7-fold split over pairs of all", "s mod 7 of shuffle ⌊s/7⌋"]),
        ("rating", "new-users", ["New users 4:1 split of all ratings", "No test or validation user has a training"]),
        (
            "rating",
            "warm-cold",
            ["Warm/cold 70:30 split of all ratings", "a random block of 42% of the users × 66% of"],
        ),
    ],
)
def test_another_split(workdir: Path, task: str, split: Any, parts: list[str]) -> None:
    splitter = make_splitter({"kind": split} if isinstance(split, str) else split)
    for seed, apart in ((0, 4), (1, 5)):
        manifest = {"test": 1000, "unseen": {"users": 1 + 2 * seed, "items": 3}, "cold": {"cold_user": apart}}
        write_json(paths.split("sim-tiny", task, seed, splitter.variant) / "split.json", manifest)
    found = lines(task, split)
    assert found[0].startswith(parts[0])
    assert parts[1] in found[1]
    assert found[2] == (
        "Simulated ratings, tiny: 1,000 test pairs; 2 users and 3 items of the held-out pairs have no training pair; "
        "4.5 held-out pairs are set apart (means over the seeds)."
    )
    assert ("each an initialisation; the split is the same" in found[3]) == splitter.seedless
    assert ("the validation part of this same split" in found[4]) == splitter.seedless


@pytest.mark.parametrize("name", get_args(GridName))
def test_every_grid_but_the_papers_is_told(name: str) -> None:
    grids = [line for line in lines("ranking", "per-user-random", grid=name) if line.startswith("Grids: ")]
    assert len(grids) == (name != "paper")
