"""What decides NIMC's claims: an argument can say that a claim holds, that it does not, or that it cannot be told."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dotbench.papers.nimc import arguments
from dotbench.papers.nimc.recovery.laws import share_outside, third_moment_of
from dotbench.papers.nimc.recovery.moments import third
from dotbench.papers.nimc.simulations.contraction import NIMCContractionSettings
from dotbench.papers.nimc.summaries import tensor
from dotbench.reporting.claims.findings import FAILS, HOLDS, OPEN
from dotbench.statistics.thresholds import Gap


def sides(table=None, settings=None):
    """Sides whose simulations all are one entry."""
    entry = SimpleNamespace(simulation=SimpleNamespace(settings=settings))
    return SimpleNamespace(ours=SimpleNamespace(simulations=lambda name: [] if table is None else [entry]))


@pytest.mark.parametrize(
    ("least", "greatest", "verdict"),
    [(1.0, 1.4, HOLDS), (1.0, 1.49, HOLDS), (1.2, 1.7, OPEN), (1.6, 1.8, FAILS), (1.9, 2.1, FAILS)],
)
def test_growth_is_nearly_linear_below_the_middle_of_linear_and_quadratic(monkeypatch, least, greatest, verdict):
    line = {"scan": "dimension", "activation": "relu", "start": "best", "title": "best", "values": "8 16"}
    line |= {"exponent": (least + greatest) / 2, "least": least, "greatest": greatest, "by_theorem": 1.7}
    wider = line | {"exponent": 3.0, "least": 1.0, "greatest": 5.0}  # of a coarser grid
    luck = line | {"start": "first", "least": 2.0, "greatest": 2.0}
    other = line | {"scan": "components", "least": 2.0, "greatest": 2.0}
    monkeypatch.setattr(arguments, "exponent_lines", lambda entries: [wider, line, luck, other])
    found = arguments.linear_in_dimension(sides(True))
    assert (found.verdict, len(found.rows)) == (verdict, 1)
    assert (found.rows[0]["low"], found.rows[0]["high"], found.rows[0]["second_value"]) == (least, greatest, 1.7)
    assert arguments.linear_in_dimension(sides()).verdict == OPEN


def contracting(monkeypatch, ratios, failed=0, final=2.0**-20):
    """Instances that take ``ratios`` times the 100 steps that are predicted, of 2,000 steps."""
    rows = [
        {"title": "tanh", "distance": 0.1, "observations": 50, "status": "ok", "ratio": ratio, "half_life": 100 * ratio}
        | {"predicted": 100.0, "final": final}
        for ratio in ratios
    ]
    rows += [rows[0] | {"status": "failed", "ratio": None, "half_life": None, "final": None}] * failed
    rows.append(rows[0] | {"observations": 5, "ratio": 9.0, "half_life": 900.0})  # of fewer pairs
    monkeypatch.setattr(arguments, "labelled", lambda entries: pd.DataFrame(rows))
    return sides(True, NIMCContractionSettings())


@pytest.mark.parametrize(
    ("ratios", "failed", "verdict"),
    [
        ([0.99, 1.0, 1.01], 0, HOLDS),
        ([0.99, 1.0, 1.01], 1, FAILS),
        ([1.29, 1.3, 1.31], 0, FAILS),
        ([0.8, 0.81, 0.82], 0, FAILS),
        ([0.9, 1.0, 1.1], 0, OPEN),
    ],
)
def test_contraction_is_compared_with_what_the_hessian_predicts(monkeypatch, ratios, failed, verdict):
    found = arguments.contraction(contracting(monkeypatch, ratios, failed))
    assert found.verdict == verdict
    [row] = found.rows
    assert row["first_value"] == pytest.approx(100 * np.mean(ratios))
    assert (row["second_value"], row["value"]) == pytest.approx((100, np.mean(ratios)))
    assert row["low"] < row["value"] < row["high"]


def test_iterations_are_logarithmic_if_the_distance_is_halved_at_a_constant_rate(monkeypatch):
    """2,000 steps of 100 for each halving are 20 halvings."""
    ratios = [0.999, 1.0, 1.001]
    assert arguments.logarithmic_iterations(contracting(monkeypatch, ratios)).verdict == HOLDS
    assert arguments.logarithmic_iterations(contracting(monkeypatch, ratios, final=2.0**-15)).verdict == FAILS
    assert arguments.logarithmic_iterations(contracting(monkeypatch, ratios, failed=1)).verdict == FAILS
    fast = arguments.logarithmic_iterations(contracting(monkeypatch, [0.1, 0.1001], final=1e-13))
    assert fast.rows[0]["second_value"] == pytest.approx(-np.log2(1e-12))  # rounding ends it there
    assert fast.verdict == HOLDS


def moments(power, errors=(1e-5, 1e-5, 1e-5)):
    """Starts of three instances whose directions have errors ∝ N^power, and fits that end at ``errors`` by N."""
    same = {"label": "a", "activation": "tanh", "law": "gaussian", "observations": 50, "method": "gd"}
    rows = []
    for pairs, error in zip((100, 1000, 10_000), errors, strict=True):
        for seed, part in enumerate((0.9, 1.0, 1.1)):
            at = {"pairs": pairs, "replication": seed, "direction_error": part * pairs**power}
            rows.append(same | at | {"test_error": error})
    rows.append(same | {"pairs": 0, "replication": 0, "direction_error": 1.4, "test_error": 1e-5})  # a random start
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("power", "verdict"), [(-0.5, HOLDS), (-0.25, FAILS), (-1.0, FAILS)])
def test_directions_from_moments_have_errors_of_one_over_the_root(monkeypatch, power, verdict):
    monkeypatch.setattr(tensor, "labelled", lambda entries: moments(power))
    found = arguments.tensor_accuracy(sides(True))
    assert found.verdict == verdict
    assert found.rows[0]["first_value"] == pytest.approx(power)
    assert "N = 1,000 to 10,000" in found.rows[0]["first"]


@pytest.mark.parametrize(
    ("errors", "verdict", "rows"),
    [
        ((1e-5, 1e-5, 1e-5), HOLDS, 1),
        ((1.0, 1e-5, 1e-5), HOLDS, 1),
        ((5e-3, 5e-3, 1e-5), FAILS, 1),
        ((5e-3, 5e-3, 5e-3), FAILS, 1),
        ((1.0, 1.0, 1.0), OPEN, 0),
    ],
)
def test_a_start_from_moments_needs_as_many_pairs_for_every_accuracy(monkeypatch, errors, verdict, rows):
    monkeypatch.setattr(tensor, "labelled", lambda entries: moments(-0.5, errors))
    found = arguments.tensor_start(sides(True))
    assert (found.verdict, len(found.rows)) == (verdict, rows)


@pytest.mark.parametrize(
    ("ps", "highs", "verdict"),
    [
        ([0.5, 0.9], [1.1, 1.2], HOLDS),
        ([0.5, 0.9], [1.1, 1.6], OPEN),
        ([0.01, 0.9], [1.1, 1.2], FAILS),
        ([0.03, 0.9], [1.1, 1.2], HOLDS),  # by Holm .06
    ],
)
def test_thresholds_differ_only_by_a_test_that_knows_how_many_there_are(monkeypatch, ps, highs, verdict):
    gaps = [(f"map {p}", [2.0, 2.2], Gap(1.1, 1.0, high, p)) for p, high in zip(ps, highs, strict=True)]
    monkeypatch.setattr(arguments, "_gaps", lambda _: gaps)
    found = arguments.enough_rows(sides(True))
    assert found.verdict == verdict
    assert [row["p"] for row in found.rows] == pytest.approx([min(1, 2 * min(ps)), max(2 * min(ps), max(ps))])


def test_gaps_are_those_of_the_maps_from_enough_rows_on(monkeypatch):
    x = [1.0, 2.0, 3.0]
    tables = {n: np.repeat([[0], [n >= 60], [1]], 12, axis=1) for n in (20, 50, 60, 80, 100)}
    columns = [(n, x, table) for n, table in tables.items()]
    known = SimpleNamespace(activation="relu", title="GD", columns=lambda: columns)
    monkeypatch.setattr(arguments, "_maps", lambda _: [known])
    arguments._gaps.cache_clear()
    [(name, values, gap)] = arguments._gaps(object())
    assert (name, values) == ("ReLU, GD", [1.5, 1.5, 1.5])
    assert (gap.ratio, gap.p) == (1, 1)
    arguments._gaps.cache_clear()


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ({"sigmoid": 0.0, "relu": 0.0}, HOLDS),
        ({"sigmoid": 0.5, "relu": 1.0}, FAILS),
        ({"sigmoid": 0.0, "relu": 0.4}, OPEN),
        ({"sigmoid": 0.0}, OPEN),  # φ is not stated
        ({"relu": 1.0}, OPEN),
    ],
)
def test_random_starts_fail_if_they_do_with_every_activation(monkeypatch, shares, verdict):
    same = {"method": "gd", "distance": 1.0, "observations": 50, "low": 0.0, "high": 1.0}
    known = [same | {"activation": name, "share": share} for name, share in shares.items()]
    known += [known[0] | {"distance": 0.5, "share": 1.0}, known[0] | {"method": "l-bfgs", "share": 1.0}]
    monkeypatch.setattr(arguments, "cells", lambda entries: known)
    monkeypatch.setattr(arguments, "_is_mixed", lambda entry: True)
    found = arguments.random_start_fails(sides(True))
    assert (found.verdict, len(found.rows)) == (verdict, len(shares))


# --- the third moment


def test_the_third_moment_of_normal_features_is_that_of_steins_identity():
    u = np.array([0.6, 0.8])
    tensor_ = third_moment_of(lambda x: 1 / (1 + np.exp(-x @ u)), 2, "normal")
    expected = third("sigmoid", 1.0) * np.einsum("a,b,c->abc", u, u, u)
    assert tensor_ == pytest.approx(expected, abs=1e-9)
    assert share_outside(tensor_, u[:, None]) < 1e-6


@pytest.mark.parametrize(("law", "excess"), [("signs", -2.0), ("uniform", -1.2), ("laplace", 3.0), ("normal", 0.0)])
def test_of_a_linear_function_the_third_moment_is_the_excess_kurtosis(law, excess):
    """E x_a He₃(x)_bcd has E x⁴ − 3 where all are the same entry, and is 0 elsewhere."""
    found = third_moment_of(lambda x: x[:, 0], 2, law)
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 0] = excess
    assert found == pytest.approx(expected, abs=1e-9)
    off = np.zeros((2, 2, 2))
    off[0, 0, 1] = 3.0
    assert share_outside(expected + off, np.eye(2)) == pytest.approx(3 / np.hypot(excess, 3))


def test_the_claim_that_it_needs_normal_features_is_decided_by_numbers(monkeypatch):
    assert arguments.third_moment_needs(None).verdict == HOLDS
    monkeypatch.setattr(arguments, "HEAVY", 0.99)
    assert arguments.third_moment_needs(None).verdict == FAILS
