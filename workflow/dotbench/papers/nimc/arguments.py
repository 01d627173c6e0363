"""What decides claims of the NIMC paper that cells cannot: arguments, and the recovery simulations."""

import json
from collections.abc import Iterator
from functools import lru_cache

from dotbench.lazy import np, pd, torch
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.features import LAWS
from dotbench.papers.nimc.recovery.laws import share_outside, third_moment_of
from dotbench.papers.nimc.recovery.moments import gamma, third
from dotbench.papers.nimc.recovery.problems import Problems, draw
from dotbench.papers.nimc.simulations.contraction import DONE, NIMCContractionSettings
from dotbench.papers.nimc.simulations.curvature import NULL, NIMCCurvatureSettings, Scan, bound_by_condition
from dotbench.papers.nimc.simulations.distance import NIMCDistanceSettings
from dotbench.papers.nimc.simulations.samples import FIRST
from dotbench.papers.nimc.summaries.activations import activation_title
from dotbench.papers.nimc.summaries.distance import cells
from dotbench.papers.nimc.summaries.recovery import Map, maps
from dotbench.papers.nimc.summaries.samples import exponent_lines
from dotbench.papers.nimc.summaries.tensor import direction_slopes, least_pairs, start_lines
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
from dotbench.reporting.replications import labelled
from dotbench.settings import narrowed
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.paired import ALPHA, holm
from dotbench.statistics.rates import log_slope
from dotbench.statistics.thresholds import Gap, threshold, threshold_gap

STRAIGHT = 0.95  # squared correlation of log f with the iteration, from which f falls almost linearly
RANGE = (1e-20, 1e-4)  # of f / f₀, over which that is measured
ENOUGH = 0.6  # of the greatest n, from which thresholds are compared
CHANGES = 1.25  # ratio of thresholds from which the number of entries counts as changed
# Exponent in d below which growth is nearly linear: nearer to linear than to quadratic, as d² entries are what an
# estimate of all of U Vᵀ would need, which knows nothing of its rank. It is stricter than the theorem, whose d log² d
# has an exponent of 1 + 2 / log d: 1.7 where d is near 20.
NEAR_LINEAR = 1.5
SAME_SPEED = 0.05  # relative difference from the speed that the Hessian predicts, up to which it is the same
HALF = 0.1  # difference from a slope of −1/2, up to which it is one
ACCURACIES = (1e-2, 1e-3, 1e-4)  # errors at fresh rows
NONE, HEAVY = 1e-6, 0.1  # shares of a moment: up to the first it is nothing, from the second on much


def linear_in_dimension(sides: Sides) -> Finding:
    """Exponents of the entries that recovery needs, in d: nearly linear where the interval lies below NEAR_LINEAR.

    The interval is the one that also allows for the m that were tried. Of several grids of m of one activation and
    start the one with the narrowest interval counts. One random start is left out: its threshold is one of luck.
    """
    entries = sides.ours.simulations("nimc-samples")
    lines: dict[tuple[str, str], Row] = {}
    for line in exponent_lines(entries) if entries else []:
        key = line["activation"], line["start"]
        if line["scan"] == "dimension" and line["start"] != FIRST and _width(line) < _width(lines.get(key)):
            lines[key] = line
    rows = []
    for line in lines.values():
        low, high = line["least"], line["greatest"]
        agrees = True if high < NEAR_LINEAR else False if low > NEAR_LINEAR else None
        sizes = f"d = {line['values'].replace(' ', ', ')}"
        what = f"exponent of m in d, {activation_title(line['activation'])}, {line['title']}, {sizes}"
        row = told(what, line["exponent"], agrees, low=low, high=high)
        rows.append(row | {"second": "of d log² d there", "second_value": line["by_theorem"]})
    if not rows:
        return not_run("nimc-samples")
    least, most = (end(line[key] for line in lines.values()) for end, key in ((min, "least"), (max, "greatest")))
    holds = decided(rows)
    where = f"below {NEAR_LINEAR:g}" if holds else f"not all below {NEAR_LINEAR:g}"
    reason = (
        f"The intervals of the exponents reach from {least:.2f} to {most:.2f}, {where}, the middle of linear and "
        f"quadratic. The theorem's own d log² d has {rows[0]['second_value']:.2f} over these d."
    )
    return finding(holds, reason, rows)


