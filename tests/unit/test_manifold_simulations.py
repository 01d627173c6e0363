"""Simulations on manifolds: their data, towers and rows, the common range of slopes, and the claims they decide."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulations_data import write_job

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec import arguments
from dotbench.papers.t2rec.simulations import _risk
from dotbench.papers.t2rec.simulations._risk import Case, Manifold, exponent, noiseless, sample
from dotbench.papers.t2rec.simulations.binary import T2RecBinary
from dotbench.papers.t2rec.simulations.growth import T2RecGrowth
from dotbench.papers.t2rec.simulations.manifold import T2RecManifold
from dotbench.papers.t2rec.simulations.sharing import T2RecSharing
from dotbench.papers.t2rec.simulations.smoothness import T2RecSmoothness
from dotbench.papers.t2rec.tables.slopes import slopes
from dotbench.reporting.claims.findings import AGAINST, AGREES, FAILS, HOLDS
from dotbench.simulations.base import simulations
from dotbench.simulations.entry import SimulationEntry
from dotbench.simulations.jobs import to_frame

pytestmark = pytest.mark.seconds

EXECUTION = Execution("cpu", say=lambda text: None)
ALL: list[type[Manifold]] = [T2RecManifold, T2RecBinary, T2RecSharing, T2RecSmoothness, T2RecGrowth]
SIZES = [512, 1024, 2048, 8192]


def of(cls: type[Manifold], **changed: Any) -> Any:
    small = {"ratings": [64, 128], "fresh": 100, "replications": 2, "updates": 4, "width": 6, "batch_size": 32}
    return cls(cls.Settings(**{**small, **changed}))


@pytest.mark.parametrize("cls", ALL)
def test_they_are_found_and_have_a_job_for_every_case_size_and_pack(cls: type[Manifold]) -> None:
    assert simulations()[cls.name] is cls
    one = of(cls, replications=3, pack=2)
    cases = list(one.cases())
    labels = [job.label for job in one.jobs()]
    assert len(labels) == len(set(labels)) == len(cases) * 2 * 2
    assert len({case.label for case in cases}) == len(cases)
    assert all(set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for label in labels)


@pytest.mark.parametrize("cls", ALL)
def test_rows_have_the_columns_and_say_the_case(cls: type[Manifold], tmp_path: Path) -> None:
    one = of(cls)
    for k, job in enumerate(one.jobs()[:: 2 * len(one.settings.ratings)]):
        frame = to_frame(one, one.run(job.settings, EXECUTION, Checkpoint(tmp_path / str(k), "k")))
        assert list(frame["status"]) == ["ok"] * 2
        case = Case(**job.settings["case"])
        assert set(frame["title"]) == {case.title}
        assert frame[one.compared].nunique() == 1
        assert (frame["excess_risk"] > 0).all()
        assert (frame["seen_risk"] > 0).all()
        shape = one.truth(case, 0).settings
        assert set(frame["dimension"]) == {shape.dimension}
        assert set(frame["covariates"]) == {shape.covariates}


def test_the_impossible_is_not_made() -> None:
    labels = {case.label for case in of(T2RecManifold, dimensions=[1, 8], spaces=[4, 16]).cases()}
    assert labels == {"d1-c4", "d1-c16", "d8-c16"}
    with pytest.raises(ValueError, match="128 ratings do not fit: 11 users × 11 items"):
        of(T2RecSharing, users=[500, 11])


def test_ratings_share_users_and_items_and_more_begin_with_the_fewer() -> None:
    one = of(T2RecSharing)
    truth = one.truth(Case("a", "a"), 3)
    small, large = (sample(truth, n, n // 5, users=40) for n in (500, 1500))
    both = [np.concatenate([data.valid_pairs, data.pairs]) for data in (small, large)]
    np.testing.assert_array_equal(both[0], both[1][:500])
    assert len(np.unique(both[1], axis=0)) == 1500
    assert both[1].max(0).tolist() == [39, 39]
    assert large.users.shape == large.items.shape == (40, 16)
    ratings = np.concatenate([large.valid_ratings, large.ratings])
    errors = ratings - noiseless(truth, large.users, large.items, both[1])
    assert errors.mean() == pytest.approx(0, abs=0.05)
    assert errors.var() == pytest.approx(0.25, rel=0.15)
    every = noiseless(truth, large.users, large.items, np.array([[3, 7]]))
    assert every[0] == pytest.approx(truth.user_vectors(large.users[3:4])[0] @ truth.item_vectors(large.items[7:8])[0])


def test_the_same_seed_has_the_same_ratings_whatever_the_space() -> None:
    one = of(T2RecManifold)
    found = [
        sample(one.truth(Case("a", "a", truth={"covariates": space}), 5), 300, 60).ratings for space in (2, 16, 40)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-8)
    np.testing.assert_allclose(found[0], found[2], atol=1e-8)


def test_towers_grow_as_their_rule_says() -> None:
    one = of(T2RecGrowth, starting_width=10, width=32)
    truth = one.truth(Case("a", "a", truth={"smoothness": 1.5, "dimension": 2}), 0).settings
    widths = {rule: [one.architecture(rule, truth, n).width for n in (512, 512 * 64)] for rule in one.settings.rules}
    assert widths["fixed"] == [32, 32]
    assert widths["theorem"] == [10, round(10 * 64**0.4 * 15 / 9)]
    sizes = [_risk.parameters(one.architecture("growing", truth, n), 16) for n in (4096, 4096 * 64)]
    assert sizes[1] / sizes[0] == pytest.approx(64**0.4, rel=0.12)


def test_an_analytic_truth_has_the_limit_of_the_exponents() -> None:
    assert exponent("analytic", 3) == 1
    assert exponent(1e9, 3) == pytest.approx(1)
    assert exponent("1.5", 2) == exponent(1.5, 2) == 3 / 5
    one = of(T2RecSmoothness, dimensions=[2])
    titles = [(case.title, case.truth["smoothness"]) for case in one.cases()]
    assert titles[0] == ("β = 0.5", 0.5)
    assert titles[-1] == ("analytic", "analytic")


# slopes and claims


def write(entry: SimulationEntry, slope: dict[str, float], flat: dict[str, int] | None = None) -> None:
    """Excess risk N^slope of every case by its label, each replication with its own factor and, from −.01 to .01, its
    own change of the slope; up to ``flat`` ratings it is 1, that of predicting nothing."""
    absent = dict.fromkeys(entry.simulation.columns)
    for label, job in entry.jobs.items():
        case, n = Case(**job.settings["case"]), job.settings["ratings"]
        truth = entry.simulation.truth(case, 0).settings  # type: ignore[attr-defined]
        rows = []
        for k in job.settings["seeds"]:
            risk = (
                (1 + 0.1 * k) * n ** (slope[case.label] + 0.01 * (k % 3 - 1))
                if n > (flat or {}).get(case.label, 0)
                else 1.0
            )
            row = {**absent, "replication": k, "ratings": n, "title": case.title, "ended": "cap", "status": "ok"}
            row |= {"smoothness": str(truth.smoothness), "dimension": truth.dimension, "covariates": truth.covariates}
            row |= {"seconds": 1.0, "cpu_seconds": 1.0, "excess_risk": risk, "null_risk": 1.0, "excess_train_mse": 0.0}
            rows.append({**row, **case.facts})
        write_job(entry, label, rows)


class Sides:
    """Only our side, of one entry."""

    def __init__(self, entry: SimulationEntry) -> None:
        self.ours, self.entry = self, entry

    def simulations(self, name: str) -> list[SimulationEntry]:
        return [self.entry] if self.entry.simulation.name == name else []


def entry_of(cls: type[Manifold], **changed: Any) -> SimulationEntry:
    return SimulationEntry(cls.title, of(cls, ratings=SIZES, replications=4, smoothness=2.5, **changed))


def test_slopes_share_the_range_that_all_learn_at(workdir: Path) -> None:
    entry = entry_of(T2RecManifold, dimensions=[1, 2], spaces=[4, 16])
    exponents = {"d1-c4": -0.8, "d1-c16": -0.8, "d2-c4": -0.6, "d2-c16": -0.5}
    write(entry, exponents, flat={"d2-c16": 512})
    lines = slopes(entry)
    assert [(line["smallest"], line["largest"]) for line in lines] == [(1024, 8192)] * 4
    assert [line["slope_mean"] for line in lines] == pytest.approx([-0.8025, -0.8025, -0.6025, -0.5025])
    assert lines[0]["bound_low"] == pytest.approx(-5 / 6)
    write(entry, exponents, flat={"d2-c16": 2048})  # it learns at one size, and does not narrow the range of the others
    lines = slopes(entry)
    assert [line["smallest"] for line in lines] == [512] * 4
    titles = ["|Ω|^(−2β/(2β+d))", "|Ω|^(−2β/(2β+d)) log² |Ω|"]
    assert (
        list(entry.simulation.guides([line | {"ratings": 512, "excess_risk_mean": 1.0} for line in lines[:2]]))
        == titles
    )
    assert entry.simulation.guides([line | {"ratings": 512, "excess_risk_mean": 1.0} for line in lines]) == {}


@pytest.mark.parametrize(("moved", "says", "verdict"), [(0.02, AGREES, HOLDS), (0.5, AGAINST, FAILS)])
def test_a_slope_that_moves_with_d_alone_supports_the_central_claim(
    workdir: Path, moved: float, says: str, verdict: str
) -> None:
    """At β = 2.5 and d = 2 the bound's slope is −.714; with D = 16 in the place of d it would be −.238."""
    entry = entry_of(T2RecManifold, dimensions=[2], spaces=[2, 16])
    write(entry, {"d2-c2": -0.7, "d2-c16": -0.7 + moved})
    found = arguments.intrinsic_dimension(Sides(entry))  # type: ignore[arg-type]
    assert (found.verdict, found.rows[0]["says"]) == (verdict, says)
    assert found.rows[0]["value"] == pytest.approx(moved)
    assert found.rows[1]["first_value"] == pytest.approx(
        np.mean([1, 1.1, 1.2, 1.3] * 8192 ** (-0.7 + moved + 0.01 * np.array([-1, 0, 1, -1])))
    )


