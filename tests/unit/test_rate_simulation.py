"""The rate of T2Rec's theorem: sizes of networks, data, excess risk, and the table of slopes."""

import csv
import itertools
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulations_data import contents_of, write_job

from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations import rate as rate_module
from dotbench.papers.t2rec.simulations._risk import noiseless, sample
from dotbench.papers.t2rec.simulations.rate import RULES, T2RecRate, T2RecRateSettings
from dotbench.papers.t2rec.tables.slopes import CONSISTENT, FASTER, NO_SLOPE, SLOWER, verdict
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.sizing import parameters, with_parameters
from dotbench.reporting.kind import table_kinds
from dotbench.simulations.entry import SimulationEntry
from dotbench.simulations.jobs import to_frame
from dotbench.statistics.intervals import Interval, t_interval
from dotbench.statistics.rates import log_slope

pytestmark = pytest.mark.seconds

EXECUTION = Execution("cpu", say=lambda text: None)


def of(**changed: Any) -> T2RecRate:
    small = {"smoothness": [1.5], "dimensions": [2], "ratings": [64, 128], "fresh": 400, "replications": 2}
    return T2RecRate(T2RecRateSettings(**{**small, "updates": 40, "width": 8, "batch_size": 16, **changed}))


# sizes


def weights(depth: int, width: int, inputs: int, outputs: int) -> int:
    sizes = [inputs, *[width] * (depth - 1), outputs]
    return sum(a * b + b for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("depth", [2, 3, 5, 8])
@pytest.mark.parametrize("wanted", [1, 60, 777, 11_730])
def test_the_width_gives_the_nearest_number_of_parameters(depth: int, wanted: int) -> None:
    one = with_parameters(Architecture(depth=depth, embedding_size=7), 20, wanted)
    best = min(range(1, 600), key=lambda width: abs(weights(depth, width, 20, 7) - wanted))
    assert one == Architecture(depth=depth, embedding_size=7, width=best)
    assert parameters(one, 20) == weights(depth, best, 20, 7)


def test_one_layer_has_no_width() -> None:
    linear = Architecture(depth=1)
    assert with_parameters(linear, 50, 1e6) is linear
    assert parameters(linear, 50) == 51 * 30


def test_a_growing_network_grows_as_the_theorem_asks() -> None:
    settings = T2RecRateSettings(parameters=4000)
    for beta, d in ((0.5, 4), (2.5, 1)):
        small, large = (parameters(settings.architecture("growing", beta, d, n), d) for n in (512, 32 * 512))
        assert small == pytest.approx(4000, rel=0.03)
        assert large / small == pytest.approx(32 ** (d / (2 * beta + d)), rel=0.05)
        fixed = {settings.architecture("fixed", beta, d, n).width for n in (512, 32 * 512)}
        assert fixed == {settings.width}


def test_a_training_ends_by_the_cap_that_comes_first() -> None:
    settings = T2RecRateSettings(batch_size=100, updates=1000, epochs=120, patience=0.5)
    assert [settings.training(n).epochs for n in (200, 999, 5000, 10**6)] == [120, 100, 20, 1]
    assert [settings.training(n).patience for n in (200, 10**6)] == [60, 1]


# data and risk


def test_every_rating_has_its_own_user_and_item_and_more_ratings_begin_with_the_fewer() -> None:
    truth = T2RecRateSettings(noise=0.3).truth(1.5, 2, seed=3)
    small, large = sample(truth, 500, 100), sample(truth, 4000, 800)
    for one, n in ((small, 500), (large, 4000)):
        rows = np.concatenate([one.valid_pairs, one.pairs])
        assert np.array_equal(rows, np.stack([np.arange(n)] * 2, axis=1))
        assert len(np.unique(one.users, axis=0)) == len(np.unique(one.items, axis=0)) == n
    ratings = [np.concatenate([one.valid_ratings, one.ratings]) for one in (small, large)]
    np.testing.assert_array_equal(ratings[0], ratings[1][:500])
    np.testing.assert_array_equal(small.users, large.users[:500])
    assert abs(np.corrcoef(large.users[:, 0], large.items[:, 0])[0, 1]) < 0.06
    errors = ratings[1] - noiseless(truth, large.users, large.items)
    assert errors.mean() == pytest.approx(0, abs=0.04)
    assert errors.var() == pytest.approx(0.3, rel=0.1)
    other = sample(T2RecRateSettings().truth(1.5, 2, seed=4), 500, 100)
    assert not np.array_equal(other.ratings, small.ratings)


def test_rows_have_the_risk_of_the_towers_at_fresh_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Towers whose parameters are 0 predict 0: their risk is the mean square of the truth, their error the ratings'."""
    easy = {"smoothness": [2.5], "dimensions": [1], "ratings": [512, 600]}
    simulation, train = of(**easy, fresh=3000, updates=300, batch_size=64), rate_module.train

    def untrained(*arguments: Any) -> Any:
        results = train(*arguments)
        for result in results:
            result.towers.parameters.zero_()
        return [replace(result, train_rmse=1.5) for result in results]

    [job, *_] = simulation.jobs()
    trained = simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path / "a", "k"))
    monkeypatch.setattr(rate_module, "train", untrained)
    found = simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path / "b", "k"))
    rng = np.random.default_rng(0)
    for row, better in zip(found, trained, strict=True):
        assert (row["rule"], row["replication"]) == (better["rule"], better["replication"])
        truth = simulation.settings.truth(2.5, 1, row["replication"])
        x, y = rng.random((3000, 1)), rng.random((3000, 1))
        assert row["excess_risk"] == pytest.approx((noiseless(truth, x, y) ** 2).mean(), rel=0.2)
        assert better["excess_risk"] < row["excess_risk"] / 2
        assert row["excess_train_mse"] == pytest.approx(1.5**2 - 0.25)
    frame = to_frame(simulation, trained)
    assert list(frame["status"]) == ["ok"] * 4
    fixed, growing = (frame[frame["rule"] == rule] for rule in RULES)
    assert set(fixed["width"]) == {8}
    assert set(fixed["parameters"]) == {weights(4, 8, 1, 4)}
    assert set(growing["parameters"]) == {weights(4, growing["width"].iloc[0], 1, 4)} != set(fixed["parameters"])


