"""Recovery maps: the figure, and the table of thresholds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.files import write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.drawing import pyplot, save
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import read_packed, read_rows
from dotbench.runs.packed import Packed
from dotbench.statistics.intervals import wilson_interval
from dotbench.statistics.thresholds import threshold, threshold_interval

CELLS = ["label", "activation", "method", "users", "observations", "ratio", "trials", "recovered", "share", "low"]
CELLS += ["high", "fitted", "fits_only_observed", "capped", "stalled", "recovered_as_printed", "failed"]
GAP = 0.1  # training error over that at fresh rows, up to which a trial that is lost fits only what is observed


@dataclass(frozen=True)
class Map:
    """Trials of one activation and method; ``title``: the method's."""

    label: str
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
                "least": x[0],
                "threshold": threshold(x, successes),
                "low": low,
                "high": high,
            }


def maps(packed: list[Packed]) -> list[Map]:
    """The maps of all experiments, in the order of their parts."""
    found = []
    for entry in packed:
        rows = read_rows(entry).assign(threshold=entry.experiment.settings.recovered)
        for (activation, title), group in rows.groupby(["activation", "title"], sort=False):
            found.append(Map(entry.setting, str(activation), str(title), group))
    return found


def recovery_maps(contents: dict[str, Any], folder: Path) -> None:
    """A panel for every map: the share of recovered trials in grey, white: all of them; the threshold in blue.

    In a cell whose trials do not all recover the truth, a mark says what most of the others are: ○ fits the observed
    entries ten times as well as fresh rows, × does not.
    """
    found = maps(read_packed(contents))
    cells = [cell for entry in found for cell in entry.cells()]
    write_csv(folder / f"{contents['exhibit']}.csv", cells, CELLS)
    rows = list(dict.fromkeys((entry.label, entry.activation) for entry in found))
    columns = list(dict.fromkeys(entry.title for entry in found))
    size = (3.3 * len(columns) + 1.2, 3.1 * len(rows) + 0.3)
    figure, axes = pyplot().subplots(len(rows), len(columns), figsize=size, squeeze=False, layout="constrained")
    image = None
    for axis in axes.flat:
        axis.set_visible(False)
    for entry in found:
        axis = axes[rows.index((entry.label, entry.activation)), columns.index(entry.title)]
        axis.set_visible(True)
        image = _draw(axis, entry)
    figure.colorbar(image, ax=axes, shrink=0.6, label="share of trials that recover the truth")
    save(figure, folder, contents["exhibit"])


def _draw(axis: Any, entry: Map) -> Any:
    cells = list(entry.cells())
    users, ratios = (sorted({cell[key] for cell in cells}) for key in ("users", "ratio"))
    shares = np.full((len(ratios), len(users)), np.nan)
    for cell in cells:
        x, y = users.index(cell["users"]), ratios.index(cell["ratio"])
        shares[y, x] = cell["share"]
        lost = cell["trials"] - cell["recovered"]
        if lost:
            colour = "black" if cell["share"] > 0.5 else "white"
            mark = "o" if 2 * cell["fits_only_observed"] > lost else "x"
            axis.plot(x, y, marker=mark, color=colour, mfc="none", ms=4, mew=0.7, ls="")
    image = axis.imshow(shares, origin="lower", cmap="gray", vmin=0, vmax=1, aspect="auto")
    passes = [
        (users.index(row["users"]), row["threshold"]) for row in entry.thresholds() if row["threshold"] is not None
    ]
    if passes:
        places = np.interp([y for _, y in passes], ratios, range(len(ratios)))
        axis.plot([x for x, _ in passes], places, color="#0072B2", lw=1.5, marker="o", ms=3)
    axis.set_xticks(range(len(users)), users)
    axis.set_yticks(range(len(ratios)), [f"{ratio:g}" for ratio in ratios])
    axis.set_xlabel("n")
    axis.set_ylabel("m / 2kd")
    axis.spines[:].set_visible(True)
    axis.set_title(", ".join(filter(None, [entry.label, entry.activation, entry.title])), fontsize=9)
    return image
