"""The figure of a simulation: its metric against a variable, mean and interval over replications."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.formats import Row
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import metric_text, read_simulations, scenario_text, scenarios
from dotbench.simulations.base import Simulation, Trend
from dotbench.simulations.entry import SimulationEntry

COLUMNS = ["panel", "line", "x", "mean", "low", "high", "replications", "folder"]
GUIDE = "#7F7F7F"


class TrendFigure(FigureKind):
    """Mean and 95 % Student interval over replications, each with newly drawn data. A line across the whole panel
    has no value on the horizontal axis. Grey lines are references that were not measured here, such as published
    numbers and bounds. The notes under the table of the same simulation describe the protocol.
    """

    name = "trend"
    title = "Metric against a variable"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel per scenario: mean and 95 % Student interval over replications, and the simulation's guides in grey.

        Failed fits are left out. The csv counts those that are behind a point.
        """
        panels = [panel for entry in read_simulations(contents) for panel in _panels(entry)]
        trend = panels[0].trend
        write_csv(
            folder / f"{contents.report_item}.csv", [point for panel in panels for point in panel.points()], COLUMNS
        )
        sheet = Sheet.of_panels(contents.size, len(panels), sharex=True, sharey=True)
        names = list(dict.fromkeys(line for panel in panels for line in panel.lines))
        guides = list(dict.fromkeys(guide for panel in panels for guide in panel.guides))
        places = list(dict.fromkeys(x for panel in panels for x in panel.places()))
        if not _named(places):
            places.sort()
        for axis, panel in zip(sheet.axes.flat, panels, strict=False):
            panel.draw(axis, names, guides, places)
            sheet.title(axis, panel.title)
        for absent in range(len(panels), sheet.axes.size):  # in the last row
            sheet.axes.flat[absent - sheet.axes.shape[1]].tick_params(labelbottom=True)
        sheet.x_title(trend.x_title)
        sheet.y_title_of_all(trend.y_title)
        says = ["Points: mean over the replications; bars: 95 % interval."]
        across = any(panel.is_across(name) for panel in panels for name in panel.lines)
        says += ["Lines without points have no value on this axis; bands: their 95 % intervals."] if across else []
        says += ["Grey: not measured here."] if guides else []
        sheet.save(folder, contents.report_item, [" ".join(says)])


class Panel:
    """One scenario. ``lines``: name → [(x, line of the table's csv, metric)], in the order of the rows."""

    def __init__(self, title: str, trend: Trend, simulation: Simulation, rows: list[Row]) -> None:
        self.title, self.trend = title, trend
        self.lines: dict[str, list[tuple[Any, Row, str]]] = {}
        for row in rows:
            for name, metric in _metrics(trend, simulation, row):
                if row[f"{metric}_mean"] is not None:
                    self.lines.setdefault(name, []).append((row[trend.x], row, metric))
        self.guides = simulation.guides(rows)

    def points(self) -> list[Row]:
        """Lines of the figure's csv. A guide has a mean alone, and no folder."""
        measured = [
            {"line": name, "x": x, **{end: row[f"{metric}_{end}"] for end in ("mean", "low", "high")}}
            | {"replications": row["replications"] - row["failed"], "folder": row["folder"]}
            for name, line in self.lines.items()
            for x, row, metric in line
        ]
        guides = [{"line": name, "x": x, "mean": y} for name, line in self.guides.items() for x, y in line]
        return [{"panel": self.title, **point} for point in [*measured, *guides]]

    def places(self) -> list[Any]:
        """Where its points stand, numbers or names."""
        return [x for line in self.lines.values() for x, _, _ in line if x is not None]

    def is_across(self, name: str) -> bool:
        """Whether a line has no value on the axis, and is drawn across."""
        return all(x is None for x, _, _ in self.lines[name])

    def draw(self, axis: Any, names: list[str], guides: list[str], places: list[Any]) -> None:
        """``places``: those of all panels, whose axis is one."""
        from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

        named = _named(places)
        for name, line in self.lines.items():
            colour, style, marker = STYLES[names.index(name) % len(STYLES)]
            ends = [tuple(row[f"{metric}_{end}"] for end in ("mean", "low", "high")) for _, row, metric in line]
            if self.is_across(name):
                axis.axhline(ends[0][0], color=colour, ls=style, lw=1.2, label=verbatim(name))
                if ends[0][1] is not None:
                    axis.axhspan(ends[0][1], ends[0][2], color=colour, alpha=0.15, lw=0)
                continue
            xs = [places.index(x) if named else x for x, _, _ in line]
            means = [mean for mean, _, _ in ends]
            spread = [[mean - low if low is not None else 0 for mean, low, _ in ends]]
            spread.append([high - mean if high is not None else 0 for mean, _, high in ends])
            joined = "" if named else style
            look = {"color": colour, "ls": joined, "marker": marker, "ms": 3.5, "capsize": 2, "lw": 1.1}
            axis.errorbar(xs, means, yerr=spread, **look, label=verbatim(name))
        for name, points in self.guides.items():
            _, style, _ = STYLES[guides.index(name) % len(STYLES)]
            axis.plot(*zip(*points, strict=True), color=GUIDE, ls=style, lw=1.0, label=verbatim(name), zorder=1)
        if named:
            axis.set_xticks(range(len(places)), [verbatim(str(place)) for place in places], rotation=30, ha="right")
        if "x" in self.trend.logarithmic:
            axis.set_xscale("log")
            axis.set_xticks(places, [f"{place:g}" for place in places], rotation=45 if len(places) > 5 else 0)
            axis.set_xticks([], minor=True)
        if "y" in self.trend.logarithmic:
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axis.yaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3)


def _named(places: list[Any]) -> bool:
    """Whether an axis has names, in the order of the rows, and not numbers."""
    return any(isinstance(place, str) for place in places)


def _panels(entry: SimulationEntry) -> Iterable[Panel]:
    simulation, trend = entry.simulation, entry.simulation.drawn()
    keys = {key: symbol for key, symbol in simulation.keys.items() if key != trend.x}

    def scenario(row: Row) -> str:
        return ", ".join(filter(None, [entry.setting, scenario_text(keys, row)]))

    rows = [line for lines, _ in scenarios(entry) for line in lines]
    order = list(dict.fromkeys(map(scenario, rows)))
    for name, group in groupby(sorted(rows, key=lambda row: order.index(scenario(row))), scenario):
        yield Panel(name, trend, simulation, list(group))


def _metrics(trend: Trend, simulation: Simulation, row: Row) -> list[tuple[str, str]]:
    """(line, metric) that a row is a point of."""
    if trend.x != simulation.compared:
        return [(row[simulation.titled], simulation.metrics[0])]
    return [(metric_text(metric), metric) for metric in simulation.metrics]
