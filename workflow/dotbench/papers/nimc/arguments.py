"""What decides claims of the NIMC paper that cells cannot: arguments, and the recovery simulations."""

import json
from functools import lru_cache

from dotbench.lazy import np, pd, torch
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.moments import gamma, third
from dotbench.papers.nimc.recovery.problems import Problems, draw
from dotbench.papers.nimc.simulations.curvature import NULL, NIMCCurvatureSettings, Scan, bound_by_condition
from dotbench.papers.nimc.simulations.distance import NIMCDistanceSettings
from dotbench.papers.nimc.simulations.samples import FIRST
from dotbench.papers.nimc.summaries.distance import cells
from dotbench.papers.nimc.summaries.recovery import Map, maps
from dotbench.papers.nimc.summaries.samples import exponent_lines
from dotbench.papers.nimc.summaries.tensor import start_lines
from dotbench.reporting.claims.findings import Finding, Sides, all_agree, finding, not_run, told
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import labelled
from dotbench.settings import narrowed
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.rates import log_slope

STRAIGHT = 0.95  # squared correlation of log f with the iteration, from which f falls almost linearly
RANGE = (1e-20, 1e-4)  # of f / f₀, over which that is measured
ENOUGH = 0.6  # of the greatest n, from which thresholds are compared


def linear_in_dimension(sides: Sides) -> Finding:
    """Exponents of the entries that recovery needs, in d. The theorem's d log² d has one between 1 and 2."""
    entries = sides.ours.simulations("nimc-samples")
    known = exponent_lines(entries) if entries else []
    lines = [
        line for line in known if line["scan"] == "dimension" and line["start"] != FIRST
    ]  # not of one start's luck
    rows = []
    for line in lines:
        what = f"exponent of m in d, {line['activation']}, {line['title']}, d = {line['values'].replace(' ', ', ')}"
        row = told(what, line["exponent"], line["high"] <= line["by_theorem"], low=line["low"], high=line["high"])
        rows.append(row | {"second": "d log² d", "second_value": line["by_theorem"]})
    if not rows:
        return not_run("nimc-samples")
    agree, least, most = all_agree(rows), *(f(line["exponent"] for line in lines) for f in (min, max))
    reason = f"At the threshold m grows with d to the power {least:.2f} to {most:.2f}"
    more = ", more slowly than the theorem's d log² d." if agree else "; some intervals reach the theorem's d log² d."
    return finding(True if agree else None, reason + more, rows)


def few_entries(sides: Sides) -> Finding:
    """The Hessian at the truth is JᵀJ/m, of a rank of at most m; W has 2kd entries."""
    k, d = 2, 6
    rows = []
    for m in (k * d, 2 * k * d - 1):
        row = told(
            f"null directions of the Hessian at m = {m}, 2kd = {2 * k * d}", float(_null("sigmoid", k, d, m)), False
        )
        rows.append(row)
    reason = (
        f"With fewer than 2kd entries the Hessian at the truth is singular: {rows[-1]['first_value']:g} null direction "
        "at m = 2kd − 1. Theorem 3.2 itself asks for d poly log d."
    )
    return finding(all_agree(rows), reason, rows)


def counterexamples(sides: Sides) -> Finding:
    """Null directions of the Hessian at a truth: k² of a linear model (U R, V R⁻ᵀ), k of ReLU (U D, V D⁻¹)."""
    k, d = 3, 5
    rows = []
    for activation, expected in (("linear", k * k), ("relu", k)):
        null = _null(activation, k, d, 2000)  # type: ignore[arg-type]
        row = told(f"null directions at the truth, {activation}", float(null), null == expected)
        rows.append(row | {"second": "by the invariances", "second_value": float(expected)})
    found = " and ".join(f"{row['first_value']:g}" for row in rows)
    reason = f"At k = {k} the Hessian has {found} null directions, as the invariances say."
    return finding(all_agree(rows), reason, rows)


def null_directions(sides: Sides) -> Finding:
    """The same in the simulation, at the most entries."""
    rows = []
    for model in ("linear", "relu"):
        last = _curvature(sides, "observations", model)
        if len(last):
            last = last[last["value"] == last["value"].max()]
            rows.append(told(f"null directions, {model}", float(last["null"].median()), bool((last["null"] > 0).all())))
    if not rows:
        return not_run("nimc-curvature")
    found = "; ".join(f"{row['first']}: {row['first_value']:g}" for row in rows)
    reason = f"At the most entries: {found}."
    return finding(all_agree(rows), reason, rows)


