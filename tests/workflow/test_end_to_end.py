"""The small configuration as a user sees it: tables, figures, records, report, failures, own components."""

import csv
import json
import os
import re
import time
from typing import Any

import pytest

RUNS = "results/runs/sim-tiny"


def test_tables_hold_every_method_with_its_interval(project):
    with open(project.root / "results/smoke/ranking/tables/ranking.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["method"] for row in rows] == ["Popularity", "MF BPR (SGD)", "MF RG2 (spectral)"]
    for row in rows:
        assert float(row["ndcg@10_low"]) < float(row["ndcg@10_mean"]) < float(row["ndcg@10_high"])
        assert row["failed"] == "0"
        assert row["origin"] == "generated"


def test_table_means_are_the_means_of_the_runs(project):
    with open(project.root / "results/smoke/ranking/tables/ranking.csv") as stream:
        row = next(row for row in csv.DictReader(stream) if row["loss"] == "bpr")
    records = [json.loads(path.read_text()) for path in project.root.glob(f"{RUNS}/mf-bpr-*/split*/metrics.json")]
    values = [record["metrics"]["test"]["ndcg@10"] for record in records]
    assert len(values) == 2
    assert float(row["ndcg@10_mean"]) == pytest.approx(sum(values) / 2, abs=1e-12)


def test_every_format_of_a_table_is_there(project):
    for study in ("ranking", "rating"):
        folder = project.root / f"results/smoke/{study}/tables"
        assert "| Dataset" in (folder / f"{study}.md").read_text()
        assert r"\bottomrule" in (folder / f"{study}.tex").read_text()
        assert "(generated)" in (folder / f"{study}.html").read_text()


def test_figures_are_pictures_with_their_data_beside_them(project):
    folder = project.root / "results/smoke/ranking/figures"
    assert (folder / "convergence.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "convergence.png").read_bytes().startswith(b"\x89PNG")
    with open(folder / "convergence.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["axis"] for row in rows} in ({"epoch", "seconds"}, {"epoch", "cpu_seconds"})  # as the machine was free
    assert {row["method"] for row in rows} == {"Popularity", "MF BPR (SGD)", "MF RG2 (spectral)"}


def test_tuned_runs_use_what_was_chosen(project):
    for run in (project.root / RUNS).iterdir():
        chosen = json.loads((run / "chosen.json").read_text())
        for fit in run.glob("split*-init*"):
            assert json.loads((fit / "fit.json").read_text())["hyperparameters"] == chosen["hyperparameters"]


def test_status_counts_the_fits(project):
    shown = project.dotbench("status", "--config", "config/smoke.yaml")
    assert "fits: 10 done, 0 failed, 0 to do" in shown.stdout
    assert (project.root / "results/runs/index.csv").is_file()


def test_report_is_one_offline_file(project):
    result = project.snakemake("--report", "results/smoke/report.html")
    assert result.returncode == 0, result.stderr
    text = (project.root / "results/smoke/report.html").read_text()
    assert "convergence-epoch.svg" in text
    assert not re.search(r"""(<script[^>]+src|<link[^>]+href|@import|url\()\s*=?\s*["']?https?://""", text)

    results, categories = (_stated(text, name) for name in ("results", "categories"))
    assert len(categories["Tables"]["Other"]) == 2
    for category in categories.values():
        for paths in category.values():
            _has_an_entry_for_every_toggle([results[path]["labels"] for path in paths])


def test_a_run_ends_with_a_page_that_asks_for_nothing(project):
    page = project.root / "results/smoke/index.html"
    text = page.read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//|@import|url\(|\bfetch\(|XMLHttpRequest""", text)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert [chapter["id"] for chapter in data["chapters"]] == ["smoke/ranking", "smoke/rating"]
    assert len(data["runs"]) == 5
    result = project.dotbench("site", "--config", "config/smoke.yaml")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["results/smoke/index.html"]
    assert page.read_text() == text


@pytest.mark.slow
def test_a_run_of_one_study_says_where_the_page_is(project):
    """It is made from all that is there, the other study too, and leads to the report of this run."""
    page = project.root / "results/smoke/index.html"
    text = page.read_text().replace("report.html", "report-rating.html")
    page.unlink()
    result = project.dotbench("run", "rating", "--config", "config/smoke.yaml")
    assert result.returncode == 0, result.stderr
    assert "page    results/smoke/index.html" in result.stdout.splitlines()
    assert "rating: sim-tiny, RMSE (lower is better)" in result.stdout
    assert "ranking: sim-tiny" not in result.stdout
    assert page.read_text() == text
    assert (page.parent / "report-rating.html").is_file()


def test_the_configuration_beside_the_page_is_the_same(project):
    """The page's commands name it: it plans the same runs, all of which are done."""
    (project.root / "config/again.json").write_bytes((project.root / "results/smoke/configuration.json").read_bytes())
    assert project.planned(config="config/again.json", site=True) == []


def _stated(report: str, name: str) -> Any:
    """A variable of the report's script, which is JSON."""
    return json.JSONDecoder().raw_decode(re.split(rf'<script id="{name}">\s*var {name} = ', report)[1])[0]


def _has_an_entry_for_every_toggle(labels: list[dict[str, str]]) -> None:
    """The viewer makes a switch of a label but the first that has two values, in half of the entries each; what it
    then does not find under the switch leaves an empty page."""
    for label in list(labels[0])[1:]:
        values = [entry.get(label) for entry in labels]
        if len(set(values)) == 2 and values.count(values[0]) * 2 == len(values):
            rest = {tuple(value for key, value in entry.items() if key != label) for entry in labels}
            assert len(rest) * 2 == len(labels), f"label {label} of {labels}"


FAILING = """
name: failing
datasets: [sim-tiny]
seeds: [0, 1]
studies:
  - study: ranking
    methods:
      - {model: popularity}
      - {model: mf, loss: bpr, solver: sgd, set: {embedding_size: 4, epochs: 2, learning_rate: 1.0e+30}, grid: {}}
"""


@pytest.mark.slow
@pytest.mark.large
def test_a_diverging_fit_is_a_hole_in_the_table_and_can_be_retried(project):
    (project.root / "config/failing.yaml").write_text(FAILING)
    result = project.dotbench("run", "--config", "config/failing.yaml")
    assert result.returncode == 1
    assert "NaN or infinity" in result.stderr
    assert "Traceback" not in result.stderr
    table = (project.root / "results/failing/ranking/tables/ranking.md").read_text()
    assert "failed: NaN or infinity" in table
    assert "logs/fit/sim-tiny/mf-bpr-sgd" in table
    assert "Popularity" in table
    status = project.dotbench("status", "--config", "config/failing.yaml")
    assert "2 done, 2 failed, 0 to do" in status.stdout
    assert project.planned(config="config/failing.yaml") == []
    result = project.dotbench("run", "--config", "config/failing.yaml", "--retry-failed")
    assert result.stdout.count("will run again") == 2
    assert "fit MF BPR (SGD) on sim-tiny, split 0" in result.stdout
    assert result.returncode == 1


FRAGILE = '''"""A loss whose first use kills the process, as a machine short of memory would."""

import os
import signal
from pathlib import Path

from dotbench.losses.bpr import BPR


class Fragile(BPR):
    name = "fragile"
    title = "Fragile"

    def formula(self, positive, negative):
        if not Path("killed-once").exists():
            Path("killed-once").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().formula(positive, negative)
'''


@pytest.mark.slow
def test_a_killed_job_is_tried_again(project):
    (project.root / "workflow/dotbench/losses/fragile.py").write_text(FRAGILE)
    fragile = FAILING.replace("loss: bpr", "loss: fragile").replace("1.0e+30", "0.01").replace("failing", "killed")
    (project.root / "config/killed.yaml").write_text(fragile)
    result = project.snakemake(config="config/killed.yaml")
    assert (project.root / "killed-once").exists()
    assert "Trying to restart job" in result.stdout + result.stderr
    assert result.returncode == 0, result.stderr
    status = project.dotbench("status", "--config", "config/killed.yaml")
    assert "4 done, 0 failed, 0 to do" in status.stdout


@pytest.mark.slow  # starts Snakemake for each; the messages themselves are held by tests/unit/test_settings.py
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("loss: bpr", "loss: bpt", "unknown loss 'bpt': did you mean 'bpr'?"),
        ("name: smoke", "name: smoke\nsees: [1]", "key 'sees': unknown key"),
        ("name: smoke", "name: smoke\nseeds: [7]", "line 5: key 'seeds' is there already, in line 3"),
        ("seeds: [0, 1]", "seeds: [-1]", "config/smoke.yaml, line 4: key 'seeds.0': found -1"),
        (
            "embedding_size: 8, epochs",
            "embedding_size: -8, epochs",
            "found -8; input should be greater than or equal to 1",
        ),
        ("datasets: [sim-tiny]", "datasets: [sim-tiney]", "unknown dataset 'sim-tiney'"),
    ],
)
def test_a_wrong_configuration_ends_in_one_message(project, old, new, message):
    project.edit("config/smoke.yaml", old, new)
    result = project.snakemake("--dry-run")
    assert result.returncode != 0
    assert message in result.stderr + result.stdout
    assert "Traceback" not in result.stderr + result.stdout


MINE = """
name: mine
source: {file: pairs.txt}
format: {separator: " ", header: false, columns: {user: 0, item: 1}}
prepare: {min_rating: null, core: 5}
"""


@pytest.mark.slow
def test_own_data_need_one_file(project):
    pairs = [f"u{u} i{(u * 7 + k * 3) % 20}" for u in range(30) for k in range(8)]
    (project.root / "pairs.txt").write_text("\n".join([*pairs, pairs[0]]) + "\n")
    (project.root / "config/datasets/mine.yaml").write_text(MINE)
    assert "mine" in project.dotbench("list", "datasets").stdout
    result = project.snakemake("results/data/mine/stats.json")
    assert result.returncode == 0, result.stderr
    stats = json.loads((project.root / "results/data/mine/stats.json").read_text())
    assert (stats["users"], stats["items"], stats["interactions"]) == (30, 20, 240)
    assert stats["duplicates_dropped"] == 1
    result = project.dotbench("fit", "--dataset", "mine", "--model", "popularity", "--out", "out")
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_a_changed_own_file_is_prepared_again(project):
    (project.root / "pairs.txt").write_text("\n".join(f"u{u} i{k}" for u in range(9) for k in range(9)) + "\n")
    (project.root / "config/datasets/mine.yaml").write_text(MINE)
    target = "results/data/mine/stats.json"
    assert project.snakemake(target).returncode == 0
    assert project.planned(target) == []
    (project.root / "pairs.txt").write_text("\n".join(f"u{u} i{k}" for u in range(8) for k in range(9)) + "\n")
    assert project.planned(target) == ["fetch mine", "prepare mine"]


@pytest.mark.slow
@pytest.mark.parametrize("first", ["now", "future"])
def test_an_own_file_that_has_a_date_in_the_future_is_not_prepared_again(project, first):
    """Unless its content changes. One of more than 1 MB, of which Snakemake keeps no digest."""
    file, target = project.root / "pairs.txt", "results/data/mine/stats.json"
    tomorrow = time.time() + 86400
    (project.root / "config/datasets/mine.yaml").write_text(MINE)
    for users, planned in ((9, []), (8, ["fetch mine", "prepare mine"])):
        file.write_text("\n".join(f"{'u' * 9999}{u} {'i' * 9999}{k}" for u in range(users) for k in range(9)) + "\n")
        if first == "future":
            os.utime(file, (tomorrow, tomorrow))
        if users == 9:
            (project.root / "resources/mine/manifest.json").unlink(missing_ok=True)
            assert project.snakemake(target).returncode == 0
        os.utime(file, (tomorrow, tomorrow))
        assert project.planned(target) == planned


@pytest.mark.slow
def test_a_broken_own_file_stops_with_its_line(project):
    (project.root / "pairs.txt").write_text("u1 i1\nu2\n")
    (project.root / "config/datasets/mine.yaml").write_text(MINE)
    result = project.snakemake("results/data/mine/stats.json", "--forcerun", "fetch")
    assert result.returncode != 0
    assert "pairs.txt, line 2: found 1 columns" in result.stdout + result.stderr


HINGE = '''"""Hinge."""

from dotbench.losses.sampled import PairwiseLoss


class Hinge(PairwiseLoss):
    """max(0, 1 − (o⁺ − o⁻))."""

    name = "hinge"
    title = "Hinge"

    def formula(self, positive, negative):
        return (1 - positive + negative).clamp(min=0)
'''


@pytest.mark.slow
def test_one_more_loss_is_one_more_file(project):
    (project.root / "workflow/dotbench/losses/hinge.py").write_text(HINGE)
    assert "hinge" in project.dotbench("list", "losses").stdout
    assert project.planned() == []
    options = ["--set", "epochs=2", "--set", "updates=0", "--set", "embedding_size=4"]
    result = project.dotbench(
        "fit", "--dataset", "sim-tiny", "--model", "mf", "--loss", "hinge", *options, "--out", "out-hinge"
    )
    assert result.returncode == 0, result.stderr
    assert json.loads((project.root / "out-hinge/metrics.json").read_text())["loss"] == "hinge"


SPLITS = """
name: splits
datasets: [sim-tiny]
seeds: [0, 1]
tuning: single
studies:
  - study: ranking
    split: global-temporal
    methods:
      - {model: popularity}
      - {model: mf, loss: rg2, solver: spectral, set: {embedding_size: 8}, grid: {regularization: [0.1, 0.3]}}
  - study: rating
    split: {kind: warm-cold, users: 60, items: 90}
    methods:
      - {model: baseline-only, grid: {}}
      - {model: svd, set: {epochs: 5}, grid: {embedding_size: [5, 10]}}
"""


@pytest.mark.slow
@pytest.mark.large
def test_another_split_runs_beside_the_default_one(project):
    before = {path for path in (project.root / RUNS).iterdir()}
    (project.root / "config/splits.yaml").write_text(SPLITS)
    result = project.snakemake(config="config/splits.yaml")
    assert result.returncode == 0, result.stderr
    assert project.planned(config="config/splits.yaml") == []
    assert project.planned() == []
    new = [path for path in (project.root / RUNS).iterdir() if path not in before]
    assert len(new) == 4
    temporal, block = (
        (project.root / f"results/splits/{study}/tables/{study}.md").read_text() for study in ("ranking", "rating")
    )
    assert "Global temporal 80/10/10 (leakage-free) split; all items ranked" in temporal
    assert "the validation part of this same split" in temporal
    assert "| RMSE warm" in block
    assert "| RMSE new users" in block
    assert "| RMSE overall" in block
    assert "of a random block of 60 users × 90 items" in block
    assert "(seed 1000; its training and validation pairs overlap their test pairs)" in block
    for path in new:
        for metrics in path.glob("split*/metrics.json"):
            record = json.loads(metrics.read_text())
            rating = record["model"] in ("svd", "baseline-only")
            assert record["split"]["kind"] == ("warm-cold" if rating else "global-temporal")
            cold = {"cold_user", "cold_item", "cold_both", "cold", "overall"}
            assert set(record["metrics"]) == {"valid", "test"} | (cold if rating else set())


def test_a_split_that_the_method_cannot_score_ends_in_one_message(project):
    project.edit("config/smoke.yaml", "study: ranking", "study: ranking\n    split: new-users")
    result = project.snakemake("--dry-run")
    assert result.returncode != 0
    assert "'mf' cannot score users or items without training pairs; the split 'new-users'" in result.stderr


def test_a_line_of_a_table_is_explained(project):
    """By the name of the table or by a file of it; the numbers are those of its runs."""
    asked = ["--row", "sim-tiny bpr", "--json", "-c", "config/smoke.yaml"]
    told = project.dotbench("explain", "results/smoke/ranking/tables/ranking.md", *asked)
    [line] = json.loads(told.stdout)
    chosen = json.loads((project.root / line["folder"] / "chosen.json").read_text())
    assert line["settings"] == chosen["hyperparameters"]
    for seed in line["seeds"]:
        fit = project.root / line["folder"] / f"split{seed['seed']}-init{seed['seed']}"
        assert seed["test"] == json.loads((fit / "metrics.json").read_text())["metrics"]["test"]
        assert seed["provenance"] == json.loads((fit / "fit.json").read_text())["provenance"]
    assert line["again"].startswith("dotbench fit --dataset sim-tiny --model mf --loss bpr")
    refused = project.dotbench("explain", "ranking_table", "-c", "config/smoke.yaml")
    assert refused.returncode == 1
    assert "no table or figure of the configuration 'smoke'" in refused.stderr
