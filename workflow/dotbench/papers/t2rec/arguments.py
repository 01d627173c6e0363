"""What decides claims of the T2Rec paper that orders and gains cannot: arguments, and slopes of simulations."""

import itertools

from dotbench.lazy import np
from dotbench.papers.t2rec.tables.slopes import SLOWER, means, slopes
from dotbench.reporting.claims.findings import AGAINST, AGREES, Finding, Sides, all_agree, finding, not_run, told
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import read_rows
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.paired import ALPHA
from dotbench.statistics.replications import MIN_REPLICATIONS, compare_replications
from dotbench.statistics.welch import Sample, welch

RATE = "t2rec-rate"


def rate(sides: Sides) -> Finding:
    """Whether every measured slope is as steep as one of the bound's, with or without log²."""
    rows = []
    for line in _slopes(sides):
        agrees = None if line["verdict"] == SLOWER else True
        rows.append(_slope(line, agrees) | {"second": "bound", "second_value": line["bound_high"]})
    if not rows:
        return not_run(RATE)
    slower = sum(row["says"] != AGREES for row in rows)
    reason = f"{len(rows) - slower} of {len(rows)} slopes are as steep as the bound's or steeper."
    return finding(None if slower else True, reason, rows)


def rate_smooth(sides: Sides) -> Finding:
    """Whether slopes are steeper at the greatest β than at the least, d and the network alike."""
    rows = _against(_slopes(sides), "smoothness", steeper=True)
    steepest = min((line["slope_mean"] for line in _slopes(sides)), default=0.0)
    return _summed(rows, f"slopes steepen with β; the steepest is {steepest:.2f}, and −1 is the limit")


def rate_in_dimension(sides: Sides) -> Finding:
    """Whether slopes are flatter at the greatest d than at the least, β and the network alike."""
    return _summed(_against(_slopes(sides), "dimension", steeper=False), "slopes flatten with d")


def width_rule(sides: Sides) -> Finding:
    """Whether growing networks have less excess risk than those of one width, at the most ratings."""
    rows = []
    for entry in sides.ours.simulations(RATE):
        table = read_rows(entry).query("status == 'ok'")
        table = table[table["ratings"] == table["ratings"].max()]
        for (beta, d), group in table.groupby(["smoothness", "dimension"], sort=False):
            values = group.pivot_table(index="rule", columns="replication", values="excess_risk").dropna(axis=1)
            if set(values.index) < {"growing", "fixed"} or values.shape[1] < MIN_REPLICATIONS:
                continue
            [pair] = compare_replications(values.loc[["growing", "fixed"]].to_numpy())
            growing, fixed = values.loc["growing"].mean(), values.loc["fixed"].mean()
            row = told("excess risk, growing width", growing, None if pair.p >= ALPHA else pair.difference < 0)
            row |= {"second": "fixed width", "second_value": fixed, "p": pair.p, "value": pair.difference}
            rows.append(row | {"low": pair.low, "high": pair.high, **_place(entry, f"β = {beta:g}, d = {d}")})
    return _summed(rows, "growing networks have less excess risk at the most ratings")


def linear_tower(sides: Sides) -> Finding:
    """A tower of one layer is linear, however wide. The best linear function of x, uniform on [0, 1], leaves
    1 − 6/π² of the variance of sin 2πx, a term of the paper's own truths."""
    x = (np.arange(100_000) + 0.5) / 100_000
    left = 1 - float(np.corrcoef(x, np.sin(2 * np.pi * x))[0, 1]) ** 2
    reason = (
        f"A tower of one layer is linear, whatever its width, and leaves {100 * left:.1f} % of the variance of sin "
        "2πx; Theorem 5.5 itself asks for a depth of order β log β / d."
    )
    return finding(left < 1e-6, reason, [told("share of the variance that a linear tower leaves", left, left < 1e-6)])


def depths(sides: Sides) -> Finding:
    """Excess RMSE by depth, at one number of ratings: no rate can be seen in it."""
    rows = []
    for entry in sides.ours.simulations("t2rec-depth"):
        for line in means(entry):
            row = told(line["title"], line["excess_rmse_mean"], None, low=line["excess_rmse_low"])
            rows.append(row | {"high": line["excess_rmse_high"], "metric": "excess RMSE", **_place(entry)})
    if not rows:
        return not_run("t2rec-depth")
    reason = (
        "Only one number of ratings was run, so no limit can be seen. A linear tower is worst, and two layers are best."
    )
    return finding(None, reason, rows)