def definite(sides: Sides) -> Finding:
    """Least eigenvalue of every instance, at the truth with the most entries and at the least distance from it."""
    rows = []
    for model in ("sigmoid", "tanh"):
        for scan, end in (("observations", "max"), ("distance", "min")):
            table = _curvature(sides, scan, model)
            if len(table):
                at = table[table["value"] == table["value"].agg(end)]
                least, value = float(at["smallest"].min()), float(at["value"].iloc[0])
                rows.append(told(f"least eigenvalue, {model}, {scan} {value:g}", least, least > 0))
    if not rows:
        return not_run("nimc-curvature")
    reason = "The least eigenvalue is above 0 in every instance, at the truth and at the least distance from it."
    holds = all_agree(rows)
    return finding(holds, reason if holds else "Some instance has an eigenvalue of 0 or less.", rows)


def row_held(sides: Sides) -> Finding:
    """ReLU with the first row of U held: least eigenvalues, and their slope in u₀, which the bound has at 2."""
    last, entry = (_curvature(sides, scan, "relu-fixed") for scan in ("observations", "entry"))
    if not (len(last) and len(entry)):
        return not_run("nimc-curvature")
    last = last[last["value"] == last["value"].max()]
    least = float(last["smallest"].min())
    table = entry.pivot_table(index="value", columns="replication", values="smallest")
    slope = t_interval([log_slope(list(table.index), list(table[seed])) for seed in table])
    rows = [told("least eigenvalue at the truth, most entries", least, least > 0)]
    agrees = slope.low is not None and slope.low <= 2
    rows.append(
        told("slope in u₀", slope.mean, agrees, low=slope.low, high=slope.high, second="bound", second_value=2.0)
    )
    settings = narrowed(sides.ours.simulations("nimc-curvature")[0].simulation.settings, NIMCCurvatureSettings)
    k = settings.components
    scans: tuple[Scan, ...] = ("largest", "least") if settings.held_entry else ()
    for scan in scans:
        table = _curvature(sides, scan, "relu-fixed").pivot_table(
            index="value", columns="replication", values="smallest"
        )
        if len(table) > 1 and (table > 0).all(axis=None):
            found = t_interval([log_slope(list(table.index), list(table[seed])) for seed in table])
            bound = log_slope(list(table.index), [bound_by_condition(scan, float(at), k, 4) for at in table.index])
            row = told(f"slope in κ, {scan}", found.mean, found.high is None or found.high >= bound)
            rows.append(row | {"low": found.low, "high": found.high, "second": "bound", "second_value": bound})
    more = (
        "At a fixed u₀ it falls less with κ than the bound 1/(λ² κ⁴) does."
        if scans
        else "The factor 1/(λ² κ⁴) cannot be checked: no scan varies singular values at a fixed u₀."
    )
    reason = f"It is positive in every instance. Its slope in u₀ is {slope.mean:.2f}. {more}"
    return finding(all_agree(rows), reason if all_agree(rows) else "Some slope is below the bound's.", rows)


def contraction(sides: Sides) -> Finding:
    """Whether ‖W − W*‖ halves in a fixed number of steps, at the most fresh pairs a step."""
    entries = sides.ours.simulations("nimc-contraction")
    if not entries:
        return not_run("nimc-contraction")
    table = labelled(entries)
    table = table[table["observations"] == table["observations"].max()]
    rows = []
    for title, group in table.groupby("title", sort=False):
        good = group[group["status"] == "ok"]
        row = told(f"steps to halve the distance, {title}", good["half_life"].mean(), len(good) == len(group))
        rows.append(row | {"second": "by the Hessian", "second_value": good["predicted"].mean()})
    holds = all_agree(rows)
    return finding(holds, "The distance halves in as many steps as the Hessian at the truth predicts.", rows)


def third_moment(sides: Sides) -> Finding:
    """α = γ₀(|v|) (γ₃ − 3 γ₁)(|u|) at unit norms."""
    rows = []
    for activation in ("sigmoid", "relu", "tanh"):
        alpha = gamma(activation, 0, 1.0) * third(activation, 1.0)
        rows.append(told(f"α at |u| = |v| = 1, {activation}", alpha, abs(alpha) > 1e-9))
    reason = (
        f"α is {rows[0]['first_value']:.3f} for sigmoid; for ReLU and tanh it is 0 at every norm, so of the paper's "
        "activations M₃ works for sigmoid only."
    )
    return finding(all_agree(rows), reason, rows)


