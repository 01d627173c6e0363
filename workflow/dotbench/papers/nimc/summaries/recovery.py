"""Recovery maps: trials summed up by cell, and thresholds."""

from collections.abc import Iterable
from dataclasses import dataclass

from dotbench.lazy import np, pd
from dotbench.papers.nimc.simulations._recovery import RecoverySettings
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import folder_of, read_rows
from dotbench.settings import narrowed
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import wilson_interval
from dotbench.statistics.thresholds import threshold, threshold_interval

CELLS = ["label", "activation", "method", "users", "observations", "ratio", "trials", "recovered", "share", "low"]
CELLS += ["high", "fitted", "fits_only_observed", "capped", "stalled", "recovered_as_printed", "failed", "folder"]
GAP = 0.1  # training error over that at fresh rows, up to which a trial that is lost fits only what is observed


@dataclass(frozen=True)
class Map:
    """Trials of one activation and method. ``title``: the method's. ``folder``: where the jobs lie."""

    label: str
    folder: str
    activation: str
    title: str
    rows: "pd.DataFrame"

    def cells(self) -> Iterable[Row]:
        for (users, observations), trials in self.rows.groupby(["users", "observations"]):
            low, high = wilson_interval(int(trials["recovered"].sum()), len(trials))
            lost = trials[trials["recovered"] == 0]
            yield {
                "label": self.label,
                "activation": self.activation,
                "method": trials["method"].iloc[0],
                "users": users,
                "observations": observations,
                "ratio": trials["ratio"].iloc[0],
                "trials": len(trials),
                "recovered": int(trials["recovered"].sum()),
                "share": trials["recovered"].mean(),
                "low": low,
                "high": high,
                "fitted": int(trials["fitted"].sum()),
                "fits_only_observed": int((lost["train_error"] <= GAP * lost["test_error"]).sum()),
                "capped": int((lost["ended"] == "cap").sum()),
                "stalled": int((lost["ended"] == "stalled").sum()),
                "recovered_as_printed": int((trials["printed_error"] <= trials["threshold"]).sum()),
                "failed": int((trials["status"] != "ok").sum()),
                "folder": self.folder,
            }

    def columns(self) -> "Iterable[tuple[int, list[float], np.ndarray]]":
        """n, the m / 2kd of its cells, and which trials recover the truth there: (cells, trials) of those that every
        cell has."""
        for users, trials in self.rows.groupby("users"):
            table = trials.pivot_table(index="ratio", columns="replication", values="recovered", aggfunc="first")
            table = table.dropna(axis=1)
            if not table.shape[1]:
                continue
            yield int(str(users)), list(table.index), table.to_numpy()

    def thresholds(self) -> Iterable[Row]:
        method = self.rows["method"].iloc[0]
        for users, x, successes in self.columns():
            low, high = threshold_interval(x, successes)
            yield {
                "label": self.label,
                "activation": self.activation,
                "users": users,
                "method": method,
                "title": self.title,
                "trials": successes.shape[1],
                "min_ratio": x[0],
                "threshold": threshold(x, successes),
                "low": low,
                "high": high,
                "folder": self.folder,
            }


def maps(entries: list[SimulationEntry]) -> list[Map]:
    """The maps of all simulations, in the order of their jobs."""
    all_maps = []
    for entry in entries:
        settings = narrowed(entry.simulation.settings, RecoverySettings)
        rows = read_rows(entry).assign(threshold=settings.recovered)
        for (activation, title), group in rows.groupby(["activation", "title"], sort=False):
            all_maps.append(Map(entry.setting, folder_of(entry), str(activation), str(title), group))
    return all_maps
