"""The study of a paper: its tables and figures are targets, and its numbers stand beside ours."""

import csv

import pytest


@pytest.mark.slow
def test_each_table_and_figure_is_a_target_if_there_is_a_method_for_it(project, paper):
    result = project.snakemake("rg2", config=paper)
    assert result.returncode == 0, result.stderr
    assert "fit mf-bpr-sgd" not in result.stdout + result.stderr  # the small configuration has these runs
    folder = project.root / "results/paper/rg2"
    assert {path.stem for path in folder.glob("tables/*.md")} == {"table1", "table2", "table4", "solvers", "costs"}
    assert {path.stem for path in folder.glob("figures/*.csv")} == {"figure1", "regularization", "time_to_quality"}
    assert (folder / "figures/regularization.png").read_bytes().startswith(b"\x89PNG")
    with open(folder / "paper_vs_ours.csv") as stream:
        assert {row["verdict"] for row in csv.DictReader(stream)} == {"not run"}
    with open(folder / "paper_vs_ours_order.csv") as stream:
        assert {row["paper_order"] for row in csv.DictReader(stream)} == {"RG2 > BPR"}
    with open(folder / "claims.csv") as stream:
        claims = {row["claim"]: row for row in csv.DictReader(stream)}
    assert claims["rg2-above-wrmf"]["print_verdict"] == "holds"
    assert "Not run" in claims["rg2-above-wrmf"]["ours_reason"]
    assert (folder / "claims.html").is_file()
    assert project.planned("rg2", config=paper) == []
    assert project.planned("rg2_figure1_half_sweeps", config=paper) == ["figure figure1_half_sweeps of rg2"]
    refused = project.snakemake("rg2_table5", "--dry-run", config=paper)
    assert refused.returncode != 0
    assert "'table5' of the study 'rg2' cannot be made: the configuration 'paper' has no method" in (
        refused.stdout + refused.stderr
    )


@pytest.mark.slow
def test_one_table_needs_the_runs_that_it_shows_alone(project, paper):
    project.edit(paper, "0.3]", "0.4]")
    assert project.planned("rg2_table1", "--forcerun", "table_statistics", config=paper) == ["table table1 of rg2"]
    jobs = project.planned("rg2_regularization", config=paper)
    assert jobs == ["figure regularization of rg2", "tune mf-rg2-spectral on sim-tiny"]
