"""The table of methods by their average rank on the datasets."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import COLD
from dotbench.files import write_csv
from dotbench.lazy import np
from dotbench.reporting.across import Across, across
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import PARTS, metric_title
from dotbench.reporting.notes import data_notes
from dotbench.reporting.records import joined
from dotbench.reporting.rows import cold_parts, column
from dotbench.statistics.across import MIN_DATASETS, ROPE, Ranks
from dotbench.statistics.paired import ALPHA

TO_FIRST = {"p_to_first": "p", "first_better": "better", "equal_to_first": "equal"}  # column → of the pair
KNOWN = ", of users and items with training pairs"
GROUP = "Average rank by"
BESIDE = (*COLD, "overall")  # parts of the test with an average rank of their own
PAIRS = ["first", "second", "rank_difference", "p", "better", "equal", "worse", "folder"]


class AverageRanks(TableKind):
    """Methods by their average rank on the datasets, 1 for the best. Other metrics, and cold starts where the split has
    them, have an average rank each. Two methods differ if their average ranks do by at least Nemenyi's critical
    difference. Against the first method: the posterior probabilities that it is better by more
    than 2 %, and that the two are practically equal (Bayesian signed-rank test). A dataset counts once, whatever its
    size.
    """

    name = "ranks"
    title = "Average ranks across datasets"
    reads = ("metrics", "statistics")
    files = (*TableKind.files, "_differences.csv")

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for each method: average rank, rank on each dataset, and how it stands to the first.
        ``<table>_differences.csv`` has every pair."""
        metric, *more = contents.metrics
        seen = across(contents, metric)
        ranked = seen.ranks()
        others = {other: (metric_title(other), across(contents, other).average_ranks()) for other in more}
        cold = [part for part in cold_parts(contents.runs) if part in BESIDE]
        for part in cold:
            others[column(part, metric)] = PARTS[part], across(contents, metric, part).average_ranks()
        order = np.argsort(ranked.average, kind="stable")
        first = order[0]
        pairs = {(a, b): _pair(seen, ranked, a, b) for a, b in itertools.combinations(order, 2)}
        rows = [
            {
                "method": seen.methods[j],
                "average_rank": ranked.average[j],
                **{f"average_rank_{name}": average.get(seen.methods[j]) for name, (_, average) in others.items()},
                **{f"rank_{name}": ranked.ranks[i, j] for i, name in enumerate(seen.datasets)},
                **{f"{seen.metric}_{name}": seen.values[i, j] for i, name in enumerate(seen.datasets)},
                **{name: pairs[first, j][key] if j != first else None for name, key in TO_FIRST.items()},
                "folder": seen.folders[j],
            }
            for j in order
        ]
        write_csv(folder / f"{contents.report_item}.csv", rows, list(rows[0]))
        write_csv(folder / f"{contents.report_item}_differences.csv", pairs.values(), PAIRS)
        labels = contents.labels
        columns = [
            Column("Method", lambda row: row["method"]),
            Column("Average rank", lambda row: f"{row['average_rank']:.2f}" + ("≈" if _is_near(row) else "")),
            *(Column(labels[name], _shown(f"rank_{name}"), group="Rank on") for name in seen.datasets),
            *(
                Column(heading, _shown(f"average_rank_{name}", "{:.2f}"), group=GROUP)
                for name, (heading, _) in others.items()
            ),
            Column("the first is better", _shown("first_better", "{:.2f}"), group="Probability that"),
            Column("they are equal", _shown("equal_to_first", "{:.2f}"), group="Probability that"),
        ]
        title = metric_title(seen.metric)
        notes = [
            *([contents.title] if contents.title else []),
            Legend(
                f"Ranks by the mean of test {title} over the seeds{KNOWN if cold else ''}; 1 is best, equal means "
                "share a rank."
            ),
        ]
        if ranked.critical is None:
            notes.append(Legend(f"No test of ranks with fewer than {MIN_DATASETS} datasets or two methods."))
        else:
            notes.append(
                Legend(
                    f"≈: the average rank is less than the critical difference of {ranked.critical:.2f} from the first "
                    f"(Nemenyi, .05). That all methods are equal has p = {ranked.p:.2g} (Friedman's test, Iman and "
                    "Davenport's F).",
                    "≈",
                )
            )
        notes.append(
            Legend(
                f"Probabilities: Bayesian signed-rank test over {len(seen.datasets)} datasets; equal means a relative "
                f"difference of at most {ROPE:.0%}. The rest is the probability that the first is worse."
            )
        )
        if seen.left_out:
            notes.append(f"Without finished runs on every dataset, and left out: {', '.join(seen.left_out)}.")
        write_table(contents, folder, rows, columns, [*notes, *data_notes(contents, contents.datasets)])


def _pair(seen: Across, ranked: Ranks, a: int, b: int) -> dict[str, Any]:
    """How two methods stand. A positive difference of ranks: the first is better."""
    found = seen.practical(a, b)
    return {
        "first": seen.methods[a],
        "second": seen.methods[b],
        "rank_difference": ranked.average[b] - ranked.average[a],
        "p": None if ranked.p_of is None else ranked.p_of[a, b],
        "better": found.better,
        "equal": found.equal,
        "worse": found.worse,
        "folder": joined([seen.folders[a], seen.folders[b]]),
    }


def _is_near(row: Row) -> bool:
    return row["p_to_first"] is not None and row["p_to_first"] >= ALPHA


def _shown(name: str, form: str = "{:g}") -> Callable[[Row], str]:
    return lambda row: number(row[name], form)
