"""Paper versus ours: verdicts and orders of numbers that are known."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from runs_data import contents, write_dataset, write_runs
from scipy import stats

from dotbench import paths
from dotbench.cli.workflow import begun, compare, load_plan
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.reporting.paper_vs_ours import judge, kendall_tau, paper_versus_ours
from dotbench.reporting.published import Cell

T4, T2 = stats.t.ppf(0.975, 4), stats.t.ppf(0.975, 2)


def ours(mean: float | None, sd: float | None, seeds: int = 3) -> dict[str, float | None]:
    row = {"ndcg@10_mean": mean, "ndcg@10_sd": sd, "ndcg@10_low": None, "ndcg@10_high": None}
    return row | {"seeds": seeds, "failed": 0}


def cell(value: float, sd: float | None = None, suspect: str | None = None) -> Cell:
    return Cell(table="T", dataset="d", method="m", metric="ndcg@10", value=value, sd=sd, suspect=suspect)


def test_the_tolerance_comes_from_both_intervals() -> None:
    found = judge(cell(0.3, 0.02), ours(0.31, 0.01), 5)
    assert found["difference"] == pytest.approx(0.01)
    assert found["tolerance"] == pytest.approx(np.hypot(T2 * 0.01 / 3**0.5, T4 * 0.02 / 5**0.5))
    without = judge(cell(0.3), ours(0.31, 0.01), 5)
    assert without["tolerance"] == pytest.approx(2**0.5 * T2 * 0.01 / 3**0.5)
    one_more = judge(cell(0.3), ours(0.31, 0.01), 1)
    assert one_more["tolerance"] == pytest.approx(T2 * 0.01 * (1 + 1 / 3) ** 0.5)  # of a prediction interval


@pytest.mark.parametrize(
    ("value", "mean", "sd", "suspect", "verdict"),
    [
        (0.3, 0.31, 0.01, None, "reproduces"),
        (0.3, 0.34, 0.01, None, "differs: higher"),
        (0.3, 0.26, 0.01, None, "differs: lower"),
        (0.3, 0.31, 0.01, "a copy", "suspect cell"),
        (0.3, None, None, None, "failed"),
    ],
)
def test_verdicts(value: float, mean: float | None, sd: float | None, suspect: str | None, verdict: str) -> None:
    assert judge(cell(value, 0.001, suspect), ours(mean, sd), 5)["verdict"] == verdict


def test_overlapping_training_parts_widen_both_intervals() -> None:
    """Three seeds of ours and five of the paper, 80/10/10: √(1 + 3/8) and √(1 + 5/8) times as wide."""
    half, published = T2 * 0.01 / 3**0.5, T4 * 0.02 / 5**0.5
    plain, wide = np.hypot(half, published), np.hypot(half * (1 + 3 / 8) ** 0.5, published * (1 + 5 / 8) ** 0.5)
    for away, verdicts in (
        (0.99 * plain, ("reproduces", "reproduces")),
        (0.99 * wide, ("differs: higher", "reproduces")),
        (1.01 * wide, ("differs: higher", "differs: higher")),
    ):
        row = ours(0.3 + away, 0.01) | {"test_to_train": 1 / 8}
        found = judge(cell(0.3, 0.02), row, 5)
        assert (found["verdict"], found["verdict_corrected"]) == verdicts
        assert found["tolerance"] == pytest.approx(plain)
    independent = judge(cell(0.3, 0.02), ours(0.3 + 0.99 * wide, 0.01), 5)
    assert independent["verdict_corrected"] == independent["verdict"] == "differs: higher"


@pytest.mark.parametrize(
    ("seeds", "failed", "sd", "verdict"),
    [
        (1, 0, None, "too few seeds"),
        (2, 0, 0.01, "too few seeds"),
        (3, 1, 0.01, "too few seeds"),
        (3, 0, 0.01, "reproduces"),
        (5, 2, 0.01, "reproduces"),
    ],
)
def test_a_verdict_needs_three_seeds(seeds: int, failed: int, sd: float | None, verdict: str) -> None:
    found = judge(cell(0.3), {**ours(0.31, sd, seeds), "failed": failed}, 5)
    assert found["verdict"] == verdict
    assert ("tolerance" in found) == (sd is not None)


@pytest.mark.parametrize(
    ("mean", "verdict"), [(0.305, "reproduces"), (0.295, "reproduces"), (0.307, "differs: higher")]
)
def test_a_stated_tolerance_needs_no_interval(mean: float, verdict: str) -> None:
    for row in (ours(mean, None, 1), ours(mean, 0.1, 5) | {"test_to_train": 1 / 8}):
        found = judge(cell(0.3), row, 1, share=0.02)
        assert found["tolerance"] == pytest.approx(0.006)
        assert (found["verdict"], found["verdict_corrected"]) == (verdict, verdict)
    assert judge(cell(0.3, suspect="a copy"), ours(mean, None, 1), 1, share=0.02)["verdict"] == "suspect cell"


def test_kendall_tau_is_that_of_scipy() -> None:
    for order in itertools.permutations([0.1, 0.2, 0.3, 0.4]):
        assert kendall_tau([1, 2, 3, 4], list(order)) == pytest.approx(stats.kendalltau([1, 2, 3, 4], order).statistic)
    assert kendall_tau([1, 2], [3, 3]) == 0


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def _is(row: dict[str, str], table: str, dataset: str, metric: str) -> bool:
    return (row["table"], row["dataset"], row["metric"]) == (table, dataset, metric)


def test_every_published_number_has_a_line(workdir: Path) -> None:
    write_dataset("ml-10m", verified=False)
    write_dataset("other")
    values = {"bpr-sgd": 0.2116, "wrmf-als": 0.1, "rg2-als": 0.5, "uib-sgd": 0.2}
    runs = [(dataset, f"mf-{name}-1") for dataset in ("ml-10m", "other") for name in values]
    for dataset, folder in runs:
        value = values[folder.removeprefix("mf-").removesuffix("-1")]
        if (dataset, folder) == ("other", "mf-rg2-als-1"):
            value = 0.15
        edge = {"regularization": "high"} if "wrmf" in folder else None
        write_runs(dataset, folder, [[value - 0.01], [value], [value + 0.01]], on_edge=edge)
    paper_versus_ours(contents(*runs, kind="", seeds=3), workdir)
    rows = read(workdir / "paper_vs_ours.csv")
    ndcg = {row["paper_method"]: row for row in rows if _is(row, "Table 4", "ml-10m", "ndcg@10")}
    assert ndcg["BPR"]["verdict"] == "reproduces"
    assert ndcg["WRMF"]["verdict"] == "differs: lower"
    assert "on the grid's edge: regularization (high)" in ndcg["WRMF"]["notes"]
    assert "ml-10m (unverified copy)" in ndcg["WRMF"]["notes"]
    assert ndcg["RG2"]["verdict"] == "differs: higher"
    assert ndcg["UIB"]["verdict"] == "suspect cell"
    assert (ndcg["Softmax"]["verdict"], ndcg["Softmax"]["notes"]) == ("not run", "the method was not run")
    assert ndcg["Softmax"]["ours_mean"] == ""
    all_orders = read(workdir / "paper_vs_ours_order.csv")
    assert {row["table"] for row in all_orders} == {"Table 2", "Table 4"}  # Table 5 is of LightGCN
    orders = {
        (row["metric"], row["dataset"]): row
        for row in all_orders
        if (row["table"], row["paper_dataset"]) == ("Table 4", "ml-10m")
    }
    first = orders[("ndcg@10", "ml-10m")]
    assert first["paper_order"] == "RG2 > WRMF > BPR"  # without UIB's suspect cell
    assert first["our_order"] == "RG2 > BPR > WRMF"
    assert float(first["kendall_tau"]) == pytest.approx(1 / 3)
    second = orders[("ndcg@10", "other")]
    assert second["our_order"] == "BPR > RG2 > WRMF"
    assert float(second["kendall_tau"]) == pytest.approx(-1 / 3)
    assert orders[("mrr@10", "ml-10m")]["methods"] == "4"  # UIB's MRR is sound
    text = (workdir / "paper_vs_ours.md").read_text()
    assert "**reproduces**" in text
    assert text.startswith("## ")
    assert "Order of the methods" in text
    assert "<h2>" in (workdir / "paper_vs_ours.html").read_text()


def test_ours_with_other_settings_are_not_compared(workdir: Path) -> None:
    write_dataset("ml-100k")
    write_runs("ml-100k", "nimc-squared-sgd-1", [[1.0], [1.1]])
    paper_versus_ours(contents(("ml-100k", "nimc-squared-sgd-1"), kind="", seeds=2, published="nimc"), workdir)
    lines = read(workdir / "paper_vs_ours.csv")
    assert {row["verdict"] for row in lines} == {"not run"}
    assert "counts as one more run" in (workdir / "paper_vs_ours.md").read_text()


def test_a_difference_that_the_paper_names_stands_beside_ours_on_the_same_seeds(workdir: Path) -> None:
    """IMC − NIMC: divisions of the users move both alike, so that the gap is known far better than either number; what
    has another activation is another method."""
    write_dataset("ml-100k")
    level = np.array([0.0, 0.1, -0.1, 0.05])  # of a division
    gap = np.array([0.30, 0.28, 0.29, 0.27])
    made = {"imc-squared-closed_form-1": 1.0 + level + gap, "nimc-squared-sgd-1": 1.0 + level}
    made |= {"nimc-squared-sgd-2": 0.5 + level}
    stated = {"features": "movielens+item-factors", "offset": "none", "embedding_size": 50, "activation": "relu"}
    for folder, values in made.items():
        write_runs("ml-100k", folder, [[value] for value in values])
        own = stated | ({"activation": "tanh"} if folder.endswith("2") else {})
        for seed, value in enumerate(values):
            file = paths.fit("ml-100k", folder, seed, seed) / "metrics.json"
            part = {"rmse": float(value)}
            names = {"solver": "closed-form"} if "imc-squared-closed" in folder else {}
            write_json(
                file, read_json(file) | names | {"hyperparameters": own, "metrics": {"valid": part, "test": part}}
            )
    told = {"published": "nimc", "study": "nimc", "task": "rating", "metrics": ["rmse"], "validation_metric": "rmse"}
    paper_versus_ours(contents(*(("ml-100k", folder) for folder in made), kind="", seeds=4, **told), workdir)
    lines = read(workdir / "paper_vs_ours.csv")
    assert sum(line["paper_method"] == "NIMC" and line["method"] != "" for line in lines) == 1
    [line] = [one for one in lines if one["paper_method"] == "IMC − NIMC" and one["dataset"] == "ml-100k"]
    half = stats.t.ppf(0.975, 3) * gap.std(ddof=1) / 2
    assert (float(line["published"]), line["verdict"]) == (0.287, "reproduces")
    assert float(line["ours_mean"]) == pytest.approx(gap.mean())
    assert float(line["ours_high"]) - float(line["ours_low"]) == pytest.approx(2 * half)
    assert float(line["tolerance"]) == pytest.approx(half * 5**0.5)  # of one division more
    [nimc] = [one for one in lines if one["paper_method"] == "NIMC" and one["dataset"] == "ml-100k"]
    assert float(nimc["tolerance"]) > 5 * float(line["tolerance"])


def test_what_the_released_code_does_is_a_line_of_its_own(workdir: Path) -> None:
    write_dataset("ml-10m")
    folder = "mf-rg2_released-als-1"
    write_runs("ml-10m", folder, [[0.3], [0.29]])
    metrics = workdir / "results/runs/ml-10m" / folder
    for path in metrics.glob("*/metrics.json"):
        path.write_text(path.read_text().replace("rg2_released", "rg2-released"))
    paper_versus_ours(contents(("ml-10m", folder), kind="", seeds=2), workdir)
    lines = [row for row in read(workdir / "paper_vs_ours.csv") if row["paper_method"] == "RG2" and row["method"]]
    assert [row["method"] for row in lines] == ["rg2_released"] * 4  # of Tables 2 and 4, in both metrics
    assert all("another objective than the paper states" in row["notes"] for row in lines)
    assert read(workdir / "paper_vs_ours_order.csv") == []


def test_a_dataset_that_was_not_run_is_said(workdir: Path) -> None:
    write_dataset("other")
    write_runs("other", "mf-rg2-als-1", [[0.3]])
    paper_versus_ours(contents(("other", "mf-rg2-als-1"), kind="", seeds=1), workdir)
    rows = read(workdir / "paper_vs_ours.csv")
    assert {row["verdict"] for row in rows} == {"not run"}
    cells = [row for row in rows if row["table"].startswith("Table")]
    assert {row["notes"].split("; ")[-1] for row in cells} == {"the dataset was not run"}
    warning = (
        "No number can be compared, only the order of the methods: the paper's numbers known here are of ml-10m, "
        "electronics, steam; run"
    )
    assert (workdir / "paper_vs_ours.md").read_text().splitlines()[0] == f"**{warning}: other.**"
    page = (workdir / "paper_vs_ours.html").read_text()
    assert page.index("No number can be compared") < page.index("<h2>")


def test_what_has_been_run_is_compared_and_the_rest_is_not_run(workdir: Path) -> None:
    config = """
