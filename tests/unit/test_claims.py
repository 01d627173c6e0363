"""Claims: the language, verdicts in print recomputed by hand, and verdicts of ours on numbers that are known."""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from runs_data import SPLIT, contents, write_dataset, write_runs
from scipy import stats

from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.registry import PAPERS
from dotbench.reporting.claims.deciding import in_ours, in_print
from dotbench.reporting.claims.findings import AGAINST, AGREES, FAILS, HOLDS, OPEN, Sides
from dotbench.reporting.claims.language import Claim, parse_order, read_claims
from dotbench.reporting.claims.language import load_claims as claims_of
from dotbench.reporting.claims.numbers import Ours, Place, Printed, _of_seeds, _paired
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.published import load_published as published_of
from dotbench.statistics.welch import Sample, welch

load_claims, load_published = cache(claims_of), cache(published_of)
GOOD = {"id": "a", "where": "Table 2", "claim": "It is so.", "test": {"order": "RG2 > BPR"}}


def write(folder: Path, *claims: dict[str, Any]) -> Path:
    path = folder / "claims.yaml"
    path.write_text(yaml.safe_dump({"needs": "config/own.yaml", "claims": list(claims)}))
    return path


def test_an_order_is_groups_and_signs() -> None:
    assert parse_order("RG2 >= LightGCN RG2 > S-Softmax, BPR") == [
        (["RG2"], ""),
        (["LightGCN RG2"], ">="),
        (["S-Softmax", "BPR"], ">"),
    ]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"order": "RG2"}, "found 'RG2'; an order is like 'A, B > C >= D'"),
        ({"order": "RG2 > "}, "an order is like"),
        (
            {"order": "RG2 > BPR", "rises": "RG2"},
            "found 2 of order, gain, difference, rises, falls, argument; allowed is",
        ),
        ({}, "found 0 of order"),
        ({"gain": "RG2 over BPR"}, "'prints' is needed by 'gain' and 'difference', and by nothing else"),
        ({"order": "RG2 > BPR", "prints": 1.0}, "and by nothing else"),
        ({"difference": "RG2 - BPR", "prints": 1.0}, "'prints' of 'difference' names each dataset"),
        ({"difference": "RG2 BPR", "prints": {"ml-10m": 1.0}}, "a difference is like 'A - B'"),
        ({"sum": "RG2"}, r"claims\.yaml, line \d+: key 'claims\.0\.test\.sum': unknown key; allowed"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, test: dict[str, Any], message: str) -> None:
    with pytest.raises(DotbenchError, match=message):
        read_claims(write(tmp_path, {**GOOD, "test": test}))


def test_claims_have_different_names_and_one_test_a_side(tmp_path: Path) -> None:
    with pytest.raises(DotbenchError, match="the claim 'a' is listed more than once"):
        read_claims(write(tmp_path, GOOD, GOOD))
    with pytest.raises(DotbenchError, match="'test' has no effect if 'print' and 'ours'"):
        read_claims(write(tmp_path, {**GOOD, "print": GOOD["test"], "ours": GOOD["test"]}))


# in print, by hand: the file read as it is, and arithmetic


def cells(key: str) -> dict[tuple[str, str | None, str, str], float]:
    """(dataset, part, method, metric) → value, of tables in the order in which they are printed."""
    raw = yaml.safe_load((PAPERS / key / "published.yaml").read_text("utf-8"))["cells"]
    return {(c["dataset"], c.get("part"), c["method"], c["metric"]): c["value"] for c in raw}


RG2, DATA, METRICS = cells("rg2"), ("ml-10m", "electronics", "steam"), ("mrr@10", "ndcg@10")
SAMPLED = ("BPR", "BCE", "S-Softmax", "UIB", "SML")
T2 = {(where, method): value for (where, part, method, _), value in cells("t2rec").items() if part is None}
YELP = {(part, method): value for (where, part, method, _), value in cells("t2rec").items() if part}
OTHERS = ("rSVD", "KNN", "Co-Ca", "SVD++")


def all_above(
    first: tuple[str, ...], second: tuple[str, ...], data=DATA, metrics=METRICS, *, ties: bool = False
) -> bool:
    pairs = [
        (RG2[d, None, a, m], RG2[d, None, b, m]) for d in data for m in metrics for a in first for b in second if a != b
    ]
    return all(x >= y if ties else x > y for x, y in pairs)


