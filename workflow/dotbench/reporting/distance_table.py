"""Recovery against the distance of the start, as a table."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.reporting.distance import CELLS, cells
from dotbench.reporting.formats import Column, Row, write_table
from dotbench.reporting.packed_notes import packed_notes
from dotbench.reporting.replications import read_packed


def distance_table(contents: dict[str, Any], folder: Path) -> None:
    """A line for every activation, m and α, a column for every method: trials that recover the truth, and the median
    error."""
    packed = read_packed(contents)
    found = cells(packed)
    write_csv(folder / f"{contents['exhibit']}.csv", found, CELLS)
    titles = list(dict.fromkeys(cell["title"] for cell in found))
    rows: dict[tuple[Any, ...], Row] = {}
    for cell in found:
        where = {key: cell[key] for key in ("label", "activation", "observations", "distance")}
        rows.setdefault(tuple(where.values()), where)[cell["title"]] = cell
    first = [Column("Setting", lambda row: row["label"])] if any(row["label"] for row in rows.values()) else []
    columns = [
        *first,
        Column("φ", lambda row: row["activation"]),
        Column("m", lambda row: f"{row['observations']:,}"),
        Column("α", lambda row: f"{row['distance']:g}"),
        *(Column(title, lambda row, title=title: _text(row.get(title))) for title in titles),  # type: ignore[misc]
    ]
    told = [
        "Trials that recover the truth of all; behind them the median relative error at fresh rows, of the trials that "
        "did not diverge. The csv has what ended the others.",
    ]
    write_table(folder / contents["exhibit"], list(rows.values()), columns, packed_notes(contents, packed, told))


def _text(cell: Row | None) -> str:
    if cell is None:
        return "–"
    error = cell["test_error_median"]
    return f"{cell['recovered']}/{cell['trials']}" + ("" if error is None else f", {error:.1e}")