def _width(line: Row | None) -> float:
    return np.inf if line is None else line["greatest"] - line["least"]


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
        row = told(f"null directions at the truth, {activation_title(activation)}", float(null), null == expected)
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
            rows.append(
                told(
                    f"null directions, {activation_title(model)}",
                    float(last["null"].median()),
                    bool((last["null"] > 0).all()),
                )
            )
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
    """Steps in which ‖W − W*‖ halves over those that the Hessian predicts, at the most fresh pairs a step: whether
    the interval over the instances lies within SAME_SPEED of 1."""
    entries = sides.ours.simulations("nimc-contraction")
    if not entries:
        return not_run("nimc-contraction")
    rows = []
    for where, group in _at_most_pairs(entries):
        good = group[group["status"] == "ok"]
        found = t_interval(list(good["ratio"])) if len(good) else None
        row = told(f"steps to halve the distance, {where}", None, False)
        if found is not None:
            row["first_value"] = good["half_life"].mean()
            agrees = (
                _within(found.low, found.high, 1 - SAME_SPEED, 1 + SAME_SPEED) if len(good) == len(group) else False
            )
            row |= told(row["first"], row["first_value"], agrees, low=found.low, high=found.high)
            row["value"] = found.mean
        rows.append(row | {"second": "by the Hessian", "second_value": group["predicted"].mean()})
    ratios = [row["value"] for row in rows if row.get("value") is not None]
    holds = decided(rows)
    reason = (
        f"Measured steps are {min(ratios):.3f} to {max(ratios):.3f} times the predicted ones; "
        + ("every" if holds else "not every")
        + f" interval over the instances lies within {SAME_SPEED:.0%} of 1."
        if ratios
        else "The distance falls in no instance."
    )
    return finding(holds, reason, rows)


def _at_most_pairs(entries: list[SimulationEntry]) -> Iterator[tuple[str, "pd.DataFrame"]]:
    """What converges and from where, with its instances, at the most fresh pairs a step."""
    table = labelled(entries)
    table = table[table["observations"] == table["observations"].max()]
    for (title, distance), group in table.groupby(["title", "distance"], sort=False):
        yield f"{title}, from {distance:g}", group


def _within(low: float | None, high: float | None, least: float, greatest: float) -> bool | None:
    """Whether an interval lies within limits; None where part of it does, or it has no end."""
    if low is None or high is None:
        return None
    return True if least <= low and high <= greatest else False if high < least or low > greatest else None


def logarithmic_iterations(sides: Sides) -> Finding:
    """Whether ‖W − W*‖ has been halved as often as a constant number of steps for each halving gives, at the most
    fresh pairs a step: then iterations, and with them samples, are of the order log 1/ε."""
    entries = sides.ours.simulations("nimc-contraction")
    if not entries:
        return not_run("nimc-contraction")
    steps = narrowed(entries[0].simulation.settings, NIMCContractionSettings).iterations
    rows = []
    for where, group in _at_most_pairs(entries):
        good = group[(group["status"] == "ok") & (group["final"] > 0)]
        if not len(good):
            rows.append(told(f"halvings of the distance, {where}", None, False))
            continue
        halvings = -np.log2(good["final"].to_numpy())
        constant = np.minimum(steps / good["half_life"].to_numpy(), -np.log2(DONE))  # rounding ends it there
        found = t_interval(list(halvings / constant))
        what = f"halvings of the distance in {steps:,} steps, {where}"
        agrees = len(good) == len(group) and found.low is not None and found.low >= 1 - SAME_SPEED
        row = told(what, float(halvings.mean()), agrees, low=found.low, high=found.high)
        row |= {"value": found.mean, "second": "at a constant rate", "second_value": float(constant.mean())}
        rows.append(row)
    done = [row["first_value"] for row in rows if row["first_value"] is not None]
    reason = "The distance does not fall."
    if done:
        often = "at least as often" if all_agree(rows) else "in some rows not as often"
        reason = (
            f"Each step takes the same number of fresh samples, and in {steps:,} steps the distance is halved "
            f"{min(done):.1f} to {max(done):.0f} times, {often} as a constant number of steps for each halving gives."
        )
    return finding(all_agree(rows), reason, rows)


def tensor_accuracy(sides: Sides) -> Finding:
    """Slope of the error of the directions that moments give in the number of pairs, between the two greatest: ε² ∝
    1/N has −1/2."""
    slopes = direction_slopes(sides.ours.simulations("nimc-tensor"))
    if not slopes:
        return not_run("nimc-tensor")
    rows = []
    for line in slopes:
        agrees = _within(line["low"], line["high"], -0.5 - HALF, -0.5 + HALF)
        what = f"slope of log error, {activation_title(line['activation'])}, {line['pairs']}"
        row = told(what, line["slope"], agrees, low=line["low"], high=line["high"], second="1/ε²", second_value=-0.5)
        rows.append(row | {"dataset": ", ".join(filter(None, [line["label"], line["law"]]))})
    least, most = (end(line["slope"] for line in slopes) for end in (min, max))
    reason = (
        f"The error of the directions falls with the power {least:.2f} to {most:.2f} of the number of pairs, so that "
        "an error ε takes of the order 1/ε² of them."
    )
    holds = decided(rows)
    return finding(holds, reason if holds else "Some slope is not −1/2.", rows)


