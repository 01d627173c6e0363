"""How fast an objective falls: the figure of the curves, and a table of iterations and rates."""

import json
from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import labelled, read_simulations

SAME = ["label", "activation", "method", "title", "replication"]
POINTS = [*SAME, "iteration", "relative", "folder"]


class Descent(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. Every line is one instance.
    """

    name = "descent"
    title = "Objective against iterations"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """f / f₀ of every instance against the iteration, a column for every activation: above on a linear axis, where
        a linear rate is a straight line, below on a logarithmic one, where fast methods are seen too."""
        rows = labelled(read_simulations(contents))
        points = [
            {**{key: row[key] for key in (*SAME, "folder")}, "iteration": iteration, "relative": relative}
            for row in rows.to_dict("records")
            for iteration, relative in json.loads(row["curve"])
        ]
        write_csv(folder / f"{contents.report_item}.csv", points, POINTS)
        panels = list(dict.fromkeys(zip(rows["label"], rows["activation"], strict=True)))
        titles = list(dict.fromkeys(rows["title"]))
        sheet = Sheet(contents.size, 2, len(panels), sharey=True)
        for column, (label, activation) in enumerate(panels):
            rows_of_panel = rows[(rows["label"] == label) & (rows["activation"] == activation)]
            for axis in sheet.axes[:, column]:
                for row in rows_of_panel.to_dict("records"):
                    colour, style, marker = STYLES[titles.index(row["title"])]
                    x, y = zip(*json.loads(row["curve"]), strict=True)
                    look = {"marker": marker, "ms": 3, "markevery": max(1, len(x) // 4), "lw": 0.8}
                    name = verbatim(row["title"])
                    axis.plot([place + 1 for place in x], y, color=colour, ls=style, **look, label=name)
                axis.set_yscale("log")
                axis.set_ylim(1e-20, 3)
                axis.grid(alpha=0.3)
            linear, logarithmic = sheet.axes[:, column]
            sheet.title(linear, ", ".join(filter(None, [label, activation_title(activation)])))
            logarithmic.set_xscale("log")
        sheet.x_title("iteration + 1")
        for row_of_panels in (0, 1):
            sheet.y_title(row_of_panels, "f / f₀")
        sheet.save(folder, contents.report_item, ["One line for each instance."])
