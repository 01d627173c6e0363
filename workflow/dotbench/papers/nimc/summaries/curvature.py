"""What figure and table of curvature share."""

from dotbench.reporting.formats import Row

FLOOR = 1e-9  # smallest eigenvalue that is drawn and that slopes take in; the csv has those below


def named(row: Row) -> str:
    """The activation with the label of its entry, where it has one."""
    return ", ".join(filter(None, [row["label"], row["title"]]))
