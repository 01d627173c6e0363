"""Finished runs go into one file and come back on another machine: nothing in it is run again."""

import shutil

import pytest

pytestmark = pytest.mark.slow

OUTPUTS = ["figure convergence of ranking", "table ranking of ranking", "table rating of rating"]
TABLES = ["ranking/tables/ranking.csv", "ranking/tables/ranking_pairs.csv", "ranking/figures/convergence.csv"]
TABLES += ["rating/tables/rating.csv", "rating/tables/rating_pairs.csv"]
CONFIG = ["--config", "config/smoke.yaml"]


@pytest.fixture
def elsewhere(project, tmp_path):
    """A copy of the project without any result, beside a file of the finished runs."""
    result = project.dotbench("export", "--runs", str(tmp_path / "runs.parquet"), *CONFIG)
    assert "10 of 10 fits, 5 of 5 tunings of this configuration; 15 in the file" in result.stdout, result.stderr
    other = type(project)(tmp_path / "elsewhere")
    shutil.copytree(project.root, other.root, ignore=shutil.ignore_patterns("results", "logs", ".snakemake"))
    return other


def test_tables_are_made_from_imported_runs_without_data(project, elsewhere):
    result = elsewhere.dotbench("import", "../runs.parquet")
    assert "10 fits, 5 tunings" in result.stdout, result.stderr
    assert "without data and splits: sim-tiny." in result.stdout
    assert elsewhere.planned() == OUTPUTS
    assert elsewhere.snakemake().returncode == 0
    for table in TABLES:
        assert (elsewhere.root / "results/smoke" / table).read_bytes() == (
            project.root / "results/smoke" / table
        ).read_bytes()
    assert elsewhere.planned() == []
    assert elsewhere.snakemake("--report", "results/smoke/report.html").returncode == 0
    assert not list((elsewhere.root / "results").rglob("*.npz"))


@pytest.mark.large
def test_methods_are_added_to_imported_runs_once_the_data_are_here(elsewhere):
    elsewhere.dotbench("import", "../runs.parquet")
    elsewhere.edit("config/smoke.yaml", "grid: {}}", "grid: {}}\n      - {model: slope-one}")
    assert len(elsewhere.planned()) > 20  # everything that is made from the splits
    result = elsewhere.dotbench("import", "../runs.parquet", "--with-data", *CONFIG)
    assert "10 fits, 5 tunings" in result.stdout, result.stderr
    assert "without data" not in result.stdout
    name = "slope-one-none-direct on sim-tiny"
    added = [f"tune {name}"] + [f"{stage} {name}, split {seed}" for stage in ("fit", "evaluate") for seed in (0, 1)]
    assert elsewhere.planned() == sorted(added + OUTPUTS)


def test_runs_on_another_split_are_refused(elsewhere):
    elsewhere.dotbench("import", "../runs.parquet")
    shutil.rmtree(elsewhere.root / "results/runs")
    split = elsewhere.root / "results/data/sim-tiny/split0/ranking/split.json"
    content = split.read_text()
    split.write_text(content.replace('"content": "', '"content": "0'))
    result = elsewhere.dotbench("import", "../runs.parquet")
    assert result.returncode == 1
    assert "error: ../runs.parquet: the runs on 'sim-tiny' use other data than the runs here" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (elsewhere.root / "results/runs").exists()
