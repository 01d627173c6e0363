"""Tables and figures from runs whose numbers are known."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from runs_data import contents, write_dataset, write_runs, write_trials
from scipy import stats

from dotbench import paths
from dotbench.files import read_json, write_csv, write_json, write_parquet
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES
from dotbench.reporting.figures.regularization import trial_points
from dotbench.reporting.figures.time_to_quality import quality_row, reach_seconds
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.reporting.rows import inert_keys
from dotbench.statistics.paired import Comparison, runners_up, standings

pytestmark = [pytest.mark.seconds, pytest.mark.usefixtures("svg_alone")]


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def write_table(told: Contents, folder: Path) -> None:
    table_kinds()[told.kind]().write(told, folder)


def draw(told: Contents, folder: Path) -> None:
    figure_kinds()[told.kind]().write(told, folder)


def pair(first: int, second: int, p: float) -> Comparison:
    return Comparison(first, second, 0.0, 0.0, 0.0, p, p, None)  # type: ignore[arg-type]


def places(means: list[float], p: dict[tuple[int, int], float]) -> list[str]:
    comparisons = [pair(a, b, p.get((a, b), 0.001)) for a in range(len(means)) for b in range(a + 1, len(means))]
    found = standings(len(means), int(np.argmax(means)), comparisons)
    return runners_up(found, means, comparisons)


def test_the_second_place() -> None:
    assert places([0.1, 0.4, 0.3, 0.2], {}) == ["", "best", "second", ""]
    assert places([0.1, 0.4, 0.3, 0.2], {(2, 3): 0.5}) == ["", "best", "second tie", "second tie"]
    assert places([0.1, 0.4, 0.3, 0.2], {(1, 2): 0.5}) == ["", "tie", "tie", ""]  # no second where the first is shared
    assert places([0.1, 0.2], {}) == ["second", "best"]
    assert places([0.1], {}) == ["best"]


USERS = np.linspace(0.1, 0.3, 40)


@pytest.fixture
def three(workdir: Path) -> list[tuple[str, str]]:
    """wrmf beats softmax beats bpr, at every user and seed."""
    write_dataset("d")
    for shift, folder in ((0.0, "mf-bpr-sgd-1"), (0.4, "mf-wrmf-als-2"), (0.2, "mf-softmax-sgd-3")):
        users = [list(USERS + shift + 0.01 * seed) for seed in range(3)]
        write_runs("d", folder, users, on_edge={"regularization": "low"} if "wrmf" in folder else None)
    return [("d", "mf-bpr-sgd-1"), ("d", "mf-wrmf-als-2"), ("d", "mf-softmax-sgd-3")]


def test_an_overview_has_best_second_and_the_edge(three: list[tuple[str, str]], workdir: Path) -> None:
    write_table(contents(*three, kind="overview", seeds=3), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert [rows[m]["ndcg@10_standing"] for m in ("bpr", "wrmf", "softmax")] == ["", "best", "second"]
    assert float(rows["wrmf"]["ndcg@10_mean"]) == pytest.approx(0.61)
    text = (workdir / "shown.md").read_text()
    assert "**0.6100 ± 0.0100!**" in text
    assert "<ins>0.4100 ± 0.0100</ins>" in text
    assert r"0.4100 \pm 0.0100{\llap{\underline{\phantom{$0.4100 \pm 0.0100$}}}}" in (workdir / "shown.tex").read_text()
    assert "<u>0.4100 ± 0.0100</u>" in (workdir / "shown.html").read_text()
    assert "Grids: those of the papers" in text
    assert len(read(workdir / "shown_pairs.csv")) == 6


def test_what_explains_the_order_is_told_in_the_steps_of_each_property(workdir: Path) -> None:
    """bpr is wrmf times the square root of density, which halves with each .1 that the most popular items have more."""
    runs = []
    for number, name in enumerate("abc"):
        density, share = 0.25 / 2**number, 0.2 + 0.1 * number
        write_dataset(name, users=8, items=10, interactions=80 * density, popular_tenth=share)
        for folder, score in (("mf-wrmf-als-2", 0.9), ("mf-bpr-sgd-1", 0.9 * density**0.5)):
            write_runs(name, folder, [[score] * 5] * 2)
            runs.append((name, folder))
    write_table(contents(*runs, kind="explained", seeds=2), workdir)
    rows = {row["property"]: row for row in read(workdir / "shown.csv")}
    assert [*rows] == [  # users per item are the same everywhere
        "density",
        "interactions of a user",
        "interactions of an item",
        "share of the most popular tenth of the items",
    ]
    assert {row["reference"] for row in rows.values()} == {"wrmf"}
    assert (rows["density"]["change"], float(rows["density"]["slope"])) == ("doubles", pytest.approx(0.5))
    of_share = rows["share of the most popular tenth of the items"]
    assert (of_share["change"], float(of_share["slope"])) == ("rises by 0.1", pytest.approx(-0.5))
    text = (workdir / "shown.md").read_text()
    assert "share of the most popular tenth of the items rises by 0.1" in text
    assert "-29%" in text  # 2^-.5 - 1
    write_dataset("b", users=8, items=10, interactions=10)  # as an earlier version wrote it
    write_table(contents(*runs, kind="explained", seeds=2), workdir)
    assert of_share["property"] not in {row["property"] for row in read(workdir / "shown.csv")}
    assert f"left out: {of_share['property']}." in (workdir / "shown.md").read_text()


def write_further(runs: list[tuple[str, str]], values: dict[str, list[float]]) -> None:
    """Gini and Recall@20 of the runs of `three`: ``values`` has the Gini of each seed; the users' recall is half their
    NDCG, in another order of the users."""
    for dataset, folder in runs:
        for seed in range(3):
            fit = paths.fit(dataset, folder, seed, seed)
            recall = pd.read_parquet(fit / "per_user.parquet")[["user", "ndcg@10"]]
            recall = recall.assign(**{"recall@20": recall["ndcg@10"] / 2}).drop(columns="ndcg@10").iloc[::-1]
            path = paths.further(fit, ["gini@10", "recall@20"])
            mean = float(recall["recall@20"].mean())
            own = {"gini@10": values[folder.split("-")[1]][seed], "recall@20": mean}
            write_json(path, {"metrics": dict.fromkeys(("valid", "test"), own)})
            write_parquet(path.with_suffix(".parquet"), recall)


def with_further(*runs: tuple[str, str], kind: str, **changes: Any) -> Contents:
    told = contents(*runs, kind=kind, seeds=3, **changes)
    return replace(told, runs=[replace(run, further=["gini@10", "recall@20"]) for run in told.runs])


def test_a_table_shows_the_metrics_of_the_study_in_their_order(three: list[tuple[str, str]], workdir: Path) -> None:
    """Recall@20 is compared user by user; Gini, of which lower is better, has intervals over seeds and no marks."""
    write_further(three, {"bpr": [0.5, 0.5, 0.5], "wrmf": [0.4, 0.5, 0.6], "softmax": [0.1, 0.1, 0.1]})
    metrics = ["recall@20", "gini@10", "ndcg@10"]
    write_table(with_further(*three, kind="intervals", metrics=metrics), workdir)
    text = (workdir / "shown.md").read_text()
    assert [cell.strip() for cell in text.splitlines()[0].split("|")[3:6]] == ["Recall@20", "Gini@10", "NDCG@10"]
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert [rows[m]["recall@20_standing"] for m in ("bpr", "wrmf", "softmax")] == ["", "best", "second"]
    assert float(rows["wrmf"]["recall@20_mean"]) == pytest.approx(0.305)
    assert {row["gini@10_standing"] for row in rows.values()} == {""}
    half = stats.t.ppf(0.975, 2) * 0.1 / 3**0.5
    assert float(rows["wrmf"]["gini@10_high"]) == pytest.approx(0.5 + half)
    assert {row["metric"] for row in read(workdir / "shown_pairs.csv")} == {"recall@20", "ndcg@10"}
    assert "Gini@10: not a mean over users, so intervals are over seeds and differences are not tested." in text
    assert "Gini index of how often each item is in a list: lower is more equal" in text
    assert "**0.3050" in text
    assert "Recall@20" in (workdir / "shown.tex").read_text()


def test_notes_say_the_cutoffs_of_the_table_and_what_ended_training(
    three: list[tuple[str, str]], workdir: Path
) -> None:
    def notes(**changes: Any) -> str:
        write_table(contents(*three, kind="overview", seeds=3, **changes), workdir)
        return (workdir / "shown.md").read_text()

    usual = notes()
    assert "normalised by min(10, test items); means over users" in usual
    assert "Training stops early" not in usual
    assert "NDCG" not in notes(metrics=["mrr@10"]).split("\n\n", 1)[1]
    by_recall = notes(validation_metric="recall@20")
    assert "Recall@20 on the validation part stops training early and chooses the hyperparameters." in by_recall


def test_figures_draw_the_validation_metric_of_the_study(three: list[tuple[str, str]], workdir: Path) -> None:
    """Curves and test values of another metric, which stands in their csv under its own name."""
    write_further(three, dict.fromkeys(("bpr", "wrmf", "softmax"), [0.5] * 3))
    for dataset, folder in three:
        for seed in range(3):
            path = paths.fit(dataset, folder, seed, seed) / "curve.csv"
            path.write_text(path.read_text().replace("ndcg@10", "recall@20"))
    draw(with_further(*three, kind="convergence", validation_metric="recall@20"), workdir)
    assert {round(float(row["mean"]), 9) for row in read(workdir / "shown.csv")} == {0.1, 0.2}
    draw(with_further(*three, kind="time_to_quality", validation_metric="recall@20"), workdir)
    assert float(read(workdir / "shown.csv")[1]["recall@20_mean"]) == pytest.approx(0.305)


def test_a_run_without_the_further_metrics_is_not_finished(three: list[tuple[str, str]]) -> None:
    run = with_further(*three, kind="intervals").runs[0]
    assert run.finished() is None
    write_further(three[:1], {"bpr": [0.5] * 3})
    paths.further(run.fits[1], run.further).unlink()
    finished = run.finished()
    assert finished is not None
    assert finished.seeds == [0, 2]


def test_none_is_best_where_a_method_lacks_a_seed(three: list[tuple[str, str]], workdir: Path) -> None:
    write_runs("d", "mf-bpr-sgd-1", [list(USERS)] * 3, failed=[2])
    write_table(contents(*three, kind="overview", seeds=3), workdir)
    assert {row["ndcg@10_standing"] for row in read(workdir / "shown.csv")} == {""}
    text = (workdir / "shown.md").read_text()
    assert "d: no method is marked as best or second, because seeds of bpr are missing." in text
    assert "**" not in text
    assert "<ins>" not in text


def test_a_tie_is_shown_where_a_method_lacks_a_seed(three: list[tuple[str, str]], workdir: Path) -> None:
    write_runs("d", "mf-bpr-sgd-1", [list(USERS)] * 3, failed=[2])
    write_runs("d", "mf-softmax-sgd-3", [list(USERS + 0.4 + 0.01 * seed) for seed in range(3)])
    write_table(contents(*three, kind="overview", seeds=3), workdir)
    assert [row["ndcg@10_standing"] for row in read(workdir / "shown.csv")] == ["", "tie", "tie"]


def test_what_tuning_cost_is_told(three: list[tuple[str, str]], workdir: Path) -> None:
    write_trials("d", "mf-wrmf-als-2", [(0.1, 0.2), (1.0, 0.3), (2.0, None), (3.0, 0.1)])
    chosen = paths.run("d", "mf-wrmf-als-2") / "chosen.json"
    for tried, said in ((2, False), (0, False), (4, True)):  # the others tried two
        write_json(chosen, read_json(chosen) | {"trials": tried})
        write_table(contents(*three, kind="overview", seeds=3), workdir)
        text = (workdir / "shown.md").read_text()
        assert ("d: settings tried for a method: 2 to 4; see the csv." in text) == said
        assert ("settings tried" in text) == said
    costs = {row["method"]: (row["trials"], row["tuning_cpu_seconds"]) for row in read(workdir / "shown.csv")}
    assert costs == {"bpr": ("2", "1.5"), "wrmf": ("4", "4.5"), "softmax": ("2", "1.5")}


def test_costs_are_means_over_the_seeds(three: list[tuple[str, str]], workdir: Path) -> None:
    for seed, (epochs, seconds, memory) in enumerate([(10, 20.0, 1e9), (20, 40.0, 2e9), (30, 60.0, 3e9)]):
        file = paths.fit("d", "mf-bpr-sgd-1", seed, seed) / "metrics.json"
        facts = {"epochs": epochs, "cpu_seconds": seconds, "peak_memory_bytes": memory, "cpu_share_of_others": 0.6}
        write_json(file, read_json(file) | facts)
    write_table(contents(*three, kind="costs", seeds=3), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    told = ("epochs", "cpu_seconds", "cpu_seconds_an_epoch", "peak_memory_bytes")
    assert [float(rows["bpr"][key]) for key in told] == [20, 40, 2, 2e9]
    [line] = [
        line for line in (workdir / "shown.md").read_text().splitlines() if line.startswith("| d") and "bpr" in line
    ]
    cells = [cell.strip() for cell in line.split("|")[2:-1]]
    assert cells[:4] == ["bpr", "20", "2", "40"]
    assert cells[4].endswith("*")  # shared
    assert cells[5] == "2.00"


FLAT, STEEP = [(0.1, 0.3), (1.0, 0.3019)], [(0.1, 0.3), (1.0, 0.3021)]


@pytest.mark.parametrize(
    ("tried", "inert"),
    [(FLAT, True), (STEEP, False), (FLAT[:1], False), ([*FLAT[:1], (1.0, None)], False)],
    ids=["flat", "steep", "half of the grid", "a failure"],
)
def test_a_grid_that_does_not_matter_is_marked(
    three: list[tuple[str, str]], workdir: Path, tried: list[tuple[float, float | None]], inert: bool
) -> None:
    write_trials("d", "mf-wrmf-als-2", tried)
    write_table(contents(*three, kind="intervals", seeds=3), workdir)
    rows = {row["method"]: row["inert"] for row in read(workdir / "shown.csv")}
    assert rows == {"bpr": "", "wrmf": "regularization" if inert else "", "softmax": ""}
    text = (workdir / "shown.md").read_text()
    assert ("regularization=0.1!†" in text) == inert
    assert ("† marks a setting that hardly matters" in text) == inert
    assert (r"regularization=0.1!$^{\dagger}$" in (workdir / "shown.tex").read_text()) == inert


def test_a_grid_is_inert_at_the_chosen_point_and_rung(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-bpr-sgd-1", [[0.2]])
    chosen = {"learning_rate": 0.1 + 0.2, "kind": "b"}
    grid = {"learning_rate": [0.1 + 0.2, 1.0], "kind": ["a", "b"]}
    write_json(paths.run("d", "mf-bpr-sgd-1") / "chosen.json", {"grid": grid, "hyperparameters": chosen})
    [run] = contents(("d", "mf-bpr-sgd-1"), kind="", seeds=1).runs
    values = {(0.1 + 0.2, "a"): 0.1, (0.1 + 0.2, "b"): 0.3, (1.0, "a"): 0.2, (1.0, "b"): 0.3001}

    def write(rungs: list[int]) -> None:
        rows = [
            {"learning_rate": r, "kind": k, "status": "ok", "validation": v, "rung": rung}
            for ((r, k), v), rung in zip(values.items(), rungs, strict=True)
        ]
        write_csv(paths.run("d", "mf-bpr-sgd-1") / "trials.csv", rows, list(rows[0]))

    write([1, 2, 1, 2])
    assert inert_keys(run.tunings[0]) == ["learning_rate"]
    write([1, 2, 1, 1])
    assert inert_keys(run.tunings[0]) == []


def test_cold_parts_have_columns_of_their_own(three: list[tuple[str, str]], workdir: Path) -> None:
    for seed, parts in ((1, {"cold": 0.3, "overall": 0.5}), (2, {"cold": 0.1, "cold_item": 0.2, "overall": 0.4})):
        path = paths.fit("d", "mf-wrmf-als-2", seed, seed) / "metrics.json"
        record = read_json(path)
        record["metrics"] |= {part: {"ndcg@10": value, "mrr@10": 0.0} for part, value in parts.items()}
        write_json(path, record)
    write_table(contents(*three, kind="comparison", seeds=3), workdir)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    found = {part: rows["wrmf"][f"{part}_ndcg@10_mean"] for part in ("cold", "cold_item", "overall")}
    assert {part: float(value) for part, value in found.items()} == pytest.approx(
        {"cold": 0.2, "cold_item": 0.2, "overall": 0.45}
    )
    assert rows["bpr"]["cold_ndcg@10_mean"] == ""
    assert "cold_both_ndcg@10_mean" not in rows["wrmf"]
    header, _, *lines = (workdir / "shown.md").read_text().splitlines()
    titles = [title.strip() for title in header.split("|")]
    assert titles[3:8] == ["MRR@10 warm", "NDCG@10 warm", "MRR@10 new items", "MRR@10 cold", "MRR@10 overall"]
    assert [line.split("|")[titles.index("MRR@10 new items")].strip() for line in lines[:2]] == ["–", "0.0000"]
    assert "refer to the warm test only" in (workdir / "shown.md").read_text()


def test_intervals_are_students(three: list[tuple[str, str]], workdir: Path) -> None:
    write_table(contents(*three, kind="intervals", seeds=3), workdir)
    half = stats.t.ppf(0.975, 2) * 0.01 / 3**0.5
    assert f"**0.6100 ± 0.0100 [{0.61 - half:.4f}, {0.61 + half:.4f}]**" in (workdir / "shown.md").read_text()


def test_the_usual_table_has_no_second_place(three: list[tuple[str, str]], workdir: Path) -> None:
    write_table(contents(*three, kind="comparison", seeds=3, published=None), workdir)
    assert {row["ndcg@10_standing"] for row in read(workdir / "shown.csv")} == {"best", ""}
    text = (workdir / "shown.md").read_text()
    assert "<ins>" not in text
    assert "Grids" not in text


def test_the_statistics_of_datasets(workdir: Path) -> None:
    write_dataset("d", published={"users": 4, "items": 5, "interactions": 12})
    write_dataset("e")
    write_table(contents(("d", "a-b-c-1"), ("e", "a-b-c-1"), kind="statistics", seeds=1, title="Table 1."), workdir)
    first, second = read(workdir / "shown.csv")
    assert (float(first["density"]), float(first["published_density"])) == (0.5, 0.6)
    assert second["published_users"] == ""
    assert (
        "| d         | 4 (4)   | 5 (5)   | 10 (12)        | 50.000% (60.000%) |" in (workdir / "shown.md").read_text()
    )


def test_half_sweeps_count_twice_for_als_alone(three: list[tuple[str, str]], workdir: Path) -> None:
    def ends(half_sweeps: bool) -> dict[tuple[str, str], float]:
        kind = "convergence_half_sweeps" if half_sweeps else "convergence"
        draw(contents(*three, kind=kind, seeds=3), workdir)
        rows = read(workdir / "shown.csv")
        return {(row["method"], row["axis"]): float(row["x"]) for row in rows}

    full, half = ends(False), ends(True)
    assert full[("wrmf", "epoch")] == 2
    assert half == {**full, ("wrmf", "epoch"): 4.0}


def test_mrr_stands_beside_ndcg_where_every_curve_has_it(three: list[tuple[str, str]], workdir: Path) -> None:
    """The csv then names the metric of a point; otherwise it has no such column."""
    told = contents(*three, kind="convergence", seeds=3)
    curves = [fit / "curve.csv" for run in told.runs for fit in run.fits]
    for place, file in enumerate(curves):
        rows = [row | {"mrr@10": 0.5 + place / 100} for row in read(file)]
        write_csv(file, rows, list(rows[0]))
    draw(told, workdir)
    points = read(workdir / "shown.csv")
    assert {point["metric"] for point in points} == {"ndcg@10", "mrr@10"}
    mean = {point["mean"] for point in points if (point["method"], point["metric"]) == ("bpr", "mrr@10")}
    assert {round(float(value), 9) for value in mean} == {0.51}
    text = (workdir / "shown.svg").read_text()
    assert "validation NDCG@10" in text
    assert "validation MRR@10" in text
    lacking = [{name: value for name, value in row.items() if name != "mrr@10"} for row in read(curves[0])]
    write_csv(curves[0], lacking, list(lacking[0]))
    draw(told, workdir)
    assert "metric" not in read(workdir / "shown.csv")[0]
    assert "MRR" not in (workdir / "shown.svg").read_text()


def test_the_asterisk_and_the_band_are_explained_in_the_figure(three: list[tuple[str, str]], workdir: Path) -> None:
    draw(contents(*three, kind="convergence", seeds=3), workdir)
    assert "shared the machine" not in (workdir / "shown.svg").read_text()
    for dataset, folder in three:
        for seed in range(3):
            fit = paths.fit(dataset, folder, seed, seed)
            curve = [row | {"cpu_seconds": row["seconds"]} for row in read(fit / "curve.csv")]
            write_csv(fit / "curve.csv", curve, list(curve[0]))
    file = paths.fit("d", "mf-bpr-sgd-1", 0, 0) / "metrics.json"
    write_json(file, read_json(file) | {"cpu_share_of_others": 0.6})
    for kind, said in (("convergence", "bands: least to greatest"), ("time_to_quality", "bars: 95 % intervals")):
        draw(contents(*three, kind=kind, seeds=3), workdir)
        text = (workdir / "shown.svg").read_text()
        assert "* shared the machine with other processes" in text
        assert said in text


CURVES = [
    [(1.0, 0.50), (2.0, 0.985), (4.0, 0.991), (8.0, 1.0)],  # reaches .99 at 4 s
    [(2.0, 0.199), (3.0, 0.1), (9.0, 0.2)],  # reaches .198 at once, falls, and ends higher
]


def test_time_to_quality_is_the_end_of_the_first_epoch_near_the_best(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-bpr-sgd-1", [[0.2], [0.4], [0.9]], [*CURVES, CURVES[0]], failed=[2])
    told = contents(("d", "mf-bpr-sgd-1"), kind="time_to_quality", seeds=3)
    [run] = told.runs
    assert reach_seconds(run, "seconds", "ndcg@10") == [4.0, 2.0]
    row = quality_row(run, "seconds", "ndcg@10")
    assert row is not None
    assert row["seconds"] == pytest.approx(8**0.5)
    half = stats.t.ppf(0.975, 1) * np.std(np.log([4, 2]), ddof=1) / 2**0.5
    assert row["seconds_high"] == pytest.approx(8**0.5 * np.exp(half))
    assert row["ndcg@10_mean"] == pytest.approx(0.3)
    draw(told, workdir)
    assert len(read(workdir / "shown.csv")) == 1
    assert (workdir / "shown.svg").read_text().startswith("<?xml")


def test_a_method_that_failed_everywhere_is_no_point(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-bpr-sgd-1", [[0.2]], failed=[0])
    told = contents(("d", "mf-bpr-sgd-1"), kind="time_to_quality", seeds=1)
    draw(told, workdir)
    assert read(workdir / "shown.csv") == []


def trials(folder: str, rows: list[tuple[int, float, float | None]]) -> None:
    columns = ["trial", "embedding_size", "regularization", "status", "validation"]
    values: list[dict[str, Any]] = [
        {"embedding_size": k, "regularization": r, "status": "failed" if v is None else "ok", "validation": v}
        for k, r, v in rows
    ]
    write_csv(paths.run("d", folder) / "trials.csv", values, columns)


def test_every_point_of_the_grid_is_drawn_once(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-rg2-spectral-1", [[0.2]])
    write_runs("d", "mf-rg2-spectral-2", [[0.2]])
    trials("mf-rg2-spectral-1", [(8, 0.1, 0.3), (8, 0.0, 0.2)])
    trials("mf-rg2-spectral-2", [(4, 0.1, 0.4), (8, 0.1, 0.3), (4, 1.0, None)])
    told = contents(("d", "mf-rg2-spectral-1"), ("d", "mf-rg2-spectral-2"), kind="regularization", seeds=1)
    found = [(point["rank"], point["regularization"], point["validation"]) for point in trial_points(told)]
    assert found == [(4, 0.1, 0.4), (8, 0.0, 0.2), (8, 0.1, 0.3)]
    draw(told, workdir)
    assert (workdir / "shown.svg").stat().st_size > 0


def test_no_rank_vanishes_for_want_of_styles(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-rg2-spectral-1", [[0.2]])
    ranks = range(1, len(STYLES) + 3)
    trials("mf-rg2-spectral-1", [(rank, r, 0.3) for rank in ranks for r in (0.1, 0.3)])
    draw(contents(("d", "mf-rg2-spectral-1"), kind="regularization", seeds=1), workdir)
    text = (workdir / "shown.svg").read_text()
    assert all(f">rank {rank}<" in text for rank in ranks)


def test_a_grid_without_rank_is_drawn_at_the_chosen_one_and_nothing_tuned_is_said(workdir: Path) -> None:
    write_dataset("d")
    write_runs("d", "mf-rg2-spectral-1", [[0.2]])
    told = contents(("d", "mf-rg2-spectral-1"), kind="regularization", seeds=1)
    rows = [{"regularization": 0.5, "status": "ok", "validation": 0.3}]
    for kept in (rows, []):
        write_csv(paths.run("d", "mf-rg2-spectral-1") / "trials.csv", kept, ["regularization", "status", "validation"])
        assert [(p["rank"], p["regularization"]) for p in trial_points(told)] == [(8, 0.5)] * len(kept)
        draw(told, workdir)
    assert "nothing was tuned" in (workdir / "shown.svg").read_text()
