"""The study of reviews from files of the Yelp format to its tables."""

import csv

import pytest

CONFIG = "config/reviews.yaml"


def read(path):
    with open(path) as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_reviews_from_files_to_tables(reviewed):
    folder = reviewed.root / "results/reviews/t2rec"
    assert {path.stem for path in folder.glob("tables/*.html")} == {"reviews", "table2"}
    rows = {row["method"]: row for row in read(folder / "tables/reviews.csv")}
    assert list(rows) == ["Mean rating", "Towers"]
    for row in rows.values():
        warm, cold, overall = (float(row[f"{part}rmse_mean"]) for part in ("", "cold_", "overall_"))
        assert min(warm, cold) < overall < max(warm, cold)
    assert {row["part"] for row in read(folder / "tables/reviews_pairs.csv")} == {
        "warm", "cold", "overall", "cold_user", "cold_item", "cold_both", "overall_both"
    }  # fmt: skip
    aspects = read(folder / "tables/table2.csv")
    counts = [int(row["frequency"]) for row in aspects]
    assert counts == sorted(counts, reverse=True)
    assert {f"mean_{stars}" for stars in range(1, 6)} <= aspects[0].keys()
    lines = read(folder / "paper_vs_ours.csv")
    assert {row["verdict"] for row in lines} == {"not run"}
    assert sum(row["dataset"].startswith("yelp, ") for row in lines) == 15


@pytest.mark.slow
def test_the_study_is_finished_and_a_table_of_another_split_is_refused(reviewed):
    assert reviewed.planned("t2rec", "t2rec_reviews", "t2rec_table2", config=CONFIG) == []
    refused = reviewed.snakemake("t2rec_cold_start", "--dry-run", config=CONFIG)
    assert refused.returncode != 0
    assert "has no method on the split 'cold-start' that it is about" in refused.stdout + refused.stderr