def gains(method: str, others: tuple[str, ...], data=DATA, metrics=METRICS) -> float:
    parts = []
    for d in data:
        for m in metrics:
            best = max(RG2[d, None, other, m] for other in others)
            parts.append(100 * (RG2[d, None, method, m] / best - 1))
    return sum(parts) / len(parts)


def scenario(n: int, d: int) -> str:
    return f"n = {n}, d = {d}"


SIZES, DIMENSIONS = (1500, 2000, 3000), (20, 30, 40)


def improvement(n: int, d: int, other: str) -> float:
    return 100 * (1 - T2[scenario(n, d), "T2Rec"] / T2[scenario(n, d), other])


def best_gain(n: int, d: int) -> float:
    return min(improvement(n, d, other) for other in OTHERS)


def rising(values: list[float]) -> bool:
    return sorted(values) == values and len({*values}) == len(values)


BY_HAND = {
    "rg2": {
        "softmax-gain-mrr": abs(gains("Softmax", SAMPLED, metrics=("mrr@10",)) - 20.49) < 0.01,
        "softmax-gain-ndcg": abs(gains("Softmax", SAMPLED, metrics=("ndcg@10",)) - 20.19) < 0.5,
        "wrmf-loss": abs(gains("WRMF", ("Softmax",)) + 7.53) < 0.01,
        "rg2-gain-movielens": abs(gains("RG2", ("Softmax",), ("ml-10m",)) - 4.63) < 0.01,
        "rg2-gain-electronics": abs(gains("RG2", ("Softmax",), ("electronics",)) - 0.31) < 0.05,
        "rg2-loss-steam": abs(gains("RG2", ("Softmax",), ("steam",)) + 0.70) < 0.18,
        "wrmf-above-baselines": all_above(("WRMF",), (*SAMPLED, "Sparsemax")),
        "whole-above-sampled": all_above(("WRMF", "Softmax", "RG2"), SAMPLED),
        "softmax-above-sampled": all_above(("Softmax",), SAMPLED),
        "sparsemax-degrades": all_above((*SAMPLED[:4], "WRMF", "Softmax", "RG2"), ("Sparsemax",)),
        "rg2-above-wrmf": all_above(("RG2",), ("WRMF",)),
        "order-of-losses": all_above(("RG2",), ("Softmax", "WRMF", *SAMPLED), metrics=("ndcg@10",)),
        "order-of-sampled": all_above(("UIB",), SAMPLED, metrics=("mrr@10",)),
        "lightgcn-competitive": all_above(
            ("LightGCN RG2",), ("LightGCN Softmax", "LightGCN UIB", "LightGCN SML"), DATA[:2], ties=True
        ),
        "table5-selection": all_above(("SML",), ("BPR", "BCE", "S-Softmax", "Sparsemax")),
        "graph-improves": all_above(("LightGCN Softmax",), ("Softmax",)),
        "bounds-softmax": np.log(100) + (4 + 99) / 200 - 1.5 >= np.log(99 + np.e) - 1,
    },
    "t2rec": {
        "best-everywhere": all(YELP[part, "T2Rec"] < YELP[part, m] for part in ("warm", "cold") for m in OTHERS),
        "best-by-muon": all(best_gain(n, d) > 0 for n in SIZES for d in DIMENSIONS),
        "improvement-range": max(improvement(n, d, m) for n in SIZES for d in DIMENSIONS for m in OTHERS) < 81.5,
        "advantage-grows": all(rising([best_gain(n, d) for n in SIZES]) for d in DIMENSIONS),
        "falls-with-size": rising([-T2[scenario(n, 20), "T2Rec"] for n in SIZES]),
        "low-dimension-better": all(rising([T2[scenario(n, d), "T2Rec"] for d in DIMENSIONS]) for n in SIZES),
        "cold-start": all(YELP["cold", "T2Rec"] < YELP["cold", other] for other in OTHERS),
        "cold-gain": abs(100 * (1 - YELP["cold", "T2Rec"] / 1.058) - 8.8) < 0.05,
        "price-lowest": True,
        "frequent-aspects": True,
    },
    "nimc": {
        "gap-ml-100k": abs(1.321 - 1.034 - 0.287) < 1e-9,
        "gap-ml-1m": abs(1.320 - 1.021 - 0.299) < 1e-9,
    },
}


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in BY_HAND.items() for name in names])
def test_a_verdict_in_print_is_that_of_arithmetic(key: str, name: str) -> None:
    published, claims = load_published(key), load_claims(key)
    assert claims is not None
    claim = next(one for one in claims.claims if one.id == name)
    found = in_print(claim, Sides(key, published, Printed(published), None))  # type: ignore[arg-type]
    assert found.verdict == (HOLDS if BY_HAND[key][name] else FAILS)


