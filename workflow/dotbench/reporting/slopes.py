"""The table of rates of a packed experiment: how steeply its first metric falls with the variable of its figure."""

from pathlib import Path
from typing import Any

from dotbench.files import write_csv, write_text
from dotbench.lazy import np, pd
from dotbench.reporting.formats import Column, Row, render
from dotbench.reporting.replication_table import machine_notes
from dotbench.reporting.replications import ENDS, blocks, counted, read_packed, read_rows
from dotbench.runs.packed import Packed
from dotbench.statistics.intervals import Interval, t_interval
from dotbench.statistics.rates import log_slope

FASTER, CONSISTENT, SLOWER = "faster than the bound", "consistent with the bound", "slower than the bound"


def slopes_table(contents: dict[str, Any], folder: Path) -> None:
    """A line for every scenario and thing compared: the slope of log metric on log x by least squares, of every
    replication; its mean and 95 % Student interval; the slopes that the experiment's guides have over the same x.

    The guides are an upper bound in its forms. The second metric says what training left over (0: nothing).
    """
    packed = read_packed(contents)
    found = [row for entry in packed for row in _rows(entry)]
    of = packed[0].experiment
    rest = [f"{of.metrics[1]}_{end}" for end in ("mean", "low", "high")]
    names = ["label", *_scenario(packed[0]), of.compared, of.titled, "smallest", "largest", "replications", "left_out"]
    names += [*(f"slope_{end}" for end in ENDS), "bound_low", "bound_high", "verdict", *rest, "ended", "cpu_seconds"]
    write_csv(folder / f"{contents['exhibit']}.csv", [{name: row[name] for name in names} for row in found], names)
    for kind, text in render(found, _columns(packed, found), _notes(contents, packed)).items():
        write_text(folder / f"{contents['exhibit']}.{kind}", text)


def verdict(slope: Interval, references: list[float]) -> str:
    """Where the interval lies: below all slopes of the bound, at or between them, or above all of them."""
    if slope.low is None or slope.high is None:
        return "fewer than two replications: no verdict"
    if slope.high < min(references):
        return FASTER
    return SLOWER if slope.low > max(references) else CONSISTENT


def _rows(packed: Packed) -> list[Row]:
    of = packed.experiment
    rows = read_rows(packed)
    lines = [line for block in blocks(packed) for line in block.lines]
    by = [*_scenario(packed), of.compared]
    return [
        _row(packed, group, [line for line in lines if all(line[name] == group[name].iloc[0] for name in by)])
        for _, group in rows.groupby(by, sort=False)
    ]


def _row(packed: Packed, rows: "pd.DataFrame", lines: list[Row]) -> Row:
    """``rows``: the fits of one scenario and one thing compared at every x; ``lines``: their means."""
    of, x = packed.experiment, _axis(packed)
    smallest, largest = rows[x].min(), rows[x].max()
    slopes = []
    for _, fits in rows.groupby(of.replication):
        good = fits[fits["status"] == "ok"]
        if len(good) == rows[x].nunique():
            slopes.append(log_slope(list(good[x]), list(good[of.metrics[0]])))
    slope = t_interval(slopes) if slopes else Interval(np.nan, None, None, None)
    references = {name: log_slope(*zip(*points, strict=True)) for name, points in of.guides(lines).items()}
    last = rows[(rows[x] == largest) & (rows["status"] == "ok")]
    left = t_interval(list(last[of.metrics[1]])) if len(last) else None
    found = verdict(slope, list(references.values()))
    if found == SLOWER:
        above = left is not None and left.low is not None and left.low > 0
        found += "; training left something" if above else "; training left nothing that shows"
    row: Row = {name: lines[0][name] for name in ("label", *_scenario(packed), of.compared, of.titled)}
    row |= {"smallest": smallest.item(), "largest": largest.item(), "replications": len(slopes)}
    row |= {"left_out": rows[of.replication].nunique() - len(slopes), "references": references, "verdict": found}
    row |= {f"slope_{end}": getattr(slope, end, None) for end in ENDS}
    row["slope_se"] = None if slope.sd is None else slope.sd / len(slopes) ** 0.5
    row |= {"bound_low": min(references.values(), default=None), "bound_high": max(references.values(), default=None)}
    row |= {f"{of.metrics[1]}_{end}": getattr(left, end, None) for end in ("mean", "low", "high")}
    return row | {"ended": counted(last["ended"]), "cpu_seconds": float(rows["cpu_seconds"].sum())}


def _axis(packed: Packed) -> str:
    of = packed.experiment
    if of.trend is None:
        raise TypeError(f"experiment '{of.name}' does not say what its slopes are over")
    return of.trend.x


def _scenario(packed: Packed) -> list[str]:
    return [key for key in packed.experiment.keys if key != _axis(packed)]


def _columns(packed: list[Packed], found: list[Row]) -> list[Column]:
    of, left = packed[0].experiment, packed[0].experiment.metrics[1]
    first = [Column("Setting", lambda row: row["label"])] if len(packed) > 1 else []
    return [
        *first,
        *(Column(of.keys[key], lambda row, key=key: f"{row[key]:g}") for key in _scenario(packed[0])),  # type: ignore[misc]
        Column(of.compared_title, lambda row: row[of.titled]),
        Column("Slope", lambda row: _interval(row, "slope")),
        *(
            Column(name.replace("|", ""), lambda row, name=name: f"{row['references'].get(name, np.nan):.3f}")  # type: ignore[misc]
            for name in dict.fromkeys(name for row in found for name in row["references"])
        ),
        Column("Verdict", lambda row: row["verdict"]),
        Column("Left over at the largest N", lambda row: _interval(row, left)),
        Column("Ended", lambda row: row["ended"]),
    ]


def _interval(row: Row, name: str) -> str:
    mean, low, high = (row[f"{name}_{end}"] for end in ("mean", "low", "high"))
    if mean is None or np.isnan(mean):
        return "–"
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def _notes(contents: dict[str, Any], packed: list[Packed]) -> list[str]:
    lines = [contents["title"]] if contents["title"] else []
    for entry in packed:
        lines += [f"{entry.label}: {note}" if len(packed) > 1 else note for note in entry.experiment.notes()]
    return [
        *lines,
        "Slope: of log excess risk on log N by least squares over all N, in every replication; mean and 95 % Student "
        "interval. Beside it the slopes of the bound over the same N. The bound is an upper one: an interval that "
        "touches its slopes or lies between them is consistent with it, one below all is faster, one above slower.",
        "What training left over: mean squared training error less the variance of the noise at the largest N, mean "
        "and interval; above 0 the optimiser, or the width, and not the data limit there. Ended: trainings there by "
        "what ended them; with a schedule that runs to the cap, the cap alone says little.",
        *machine_notes(packed),
    ]
