"""What decides claims of the T2Rec paper that orders and gains cannot: arguments, and slopes of simulations."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial

from dotbench.lazy import np
from dotbench.papers.t2rec.simulations._risk import Manifold, exponent
from dotbench.papers.t2rec.tables.error_slopes import error_slopes
from dotbench.papers.t2rec.tables.slopes import SLOWER, means, slopes
from dotbench.reporting.claims.findings import (
    AGAINST,
    AGREES,
    Finding,
    Sides,
    all_agree,
    decided,
    finding,
    not_run,
    told,
)
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import read_rows, scenario_text
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.paired import ALPHA, Comparison
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
    """Whether slopes are steeper at the greatest β, or for an analytic truth, than at the least β, all else alike."""
    lines = _manifolds(sides, "t2rec-smoothness")
    rows = _against(_slopes(sides), "smoothness", steeper=True)
    for _, group in itertools.groupby(lines, lambda line: (line["label"], line["dimension"])):
        least, *_, most = [*group] * 2
        if least["title"] != most["title"]:
            rows.append(_paired(most, least, lambda pair: None if pair.p >= ALPHA else pair.difference < 0))
    steepest = min((line["slope_mean"] for line in [*_slopes(sides), *lines]), default=0.0)
    return _summed(rows, f"slopes steepen with β; the steepest is {steepest:.2f}, and −1 is the limit")


def rate_in_dimension(sides: Sides) -> Finding:
    """Whether slopes are flatter at the greatest d than at the least, β and the network alike."""
    rows = _against(_slopes(sides), "dimension", steeper=False)
    lines = sorted(_manifolds(sides, "t2rec-manifold"), key=lambda line: (line["label"], line["covariates"]))
    for _, group in itertools.groupby(lines, lambda line: (line["label"], line["covariates"])):
        least, *_, most = sorted([*group] * 2, key=lambda line: line["dimension"])
        if least["dimension"] < most["dimension"]:
            rows.append(_paired(most, least, lambda pair: None if pair.p >= ALPHA else pair.difference > 0))
    return _summed(rows, "slopes flatten with d")


def intrinsic_dimension(sides: Sides) -> Finding:
    """Whether slopes move less from the least D to the greatest than they would if D took the place of d."""
    rows, risks = [], []
    for _, group in itertools.groupby(
        _manifolds(sides, "t2rec-manifold"), lambda line: (line["label"], line["dimension"])
    ):
        least, *_, most = sorted([*group] * 2, key=lambda line: line["covariates"])
        if least["covariates"] < most["covariates"]:
            settings = least["entry"].simulation.settings
            first, last = (-exponent(settings.smoothness, line["covariates"]) for line in (least, most))
            rows.append(_paired(most, least, partial(_moves_less, than=last - first)))
            risks.append(_risk_at_most(most, least))
    what = "the slope moves less than it would if the rate had D in the place of d"
    return _summed(rows, what, "t2rec-manifold", risks)


def binary(sides: Sides) -> Finding:
    """Whether slopes with binary covariates move less than they would if these counted as dimensions."""
    rows, risks = [], []
    for _, group in itertools.groupby(_manifolds(sides, "t2rec-binary"), lambda line: line["label"]):
        none, *others = group
        settings = none["entry"].simulation.settings
        for line in others:
            number = int(line["title"].split(",")[0])
            more = exponent(settings.smoothness, settings.dimension + number)
            than = exponent(settings.smoothness, settings.dimension) - more
            rows.append(_paired(line, none, partial(_moves_less, than=than)))
            risks.append(_risk_at_most(line, none))
    what = "the slope moves less than it would if binary covariates counted as dimensions"
    return _summed(rows, what, "t2rec-binary", risks)


def width_rule(sides: Sides) -> Finding:
    """Whether growing networks have less excess risk than those of one width, at the most ratings."""
    rows = []
    for entry in [*sides.ours.simulations(RATE), *sides.ours.simulations("t2rec-growth")]:
        table = read_rows(entry).query("status == 'ok'")
        table = table[table["ratings"] == table["ratings"].max()]
        titles = dict(zip(table["rule"], table["title"], strict=True))
        for (beta, d), group in table.groupby(["smoothness", "dimension"], sort=False):
            values = group.pivot_table(index="rule", columns="replication", values="excess_risk").dropna(axis=1)
            for rule in values.index.drop("fixed", errors="ignore"):
                if "fixed" not in values.index or values.shape[1] < MIN_REPLICATIONS:
                    continue
                [pair] = compare_replications(values.loc[[rule, "fixed"]].to_numpy())
                growing, fixed = values.loc[rule].mean(), values.loc["fixed"].mean()
                agrees = None if pair.p >= ALPHA else pair.difference < 0
                row = told(f"excess risk, {titles[rule]}", growing, agrees)
                row |= {"second": titles["fixed"], "second_value": fixed, "p": pair.p, "value": pair.difference}
                rows.append(row | {"low": pair.low, "high": pair.high, **_place(entry, f"β = {beta}, d = {d}")})
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
    """Excess RMSE by depth at the most ratings, and slopes on the number of ratings where there are enough of these.

    No slope over some sizes shows a limit, so that the claim is neither confirmed nor refuted."""
    rows, depths = [], []
    for entry in [*sides.ours.simulations("t2rec-depth"), *sides.ours.simulations("t2rec-depth-fixed")]:
        lines = means(entry)
        most = max(map(_ratings, lines))
        for line in lines:
            if line["ratings"] == most:
                row = told(line["title"], line["excess_rmse_mean"], None, low=line["excess_rmse_low"])
                row |= {"high": line["excess_rmse_high"], "metric": "excess RMSE"}
                rows.append(row | _place(entry, f"N = {most:,}"))
        for line in error_slopes(entry):
            if line["slope_mean"] is not None:
                row = told(f"slope, {line['title']}", line["slope_mean"], None, low=line["slope_low"])
                rows.append(row | {"high": line["slope_high"], "metric": "excess risk", **_place(entry)})
                depths.append(line["slope_mean"])
    if not rows:
        return not_run("t2rec-depth")
    reason = "One number of ratings shows no limit."
    if depths:
        reason = f"Slopes lie between {min(depths):.2f} and {max(depths):.2f}; no slope over some sizes shows a limit."
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


def _manifolds(sides: Sides, name: str) -> list[Row]:
    """Lines of the table of slopes of a simulation on manifolds, with their entry."""
    entries = [entry for entry in sides.ours.simulations(name) if isinstance(entry.simulation, Manifold)]
    lines = [line | {"entry": entry} for entry in entries for line in slopes(entry)]
    return [line for line in lines if line["slope_sd"] is not None]


def _paired(line: Row, other: Row, agrees: "Callable[[Comparison], bool | None]") -> Row:
    """The slopes of two lines, and their difference over the replications that both have."""
    alike = [key for key in line["each"] if key in other["each"]]
    pairs = compare_replications(np.array([[one["each"][key] for key in alike] for one in (line, other)]))
    if not pairs:  # too few
        return told(f"slope, {_name(line)}", line["slope_mean"], None) | _place(line["entry"])
    [pair] = pairs
    row = told(f"slope, {_name(line)}", line["slope_mean"], agrees(pair))
    row |= {"second": _name(other), "second_value": other["slope_mean"], "p": pair.p, "value": pair.difference}
    return row | {"low": pair.low, "high": pair.high, **_place(line["entry"])}


def _moves_less(pair: Comparison, than: float) -> bool | None:
    """Whether a slope is flatter by less than ``than``: by its interval, or, the other way, by its p-value too."""
    if pair.high < than:
        return True
    return False if pair.low > 0 else None


def _risk_at_most(line: Row, other: Row) -> Row:
    """The excess risks of two lines at the most ratings. They decide nothing: a bound has an unknown constant."""
    entry, names = line["entry"], [*line["entry"].simulation.keys, line["entry"].simulation.compared]
    every = means(entry)
    own = [
        max((one for one in every if all(one[n] == some[n] for n in names if n != "ratings")), key=_ratings)
        for some in (line, other)
    ]
    row = told(f"excess risk, {_name(line)}", own[0]["excess_risk_mean"], None, low=own[0]["excess_risk_low"])
    row |= {"high": own[0]["excess_risk_high"], "second": _name(other), "second_value": own[1]["excess_risk_mean"]}
    return row | {"metric": "excess risk", **_place(entry, f"N = {own[0]['ratings']:,}")}


def _ratings(line: Row) -> int:
    return int(line["ratings"])


def _name(line: Row) -> str:
    """What is compared, in its scenario."""
    keys = {key: symbol for key, symbol in line["entry"].simulation.keys.items() if key != "ratings"}
    return ", ".join(filter(None, [scenario_text(keys, line), line["title"]]))


def _summed(rows: list[Row], what: str, simulation: str = RATE, more: Sequence[Row] = ()) -> Finding:
    """``more``: rows that decide nothing."""
    if not rows:
        return not_run(simulation)
    agree, against = (sum(row["says"] == says for row in rows) for says in (AGREES, AGAINST))
    reason = f"{agree} of {len(rows)} comparisons agree that {what}; {against} say the opposite, the others neither."
    return finding(decided(rows), reason, [*rows, *more])


def _place(entry: SimulationEntry, scenario: str = "") -> Row:
    where = ", ".join(filter(None, [entry.setting, scenario]))
    return {"dataset": where or entry.label, "source": f"results/studies/{entry.simulation.study}/{entry.folder}"}


ARGUMENTS = {
    "rate": rate,
    "rate_smooth": rate_smooth,
    "rate_in_dimension": rate_in_dimension,
    "intrinsic_dimension": intrinsic_dimension,
    "binary": binary,
    "width_rule": width_rule,
    "linear_tower": linear_tower,
    "depths": depths,
    "one_hot": one_hot,
}
