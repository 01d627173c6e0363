"""The prediction of costs: exact on laws that it can express, honest about its error, and the arithmetic of a plan."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import Plan
from dotbench.costs.estimate import Job, Machine, Work, counts, peak_bytes, total, wall_seconds, works
from dotbench.costs.measured import Cell, cells
from dotbench.costs.model import Model, family

SIZES = [(50_000, 800), (200_000, 2_000), (900_000, 3_500), (2_000_000, 40_000)]


def cell(name: str, number: int, seconds: float) -> Cell:
    interactions, items = SIZES[number]
    return Cell("fit", name, f"data-{number}", 1000, items, interactions, 3, seconds, 0.05, 400_000_000)


def law(interactions: int, items: int) -> float:
    return float(3e-4 * interactions**0.9 * (items / 2000) ** 0.5)


@pytest.fixture
def model() -> Model:
    made = [cell("mf-bpr-sgd", number, law(*SIZES[number])) for number in range(4)]
    return Model([*made, cell("mf-softmax-sgd", 1, 2 * law(*SIZES[1]))])


def test_what_was_measured_costs_what_it_did(model):
    guess = model.guess("mf-bpr-sgd", "data-2", *SIZES[2])
    assert (guess.cpu_seconds, guess.spread, guess.is_measured) == (law(*SIZES[2]), 0.1, True)


def test_a_law_of_the_models_form_is_found(model):
    guess = model.guess("mf-bpr-sgd", "elsewhere", 500_000, 5_000)
    median = guess.cpu_seconds / math.exp(guess.spread**2 / 2)
    assert median == pytest.approx(law(500_000, 5_000), rel=0.2)
    assert not guess.is_measured
    # a method with one cell takes the slopes of its family
    other = model.guess("mf-softmax-sgd", "elsewhere", 500_000, 5_000)
    assert other.cpu_seconds / math.exp(other.spread**2 / 2) == pytest.approx(2 * law(500_000, 5_000), rel=0.35)


def test_the_error_is_that_of_leaving_one_out():
    """Against fits without the cell, one by one."""
    rng = np.random.default_rng(0)
    names = ["mf-bpr-sgd", "mf-bce-sgd", "lightgcn-bpr-sgd"]
    made = [cell(name, k, law(*SIZES[k]) * math.exp(rng.normal())) for name in names for k in range(4)]
    whole, errors = Model(made), []
    for k, left in enumerate(made):
        rest = Model([*made[:k], *made[k + 1 :]])
        row = rest._row(left.name, left.interactions, left.items)
        errors.append(
            math.log(left.cpu_seconds) - float(row @ rest._weights[0]) - math.log(left.interactions / 200_000)
        )
    assert whole.factor == pytest.approx(math.exp(np.sqrt(np.mean(np.square(errors)))), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mf-wrmf-als-cg", "als"),
        ("mf-softmax-sgd", "sgd"),
        ("two-tower-rg2-sgd", "two-tower"),
        ("ease-none-direct", "baseline"),
        ("evaluate", "evaluate"),
    ],
)
def test_families(name, expected):
    assert family(name) == expected


ONE = Work(("fit", "a", "d"), 10.0, 0.5, 1e9, 100.0, True)


def test_a_total_is_a_sum_and_its_interval_that_of_shared_errors():
    same = total([ONE] * 100)  # one error for all: as wide as that of one
    single = total([ONE])
    assert (same.jobs, same.cpu_seconds, same.disk_bytes, same.memory_bytes) == (100, 1000.0, 10_000.0, 1e9)
    assert same.low == pytest.approx(100 * single.low)
    assert single.low == pytest.approx(10 * math.exp(-1.645 * 0.5 - 0.125), rel=0.05)
    assert single.high == pytest.approx(10 * math.exp(1.645 * 0.5 - 0.125), rel=0.05)
    independent = total([replace(ONE, cell=("fit", str(k), "d")) for k in range(100)])
    assert independent.high / independent.low < same.high / same.low
    assert total([]).cpu_seconds == 0


def test_time_is_bounded_by_cores_nodes_and_the_longest_chain():
    works = [replace(ONE, cell=("fit", str(k), "d")) for k in range(8)]
    assert wall_seconds(works, Machine(2)) == 40
    assert wall_seconds(works, Machine(2, nodes=2)) == 20
    assert wall_seconds(works, Machine(100)) == 10  # one job is not divided
    assert wall_seconds([replace(work, alone=True) for work in works], Machine(2)) == 80
    after = replace(ONE, cell=("fit", "z", "d"), follows=("fit", "0", "d"))
    assert wall_seconds([*works, after], Machine(100)) == 20
    assert peak_bytes(works, Machine(3)) == 3e9
    assert peak_bytes([], Machine(3)) == 0


def test_jobs_of_a_configuration(workdir: Path):
    Path("own.yaml").write_text(
        "name: own\ndatasets: [ml-100k]\nseeds: [0]\nstudies:\n  - study: ranking\n    methods:\n"
        "      - {model: mf, loss: bpr, solver: sgd, grid: {learning_rate: [0.1, 0.01]}}\n"
    )
    plan = Plan(load_benchmark([Path("own.yaml")]))
    [folder] = plan.entries[0].folders
    wildcards = (("dataset", "ml-100k"), ("method", folder))
    jobs = [Job("tune", wildcards), Job("fit", wildcards), Job("split", (("dataset", "ml-100k"),)), Job("site", ())]
    tune, fit, split, site = works(plan, jobs)
    there = {(c.what, c.name): c for c in cells() if c.where == "ml-100k"}
    assert tune.cpu_seconds == pytest.approx(2 * there["trial", "mf-bpr-sgd"].cpu_seconds)
    assert fit.cpu_seconds == there["fit", "mf-bpr-sgd"].cpu_seconds
    assert fit.follows == tune.cell
    assert fit.gpu
    assert not site.gpu
    assert split.disk_bytes > 16 * 81_697


def test_sizes_are_known_before_data_are_there(workdir: Path):
    from dotbench.datasets.catalogue import load_dataset

    assert counts(load_dataset("gowalla"))[2] == 1_027_370
    assert counts(load_dataset("sim-small"))[2] > 10_000
