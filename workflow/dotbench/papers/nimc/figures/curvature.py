"""Curvature at the truth and around it: the figure, and a table of levels and slopes."""

from pathlib import Path
from textwrap import wrap

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.papers.nimc.simulations.curvature import MODELS, SCANS
from dotbench.papers.nimc.summaries.curvature import FLOOR, named
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, mark, verbatim
from dotbench.reporting.formats import Row
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import labelled, read_simulations

GUIDES = {"u₀²": "-", "1 / λ²κ": "--", "1 / λ²κ⁴": ":"}  # lines of the theorems
POINTS = ["label", "scan", "value", "model", "title", "replications", "median", "min", "max", "null", "negative"]
POINTS += ["folder"]


def _points(rows: "pd.DataFrame") -> list[Row]:
    """The least eigenvalue of every scan, value and activation, over the instances."""
    return [
        {
            "label": label,
            "scan": scan,
            "value": value,
            "model": model,
            "title": group["title"].iloc[0],
            "replications": len(group),
            "median": group["smallest"].median(),
            "min": group["smallest"].min(),
            "max": group["smallest"].max(),
            "null": group["null"].median(),
            "negative": group["negative"].median(),
            "folder": group["folder"].iloc[0],
        }
        for (label, scan, value, model), group in rows.groupby(["label", "scan", "value", "model"], sort=False)
    ]


class CurvatureCurves(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. The figure shows the median and the range of the least eigenvalue over the
    instances.
    """

    name = "curvature"
    title = "Curvature"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel for everything that is varied: the least eigenvalue of the Hessian, median and range over the
        instances, on logarithmic axes. If there are more labels and activations than styles of lines, each label has
        panels of its own. Medians of zero (hollow) and below (a cross) lie on the lower edge. Grey: the
        order of the theorems."""
        from matplotlib.ticker import NullFormatter

        entries = read_simulations(contents)
        points = [{**point, "title": named(point)} for point in _points(labelled(entries))]
        write_csv(folder / f"{contents.report_item}.csv", points, POINTS)
        apart = len({point["title"] for point in points}) > len(STYLES)
        points = [
            {
                **point,
                "panel": point["label"] if apart else "",
                "title": MODELS[point["model"]][1] if apart else point["title"],
            }
            for point in points
        ]
        titles = list(dict.fromkeys(point["title"] for point in points))
        there = {(point["panel"], point["scan"]) for point in points}
        panels = [
            (panel, scan)
            for panel in dict.fromkeys(point["panel"] for point in points)
            for scan in SCANS
            if (panel, scan) in there
        ]
        sheet = Sheet.of_panels(contents.size, len(panels))
        for axis, (panel, scan) in zip(sheet.axes.flat, panels, strict=False):
            own = [point for point in points if (point["panel"], point["scan"]) == (panel, scan)]
            for title in titles:
                line = sorted((p for p in own if p["title"] == title), key=lambda p: float(p["value"]))
                colour, style, marker = STYLES[titles.index(title)]
                at, low, high = (np.clip([p[key] for p in line], FLOOR, None) for key in ("median", "min", "max"))
                look = {
                    "color": colour,
                    "ls": style,
                    "marker": marker,
                    "ms": 3.5,
                    "lw": 1.1,
                    "capsize": 2,
                    "label": verbatim(title),
                }
                axis.errorbar([p["value"] for p in line], at, yerr=[at - low, high - at], **look)
                for shape, below, edged in (("o", False, colour), ("x", True, "black")):
                    edge = [p["value"] for p in line if p["median"] < FLOOR and (p["negative"] > 0) == below]
                    axis.plot(edge, [FLOOR] * len(edge), shape, color=edged, mfc="white", ms=4.5, zorder=5)
            first = [point for point in own if point["label"] == points[0]["label"]]
            for name, guide in (entries[0].simulation.guides(first) if first else {}).items():
                axis.plot(*zip(*guide, strict=True), color="#7F7F7F", ls=GUIDES[name], lw=1.0, label=name, zorder=1)
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_ylim(bottom=FLOOR / 2)
            values = sorted({point["value"] for point in own})
            axis.xaxis.set_minor_formatter(NullFormatter())
            if values[-1] < 10 * values[0]:  # no two decades to name
                axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.set_xlabel("\n".join(wrap(": ".join(filter(None, [panel, SCANS[scan]])), 24)))
            axis.grid(alpha=0.3)
        sheet.y_title_of_all("least eigenvalue of the Hessian")
        says = (
            f"Median over the instances, bars from least to greatest; what is below {FLOOR:g} lies on the lower edge. "
            "Grey: the order of the theorems, of any height."
        )
        marks = [
            mark("the median is 0: null directions", "o", filled=False),
            mark("the median is below 0: negative curvature", "x"),
        ]
        sheet.save(folder, contents.report_item, [says], marks)