def test_a_training_that_cannot_be_made_leaves_rows_that_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(rate_module, "train", fail)
    simulation = of()
    frame = to_frame(simulation, simulation.run(simulation.jobs()[0].settings, EXECUTION, Checkpoint(tmp_path, "k")))
    assert list(frame["reason"]) == ["out of memory: MemoryError"] * 4


def test_a_training_that_diverges_at_once_has_no_risk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(T2RecRateSettings, "training", lambda self, pairs: Training(
        optimizer="sgd", learning_rate=1e12, batch_size=16, epochs=2))  # fmt: skip
    simulation = of()
    frame = to_frame(simulation, simulation.run(simulation.jobs()[0].settings, EXECUTION, Checkpoint(tmp_path, "k")))
    assert set(frame["reason"]) == {"training diverged in its first epoch"}
    assert frame["excess_risk"].isna().all()


def test_an_interrupted_job_makes_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation, train, widths = of(), rate_module.train, []

    def cut(fits: Any, *rest: Any) -> Any:
        widths.append(fits[0].architecture.width)
        if len(widths) == 2:
            raise KeyboardInterrupt
        return train(fits, *rest)

    monkeypatch.setattr(rate_module, "train", cut)
    job = simulation.jobs()[0].settings
    with pytest.raises(KeyboardInterrupt):
        simulation.run(job, EXECUTION, Checkpoint(tmp_path, "k"))
    found = simulation.run(job, EXECUTION, Checkpoint(tmp_path, "k"))
    assert [row["rule"] for row in found] == ["fixed", "fixed", "growing", "growing"]
    assert widths[0] == 8 not in widths[1:]
    assert widths[1:] == [found[-1]["width"]] * 2


# slopes


def test_a_slope_is_the_exponent() -> None:
    x = [512, 1024, 4096, 40_000]
    assert log_slope(x, [3 * n**-0.7 for n in x]) == pytest.approx(-0.7)
    y = [5.0, 2.0, 4.0, 1.0]
    assert log_slope(x, y) == pytest.approx(np.polyfit(np.log(x), np.log(y), 1)[0])


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.9, -0.7, FASTER),
        (-0.9, -0.6, CONSISTENT),
        (-0.55, -0.45, CONSISTENT),
        (-0.9, 0.1, CONSISTENT),
        (-0.41, -0.1, CONSISTENT),
        (-0.39, -0.1, SLOWER),
    ],
)
def test_the_verdict_is_by_both_forms_of_the_bound(low: float, high: float, said: str) -> None:
    assert verdict(Interval((low + high) / 2, 0.1, low, high), [-0.6, -0.4]) == said


def test_one_replication_has_no_verdict() -> None:
    assert verdict(Interval(-0.5, None, None, None), [-0.6, -0.4]) == NO_SLOPE


SIZES = [512, 2048, 8192]


def write(rate: SimulationEntry, exponents: list[float], left: float, failed: Any = (), flat: int = 0) -> None:
    """Excess risk N^exponent of every replication with the fixed width, N^−2 with the growing; ``failed``: fits. Up to
    ``flat`` ratings the risk is that of predicting nothing, which is 1."""
    absent = dict.fromkeys(rate.simulation.columns)
    for label, job in rate.jobs.items():
        rows = []
        for k, rule in itertools.product(job.settings["seeds"], RULES):
            n = job.settings["ratings"]
            fixed = rule == "fixed"
            row = {**absent, **{key: job.settings[key] for key in rate.simulation.keys}}
            row |= {
                "replication": k,
                "rule": rule,
                "title": f"{rule} width",
                "status": "ok",
                "seconds": 1.0,
                "cpu_seconds": 1.0,
            }
            risk = n ** (exponents[k] if fixed else -2.0)
            row |= {"excess_risk": 1.0 if n <= flat else risk, "null_risk": 1.0, "ended": "cap"}
            row |= {"excess_train_mse": left + 0.01 * k if n == 2048 else -5.0}
            if fixed and (k, n) in failed:
                row |= {"status": "failed", "reason": "unlucky", "excess_risk": None}
            rows.append(row)
        write_job(rate, label, rows)