def test_binary_covariates_and_dimensions_are_compared_with_the_case_without(workdir: Path) -> None:
    entry = entry_of(T2RecBinary, binary=[8])
    write(entry, {"b0": -0.7, "b8-idle": -0.68, "b8-used": -0.3})
    found = arguments.binary(Sides(entry))  # type: ignore[arg-type]
    assert [row["says"] for row in found.rows[:2]] == [AGREES, AGAINST]
    assert found.verdict == FAILS
    entry = entry_of(T2RecManifold, dimensions=[1, 3], spaces=[16])
    write(entry, {"d1-c16": -0.8, "d3-c16": -0.6})
    assert arguments.rate_in_dimension(Sides(entry)).verdict == HOLDS  # type: ignore[arg-type]
    write(entry, {"d1-c16": -0.6, "d3-c16": -0.8})
    assert arguments.rate_in_dimension(Sides(entry)).verdict == FAILS  # type: ignore[arg-type]


def test_an_analytic_truth_and_growing_towers_decide_their_claims(workdir: Path) -> None:
    entry = entry_of(T2RecSmoothness, dimensions=[2], smoothnesses=[0.5, "analytic"])
    write(entry, {"d2-b0.5": -0.3, "d2-banalytic": -0.95})
    found = arguments.rate_smooth(Sides(entry))  # type: ignore[arg-type]
    assert found.verdict == HOLDS
    assert "the steepest is -0.95" in found.reason
    entry = entry_of(T2RecGrowth, dimensions=[2])
    write(entry, {"d2-fixed": -0.6, "d2-growing": -0.7, "d2-theorem": -0.5})
    found = arguments.width_rule(Sides(entry))  # type: ignore[arg-type]
    assert sorted(row["says"] for row in found.rows) == sorted([AGREES, AGAINST])