def tensor_start(sides: Sides) -> Finding:
    """The least number of pairs from which half of the fits reach an error: whether it is one for all errors."""
    found = least_pairs(sides.ours.simulations("nimc-tensor"), ACCURACIES)
    if not found:
        return not_run("nimc-tensor")
    rows = []
    for line in found:
        coarse, fine = (line["pairs"][epsilon] for epsilon in (max(ACCURACIES), min(ACCURACIES)))
        what = f"N for an error of {min(ACCURACIES):g}, {activation_title(line['activation'])}, m = {line['m']:,}"
        row = told(what, fine, fine == coarse, second=f"of {max(ACCURACIES):g}", second_value=coarse)
        rows.append(row | {"dataset": ", ".join(filter(None, [line["label"], line["law"]]))})
    agree = sum(row["says"] == AGREES for row in rows)
    reason = (
        f"In {agree} of {len(rows)} cases the moments of as many pairs are enough for a fit to half of the trials with "
        f"an error of {min(ACCURACIES):g} as with one of {max(ACCURACIES):g}. Cases in which no number is enough for "
        "either are left out."
    )
    return finding(all_agree(rows), reason, rows)


def third_moment(sides: Sides) -> Finding:
    """α = γ₀(|v|) (γ₃ − 3 γ₁)(|u|) at unit norms."""
    rows = []
    for activation in ("sigmoid", "relu", "tanh"):
        alpha = gamma(activation, 0, 1.0) * third(activation, 1.0)
        rows.append(told(f"α at |u| = |v| = 1, {activation_title(activation)}", alpha, abs(alpha) > 1e-9))
    reason = (
        f"α is {rows[0]['first_value']:.3f} for sigmoid; for ReLU and tanh it is 0 at every norm, so of the paper's "
        "activations M₃ works for sigmoid only."
    )
    return finding(all_agree(rows), reason, rows)


def third_moment_needs(sides: Sides) -> Finding:
    """The part of E f(x) He₃(x) that no combination of u_l ⊗ u_l ⊗ u_l has, for two sigmoids in three dimensions: by
    the law of x, and with a second layer over them. By quadrature."""
    d, u = 3, np.array([[2.0, 1.0, 0.5], [-0.3, 1.0, -1.0]]).T
    u = u / np.linalg.norm(u, axis=0)

    def sigmoid(a: "np.ndarray") -> "np.ndarray":
        values: np.ndarray = 1 / (1 + np.exp(-a))
        return values

    def model(x: "np.ndarray") -> "np.ndarray":
        total: np.ndarray = sigmoid(x @ u).sum(1)
        return total

    def second_layer(x: "np.ndarray") -> "np.ndarray":
        return sigmoid(sigmoid(x @ u) @ np.array([3.0, -3.0]))

    rows = []
    for law in LAWS:
        share = share_outside(third_moment_of(model, d, law), u)
        agrees = share < NONE if law == "normal" else share > HEAVY
        rows.append(told(f"share of M₃ without the directions, features: {law}", share, agrees))
    share = share_outside(third_moment_of(second_layer, d, "normal"), u)
    rows.append(
        told("share of M₃ without the directions, normal, a second layer over the sigmoids", share, share > HEAVY)
    )
    others = [row["first_value"] for row in rows if "normal" not in row["first"]]
    reason = (
        "Of normal features and a function of the model, all of M₃ is in the directions of U. Of other features "
        f"{min(others):.0%} to {max(others):.0%} of it is not, however many pairs there are; with a second layer over "
        f"the sigmoids {share:.0%}."
    )
    return finding(all_agree(rows), reason if all_agree(rows) else "M₃ is not as the claim has it.", rows)


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
    fall = sum(row["says"] == AGREES for row in rows)
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
            told(
                f"{activation_title(str(activation))}, {title}: squared correlation of log f and iteration",
                least,
                least >= STRAIGHT,
            )
        )
    agree = sum(row["says"] == AGREES for row in rows)
    reason = f"log f and the iteration correlate with r² ≥ {STRAIGHT} in every instance of {agree} of {len(rows)} rows."
    return finding(agree == len(rows), reason, rows)


