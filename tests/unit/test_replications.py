"""Tables and published numbers from jobs of simulations whose rows are known."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from simulations_data import Counting, CountingSettings, contents_of, write_counted

from dotbench.reporting import replications
from dotbench.reporting.blocks import blocks
from dotbench.reporting.kind import table_kinds
from dotbench.reporting.replications import published_rows
from dotbench.simulations import entry as entry_module
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import overlap_factor
from dotbench.statistics.paired import holm
from dotbench.statistics.replications import compare_replications

pytestmark = pytest.mark.seconds

LOW, MIDDLE, HIGH = [1.0, 1.2, 1.1], [2.0, 2.21, 2.12], [3.1, 3.3, 3.25]


def test_pairs_are_those_of_the_paired_t_test() -> None:
    values = np.array([LOW, MIDDLE, HIGH])
    found = compare_replications(values)
    expected = [stats.ttest_rel(values[pair.first], values[pair.second]) for pair in found]
    assert [(pair.first, pair.second) for pair in found] == [(0, 1), (0, 2), (1, 2)]
    assert [pair.p for pair in found] == pytest.approx([test.pvalue for test in expected])
    assert [pair.p_holm for pair in found] == pytest.approx(holm(np.array([test.pvalue for test in expected])))
    ends = [test.confidence_interval(1 - 0.05 / 3) for test in expected]
    assert [pair.low for pair in found] == pytest.approx([end.low for end in ends])
    assert [pair.high for pair in found] == pytest.approx([end.high for end in ends])


def test_overlapping_training_parts_widen_the_error() -> None:
    """Nadeau and Bengio: t = d̄ / (s √(1/R + ρ))."""
    values, ratio = np.array([LOW, MIDDLE]), 0.25
    [pair] = compare_replications(values, overlap_factor(3, ratio))
    differences = values[0] - values[1]
    t = differences.mean() / (differences.std(ddof=1) * np.sqrt(1 / 3 + ratio))
    assert pair.p == pytest.approx(2 * stats.t.sf(abs(t), 2))
    [plain] = compare_replications(values)
    assert pair.high - pair.low == pytest.approx((plain.high - plain.low) * np.sqrt(1 + 3 * ratio))
    assert pair.seeds == plain.seeds


def test_differences_without_spread_are_certain_and_equal_methods_tie() -> None:
    [pair] = compare_replications(np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 5.0]]))
    assert (pair.difference, pair.low, pair.high, pair.p) == (-1.0, -1.0, -1.0, 0.0)
    [same] = compare_replications(np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]))
    assert same.p == 1.0
    assert compare_replications(np.array([[1.0, 2.0], [2.0, 4.0]])) == []


@pytest.fixture
def counted(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> SimulationEntry:
    """The simulation `counting` is registered; nothing of it is there."""
    monkeypatch.setattr(entry_module, "simulations", lambda: {"counting": Counting})
    return SimulationEntry("Counting", Counting(CountingSettings(replications=3)))


def summarise(folder: Path, *entries: SimulationEntry) -> None:
    """Write the table ``shown`` of the entries."""
    table_kinds()["replications"]().write(contents_of(*entries, kind="replications", title="Counts."), folder)


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_a_table_has_means_standard_errors_and_the_best(counted: SimulationEntry, workdir: Path) -> None:
    write_counted(counted, {"low": LOW, "middle": MIDDLE, "high": HIGH})
    summarise(workdir, counted)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert [rows[name]["standing"] for name in ("low", "middle", "high")] == ["best", "", ""]
    assert float(rows["low"]["error_mean"]) == pytest.approx(1.1)
    assert float(rows["low"]["error_sd"]) == pytest.approx(0.1)
    assert float(rows["low"]["error_se"]) == pytest.approx(0.1 / 3**0.5)
    assert float(rows["low"]["error_high"]) == pytest.approx(1.1 + stats.t.ppf(0.975, 2) * 0.1 / 3**0.5)
    assert len(read(workdir / "shown_pairs.csv")) == 3
    text = (workdir / "shown.md").read_text()
    assert "**1.100 ± 0.058**" in text
    assert [cell.strip() for cell in text.splitlines()[0].split("|")[1:-1]] == ["Method", "error", "CPU s"]
    assert "All lines: n = 3." in text
    assert "Counted." in text
    assert r"\best 1.100 \pm 0.058" in (workdir / "shown.tex").read_text()


def test_several_scenarios_are_columns(counted: SimulationEntry, workdir: Path) -> None:
    both = SimulationEntry("Counting", Counting(CountingSettings(replications=3, sizes=[3, 5])))
    write_counted(counted, {"low": LOW, "middle": MIDDLE})
    write_counted(SimulationEntry("Counting", Counting(CountingSettings(replications=3, sizes=[5]))), {"low": HIGH})
    summarise(workdir, both)
    lines = [line.split("|") for line in (workdir / "shown.md").read_text().splitlines()[:4]]
    assert [[cell.strip() for cell in line[1:-1]] for line in (lines[0], *lines[2:])] == [
        ["Method", "n = 3", "n = 5"],
        ["Low", "**1.100 ± 0.058**", "3.217 ± 0.060"],
        ["Middle", "2.110 ± 0.061", "–"],
    ]


def test_where_a_fit_failed_none_is_best(counted: SimulationEntry, workdir: Path) -> None:
    write_counted(counted, {"low": LOW, "middle": [2.0, None, 2.1], "high": HIGH})
    summarise(workdir, counted)
    rows = {row["method"]: row for row in read(workdir / "shown.csv")}
    assert [rows[name]["standing"] for name in ("low", "middle", "high")] == ["", "", ""]
    assert (rows["middle"]["failed"], rows["middle"]["failure"]) == ("1", "unlucky")
    text = (workdir / "shown.md").read_text()
    assert "2.050 ± 0.050 (2 of 3)" in text
    assert "Counting, Middle: 1 of 3 failed: unlucky" in text


def test_where_all_failed_and_nobody_competes_the_cell_says_it_alone(
    counted: SimulationEntry, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "marks_best", False)
    write_counted(counted, {"low": LOW, "middle": [None, None, None]})
    summarise(workdir, counted)
    assert (workdir / "shown.md").read_text().count("failed: unlucky") == 1


def test_a_reference_is_shown_and_does_not_compete(
    counted: SimulationEntry, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "references", frozenset({"low"}))
    write_counted(counted, {"low": LOW, "middle": MIDDLE, "high": HIGH})
    [block] = blocks(counted)
    assert [line["standing"] for line in block.lines] == ["", "best", ""]
    assert [(pair["first"], pair["second"]) for pair in block.pairs] == [("Middle", "High")]
    write_counted(counted, {"low": [1.0, None, None], "middle": MIDDLE, "high": HIGH})
    summarise(workdir, counted)
    assert [row["standing"] for row in read(workdir / "shown.csv")] == ["", "best", ""]
    assert "Low: 2 of 3 failed: unlucky." in (workdir / "shown.md").read_text()


def test_methods_that_cannot_be_told_apart_tie(counted: SimulationEntry, workdir: Path) -> None:
    write_counted(counted, {"low": LOW, "near": [1.1, 1.15, 1.1], "high": HIGH})
    [block] = blocks(counted)
    assert [line["standing"] for line in block.lines] == ["tie", "tie", ""]


def test_entries_stand_below_each_other(counted: SimulationEntry, workdir: Path) -> None:
    other = SimulationEntry("Doubled", Counting(CountingSettings(replications=3, factor=2.0)))
    write_counted(counted, {"low": LOW})
    write_counted(other, {"low": HIGH})
    summarise(workdir, counted, other)
    assert [row["label"] for row in read(workdir / "shown.csv")] == ["Counting", "Doubled"]
    text = (workdir / "shown.md").read_text()
    assert "Setting" in text
    assert [text.count(note) for note in ("- Counted.", "Counting: Times 1.", "Doubled: Times 2.")] == [1, 1, 1]
    assert "Doubled: Counted." not in text  # what all of them say is said once


def test_lines_as_published_numbers_want_them(counted: SimulationEntry) -> None:
    assert published_rows(counted, "rmse") == []
    write_counted(counted, {"low": LOW})
    [row] = published_rows(counted, "rmse")
    assert (row["dataset"], row["names"], row["method"]) == ("n = 3", ("counting", "low"), "Low")
    assert (row["seeds"], row["failed"], row["rmse_mean"]) == (3, 0, pytest.approx(1.1))
    assert replications.is_there(counted)