name: own
datasets: [ml-10m, sim-tiny]
seeds: [0, 1, 2, 3]
tuning: single
studies:
  - study: rg2
    methods: [{model: mf, loss: bpr}, {model: mf, loss: wrmf}, {model: mf, loss: rg2, solver: als}]
"""
    Path("own.yaml").write_text(config)
    plan = load_plan([Path("own.yaml")])
    write_dataset("ml-10m")
    run = {entry.method.names[1]: entry.folders[0] for entry in plan.entries if entry.dataset == "ml-10m"}
    for loss, seeds in (("bpr", 3), ("wrmf", 4), ("rg2", 4)):
        write_runs("ml-10m", run[loss], [[0.2116 + 0.01 * (seed % 3 - 1)] for seed in range(seeds)])
    (paths.run("ml-10m", run["rg2"]) / "chosen.json").unlink()  # it is being tuned anew
    files = compare(plan)
    assert all(Path(file).is_file() for file in files)
    lines = {row["paper_method"]: row for row in read(Path(files[0])) if _is(row, "Table 4", "ml-10m", "ndcg@10")}
    assert (lines["BPR"]["verdict"], lines["BPR"]["seeds"]) == ("reproduces", "3")
    assert "3 of 4 seeds were run" in lines["BPR"]["notes"]
    assert (lines["WRMF"]["verdict"], lines["WRMF"]["seeds"]) == ("differs: lower", "4")
    assert "seeds" not in lines["WRMF"]["notes"]
    assert (lines["RG2"]["verdict"], lines["RG2"]["notes"]) == ("not run", "the method was not run")


def test_a_configuration_without_a_paper_has_nothing_to_compare(workdir: Path) -> None:
    with pytest.raises(DotbenchError, match="no study with published numbers"):
        compare(begun(load_plan(None)))