def one_hot(sides: Sides) -> Finding:
    """Ratings of towers on one-hot inputs: of one linear layer they are P Qᵀ. Behind a hidden layer of one unit the
    vectors of a side lie on a line, so that ratings have a rank of at most 2."""
    rng = np.random.default_rng(0)
    p, q, users, items = rng.standard_normal((8, 4)), rng.standard_normal((9, 4)), np.eye(8), np.eye(9)
    linear = float(np.abs((users @ p) @ (items @ q).T - p @ q.T).max())

    def hidden(rows: "np.ndarray") -> "np.ndarray":
        unit = np.maximum(rows @ rng.standard_normal((rows.shape[1], 1)), 0)
        vectors: np.ndarray = unit @ rng.standard_normal((1, 4)) + rng.standard_normal(4)
        return vectors

    rank = int(np.linalg.matrix_rank(hidden(users) @ hidden(items).T))
    reason = (
        "One linear layer gives P Qᵀ exactly. The paper's towers have hidden layers that all users share: behind one "
        f"of a single unit ratings have rank {rank}, where P Qᵀ has rank 4."
    )
    rows = [told("one linear layer: greatest difference from P Qᵀ", linear, linear < 1e-12)]
    rows.append(told("rank behind a hidden layer of one unit", float(rank), rank == 4))
    return finding(all_agree(rows), reason, rows)


def _slopes(sides: Sides) -> list[Row]:
    """Lines of the table of slopes that have one, with their entry."""
    lines = [line | {"entry": entry} for entry in sides.ours.simulations(RATE) for line in slopes(entry)]
    return [line for line in lines if line["slope_sd"] is not None]


def _slope(line: Row, agrees: bool | None) -> Row:
    row = told(f"slope, {line['title']}", line["slope_mean"], agrees, low=line["slope_low"], high=line["slope_high"])
    return row | _place(line["entry"], f"β = {line['smoothness']:g}, d = {line['dimension']}")


def _against(lines: list[Row], varied: str, steeper: bool) -> list[Row]:
    """Slopes at the greatest value of what is varied beside those at the least, all else alike."""
    other = {"smoothness": "dimension", "dimension": "smoothness"}[varied]

    def key(line: Row) -> tuple[str, str, float]:
        return line["label"], line["title"], line[other]

    rows = []
    for _, group in itertools.groupby(sorted(lines, key=key), key):
        first, *_, last = sorted([*group] * 2, key=lambda line: line[varied])
        if first[varied] < last[varied]:
            p = welch(*(Sample(one["slope_mean"], one["slope_sd"], one["replications"]) for one in (last, first)))[1]
            fell = last["slope_mean"] < first["slope_mean"]
            row = _slope(last, None if p >= ALPHA else fell == steeper) | {"second_value": first["slope_mean"], "p": p}
            rows.append(
                row | {"second": f"slope at {first[varied]:g}", "value": last["slope_mean"] - first["slope_mean"]}
            )
    return rows


def _summed(rows: list[Row], what: str) -> Finding:
    if not rows:
        return not_run(RATE)
    agree, against = (sum(row["says"] == says for row in rows) for says in (AGREES, AGAINST))
    holds = False if against else True if agree == len(rows) else None
    reason = f"{agree} of {len(rows)} comparisons agree that {what}; {against} say the opposite, the others neither."
    return finding(holds, reason, rows)


def _place(entry: SimulationEntry, scenario: str = "") -> Row:
    where = ", ".join(filter(None, [entry.setting, scenario]))
    return {"dataset": where or entry.label, "source": f"results/studies/{entry.simulation.study}/{entry.folder}"}


ARGUMENTS = {
    "rate": rate,
    "rate_smooth": rate_smooth,
    "rate_in_dimension": rate_in_dimension,
    "width_rule": width_rule,
    "linear_tower": linear_tower,
    "depths": depths,
    "one_hot": one_hot,
}
