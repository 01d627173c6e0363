"""The study that compares methods across datasets: from runs to ranks."""

import csv
import json

import numpy as np
import pytest

from dotbench.statistics.across import rank

pytestmark = pytest.mark.slow
METHODS = ["Popularity", "Item KNN", "MF RG2 (spectral)", "MF BPR (SGD)"]


def test_ranks_are_those_of_the_runs(compared):
    folder = compared.root / "results/compared/comparison"
    with open(folder / "tables/ranks.csv") as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert sorted(rows) == sorted(METHODS)
    datasets = ["sim-tiny", "sim-tiny-1", "sim-tiny-2"]
    scores = np.zeros((3, len(METHODS)))
    for i, dataset in enumerate(datasets):
        for j, method in enumerate(METHODS):
            [run] = [place for place in rows[method]["folder"].split("; ") if f"/{dataset}/" in place]
            record = json.loads((compared.root / run / "split0-init0/metrics.json").read_text())
            scores[i, j] = record["metrics"]["test"]["ndcg@10"]
            assert float(rows[method][f"ndcg@10_{dataset}"]) == pytest.approx(scores[i, j])
    expected = rank(scores)
    assert [float(rows[method]["average_rank"]) for method in METHODS] == pytest.approx(expected.average)
    with open(folder / "figures/critical_difference.csv") as stream:
        assert {row["critical_difference"] for row in csv.DictReader(stream)} == {str(expected.critical)}
    text = (folder / "tables/ranks.md").read_text()
    assert f"critical difference of {expected.critical:.2f}" in text
    assert (folder / "figures/critical_difference.png").read_bytes().startswith(b"\x89PNG")
    assert (compared.root / "results/compared/index.html").is_file()


def test_without_one_dataset_its_ranks_go_and_nothing_is_trained(compared, tmp_path):
    config = "config/two.yaml"
    text = (compared.root / "config/compared.yaml").read_text()
    (compared.root / config).write_text(text.replace("name: compared", "name: two").replace(", sim-tiny-2]", "]"))
    try:
        jobs = compared.planned("comparison_ranks", config=config)
    finally:
        (compared.root / config).unlink()
    assert jobs == ["table ranks of comparison"]
