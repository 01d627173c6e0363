"""A simulation: its table, what reruns, and its jobs in a file of runs."""

import csv
import itertools
import json
import shutil

import pandas as pd
import pytest

from dotbench.papers.t2rec.tables.slopes import NO_SLOPE

pytestmark = pytest.mark.slow

CONFIG = "config/simulation.yaml"
FIGURES = {
    "figure1a",
    "figure1b",
    "figure1cd",
    "tensor_curves",
    "curvature_curves",
    "contraction_curves",
    "samples_curves",
}
TABLES = {"rates", "distance", "radii", "thresholds", "tensor", "curvature", "definite", "contraction", "samples"}
TABLES |= {"exponents", "labels"}
ENDS = ["claims of t2rec", "paper versus ours of t2rec", "table table1 of t2rec"]
JOBS = "results/studies/t2rec/t2rec-table1-*"


def planned(project, *arguments):
    """The planned jobs as (method, replication), and the rest of the jobs."""
    jobs = project.planned(*arguments, config=CONFIG)
    own = [job.split(": ")[1].split("-") for job in jobs if job.startswith("simulate ")]
    return sorted((part[2], part[-1]) for part in own), [job for job in jobs if not job.startswith("simulate ")]


def everything(*methods, replications=("r0to0", "r1to1")):
    return sorted((method, replication) for method in methods for replication in replications)


def test_the_table_has_the_means_of_the_jobs(simulated):
    rows = pd.concat(pd.read_parquet(path) for path in simulated.root.glob(f"{JOBS}/part-*.parquet"))
    assert len(rows) == 2 * (1 + 3)  # constant: one fit; KNN: two of tuning and the chosen one
    means = rows[rows["role"] == "reported"].groupby("method")["test_rmse"].mean()
    with open(simulated.root / "results/simulation/t2rec/tables/table1.csv") as stream:
        table = {row["method"]: row for row in csv.DictReader(stream)}
    assert set(table) == {"constant", "knn"}
    for method, row in table.items():
        assert float(row["test_rmse_mean"]) == pytest.approx(means[method], rel=1e-12)
        assert row["replications"] == "2"
    text = (simulated.root / "results/simulation/t2rec/tables/table1.md").read_text()
    assert "n = 30, d = 3" in text
    assert "Mean ± standard error over 2 replications" in text
    assert not list(simulated.root.glob("results/checkpoints/studies/*/*/*"))


def test_every_simulation_has_its_table_and_figure(all_simulations):
    shown = all_simulations.root / "results/more-simulations/t2rec"
    with open(shown / "tables/rate.csv") as stream:
        slopes = {row["title"]: row["verdict"] for row in csv.DictReader(stream)}
    assert slopes == dict.fromkeys(["fixed width", "growing width"], NO_SLOPE)  # of two sizes
    with open(shown / "tables/rate_sizes.csv") as stream:
        sizes = {(row["title"], row["ratings"]): row["replications"] for row in csv.DictReader(stream)}
    assert sizes == dict.fromkeys(itertools.product(slopes, ["64", "128"]), "2")
    assert {path.stem for path in shown.glob("tables/*.md")} == {"rate", "depth", "depth_slopes", "targets", "capacity"}
    assert {path.stem for path in shown.glob("figures/*.pdf")} == {"rate_curves", "depth_curve", "capacity_curves"}
    assert not list(shown.glob("paper_vs_ours*"))  # no published number is about them
    recovery = all_simulations.root / "results/more-simulations/nimc"
    with open(recovery / "figures/figure1cd.csv") as stream:
        cells = [(row["method"], row["users"], row["observations"], row["trials"]) for row in csv.DictReader(stream)]
    assert sorted(cells) == sorted(itertools.product(["gd", "lm"], ["8", "12"], ["20", "60"], ["2"]))
    assert {path.stem for path in recovery.glob("figures/*.pdf")} == FIGURES
    assert {path.stem for path in recovery.glob("tables/*.md")} == TABLES