def directions(sides: Sides) -> Finding:
    """Errors of the directions that sigmoid's third moment gives, at the fewest and at the most pairs."""
    lines = start_lines(sides.ours.simulations("nimc-tensor")) if sides.ours.simulations("nimc-tensor") else []
    known = [line for line in lines if line["activation"] == "sigmoid" and line["pairs"]]
    if not known:
        return not_run("nimc-tensor")
    rows = []
    for label, law in dict.fromkeys((line["label"], line["law"]) for line in known):
        own = sorted((one for one in known if (one["label"], one["law"]) == (label, law)), key=lambda one: one["pairs"])
        first, last = own[0], own[-1]
        row = told(f"error of the directions, N = {last['pairs']:,}", last["direction_error_mean"], None)
        row["says"] = "agrees" if last["direction_error_mean"] < first["direction_error_mean"] else "against"
        row |= {"second": f"N = {first['pairs']:,}", "second_value": first["direction_error_mean"]}
        rows.append(row | {"dataset": ", ".join(filter(None, [label, law]))})
    fall = sum(row["says"] == "agrees" for row in rows)
    reason = (
        f"For sigmoid the error falls with the number of pairs in {fall} of {len(rows)} cases; ReLU and tanh have "
        "other moments here."
    )
    return finding(None, reason, rows)


def linear_descent(sides: Sides) -> Finding:
    """Squared correlation of log f with the iteration, of gradient descent, over RANGE."""
    entries = sides.ours.simulations("nimc-convergence")
    table = labelled(entries) if entries else pd.DataFrame(columns=["method"])
    table = table[table["method"].isin(["gd", "gd-fixed"])]
    if not len(table):
        return not_run("nimc-convergence")
    rows = []
    for (activation, title), group in table.groupby(["activation", "title"], sort=False):
        straight = [_straightness(curve) for curve in group["curve"].dropna()]
        least = float(min(straight))
        rows.append(
            told(f"{activation}, {title}: squared correlation of log f and iteration", least, least >= STRAIGHT)
        )
    agree = sum(row["says"] == "agrees" for row in rows)
    reason = f"log f and the iteration correlate with r² ≥ {STRAIGHT} in every instance of {agree} of {len(rows)} rows."
    return finding(agree == len(rows), reason, rows)


def random_start_fails(sides: Sides) -> Finding:
    """Trials of gradient descent from random starts at k = 10 and d = 100 that find the truth."""
    entries = [entry for entry in sides.ours.simulations("nimc-distance") if _is_mixed(entry)]
    rows = []
    for cell in cells(entries) if entries else []:
        if cell["method"] == "gd" and cell["distance"] == 1:
            row = told(
                f"share recovered, {cell['activation']}, m = {cell['observations']:,}",
                cell["share"],
                cell["share"] == 0,
            )
            rows.append(row | {"low": cell["low"], "high": cell["high"]})
    if not rows:
        return not_run("nimc-distance")
    fails = sum(row["says"] == "agrees" for row in rows)
    reason = (
        f"In {fails} of {len(rows)} cells no trial finds the truth; the paper states neither φ nor m of its figure."
    )
    return finding(True if fails == len(rows) else False if not fails else None, reason, rows)


def random_start_can(sides: Sides) -> Finding:
    """The greatest share of random starts that find the truth, of any cell of the maps."""
    rows = []
    for each in _maps(sides):
        top = max(each.cells(), key=lambda cell: cell["share"])
        row = told(f"{each.activation}, {each.title}: greatest share recovered", float(top["share"]), top["low"] > 0.5)
        rows.append(row | {"low": top["low"], "high": top["high"]})
    if not rows:
        return not_run("nimc-maps")
    holds = all_agree(rows)
    return finding(holds, "Every map has cells in which nearly all random starts find the truth.", rows)


