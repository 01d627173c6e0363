"""How fast an objective falls: the figure of the curves, and a table of iterations and rates."""

import json
from pathlib import Path

from dotbench.files import write_csv
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, pyplot, save, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import labelled, read_simulations

POINTS = ["label", "activation", "method", "title", "replication", "iteration", "relative"]


class Descent(FigureKind):
    """Generated problems of non-linear inductive matrix completion; the table of the same simulation has the
    protocol in its notes. Every line is one instance.
    """

    name = "descent"
    title = "Objective against iterations"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """f / f₀ of every instance against the iteration, a column for every activation: above on a linear axis, where
        a linear rate is a straight line, below on a logarithmic one, where fast methods are seen too."""
        rows = labelled(read_simulations(contents))
        points = [
            {**{key: row[key] for key in POINTS[:5]}, "iteration": iteration, "relative": relative}
            for row in rows.to_dict("records")
            for iteration, relative in json.loads(row["curve"])
        ]
        write_csv(folder / f"{contents.report_item}.csv", points, POINTS)
        panels = list(dict.fromkeys(zip(rows["label"], rows["activation"], strict=True)))
        titles = list(dict.fromkeys(rows["title"]))
        shape = {"figsize": (3.0 * len(panels) + 1.6, 5.6), "layout": "constrained", "squeeze": False}
        figure, axes = pyplot().subplots(2, len(panels), sharey=True, **shape)
        for column, (label, activation) in enumerate(panels):
            rows_of_panel = rows[(rows["label"] == label) & (rows["activation"] == activation)]
            for axis in axes[:, column]:
                for row in rows_of_panel.to_dict("records"):
                    colour, style, _ = STYLES[titles.index(row["title"])]
                    x, y = zip(*json.loads(row["curve"]), strict=True)
                    axis.plot(
                        [place + 1 for place in x], y, color=colour, ls=style, lw=0.9, label=verbatim(row["title"])
                    )
                axis.set_yscale("log")
                axis.set_ylim(1e-20, 3)
                axis.grid(alpha=0.3)
            axes[0, column].set_title(verbatim(", ".join(filter(None, [label, activation]))), fontsize=9)
            axes[1, column].set_xscale("log")
            axes[1, column].set_xlabel("iteration + 1")
        for axis in axes[:, 0]:
            axis.set_ylabel("f / f₀")
        handles = {h.get_label(): h for axis in axes.flat for h in axis.get_legend_handles_labels()[0]}
        figure.legend(handles.values(), handles.keys(), loc="outside right upper", frameon=False)
        save(figure, folder, contents.report_item)