def test_what_only_a_suspect_cell_contradicts_is_said() -> None:
    published, claims = load_published("t2rec"), load_claims("t2rec")
    assert claims is not None
    claim = next(one for one in claims.claims if one.id == "best-everywhere")
    found = in_print(claim, Sides("t2rec", published, Printed(published), None))  # type: ignore[arg-type]
    assert (found.verdict, found.reason.endswith("Without the suspect numbers: holds.")) == (FAILS, True)


def test_on_par_in_print_is_by_welch() -> None:
    """RG2 is below Softmax on Steam in both metrics, told apart in NDCG alone."""
    t, p = welch(Sample(0.0575, 0.0002, 5), Sample(0.0579, 0.0002, 5))
    expected = stats.ttest_ind_from_stats(0.0575, 0.0002, 5, 0.0579, 0.0002, 5, equal_var=False)
    assert (t, p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    published, claims = load_published("rg2"), load_claims("rg2")
    assert claims is not None
    claim = next(one for one in claims.claims if one.id == "rg2-on-par-with-softmax")
    found = in_print(claim, Sides("rg2", published, Printed(published), None))  # type: ignore[arg-type]
    against = [(row["dataset"], row["metric"]) for row in found.rows if row["says"] == AGAINST]
    assert (found.verdict, against) == (FAILS, [("steam", "ndcg@10")])


# ours


USERS = 40


def write_methods(dataset: str, means: dict[str, float], seeds: int = 4) -> list[tuple[str, str]]:
    """Runs of methods by their loss, with one spread over users; those of one mean differ by chance."""
    runs = []
    for k, (name, mean) in enumerate(means.items()):
        random = np.random.default_rng(k)
        folder = f"mf-{name}-1"
        write_runs(dataset, folder, [list(mean + 0.01 * random.standard_normal(USERS)) for _ in range(seeds)])
        runs.append((dataset, folder))
    return runs


def decided(
    claim: dict[str, Any], runs: list[tuple[str, str]], key: str = "rg2", seeds: int = 4, **changes: Any
) -> Any:
    published = load_published(key)
    told = contents(*runs, kind="", seeds=seeds, published=key, **changes)
    ours = Ours(told, published)
    full = Claim.model_validate({"id": "a", "where": "T", "claim": "C.", **claim})
    return in_ours(full, Sides(key, published, Printed(published), ours), "config/own.yaml")


MEANS = {"rg2-als": 0.3, "wrmf-als": 0.25, "bpr-sgd": 0.2, "softmax-sgd": 0.3}


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        ("RG2 > WRMF > BPR", HOLDS),
        ("RG2, Softmax > rest", OPEN),  # the others were not run
        ("WRMF > RG2", FAILS),
        ("RG2 > Softmax", OPEN),  # not told apart
        ("RG2 >= Softmax", HOLDS),
        ("BPR >= RG2", FAILS),
    ],
)
def test_orders_of_ours_are_those_of_real_differences(workdir: Path, order: str, verdict: str) -> None:
    write_dataset("ml-10m")
    runs = write_methods("ml-10m", MEANS)
    at = {"dataset": "ml-10m", "metric": "ndcg@10"}
    found = decided({"at": at, "test": {"order": order}}, runs)
    assert found.verdict == verdict
    assert all(row["source"].startswith("results/runs/ml-10m/mf-") for row in found.rows)


def test_other_data_than_the_papers_are_named_and_only_for_claims_about_any(workdir: Path) -> None:
    write_dataset("other")
    write_dataset("made", origin="generated")
    runs = write_methods("other", MEANS) + write_methods("made", {**MEANS, "rg2-als": 0.1})
    found = decided({"at": {"metric": "ndcg@10"}, "test": {"order": "RG2 > BPR"}}, runs)
    assert (found.verdict, found.reason.split(": ")[0]) == (HOLDS, "On other, not the paper's data")
    named = decided({"at": {"dataset": "steam", "metric": "ndcg@10"}, "test": {"order": "RG2 > BPR"}}, runs)
    assert (named.verdict, named.reason) == (OPEN, "Not run: steam. To decide it, run config/own.yaml.")


