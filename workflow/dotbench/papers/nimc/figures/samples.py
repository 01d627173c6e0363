"""The figure of the entries that recovery needs."""

from itertools import product
from pathlib import Path
from textwrap import wrap
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.papers.nimc.simulations.samples import SCANS
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.samples import LINES, sample_lines, start_titles, value_text
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import STYLES, Sheet, mark, verbatim
from dotbench.reporting.formats import Row
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.replications import read_simulations

GREY = "#7F7F7F"
NONE_ACTIVE = 0.75  # chance that ReLU's φ(u_lᵀx) φ(v_lᵀy) is 0; of all k at once: an entry without a gradient


class SamplesCurves(FigureKind):
    """Generated problems of non-linear inductive matrix completion. The notes under the table of the same
    simulation describe the protocol. The figure shows the m / 2kd at which half of the trials recover the truth, with
    95 % bootstrap intervals. A horizontal line means that m grows as the number of parameters.
    """

    name = "samples"
    title = "Entries that recovery needs"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A panel for everything that is varied, a line for every activation and kind of start. Hollow: a half is
        passed at the least m already. Grey: the growth of Theorem 3.2, d log² d, of any height; and the m at which 2kd
        entries have a gradient, with ReLU: one in which φ(u_lᵀx) φ(v_lᵀy) is 0 for every l says nothing near the
        truth."""
        lines = sample_lines(read_simulations(contents))
        write_csv(folder / f"{contents.report_item}.csv", lines, LINES)
        panels = list(dict.fromkeys((line["label"], line["scan"]) for line in lines))
        kinds = list(product(dict.fromkeys(line["activation"] for line in lines), start_titles(lines)))
        sheet = Sheet.of_panels(contents.size, len(panels), sharey=True)
        for axis, (label, scan) in zip(sheet.axes.flat, panels, strict=False):
            own = [line for line in lines if (line["label"], line["scan"]) == (label, scan)]
            for kind in kinds:
                line = [one for one in own if (one["activation"], one["title"]) == kind and one["threshold"]]
                _draw(axis, sorted(line, key=lambda one: float(one["value"])), STYLES[kinds.index(kind)], kind)
            _scale(axis, own)
            axis.set_yscale("log")
            axis.set_yticks([1, 2, 4, 8], ["1", "2", "4", "8"], minor=False)
            axis.minorticks_off()
            axis.set_xlabel("\n".join(wrap(", ".join(filter(None, [label, SCANS[scan]])), 26)))
            axis.grid(alpha=0.3)
        sheet.y_title_of_all("m / 2kd at the threshold")
        marks = [mark("at most this, the least m", "o", filled=False)]
        sheet.save(
            folder,
            contents.report_item,
            ["Threshold: half of the trials recover the truth. Bars: 95 % bootstrap intervals over trials."],
            marks,
        )


def _draw(axis: Any, line: list[Row], style: tuple[str, Any, str], kind: tuple[str, str]) -> None:
    if not line:
        return
    colour, dashes, marker = style
    x, y = ([one[key] for one in line] for key in ("value", "threshold"))
    low = [0 if one["low"] is None else one["threshold"] - one["low"] for one in line]
    high = [(one["max_ratio"] if one["high"] is None else one["high"]) - one["threshold"] for one in line]
    look = {"color": colour, "ls": dashes, "lw": 1.1, "capsize": 2, "marker": marker, "ms": 3.5}
    axis.errorbar(x, y, yerr=[low, high], label=verbatim(f"{activation_title(kind[0])}, {kind[1]}"), **look)
    least = [one for one in line if one["threshold"] == one["min_ratio"]]
    axis.plot(
        [one["value"] for one in least],
        [one["threshold"] for one in least],
        marker,
        ms=3.5,
        color=colour,
        mfc="white",
        zorder=5,
    )


def _scale(axis: Any, lines: list[Row]) -> None:
    """Ticks at the values, on a logarithmic axis where all are positive; and what the thresholds are expected to be."""
    texts = {line["value"]: value_text(line) for line in sorted(lines, key=lambda line: float(line["value"]))}
    values = list(texts)
    if values[0] > 0:
        axis.set_xscale("log")
    if lines[0]["scan"] != "features":
        texts = {value: f"{value:.2g}" if abs(value) < 10 else f"{value:g}" for value in values}
    names = [text.replace("-", "−") for text in texts.values()]
    axis.set_xticks(values, names, rotation=30 if lines[0]["scan"] == "features" else 0)
    if lines[0]["scan"] == "dimension":
        growth = np.log(values) ** 2
        axis.plot(values, growth / growth[0], color=GREY, lw=1.0, zorder=1, label="growth of Theorem 3.2, d log² d")
    if lines[0]["scan"] == "components":
        seen = [1 / (1 - NONE_ACTIVE**k) for k in values]
        axis.plot(values, seen, color=GREY, ls=":", lw=1.2, zorder=1, label="2kd entries with a gradient (ReLU)")
