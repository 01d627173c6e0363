"""The diagram of average ranks and of what does not differ significantly."""

from pathlib import Path

from dotbench.errors import warn
from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.across import across
from dotbench.reporting.contents import Contents
from dotbench.reporting.drawing import FONTS, STYLES, Sheet, verbatim
from dotbench.reporting.kind import FigureKind
from dotbench.reporting.method_columns import metric_title
from dotbench.statistics.across import MIN_DATASETS

A_METHOD = 0.09  # inches of height
AXIS = 0.9


class CriticalDifference(FigureKind):
    """Average ranks on the datasets, the best at the left. Methods under one bar do not differ significantly: their
    average ranks differ by less than Nemenyi's critical difference at .05.
    """

    name = "critical_difference"
    title = "Average ranks"
    reads = ("metrics", "statistics")
    category = "Comparison"

    def write(self, contents: Contents, folder: Path) -> None:
        """By scikit-posthocs. Below three datasets no bars are drawn."""
        import scikit_posthocs

        seen = across(contents, contents.metrics[0])
        ranked = seen.ranks()
        rows = [
            {
                "method": seen.methods[j],
                "average_rank": ranked.average[j],
                "critical_difference": ranked.critical,
                "folder": seen.folders[j],
            }
            for j in np.argsort(ranked.average, kind="stable")
        ]
        write_csv(folder / f"{contents.report_item}.csv", rows, list(rows[0]))
        names = [verbatim(name) for name in seen.methods]
        p = np.zeros((len(names), len(names))) if ranked.p_of is None else ranked.p_of
        sheet = Sheet(contents.size, 1, 1, AXIS + A_METHOD * len(names))
        panel = sheet.axes[0, 0]
        drawn = scikit_posthocs.critical_difference_diagram(
            pd.Series(ranked.average, index=names),
            pd.DataFrame(p, index=names, columns=names),
            ax=panel,
            color_palette=[colour for colour, _, _ in STYLES][: len(names)],
            label_props={"fontsize": FONTS[contents.size] - 1},
            label_fmt_left="{label} ({rank:.2f})  ",
            label_fmt_right="  ({rank:.2f}) {label}",
        )
        for [bar] in drawn["crossbars"]:  # it goes through the methods of a set, whose order is another in each process
            ranks = bar.get_xdata()
            bar.set_data([min(ranks), max(ranks)], bar.get_ydata()[:2])
        says = [
            f"Average rank by test {metric_title(seen.metric)} on {len(seen.datasets)} datasets: "
            f"{', '.join(contents.labels.values())}."
        ]
        if ranked.critical is not None:
            says.append(f"Bars join methods that do not differ (critical difference {ranked.critical:.2f}).")
        else:
            warn(f"figure '{contents.report_item}': fewer than {MIN_DATASETS} datasets, no test of ranks")
        sheet.save(folder, contents.report_item, says)
