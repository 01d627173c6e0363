"""Entries that recovery needs: trials summed up, thresholds, and how these grow."""

from collections.abc import Iterable

from dotbench.lazy import np, pd
from dotbench.papers.nimc.recovery.features import EXCESS
from dotbench.papers.nimc.simulations.samples import STARTS
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.rates import log_slope
from dotbench.statistics.thresholds import threshold, threshold_exponent, threshold_interval

SAME = ["label", "folder", "scan", "value", "activation", "start", "title"]
LINES = ["label", "scan", "value", "activation", "start", "title", "dimension", "components", "users", "trials"]
LINES += ["min_ratio", "max_ratio", "threshold", "low", "high", "entries", "test_error_median", "folder"]
EXPONENTS = ["label", "scan", "activation", "start", "title", "trials", "values", "exponent", "low", "high"]
EXPONENTS += ["least", "greatest", "by_parameters", "by_theorem", "folder"]
GROWING = ("dimension", "components")  # scans with an exponent


def sample_lines(entries: list[SimulationEntry]) -> list[Row]:
    """The threshold of everything that is varied, activation and start: the m / 2kd at which half of the trials recover
    the truth, and with it m (``entries``). ``test_error_median``: at the greatest m."""
    return list(_lines(labelled(entries)))


def _lines(table: "pd.DataFrame") -> Iterable[Row]:
    for values, rows in table.groupby(SAME, sort=False):
        x, successes = _trials(rows)
        at, (low, high) = threshold(x, successes), threshold_interval(x, successes)
        last = rows.loc[rows["ratio"] == x[-1], "test_error"].dropna()
        line: Row = dict(zip(SAME, values, strict=True)) | {"trials": successes.shape[1]}
        line |= {key: int(rows[key].iloc[0]) for key in ("dimension", "components", "users")}
        line |= {"min_ratio": x[0], "max_ratio": x[-1], "threshold": at, "low": low, "high": high}
        line["entries"] = None if at is None else at * 2 * line["components"] * line["dimension"]
        yield line | {"test_error_median": float(last.median()) if len(last) else None}


def exponent_lines(entries: list[SimulationEntry]) -> list[Row]:
    """How m at the threshold grows with d and with k: m ∝ dᵃ, over the values whose threshold is there and above the
    least m. ``low`` to ``high``: over the trials alone; ``least`` to ``greatest``: wherever the
    thresholds lie between the m that were tried. ``by_parameters``: the same of the number of parameters;
    ``by_theorem``: of d log² d."""
    return list(_exponents(labelled(entries)))


def _exponents(table: "pd.DataFrame") -> Iterable[Row]:
    same = [name for name in SAME if name != "value"]
    for values, rows in table[table["scan"].isin(GROWING)].groupby(same, sort=False):
        line: Row = dict(zip(same, values, strict=True))
        sizes, x, successes, parameters = [], [], [], []
        for value, cell in rows.groupby("value"):
            ratios, trials = _trials(cell)
            at = threshold(ratios, trials)
            if at is not None and at > ratios[0]:
                number = 2 * int(cell["components"].iloc[0]) * int(cell["dimension"].iloc[0])
                sizes.append(float(str(value)))
                x.append([number * ratio for ratio in ratios])
                successes.append(trials)
                parameters.append(number - (int(cell["components"].iloc[0]) if line["activation"] == "relu" else 0))
        if len(sizes) < 3:
            continue
        found = threshold_exponent(sizes, x, successes)
        line |= {"trials": successes[0].shape[1], "values": " ".join(f"{size:g}" for size in sizes)}
        line |= {"exponent": found.value} | {end: getattr(found, end) for end in ("low", "high", "least", "greatest")}
        line["by_parameters"] = log_slope(sizes, parameters)
        of_theorem = [size * np.log(size) ** 2 for size in sizes] if line["scan"] == "dimension" else None
        yield line | {"by_theorem": of_theorem and log_slope(sizes, of_theorem)}


def _trials(rows: "pd.DataFrame") -> tuple[list[float], "np.ndarray"]:
    """m / 2kd of the cells and which trials recover the truth there, (cells, trials) of those that every cell has."""
    table = rows.pivot_table(index="ratio", columns="replication", values="recovered", aggfunc="first").dropna(axis=1)
    return [float(ratio) for ratio in table.index], table.to_numpy()


def value_text(line: Row) -> str:
    """A value of a scan: of features, the name of their law."""
    if line["scan"] != "features":
        return f"{line['value']:g}"
    return next(name for name, excess in EXCESS.items() if excess == line["value"])


def start_titles(lines: list[Row]) -> list[str]:
    """Titles of the starts that there are, in their order."""
    there = {line["title"] for line in lines}
    return [title for title in STARTS.values() if title in there]