def table(rate: SimulationEntry, workdir: Path) -> dict[str, dict[str, str]]:
    table_kinds()["slopes"]().write(contents_of(rate, kind="slopes", report_item="rate", title="Rates."), workdir)
    with (workdir / "rate.csv").open() as stream:
        return {row["rule"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def rate() -> SimulationEntry:
    return SimulationEntry(T2RecRate.title, of(ratings=SIZES, replications=3))


def test_the_table_has_the_slopes_and_those_of_the_bound(rate: SimulationEntry, workdir: Path) -> None:
    exponents = [-0.5, -0.55, -0.58]
    write(rate, exponents, left=-0.2)
    rows = table(rate, workdir)
    fixed = rows["fixed"]
    interval = t_interval(exponents)
    assert float(fixed["slope_mean"]) == pytest.approx(np.mean(exponents))
    assert [float(fixed[f"slope_{end}"]) for end in ("low", "high")] == pytest.approx([interval.low, interval.high])
    factor = np.polyfit(np.log(SIZES), [2 * log(log(n)) for n in SIZES], 1)[0]
    assert float(fixed["bound_low"]) == pytest.approx(-3 / 5)
    assert float(fixed["bound_high"]) == pytest.approx(-3 / 5 + factor)
    assert float(fixed["excess_train_mse_mean"]) == pytest.approx(-0.19)
    assert (fixed["smallest"], fixed["largest"], fixed["ended"]) == ("512", "8192", "cap (9)")
    assert fixed["left_at"] == "2048"  # where it is greatest
    with (workdir / "rate_sizes.csv").open() as stream:
        sizes = {(row["rule"], row["ratings"]): row for row in csv.DictReader(stream)}
    assert len(sizes) == 2 * len(SIZES)
    assert float(sizes["fixed", "512"]["excess_train_mse_mean"]) == -5.0
    assert float(sizes["fixed", "512"]["null_risk_mean"]) == 1.0
    assert (fixed["verdict"], rows["growing"]["verdict"]) == (CONSISTENT, FASTER)
    text = (workdir / "rate.md").read_text()
    assert "-0.543 [-0.644, -0.443]" in text
    assert "confirm" not in text
    assert r"log$^{2}$" in (workdir / "rate.tex").read_text()
    assert (workdir / "rate.html").is_file()


def test_a_slope_above_the_bound_s_says_nothing_of_it(rate: SimulationEntry, workdir: Path) -> None:
    write(rate, [-0.19, -0.2, -0.21], -0.2)
    assert table(rate, workdir)["fixed"]["verdict"] == SLOWER
    assert "contradicts nothing" in (workdir / "rate.md").read_text()


def test_sizes_at_which_nothing_is_learned_are_left_out(workdir: Path) -> None:
    longer = SimulationEntry(T2RecRate.title, of(ratings=[128, *SIZES], replications=3))
    exponents = [-0.5, -0.55, -0.58]
    write(longer, exponents, -0.2, flat=128)
    fixed = table(longer, workdir)["fixed"]
    assert (fixed["smallest"], fixed["largest"], fixed["replications"]) == ("512", "8192", "3")
    assert float(fixed["slope_mean"]) == pytest.approx(np.mean(exponents))
    assert float(fixed["bound_low"]) == pytest.approx(-3 / 5)
    write(longer, exponents, -0.2, flat=512)  # two sizes are left
    fixed = table(longer, workdir)["fixed"]
    assert (fixed["smallest"], fixed["replications"], fixed["slope_mean"]) == ("2048", "0", "")
    assert fixed["verdict"] == NO_SLOPE
    assert "| –" in (workdir / "rate.md").read_text()
    write(longer, exponents, -0.2, flat=8192)
    assert table(longer, workdir)["fixed"]["smallest"] == ""


def test_where_all_fits_failed_there_is_no_slope(rate: SimulationEntry, workdir: Path) -> None:
    write(rate, [-0.5, -0.5, -0.5], -0.2, failed={(k, n) for k in range(3) for n in SIZES})
    fixed = table(rate, workdir)["fixed"]
    assert (fixed["replications"], fixed["bound_low"], fixed["slope_low"]) == ("0", "", "")
    assert fixed["verdict"] == NO_SLOPE


def test_a_replication_that_lacks_a_size_is_left_out(rate: SimulationEntry, workdir: Path) -> None:
    write(rate, [-0.5, -0.7, -0.9], -0.2, failed={(2, 2048)})
    fixed = table(rate, workdir)["fixed"]
    assert float(fixed["slope_mean"]) == pytest.approx(-0.6)
    assert (fixed["replications"], fixed["left_out"]) == ("2", "1")
