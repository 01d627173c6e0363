"""Tables of warm and cold starts, from runs whose numbers are known; when a configuration has them."""

import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs_data import SPLIT, contents, write_dataset, write_runs
from scipy import stats

from dotbench import paths
from dotbench.config.benchmark import load_benchmark, parse_benchmark
from dotbench.config.plan import Plan
from dotbench.datasets.catalogue import definition_files
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import table_kinds
from dotbench.reporting.paper_vs_ours import paper_versus_ours

pytestmark = pytest.mark.seconds

PAPERS = Path(__file__).parents[2] / "config" / "papers"
PARTS = ("test", "cold", "overall", "cold_user", "cold_item", "cold_both", "overall_both")
SPREAD = np.array([0.01, -0.02, 0.03, 0.0])
TABLE: dict[str, Any] = {
    "kind": "starts",
    "study": "t2rec",
    "published": "t2rec",
    "task": "rating",
    "metrics": ["rmse"],
    "validation_metric": "rmse",
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def write_table(told: Contents, folder: Path) -> None:
    table_kinds()[told.kind]().write(told, folder)


def write_parts(dataset: str, folder: str, values: Mapping[str, Sequence[float]], failed: Sequence[int] = ()) -> None:
    """Runs of the seeds 0, 1, …: the RMSE on each part, by seed."""
    seeds = len(next(iter(values.values())))
    write_runs(dataset, folder, [[0.5]] * seeds, failed=failed)
    for seed in range(seeds):
        path = paths.fit(dataset, folder, seed, seed) / "metrics.json"
        record = read_json(path)
        if record["metrics"] is not None:
            record["metrics"] = {
                part: {"rmse": float(own[seed])} for part, own in {"valid": values["test"], **values}.items()
            }
        write_json(path, record)


@pytest.fixture
def three(workdir: Path) -> list[tuple[str, str]]:
    """Warm, c beats b beats a; of new users a and b are alike and c is worse; where both are new b is best."""
    raw = {"users": 4, "items": 5, "rows": 10}
    write_dataset("d", raw=raw)
    levels = {"a": (1.3, 1.0, 1.2), "b": (1.2, 1.0, 1.0), "c": (1.0, 1.1, 1.2)}
    own = {"a": 0.001, "b": -0.001, "c": 0.002}
    for name, (warm, users, both) in levels.items():
        noise = SPREAD + own[name] * np.array([1, 2, -1, 1])
        values = {part: 2.0 + noise for part in PARTS} | {"test": warm + noise, "cold_user": users + noise}
        values["cold_both"] = both + noise
        write_parts("d", f"mf-{name}-als-1", values)
    return [("d", f"mf-{name}-als-1") for name in levels]


def test_each_part_has_its_means_and_its_best(three: list[tuple[str, str]], workdir: Path) -> None:
    write_table(contents(*three, seeds=4, **TABLE), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert float(rows["a"]["rmse_mean"]) == pytest.approx(1.3 + 0.005 + 0.00075)
    assert float(rows["a"]["cold_both_rmse_sd"]) == pytest.approx(
        np.std(SPREAD + 0.001 * np.array([1, 2, -1, 1]), ddof=1)
    )
    assert [rows[name]["rmse_standing"] for name in "abc"] == ["", "", "best"]
    assert [rows[name]["cold_user_rmse_standing"] for name in "abc"] == ["tie", "tie", ""]
    assert [rows[name]["cold_both_rmse_standing"] for name in "abc"] == ["", "best", ""]
    text = (workdir / "shown.md").read_text()
    se = np.std(SPREAD + 0.002 * np.array([1, 2, -1, 1]), ddof=1) / 2
    assert f"**1.0065 ± {se:.4f}**" in text
    header = [cell.strip() for cell in text.splitlines()[0].split("|")[3:10]]
    names = ("warm", "cold", "overall", "new users", "new items", "both new", "warm and both new")
    assert header == [f"RMSE {part}" for part in names]
    assert "Mean ± standard error over 4 seeds" in text
    assert "paired t-test over seeds" in text
    assert "users resampled" not in text


def test_each_part_has_the_correction_of_its_own_size(three: list[tuple[str, str]], workdir: Path) -> None:
    """√(1 + 4 ρ) times Student's simultaneous interval, ρ that of the part. A part that is not named has the test's."""
    ratios = {"test": 0.125, "cold_user": 0.3125, "cold": 0.125}
    split = {**SPLIT, "test_to_train": 0.125, "parts_to_train": {"cold_user": 0.3125}}
    for name, told in {"shown": split, "plain": SPLIT}.items():
        write_table(contents(*three, seeds=4, **TABLE, split=told, report_item=name), workdir)
    halves = {
        name: {
            row["part"]: float(row["high"]) - float(row["low"])
            for row in read(workdir / f"{name}_pairs.csv")
            if (row["first"], row["second"]) == ("a", "b")
        }
        for name in ("shown", "plain")
    }
    for part, ratio in ratios.items():
        name = "warm" if part == "test" else part
        assert halves["shown"][name] / halves["plain"][name] == pytest.approx((1 + 4 * ratio) ** 0.5)
    text = (workdir / "shown.md").read_text()
    assert "1.22 times as wide" in text
    assert "new users: 1.50" in text


def test_further_metrics_stand_beside_the_first_on_the_test_part(workdir: Path) -> None:
    """New users alone: one part, which has no name then; with cold parts the second metric is of the warm one."""
    raw = {"users": 4, "items": 5, "rows": 10}
    write_dataset("d", raw=raw)
    for name, level in {"a": 1.0, "b": 1.2}.items():
        write_parts("d", f"mf-{name}-als-1", {"test": level + SPREAD})
        for path in Path().glob(f"results/runs/d/mf-{name}-als-1/*/metrics.json"):
            record = read_json(path)
            for known in record["metrics"].values():
                known["rmse_clipped"] = known["rmse"] - 0.1
            write_json(path, record)
    table = {**TABLE, "metrics": ["rmse", "rmse_clipped"]}
    write_table(contents(("d", "mf-a-als-1"), ("d", "mf-b-als-1"), seeds=4, **table), workdir)
    text = (workdir / "shown.md").read_text()
    assert [cell.strip() for cell in text.splitlines()[0].split("|")[3:5]] == ["RMSE", "RMSE, clipped"]
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert float(rows["b"]["rmse_clipped_mean"]) == pytest.approx(1.105)
    assert rows["a"]["rmse_clipped_standing"] == rows["a"]["rmse_standing"] == "best"
    assert "In columns that say clipped" in text


def test_pairs_are_compared_on_every_part(three: list[tuple[str, str]], workdir: Path) -> None:
    write_table(contents(*three, seeds=4, **TABLE), workdir)
    pairs = read(workdir / "shown_pairs.csv")
    assert [row["part"] for row in pairs[::3]] == ["warm", *PARTS[1:]]
    assert len(pairs) == 7 * 3
    found = {(row["part"], row["first"], row["second"]): row for row in pairs}
    row = found["warm", "a", "b"]
    first = 1.3 + SPREAD + 0.001 * np.array([1, 2, -1, 1])
    second = 1.2 + SPREAD - 0.001 * np.array([1, 2, -1, 1])
    np.testing.assert_allclose([float(value) for value in row["per_seed"].split()], first - second, rtol=1e-5)
    assert float(row["difference"]) == pytest.approx(np.mean(first - second))
    assert float(row["p"]) == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert float(row["p_holm"]) >= float(row["p"])
    assert float(row["low"]) < float(row["seeds_low"]) < float(row["difference"]) < float(row["high"])


def test_none_is_best_where_a_seed_failed_or_lacks_the_part(three: list[tuple[str, str]], workdir: Path) -> None:
    path = paths.fit("d", "mf-a-als-1", 2, 2) / "metrics.json"
    record = read_json(path)
    del record["metrics"]["cold_both"]
    write_json(path, record)
    write_table(contents(*three, seeds=4, **TABLE), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert [rows[name]["rmse_standing"] for name in "abc"] == ["", "", "best"]
    assert [rows[name]["cold_both_rmse_standing"] for name in "abc"] == ["", "", ""]
    compared = {row["part"] for row in read(workdir / "shown_pairs.csv") if row["first"] == "a"}
    assert compared == {"warm", *PARTS[1:]} - {"cold_both"}
    write_parts("d", "mf-a-als-1", {part: 1.0 + SPREAD for part in PARTS}, failed=[1])
    write_table(contents(*three, seeds=4, **TABLE), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert {row["rmse_standing"] for row in rows.values()} == {""}
    text = (workdir / "shown.md").read_text()
    assert "(3 of 4 seeds)" in text
    assert "**" not in text


def plan(split: Any, *methods: dict[str, Any]) -> Plan:
    study = {"study": "t2rec", "split": split, "methods": list(methods)}
    return Plan(parse_benchmark({"name": "own", "datasets": ["musical-instruments"], "studies": [study]}, []))


TOWERS = {"model": "two-tower", "loss": "squared", "solver": "sgd", "set": {"features": "aspects-leaky", "ids": False}}


@pytest.mark.parametrize(
    ("split", "methods", "made"),
    [
        ("warm-cold", [{"model": "constant"}], ["reviews"]),
        ("warm-cold", [{"model": "constant"}, TOWERS], ["reviews", "table2"]),
        ({"kind": "cold-start", "users": 0.5}, [{"model": "constant"}], ["cold_start"]),
        ("per-user-random", [{"model": "constant"}], []),
    ],
)
def test_a_table_is_made_where_the_split_and_the_features_are_its_own(
    split: Any, methods: list[dict[str, Any]], made: list[str]
) -> None:
    one = plan(split, *methods)
    study = one.study("t2rec")
    assert [item.name for item in one.report_items(study)] == made
    assert [name for name, files in one.named_targets().items() if files] == [
        "t2rec", *(f"t2rec_{name}" for name in made), "t2rec_paper_vs_ours", "t2rec_claims"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("cold_start", "has no method on the split 'cold-start' that it is about"),
        ("table2", "has no method with the features 'aspects-leaky' that it is about"),
        ("table1", "has no simulation that it is about"),
    ],
)
def test_why_a_table_cannot_be_made_is_told(name: str, lacks: str) -> None:
    one = plan("warm-cold", {"model": "constant"})
    with pytest.raises(DotbenchError, match=lacks):
        one.report_item(one.study("t2rec"), name)


def test_table_2_reads_the_features_of_the_first_split() -> None:
    one = plan("warm-cold", {"model": "constant"}, TOWERS)
    [manifest] = one.item_features(one.study("t2rec"), "table2")
    entry = one.entries[1]
    assert manifest == one.split(entry, "musical-instruments", 0) / "features/aspects-leaky.json"
    assert [run.label for run in one.contents(entry.study, "table2").runs] == [entry.method.label]
    assert one.item_features(entry.study, "reviews") == []


@pytest.mark.parametrize(
    ("name", "made"), [("t2rec-reviews", ["reviews", "table2"]), ("t2rec-movielens", ["cold_start"])]
)
def test_the_shipped_configurations_have_ten_replications_and_their_tables(name: str, made: list[str]) -> None:
    one = Plan(load_benchmark([PAPERS / f"{name}.yaml"]))
    assert len(one.benchmark.seeds) >= 10
    assert [item.name for item in one.report_items(one.study("t2rec"))] == made
    assert "yelp" in definition_files()


def test_published_parts_stand_beside_yelp_alone(workdir: Path) -> None:
    """The paper's cold pairs are new on both sides; its overall part has these and the warm ones."""
    values = {"test": 0.965 + SPREAD / 10, "cold": 0.5 + SPREAD / 10, "overall": 1.1 + SPREAD / 10}
    values |= {"cold_both": 1.2 + SPREAD / 10, "overall_both": 1.032 + SPREAD / 10}
    for dataset in ("yelp", "d"):
        write_dataset(dataset, raw={"users": 4, "items": 5, "rows": 10})
        for model in ("constant", "svdpp"):
            write_parts(dataset, f"{model}-none-surprise-1", {k: v + (model == "svdpp") for k, v in values.items()})
        write_parts(dataset, "mf-squared-als-1", values)
    runs = [
        (dataset, f"{method}-1") for dataset in ("yelp", "d") for method in ("mf-squared-als", "svdpp-none-surprise")
    ]
    paper_versus_ours(contents(*runs, seeds=4, **TABLE), workdir)
    lines = {(row["dataset"], row["paper_method"]): row for row in read(workdir / "paper_vs_ours.csv")}
    assert lines["yelp, warm", "rSVD"]["verdict"] == "reproduces"
    assert lines["yelp, cold", "rSVD"]["verdict"] == "differs: higher"
    assert float(lines["yelp, cold", "SVD++"]["ours_mean"]) == pytest.approx(2.2 + 0.0005)
    assert lines["yelp, warm", "SVD++"]["verdict"] == "suspect cell"
    assert lines["yelp, overall", "rSVD"]["verdict"] == "reproduces"
    assert float(lines["yelp, overall", "SVD++"]["ours_mean"]) == pytest.approx(2.032 + 0.0005)
    assert lines["yelp, warm", "KNN"]["verdict"] == "not run"
    assert {row["method"] for (where, _), row in lines.items() if where.startswith("n = ")} == {""}
    orders = read(workdir / "paper_vs_ours_order.csv")
    cold = {(row["paper_dataset"], row["dataset"]): row["our_order"] for row in orders}  # warm: without a suspect cell
    wheres = itertools.product(("yelp, cold", "yelp, overall"), ("yelp", "d"))
    assert cold == dict.fromkeys(wheres, "rSVD > SVD++")
