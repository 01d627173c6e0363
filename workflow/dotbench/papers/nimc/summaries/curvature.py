"""What figure and table of curvature share."""

from collections.abc import Iterable

from dotbench.lazy import pd
from dotbench.papers.nimc.summaries._trials import radius
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry

FLOOR = 1e-9  # smallest eigenvalue that is drawn and that slopes take in; the csv has those below
AWAY = ("distance", "worst")  # scans of the distance from the truth
RADII = ["label", "scan", "model", "title", "trials", "least", "greatest", "radius", "low", "high", "folder"]


def definite_lines(entries: list[SimulationEntry]) -> list[Row]:
    """Of every label, direction and activation: the distance from the truth, of its norm, up to which the Hessian is
    positive definite in half of the instances (`radius`)."""
    return list(_definite(labelled(entries)))


def _definite(table: "pd.DataFrame") -> Iterable[Row]:
    same = ["label", "scan", "model", "title", "folder"]
    for values, rows in table[table["scan"].isin(AWAY)].groupby(same, sort=False):
        definite = rows.assign(definite=((rows["null"] == 0) & (rows["negative"] == 0)).astype(int))
        shown = definite.pivot_table(index="value", columns="replication", values="definite", aggfunc="first")
        yield dict(zip(same, values, strict=True)) | radius(shown)


def named(row: Row) -> str:
    """The activation with the label of its entry, where it has one."""
    return ", ".join(filter(None, [row["label"], row["title"]]))