def test_nothing_changed_reruns_nothing(simulated):
    assert planned(simulated) == ([], [])
    assert planned(simulated, "t2rec_table1", "--forcerun", "table_replications") == ([], ENDS[2:])


def test_more_replications_compute_the_new_ones_alone(simulated):
    simulated.edit(CONFIG, "replications: 2", "replications: 4")
    assert planned(simulated) == (everything("constant", "knn", replications=("r2to2", "r3to3")), ENDS)


def test_a_grid_reruns_its_method_alone_and_an_earlier_one_costs_nothing(simulated):
    simulated.edit(CONFIG, "neighbors: [2, 5]", "neighbors: [2, 6]")
    assert planned(simulated) == (everything("knn"), ENDS)
    simulated.edit(CONFIG, "neighbors: [2, 6]", "neighbors: [2, 5]")
    assert planned(simulated) == ([], [])


def test_one_more_method_is_computed_alone(simulated):
    simulated.edit(CONFIG, "- constant", "- constant\n            - biases")
    assert planned(simulated) == (everything("biases"), ENDS)


def test_a_shared_setting_reruns_everything(simulated):
    simulated.edit(CONFIG, "ratings: 400", "ratings: 401")
    assert planned(simulated) == (everything("constant", "knn"), ENDS)


def test_code_of_a_method_reruns_its_jobs_alone(simulated):
    simulated.append_code("baselines/constant.py")
    assert planned(simulated) == (everything("constant"), ENDS)


def test_code_of_the_table_reruns_the_table_alone(simulated):
    simulated.append_code("reporting/tables/replications.py")
    assert planned(simulated) == ([], ENDS[2:])


def test_a_second_entry_needs_a_label_and_computes_its_own_jobs(simulated):
    entry = (
        "      - {simulation: t2rec-table1, set: {sizes: [30], ratings: 500, dimensions: [3], methods: [constant]}}\n"
    )
    path = simulated.root / CONFIG
    path.write_text(path.read_text() + entry)
    result = simulated.snakemake("--dry-run", config=CONFIG)
    assert "has the label 'T2Rec's simulation' of entry 0; give one of them a 'label'" in result.stdout + result.stderr
    path.write_text(path.read_text().replace("t2rec-table1, set", "t2rec-table1, label: More, set"))
    assert planned(simulated) == (everything("constant", replications=["r0to4"]), ENDS)


def test_status_counts_jobs_and_list_names_the_simulation(simulated):
    shown = simulated.dotbench("status", "--config", CONFIG).stdout
    assert ["t2rec", "T2Rec's", "simulation", "(jobs)", "4"] in [line.split() for line in shown.splitlines()]
    assert "t2rec-table1" in simulated.dotbench("list", "simulations").stdout


def test_jobs_travel_in_a_file_of_runs(simulated):
    kept = {path: path.read_bytes() for path in simulated.root.glob(f"{JOBS}/part-*.json")}
    tables = {path: pd.read_parquet(path) for path in simulated.root.glob(f"{JOBS}/part-*.parquet")}
    result = simulated.dotbench("export", "--runs", "runs.parquet", "--to", "evidence", "--config", CONFIG)
    assert "4 of 4 jobs of simulations" in result.stdout, result.stderr
    assert (simulated.root / "evidence/t2rec/table1.csv").is_file()
    assert json.loads((simulated.root / "evidence/configuration.json").read_text())["name"] == "simulation"
    for folder in simulated.root.glob(JOBS):
        shutil.rmtree(folder)
    result = simulated.dotbench("import", "runs.parquet")
    assert "4 jobs of simulations" in result.stdout, result.stderr
    assert {path: path.read_bytes() for path in simulated.root.glob(f"{JOBS}/part-*.json")} == kept
    for path, table in tables.items():
        pd.testing.assert_frame_equal(pd.read_parquet(path), table)
    own, _ = planned(simulated)
    assert own == []
    again = simulated.dotbench("import", "runs.parquet")
    assert "4 jobs of simulations" in again.stdout
