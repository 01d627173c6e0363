"""Which differences between methods are real, by three tests of the same runs.

    python tools/overlap.py [--to docs/evidence/statistics]

Over users, as under every table: the seeds are fixed. Over seeds, by Student's paired t-test: the splits count as
independent. Over seeds with Nadeau and Bengio's correction: their training parts overlap. Each with Holm's adjustment
over the pairs of a table and metric. Reads Table 4 of the RG2 evidence. Seconds.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from tabulate import tabulate

from dotbench.files import write_csv, write_text
from dotbench.statistics.intervals import LEVEL
from dotbench.statistics.paired import ALPHA, holm

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
TABLES = [EVIDENCE / "rg2" / part / "rg2/table4" for part in ("ml-100k", "ml-100k-extended", "ml-1m", "ml-1m-extended")]
TESTS = {"p_users": "over users", "p_seeds": "over seeds (Student)", "p_corrected": "over seeds (Nadeau and Bengio)"}


def tested(table: Path) -> pd.DataFrame:
    """A row for each pair of methods and metric, with the adjusted p of every test."""
    shown = pd.read_csv(table.with_suffix(".csv"))
    pairs = pd.read_csv(table.with_name(f"{table.name}_pairs.csv"))
    [n], [factor] = shown["seeds"].unique(), shown["overlap_factor"].unique()
    half = (pairs["seeds_high"] - pairs["seeds_low"]) / 2
    t = pairs["seeds_mean"].abs() / half * stats.t.ppf((1 + LEVEL) / 2, n - 1)
    found = pairs[["dataset", "metric", "first", "second", "difference"]].assign(table=table.parents[1].name)
    found["p_users"] = pairs["p_holm"]
    for name, statistic in (("p_seeds", t), ("p_corrected", t / factor)):
        p = pd.Series(2 * stats.t.sf(statistic, n - 1))
        found[name] = p.groupby(pairs["metric"]).transform(lambda group: holm(np.asarray(group)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, help="folder for overlap.csv and overlap.md")
    arguments = parser.parse_args()
    found = pd.concat(map(tested, TABLES))
    counts = [
        [table, metric, len(pairs), *((pairs[test] < ALPHA).sum() for test in TESTS)]
        for (table, metric), pairs in found.groupby(["table", "metric"], sort=False)
    ]
    lost = found[(found["p_seeds"] < ALPHA) & (found["p_corrected"] >= ALPHA)]
    lines = [
        f"- {row.table}, {row.metric}: {row.first} and {row.second}, difference {row.difference:.4f}, p "
        f"{row.p_seeds:.3f} → {row.p_corrected:.3f}; over users {row.p_users:.3f}"
        for row in lost.itertuples()
    ]
    text = tabulate(counts, ["RG2's Table 4", "metric", "pairs", *TESTS.values()], "github")
    text += f"\n\nPairs of methods that differ (p < {ALPHA}, Holm over the pairs of a table and metric), five seeds.\n"
    text += f"\nThe correction takes these {len(lost)} differences away from Student's test over seeds:\n\n"
    text += "\n".join(lines) + "\n"
    print(text)
    if arguments.to:
        write_csv(arguments.to / "overlap.csv", found.to_dict("records"), list(found))
        write_text(arguments.to / "overlap.md", text)


if __name__ == "__main__":
    main()