def relu_needs_more(sides: Sides) -> Finding:
    """Thresholds in m / 2kd of ReLU and sigmoid, by one method at the n that both have."""
    lines = [line for _, known in _thresholds(sides) for line in known]
    rows = []
    for relu in (line for line in lines if line["activation"] == "relu"):
        keys = ("label", "method", "users")
        same = (one for one in lines if one["activation"] == "sigmoid" and all(one[key] == relu[key] for key in keys))
        sigmoid = next(same, None)
        if sigmoid is None or None in (sigmoid["threshold"], relu["threshold"]):
            continue
        apart = _end(relu["low"]) > _end(sigmoid["high"]) or _end(relu["high"]) < _end(sigmoid["low"])
        agrees = (relu["threshold"] > sigmoid["threshold"]) if apart else None
        row = told(f"threshold of ReLU, {relu['title']}, n = {relu['users']}", relu["threshold"], agrees)
        rows.append(
            row | {"low": relu["low"], "high": relu["high"], "second": "sigmoid", "second_value": sigmoid["threshold"]}
        )
    return _decided(rows, "say that ReLU needs more entries, in units of 2kd", least=0.5)


def enough_rows(sides: Sides) -> Finding:
    """Whether the thresholds from ENOUGH of the greatest n on have intervals with a common point."""
    rows = []
    for name, lines in _thresholds(sides):
        greatest = max((line["users"] for line in lines), default=0)
        known = [one for one in lines if one["users"] >= ENOUGH * greatest and one["threshold"] is not None]
        if len(known) > 1:
            low, high = max(_end(line["low"]) for line in known), min(_end(line["high"]) for line in known)
            values = [line["threshold"] for line in known]
            row = told(f"{name}: greatest threshold", max(values), low <= high)
            ends = {key: None if np.isinf(end) else end for key, end in (("low", low), ("high", high))}
            rows.append(row | {"second": "least", "second_value": min(values), **ends})
    return _decided(rows, f"have one threshold for all n from {ENOUGH:g} of the greatest on", least=1.0)


def _end(value: float | None) -> float:
    """An end of a threshold's interval: beyond all that were tried where there is none."""
    return np.inf if value is None else value


def _decided(rows: list[Row], what: str, least: float) -> Finding:
    """Holds where none says the opposite and at least a share of the rows agrees."""
    if not rows:
        return not_run("nimc-maps")
    agree, against = (sum(row["says"] == says for row in rows) for says in ("agrees", "against"))
    holds = False if against else True if agree >= least * len(rows) else None
    return finding(holds, f"{agree} of {len(rows)} comparisons {what}; {against} say the opposite.", rows)


def _null(activation: Activation, k: int, d: int, m: int) -> int:
    """Eigenvalues of the Hessian at a truth that are zero."""
    hessian = Problems([draw(200, m, d, k, seed=0)], activation)
    values = torch.linalg.eigvalsh(hessian.hessian(hessian.truth)[0]).abs()
    return int((values <= NULL * values.max()).sum())


def _is_mixed(entry: SimulationEntry) -> bool:
    """Whether starts lie between the truth and a random one, as in the paper."""
    return narrowed(entry.simulation.settings, NIMCDistanceSettings).direction is None


def _curvature(sides: Sides, scan: str, model: str) -> "pd.DataFrame":
    entries = sides.ours.simulations("nimc-curvature")
    table = labelled(entries) if entries else pd.DataFrame(columns=["scan", "model", "value"])
    return table[(table["scan"] == scan) & (table["model"] == model)]


def _straightness(curve: str) -> float:
    points = np.array([point for point in json.loads(curve) if RANGE[0] <= point[1] <= RANGE[1]])
    return float(np.corrcoef(points[:, 0], np.log(points[:, 1]))[0, 1] ** 2) if len(points) > 2 else 0.0


def _maps(sides: Sides) -> list[Map]:
    entries = sides.ours.simulations("nimc-maps")
    return maps(entries) if entries else []


@lru_cache(maxsize=1)
def _thresholds(sides: Sides) -> list[tuple[str, list[Row]]]:
    """Activation and method of every map, and its thresholds, each with a bootstrap."""
    return [(f"{each.activation}, {each.title}", list(each.thresholds())) for each in _maps(sides)]


ARGUMENTS = {
    "linear_in_dimension": linear_in_dimension,
    "few_entries": few_entries,
    "counterexamples": counterexamples,
    "null_directions": null_directions,
    "definite": definite,
    "row_held": row_held,
    "contraction": contraction,
    "third_moment": third_moment,
    "directions": directions,
    "linear_descent": linear_descent,
    "random_start_fails": random_start_fails,
    "random_start_can": random_start_can,
    "relu_needs_more": relu_needs_more,
    "enough_rows": enough_rows,
}
