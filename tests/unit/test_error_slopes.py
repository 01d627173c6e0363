"""The table of slopes of an open question: excess risk against the number of ratings."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulations_data import contents_of, write_job

from dotbench.papers.t2rec import arguments
from dotbench.papers.t2rec.simulations.depth_fixed import T2RecDepthFixed, T2RecDepthFixedSettings
from dotbench.papers.t2rec.simulations.truths import T2RecTruths, T2RecTruthsSettings
from dotbench.reporting.claims.findings import OPEN
from dotbench.reporting.kind import table_kinds
from dotbench.simulations.entry import SimulationEntry
from dotbench.statistics.intervals import t_interval

SIZES = [1000, 2000, 4000, 8000]
SMOOTH, JUMPS = [-0.8, -0.9, -1.0], [-0.2, -0.3, -0.1]  # slopes of the excess risk, by replication


def entry(**changed: Any) -> SimulationEntry:
    settings = {"ratings": SIZES, "laws": ["smooth", "jumps"], "replications": 3, **changed}
    return SimulationEntry(T2RecTruths.title, T2RecTruths(T2RecTruthsSettings(**settings)))


def write(one: SimulationEntry, failed: Any = (), flat: int = 0) -> None:
    """Excess risk 4 N^slope, so that the RMSE is its root. ``failed``: (law, replication, N). The risk of jumps is the
    same up to ``flat`` ratings. A tuning fit beside each has an error that must not be read."""
    absent = dict.fromkeys(one.simulation.columns)
    for label, job in one.jobs.items():
        rows = []
        for k in job.settings["seeds"]:
            facts = {**absent, **job.settings["facts"], "replication": k, "hyperparameters": "{}"}
            facts |= {"seconds": 1.0, "cpu_seconds": 1.0}
            n, law = facts["ratings"], facts["law"]
            slope = (SMOOTH if law == "smooth" else JUMPS)[k]
            risk = 4 * max(n, flat if law == "jumps" else 0) ** slope
            bad = (law, k, n) in failed
            own = {"status": "failed", "reason": "unlucky"} if bad else {"status": "ok", "excess_rmse": risk**0.5}
            rows.append({**facts, "role": "reported", **own})
            rows.append({**facts, "role": "tuning", "status": "ok", "excess_rmse": 99.0})
        write_job(one, label, rows)


def table(one: SimulationEntry, workdir: Path) -> dict[str, dict[str, str]]:
    kind = table_kinds()["error_slopes"]()
    kind.write(contents_of(one, kind="error_slopes", report_item="truths_slopes", title="Slopes."), workdir)
    with (workdir / "truths_slopes.csv").open() as stream:
        return {row["law"]: row for row in csv.DictReader(stream)}


def ends(row: dict[str, str], part: str) -> list[float]:
    return [float(row[f"{part}_{end}"]) for end in ("mean", "low", "high")]


def test_the_slope_is_that_of_the_risk_with_its_interval_and_the_paired_difference(workdir: Path) -> None:
    one = entry()
    write(one)
    rows = table(one, workdir)
    for law, each in (("smooth", SMOOTH), ("jumps", JUMPS)):
        known = t_interval(each)
        for part in ("slope", "last"):
            assert ends(rows[law], part) == pytest.approx([known.mean, known.low, known.high])
        assert (rows[law]["smallest"], rows[law]["largest"], rows[law]["sizes"]) == ("1000", "8000", "4")
    known = t_interval([b - a for a, b in zip(SMOOTH, JUMPS, strict=True)])
    assert ends(rows["jumps"], "difference") == pytest.approx([known.mean, known.low, known.high])
    assert rows["smooth"]["difference_mean"] == ""
    assert f"{np.mean(SMOOTH):.3f} [" in (workdir / "truths_slopes.md").read_text()


def test_the_last_slope_is_of_the_three_largest_numbers(workdir: Path) -> None:
    one = entry()
    write(one, flat=2000)
    row = table(one, workdir)["jumps"]
    assert float(row["last_mean"]) == pytest.approx(np.mean(JUMPS))
    assert float(row["slope_mean"]) > np.mean(JUMPS) + 0.02


def test_a_replication_that_lacks_a_size_is_left_out(workdir: Path) -> None:
    one = entry()
    write(one, failed={("smooth", 2, 4000)})
    rows = table(one, workdir)
    assert (rows["smooth"]["replications"], rows["jumps"]["replications"]) == ("2", "3")
    assert float(rows["smooth"]["slope_mean"]) == pytest.approx(np.mean(SMOOTH[:2]))
    assert float(rows["jumps"]["difference_mean"]) == pytest.approx(np.mean(JUMPS[:2]) - np.mean(SMOOTH[:2]))


def test_two_sizes_are_no_slope(workdir: Path) -> None:
    one = entry(ratings=SIZES[:2])
    write(one)
    rows = table(one, workdir)
    assert {row["slope_mean"] for row in rows.values()} == {""}
    assert "| –" in (workdir / "truths_slopes.md").read_text()


def test_what_has_too_few_sizes_is_left_out_beside_what_has_enough(workdir: Path) -> None:
    few, enough = entry(ratings=SIZES[:2]), entry()
    for one in (few, enough):
        write(one)
    kind = table_kinds()["error_slopes"]()
    kind.write(contents_of(few, enough, kind="error_slopes", report_item="truths_slopes"), workdir)
    with (workdir / "truths_slopes.csv").open() as stream:
        assert [(row["law"], row["sizes"]) for row in csv.DictReader(stream)] == [("smooth", "4"), ("jumps", "4")]


class Sides:
    """What a claim is decided by: one simulation."""

    def __init__(self, one: SimulationEntry) -> None:
        self.ours, self.entry = self, one

    def simulations(self, name: str) -> list[SimulationEntry]:
        return [self.entry] if name == self.entry.simulation.name else []


@pytest.mark.parametrize(("sizes", "known"), [(SIZES, "Slopes lie between -0.90 and -0.20"), (SIZES[:1], "One number")])
def test_slopes_against_depth_do_not_decide_what_happens_in_the_limit(
    workdir: Path, sizes: list[int], known: str
) -> None:
    settings = {"ratings": sizes, "depths": [2, 8], "replications": 3}
    one = SimulationEntry(T2RecDepthFixed.title, T2RecDepthFixed(T2RecDepthFixedSettings(**settings)))
    for label, job in one.jobs.items():
        facts = {**dict.fromkeys(one.simulation.columns), **job.settings["facts"], "hyperparameters": "{}"}
        each = {2: SMOOTH, 8: JUMPS}[facts["depth"]]
        facts |= {"status": "ok", "role": "reported", "seconds": 1.0, "cpu_seconds": 1.0}
        rows = [facts | {"replication": k, "excess_rmse": facts["ratings"] ** (each[k] / 2)} for k in range(3)]
        write_job(one, label, rows)
    found = arguments.depths(Sides(one))  # type: ignore[arg-type]
    assert found.reason.startswith(known)
    assert found.verdict == OPEN
    errors = [row for row in found.rows if row["metric"] == "excess RMSE"]
    assert [row["first_value"] for row in errors] == pytest.approx(
        [np.mean([sizes[-1] ** (slope / 2) for slope in each]) for each in (SMOOTH, JUMPS)]
    )
