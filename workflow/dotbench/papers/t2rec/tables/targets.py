"""The table of how long towers train until they explain a share of the truth."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dotbench.files import write_csv
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind
from dotbench.reporting.replications import folder_of, read_rows, read_simulations, reported_rows
from dotbench.reporting.simulation_notes import simulation_notes
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval

if TYPE_CHECKING:
    import pandas as pd

SHARES = (50, 90)  # per cent of the truth's variance
ENDS = ("mean", "low", "high")


class Targets(TableKind):
    """Epochs and CPU seconds of training until the RMSE on the held-out pairs is that of towers which explain 50 % and
    90 % of the variance of the noiseless ratings. Mean over the replications, if all of them come there.
    """

    name = "targets"
    title = "Epochs and seconds to a target"
    reads = ("simulations",)

    def write(self, contents: Contents, folder: Path) -> None:
        """A line for every value that is varied. The csv has intervals, and how many replications came there."""
        entries = read_simulations(contents)
        rows = [row for entry in entries for row in target_rows(entry)]
        names = [
            "label",
            "ratings",
            "varied",
            "title",
            "parameters",
            "replications",
            "excess_rmse",
            "cpu_seconds_epoch",
        ]
        for share in SHARES:
            names.append(f"reached_{share}")
            names += [f"{what}_{share}_{end}" for what in ("epochs", "cpu_seconds") for end in ENDS]
        names.append("folder")
        write_csv(folder / f"{contents.report_item}.csv", [{name: row[name] for name in names} for row in rows], names)
        several = len({row["ratings"] for row in rows}) > 1
        columns = [
            *([Column("Setting", lambda row: row["label"])] if len(entries) > 1 else []),
            Column("Varied", lambda row: row["varied"]),
            *([Column("N", lambda row: f"{row['ratings']:,}")] if several else []),
            Column("Towers", lambda row: row["title"]),
            Column("Excess RMSE", lambda row: number(row["excess_rmse"], "{:.3f}")),
            Column("CPU s an epoch", lambda row: number(row["cpu_seconds_epoch"], "{:.3f}")),
        ]
        for share in SHARES:
            columns.append(Column("epochs", _shown("epochs", share, "{:.1f}"), group=f"To {share} %"))
            columns.append(Column("CPU s", _shown("cpu_seconds", share, "{:.3f}"), group=f"To {share} %"))
        write_table(contents, folder, rows, columns, simulation_notes(contents, entries, _notes()))


def target_rows(entry: SimulationEntry) -> list[Row]:
    """The lines of a simulation, in the order of its jobs."""
    lines = []
    fits = reported_rows(entry, read_rows(entry))
    for _, own in fits.groupby(["ratings", "varied", "title"], sort=False):
        good = own[own["status"] == "ok"]
        curves = [json.loads(curve) for curve in good["curve"]]
        line: Row = {"label": entry.label, "replications": len(own), "folder": folder_of(entry)}
        line |= {name: own[name].iloc[0] for name in ("ratings", "varied", "title", "parameters")}
        line["excess_rmse"] = float(good["excess_rmse"].mean()) if len(good) else None
        lengths = [curve[-1][0] / len(curve) for curve in curves]
        line["cpu_seconds_epoch"] = sum(lengths) / len(lengths) if lengths else None
        for share in SHARES:
            line |= _reached(good, curves, share, len(own))
        lines.append(line)
    return lines


def target(noise_rmse: float, truth_sd: float, share: float) -> float:
    """The RMSE √(noise² + (1 − share) sd²) of predictions that explain a ``share`` of the variance of the noiseless
    ratings, with errors that are uncorrelated with the noise."""
    return float((noise_rmse**2 + (1 - share) * truth_sd**2) ** 0.5)


def _reached(good: "pd.DataFrame", curves: list[list[tuple[float, float]]], share: int, replications: int) -> Row:
    """The first epoch of every curve at its target, and the CPU seconds until then."""
    found = []
    for noise, spread, curve in zip(good["noise_rmse"], good["truth_sd"], curves, strict=True):
        goal = target(noise, spread, share / 100)
        found += [(n, seconds) for n, (seconds, rmse) in enumerate(curve, 1) if rmse <= goal][:1]
    line: Row = {f"reached_{share}": len(found)}
    for what, values in zip(("epochs", "cpu_seconds"), zip(*found, strict=True) if found else ((), ()), strict=True):
        interval = t_interval(list(values)) if len(values) == replications else None
        line |= {f"{what}_{share}_{end}": getattr(interval, end, None) for end in ENDS}
    return line


def _shown(what: str, share: int, form: str) -> Callable[[Row], str]:
    def show(row: Row) -> str:
        if row[f"{what}_{share}_mean"] is None:
            return f"{row[f'reached_{share}']} of {row['replications']}"
        return form.format(row[f"{what}_{share}_mean"])

    return show


def _notes() -> list[str]:
    shares = " and ".join(f"{share} %" for share in SHARES)
    return [
        Legend(
            f"Target: the RMSE on the held-out pairs of towers that explain {shares} of the variance of the noiseless "
            "ratings, √(noise² + (1 − share) variance); noise and variance are known from the generator. Shown is the "
            "mean of the first epoch there over the replications; where not all come there, how many do."
        ),
        "CPU seconds are of training alone, a fit's share of the program that trains its replications and learning "
        "rates together.",
    ]