def test_a_part_that_was_not_run_leaves_a_claim_open_unless_it_is_contradicted(workdir: Path) -> None:
    write_dataset("ml-10m")
    runs = write_methods("ml-10m", MEANS)
    assert decided({"at": {"metric": "ndcg@10"}, "test": {"order": "RG2 > BPR"}}, runs).verdict == OPEN
    assert decided({"at": {"metric": "ndcg@10"}, "test": {"order": "BPR > RG2"}}, runs).verdict == FAILS


def test_a_gain_of_ours_is_paired_over_the_seeds(workdir: Path) -> None:
    write_dataset("ml-10m")
    for name, values in {"rg2-als": [0.33, 0.35, 0.36], "softmax-sgd": [0.30, 0.32, 0.33]}.items():
        write_runs("ml-10m", f"mf-{name}-1", [[value] for value in values])
    runs = [("ml-10m", "mf-rg2-als-1"), ("ml-10m", "mf-softmax-sgd-1")]
    each = 100 * (np.array([0.33, 0.35, 0.36]) / np.array([0.30, 0.32, 0.33]) - 1)
    half = stats.t.ppf(0.975, 2) * each.std(ddof=1) / 3**0.5
    at = {"dataset": "ml-10m", "metric": "ndcg@10"}
    for prints, verdict in ((each.mean() + half, HOLDS), (each.mean() + 2 * half, FAILS)):
        found = decided({"at": at, "test": {"gain": "RG2 over Softmax", "prints": float(prints)}}, runs, seeds=3)
        assert found.verdict == verdict
        [total] = [row for row in found.rows if row["second"] == "printed"]
        assert total["first_value"] == pytest.approx(each.mean())
        assert (total["low"], total["high"]) == (pytest.approx(each.mean() - half), pytest.approx(each.mean() + half))


def test_overlapping_training_parts_widen_intervals_and_verdicts(workdir: Path) -> None:
    """Three seeds, 80/10/10: √(1 + 3/8) times as wide, in the interval, the tolerance and the test of an order."""
    write_dataset("ml-10m")
    values = {"rg2-als": np.array([0.33, 0.35, 0.36]), "softmax-sgd": np.array([0.30, 0.32, 0.35])}
    for name, own in values.items():
        write_runs("ml-10m", f"mf-{name}-1", [[float(value)] for value in own])
    runs = [("ml-10m", "mf-rg2-als-1"), ("ml-10m", "mf-softmax-sgd-1")]
    each = 100 * (values["rg2-als"] / values["softmax-sgd"] - 1)
    half = stats.t.ppf(0.975, 2) * each.std(ddof=1) / 3**0.5
    at, overlapping = {"dataset": "ml-10m", "metric": "ndcg@10"}, {**SPLIT, "test_to_train": 1 / 8}
    prints = float(each.mean() + (half + half * (1 + 3 / 8) ** 0.5) / 2 * 2**0.5)  # between the two tolerances
    for split, wider, verdict in ((SPLIT, 1.0, FAILS), (overlapping, (1 + 3 / 8) ** 0.5, HOLDS)):
        test = {"gain": "RG2 over Softmax", "prints": prints}
        found = decided({"at": at, "test": test}, runs, seeds=3, split=split)
        [total] = [row for row in found.rows if row["second"] == "printed"]
        assert (total["low"], total["high"]) == pytest.approx((each.mean() - wider * half, each.mean() + wider * half))
        assert found.verdict == verdict
    place = Place("ml-10m", "ndcg@10")
    numbers = {name: _of_seeds(dict(enumerate(own)), name, "") for name, own in values.items()}
    t = stats.ttest_rel(*values.values()).statistic / (1 + 3 / 8) ** 0.5
    [p] = _paired(numbers, 1 / 8).values()
    assert p == pytest.approx(2 * stats.t.sf(abs(t), 2))
    published = load_published("rg2")
    ours = Ours(contents(*runs, kind="", seeds=3, split=overlapping), published)
    assert ours.test_to_train(place) == 1 / 8
    assert ours.test_to_train(Place("ml-10m", "cpu_seconds")) == 0
    assert ours.test_to_train(Place("n = 1500", "rmse")) == 0  # a scenario, of data that are drawn anew


