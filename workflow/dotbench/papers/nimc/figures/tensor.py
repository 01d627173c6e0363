"""Starts from moments beside random ones: the figure, and its numbers as a table."""

from pathlib import Path

from dotbench.files import write_csv
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.tensor import LINES, start_lines
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations


class TensorStarts(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. Shares are shown with Wilson's 95 % intervals, iterations with median and range.
    Iterations are counted only in trials that recover the truth. There may be few of these. The csv has their number.
    """

    name = "tensor"
    title = "Starts from moments"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A column for every activation: against N the mean error of the directions, the share of trials that recover
        the truth, with Wilson intervals, and their iterations, median and range. A line for every law and m, across
        from those of random starts."""
        lines = start_lines(read_simulations(contents))
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        panels = list(dict.fromkeys(line["activation"] for line in lines))
        kinds = list(dict.fromkeys((line["label"], line["law"], line["observations"]) for line in lines))
        sheet = Sheet(contents.size, 3, len(panels), sharex=True, sharey="row")
        for column, panel in enumerate(panels):
            above, share, below = sheet.axes[:, column]
            for place, (kind, (colour, style, marker)) in enumerate(zip(kinds, STYLES, strict=False)):
                lines_of_kind = [
                    p for p in lines if p["activation"] == panel and (p["label"], p["law"], p["observations"]) == kind
                ]
                name = ", ".join(filter(None, [kind[0], kind[1], f"m = {kind[2]:,}"]))
                look = {"color": colour, "ls": style, "lw": 1.1, "label": verbatim(name)}
                starts = [line for line in lines_of_kind if line["pairs"]]
                above.plot(
                    [p["pairs"] for p in starts],
                    [p["direction_error_mean"] for p in starts],
                    marker=marker,
                    ms=3.5,
                    **look,
                )
                rates = [p["recovered"] / p["trials"] for p in starts]
                whiskers = [[rate - p["low"] for rate, p in zip(rates, starts, strict=True)]]
                whiskers.append([p["high"] - rate for rate, p in zip(rates, starts, strict=True)])
                beside = [p["pairs"] * 1.08**place for p in starts]  # so that whiskers do not hide one another
                share.errorbar(beside, rates, yerr=whiskers, marker=marker, ms=3.5, capsize=2, **look)
                successful_starts = [line for line in starts if line["iterations_median"] is not None]
                middle = [line["iterations_median"] for line in successful_starts]
                spread = [[p["iterations_median"] - p["iterations_min"] for p in successful_starts]]
                spread.append([p["iterations_max"] - p["iterations_median"] for p in successful_starts])
                if successful_starts:
                    below.errorbar(
                        [p["pairs"] for p in successful_starts],
                        middle,
                        yerr=spread,
                        marker=marker,
                        ms=3.5,
                        capsize=2,
                        **look,
                    )
                for line in lines_of_kind:
                    if not line["pairs"]:
                        across = {"color": colour, "ls": style, "lw": 0.8, "alpha": 0.6}
                        share.axhline(line["recovered"] / line["trials"], **across)
                        if line["iterations_median"] is not None:
                            below.axhline(line["iterations_median"], **across)
            sheet.title(above, activation_title(panel))
            share.set_ylim(-0.03, 1.03)
            for axis in (above, share, below):
                axis.grid(alpha=0.3)
        for axis in sheet.axes[[0, 2]].flat:
            if axis.lines:  # of a panel where nothing recovers there is none
                axis.set_xscale("log")
                axis.set_yscale("log")
        sheet.x_title("N pairs of the moments")
        sheet.y_title(0, "error of directions")
        sheet.y_title(1, "share that recovers")
        sheet.y_title(2, "iterations of these")
        says = (
            "Errors: mean; shares with Wilson's 95 % intervals; iterations: median, bars from the least to the "
            "greatest. Thin lines across: from random starts."
        )
        sheet.save(folder, contents.report_item, [says])
