"""The figure of a simulation: the points that it draws, from jobs whose rows are known."""

import csv
from pathlib import Path
from typing import Any

import pytest
from simulations_data import Counting, CountingSettings, contents_of, write_counted

from dotbench.reporting import drawing
from dotbench.reporting.figures import trend as trend_module
from dotbench.reporting.kind import figure_kinds
from dotbench.simulations import entry as entry_module
from dotbench.simulations.base import Column, Trend
from dotbench.simulations.entry import SimulationEntry

pytestmark = pytest.mark.seconds


class Trended(Counting):
    """`counting`, drawn against its size."""

    name = "trended"
    trend = Trend("size", "n", "error", "xy")

    def guides(self, lines: list[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
        return {"twice": [(line["size"], 2 * line["error_mean"]) for line in lines if line["method"] == "count"]}


class Named(Trended):
    """`counting`, drawn against what is compared."""

    name = "named"
    trend = Trend("method", "method", "error")


class Across(Trended):
    """A size may be absent."""

    name = "across"
    columns = {**Counting.columns, "size": Column("int64", "n, or nothing")}


@pytest.fixture
def shown(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draws a simulation whose jobs have these errors: size → method → errors; gives the figure's csv."""
    known = {cls.name: cls for cls in (Trended, Named, Across)}
    monkeypatch.setattr(entry_module, "simulations", lambda: known)

    def made(cls: type[Counting], sizes: dict[Any, dict[str, list[float | None]]]) -> list[dict[str, str]]:
        for size, methods in sizes.items():
            write_counted(SimulationEntry("Counting", cls(CountingSettings.model_construct(sizes=[size]))), methods)
        settings = CountingSettings.model_construct(sizes=list(sizes), replications=2, factor=1.0)
        entry = SimulationEntry("Counting", cls(settings))
        monkeypatch.setattr(trend_module, "read_simulations", lambda contents: [entry])
        figure_kinds()["trend"]().write(contents_of(entry, kind="trend"), workdir)
        assert all((workdir / f"shown.{kind}").stat().st_size > 1000 for kind in ("pdf", "png", "svg"))
        with (workdir / "shown.csv").open() as stream:
            return list(csv.DictReader(stream))

    return made


def test_a_line_runs_over_the_scenarios_with_its_guide(shown: Any) -> None:
    points = shown(Trended, {3: {"count": [1.0, 3.0], "other": [5.0, 5.0]}, 5: {"count": [4.0, None]}})
    found = {(point["line"], point["x"]): (point["mean"], point["replications"]) for point in points}
    assert found == {
        ("Count", "3"): ("2.0", "2"),
        ("Other", "3"): ("5.0", "2"),
        ("Count", "5"): ("4.0", "1"),
        ("twice", "3"): ("4.0", ""),
        ("twice", "5"): ("8.0", ""),
    }
    assert {point["panel"] for point in points} == {""}
    interval = next(point for point in points if (point["line"], point["x"]) == ("Count", "3"))
    assert [float(interval[end]) for end in ("low", "high")] == pytest.approx([2 - 12.7062, 2 + 12.7062], abs=1e-4)


def test_what_is_compared_can_be_the_axis(shown: Any) -> None:
    points = shown(Named, {3: {"count": [1.0, 3.0], "other": [5.0, 5.0]}, 5: {"count": [4.0, 4.0]}})
    measured = [point for point in points if point["line"] != "twice"]
    assert [(point["panel"], point["line"], point["x"], point["mean"]) for point in measured] == [
        ("n = 3", "error", "count", "2.0"),
        ("n = 3", "error", "other", "5.0"),
        ("n = 5", "error", "count", "4.0"),
    ]


def test_what_has_no_value_on_the_axis_is_drawn_across(shown: Any) -> None:
    points = shown(Across, {3: {"count": [1.0, 3.0]}, None: {"other": [7.0, 9.0]}})
    assert [(point["line"], point["x"], point["mean"]) for point in points if point["line"] != "twice"] == [
        ("Count", "3", "2.0"),
        ("Other", "", "8.0"),
    ]


def figure_of(
    cls: type[Counting], sizes: dict[Any, dict[str, list[float | None]]], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """The axes of a figure of several entries, one of each size, two in a row."""
    monkeypatch.setattr(entry_module, "simulations", lambda: {cls.name: cls})
    shown = []
    for size, methods in sizes.items():
        settings = CountingSettings.model_construct(sizes=[size], replications=2, factor=1.0)
        shown.append(SimulationEntry(f"n = {size}", cls(settings)))
        write_counted(shown[-1], methods)
    figures: list[Any] = []
    monkeypatch.setattr(trend_module, "read_simulations", lambda contents: shown)
    monkeypatch.setattr(drawing, "ACROSS", {"double": 2})
    monkeypatch.setattr(drawing, "save", lambda figure, *_: figures.append(figure))
    figure_kinds()["trend"]().write(contents_of(*shown, kind="trend"), workdir)
    return figures[0].axes


def labels(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_xticklabels()]


def test_panels_have_one_axis_and_its_labels_stand_under_every_column(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = figure_of(Trended, {size: {"count": [1.0, 3.0]} for size in (3, 5, 9)}, workdir, monkeypatch)
    assert [axis.get_visible() for axis in axes] == [True, True, True, False]
    assert [list(axis.get_xticks()) for axis in axes[:3]] == [[3, 5, 9]] * 3
    assert [labels(axis) for axis in axes[:3]] == [[], ["3", "5", "9"], ["3", "5", "9"]]  # the first has one below it


def test_a_name_has_one_place_in_all_panels(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first panel there is no `count`."""
    other = {"other": [5.0, 5.0]}
    axes = figure_of(Named, {3: other, 5: {"count": [1.0, 3.0], **other}}, workdir, monkeypatch)
    assert [labels(axis) for axis in axes] == [["other", "count"]] * 2
    places = [list(axis.containers[0].lines[0].get_xdata()) for axis in axes]
    assert places == [[0], [1, 0]]