def test_costs_are_compared_too_and_lower_is_better(workdir: Path) -> None:
    write_dataset("other")
    runs = write_methods("other", {"rg2-als": 0.3, "softmax-sgd": 0.3})
    for k, (dataset, folder) in enumerate(runs):
        for seed, path in enumerate(sorted((workdir / "results/runs" / dataset / folder).glob("*/metrics.json"))):
            write_json(path, read_json(path) | {"cpu_seconds": 10.0 * (k + 1) + seed})
    at = {"metric": "cpu_seconds"}
    assert decided({"at": at, "test": {"order": "RG2 > Softmax"}}, runs).verdict == HOLDS
    assert decided({"at": at, "test": {"order": "Softmax >= RG2"}}, runs).verdict == FAILS


def along(values: dict[int, list[float]], test: dict[str, Any]) -> Any:
    """A trend over scenarios of T2Rec's simulation, each with the values of its replications."""
    published = load_published("t2rec")
    ours = Ours(contents(kind="", seeds=1, published="t2rec", study="t2rec", task="rating"), published)
    numbers = {
        scenario(n, 20): {
            "T2Rec": _of_seeds(dict(enumerate(own)), "T2Rec", "results/studies/t2rec"),
            "rSVD": _of_seeds(dict.fromkeys(range(len(own)), 2.0), "rSVD", "results/studies/t2rec"),
        }
        for n, own in values.items()
    }
    ours.__dict__["scenarios"] = numbers
    at = {"dataset": [scenario(n, 20) for n in SIZES]}
    claim = Claim.model_validate({"id": "a", "where": "T", "claim": "C.", "at": at, "test": test})
    return in_ours(claim, Sides("t2rec", published, Printed(published), ours), "config/own.yaml")


FALL = {1500: [0.9, 0.91, 0.92], 2000: [0.7, 0.71, 0.72], 3000: [0.5, 0.51, 0.52]}
FLAT = {1500: [0.5, 0.7, 0.9], 2000: [0.5, 0.7, 0.91], 3000: [0.5, 0.7, 0.9]}


@pytest.mark.parametrize(
    ("values", "test", "verdict"),
    [
        (FALL, {"falls": "T2Rec"}, HOLDS),
        (FALL, {"rises": "T2Rec"}, FAILS),
        (FALL, {"rises": "T2Rec over rSVD"}, HOLDS),  # of errors: the gain rises
        (FLAT, {"falls": "T2Rec"}, OPEN),
        ({1500: FALL[1500], 2000: FALL[2000]}, {"falls": "T2Rec"}, OPEN),
        ({1500: FALL[1500], 2000: FALL[2000]}, {"rises": "T2Rec"}, FAILS),
    ],
)
def test_trends_are_by_welch_from_step_to_step(values: dict, test: dict[str, Any], verdict: str) -> None:
    assert along(values, test).verdict == verdict


def test_the_page_has_every_claim_and_the_rows_behind(workdir: Path) -> None:
    write_dataset("other")
    told = contents(*write_methods("other", MEANS), kind="", seeds=4)
    ClaimsPage().write(told, workdir)
    with (workdir / "claims.csv").open(encoding="utf-8") as stream:
        lines = {line["claim"]: line for line in csv.DictReader(stream)}
    claims = load_claims("rg2")
    assert claims is not None
    assert list(lines) == [claim.id for claim in claims.claims]
    assert (lines["rg2-above-wrmf"]["print_verdict"], lines["rg2-above-wrmf"]["ours_verdict"]) == (HOLDS, HOLDS)
    with (workdir / "claims_rows.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["claim"] == "rg2-above-wrmf"]
    assert [(row["side"], row["says"]) for row in rows] == [("print", AGREES)] * 6 + [("ours", AGREES)] * 2
    assert {row["source"] for row in rows if row["side"] == "print"} == {"Table 4"}
    page = (workdir / "claims.md").read_text("utf-8")
    assert "RG2 is better than WRMF." in page
    assert "<h2>" in (workdir / "claims.html").read_text("utf-8")