def random_start_fails(sides: Sides) -> Finding:
    """Trials of gradient descent from random starts at k = 10 and d = 100 that find the truth. As the paper does not
    state φ, cells of one activation alone do not decide it."""
    entries = [entry for entry in sides.ours.simulations("nimc-distance") if _is_mixed(entry)]
    rows, activations = [], set()
    for cell in cells(entries) if entries else []:
        if cell["method"] == "gd" and cell["distance"] == 1:
            activations.add(cell["activation"])
            row = told(
                f"share recovered, {activation_title(cell['activation'])}, m = {cell['observations']:,}",
                cell["share"],
                cell["share"] == 0,
            )
            rows.append(row | {"low": cell["low"], "high": cell["high"]})
    if not rows:
        return not_run("nimc-distance")
    fails = sum(row["says"] == AGREES for row in rows)
    reason = (
        f"In {fails} of {len(rows)} cells no trial finds the truth; the paper states neither φ nor m of its figure."
    )
    decided = len(activations) > 1 and fails in (0, len(rows))
    return finding(fails > 0 if decided else None, reason, rows)


def random_start_can(sides: Sides) -> Finding:
    """The greatest share of random starts that find the truth, of any cell of the maps."""
    rows = []
    for each in _maps(sides):
        top = max(each.cells(), key=lambda cell: cell["share"])
        row = told(
            f"{activation_title(each.activation)}, {each.title}: greatest share recovered",
            float(top["share"]),
            top["low"] > 0.5,
        )
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
    """Whether the thresholds from ENOUGH of the greatest n on are one: a permutation test of the greatest over the
    least, Holm over the maps, says the opposite; a bootstrap interval of that ratio below CHANGES agrees."""
    gaps = _gaps(sides)
    if not gaps:
        return not_run("nimc-maps")
    rows = []
    for (name, values, gap), p in zip(gaps, holm(np.array([gap.p for _, _, gap in gaps])), strict=True):
        agrees = False if p < ALPHA else True if gap.high < CHANGES else None
        row = told(f"{name}: greatest threshold", max(values), agrees, second="least", second_value=min(values))
        rows.append(row | {"value": gap.ratio, "low": gap.low, "high": gap.high, "p": float(p)})
    against = sum(row["says"] == AGAINST for row in rows)
    least, most = min(row["p"] for row in rows), max(row["high"] for row in rows)
    reason = (
        f"From {ENOUGH:g} of the greatest n on, thresholds differ in {against} of {len(rows)} maps (permutation test "
        f"of the greatest over the least, Holm's p ≥ {least:.2f}). By the intervals a ratio up to {most:.2f} is "
        f"possible; below {CHANGES:g} counts as no change."
    )
    return finding(decided(rows), reason, rows)


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
def _gaps(sides: Sides) -> list[tuple[str, list[float], Gap]]:
    """Of every map: its name, the thresholds from ENOUGH of the greatest n on, and the test that they are one."""
    found = []
    for each in _maps(sides):
        columns = list(each.columns())
        enough = [column for column in columns if column[0] >= ENOUGH * max(users for users, _, _ in columns)]
        if len({tuple(x) for _, x, _ in enough}) == 1 and len({table.shape for _, _, table in enough}) == 1:
            x, tables = enough[0][1], np.stack([table for _, _, table in enough])
            values = [x[-1] if at is None else at for at in (threshold(x, table) for table in tables)]
            if len(tables) > 1:
                name = f"{activation_title(each.activation)}, {each.title}"
                found.append((name, values, threshold_gap(x, tables)))
    return found


@lru_cache(maxsize=1)
def _thresholds(sides: Sides) -> list[tuple[str, list[Row]]]:
    """Activation and method of every map, and its thresholds, each with a bootstrap."""
    return [(f"{activation_title(each.activation)}, {each.title}", list(each.thresholds())) for each in _maps(sides)]


ARGUMENTS = {
    "linear_in_dimension": linear_in_dimension,
    "few_entries": few_entries,
    "counterexamples": counterexamples,
    "null_directions": null_directions,
    "definite": definite,
    "row_held": row_held,
    "contraction": contraction,
    "logarithmic_iterations": logarithmic_iterations,
    "tensor_accuracy": tensor_accuracy,
    "tensor_start": tensor_start,
    "third_moment": third_moment,
    "third_moment_needs": third_moment_needs,
    "directions": directions,
    "linear_descent": linear_descent,
    "random_start_fails": random_start_fails,
    "random_start_can": random_start_can,
    "relu_needs_more": relu_needs_more,
    "enough_rows": enough_rows,
}
