"""The simulations on T2Rec's open questions: what they vary, what they keep, and what they measure."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.datasets.generators.covariates import SimulatedData
from dotbench.errors import DotbenchError
from dotbench.execution.checkpoint import Checkpoint
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations._ablation import Ablation, WithExcess
from dotbench.settings import validate
from dotbench.simulations.base import simulations
from dotbench.simulations.comparison import DataSet, Protocol
from dotbench.simulations.jobs import from_identity, to_frame
from dotbench.simulations.methods.base import Fitted

pytestmark = pytest.mark.seconds

EXECUTION = Execution("cpu", say=lambda text: None)
ABLATIONS = {name: cls for name, cls in simulations().items() if issubclass(cls, Ablation)}
SMALL = {"users": 40, "ratings": [300], "replications": 2, "epochs": 1, "learning_rates": [0.003, 0.001]}


def of(name: str, **changed: Any) -> Any:
    return ABLATIONS[name](ABLATIONS[name].Settings(**{**SMALL, **changed}))


def drawn(simulation: Any, job: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, SimulatedData]:
    """The data of a job: seed → simulation."""
    seen = {}

    def rows(self: WithExcess) -> list[Any]:
        seen.update({seed: data.simulation for seed, data in self.sets.items()})
        return []

    with monkeypatch.context() as patch:
        patch.setattr(WithExcess, "rows", rows)
        simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path, "k"))
    return seen


def test_the_ablations_are_there() -> None:
    assert set(ABLATIONS) == {
        f"t2rec-{name}" for name in ("depth", "depth-fixed", "width", "embedding-size", "noise", "truths", "targets")
    }


@pytest.mark.parametrize("name", list(ABLATIONS))
def test_a_job_of_an_ablation(name: str, tmp_path: Path) -> None:
    """One tuned fit for every replication, with the errors that the table shows, and its value in the rows."""
    simulation = of(name)
    job = simulation.jobs()[-1]
    frame = to_frame(simulation, simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path, "k")))
    assert list(frame["role"]).count("reported") == 2
    assert len(frame) == 4
    assert set(frame["status"]) == {"ok"}
    reported = frame[frame["role"] == "reported"]
    assert list(reported["replication"]) == [0, 1]
    assert reported[list(simulation.metrics)].notna().all(axis=None)
    assert frame[frame["role"] == "tuning"][list(simulation.metrics)].isna().all(axis=None)
    assert set(frame["ratings"]) == {300}
    assert set(frame[simulation.compared]) == {job.settings["facts"][simulation.compared]}
    best = frame.groupby("replication")["valid_rmse"].min()
    assert list(reported["valid_rmse"]) == list(best)


@pytest.mark.parametrize("name", list(ABLATIONS))
def test_more_values_and_scenarios_make_no_other_jobs(name: str) -> None:
    cls = ABLATIONS[name]
    values = [key for key in cls.lists if key not in ("replications", "first", "pack")]
    few = {key: getattr(cls.Settings(), key)[:1] for key in values}
    one, whole = cls(cls.Settings(**few)), cls(cls.Settings())
    assert one.folder == whole.folder
    labels = {job.label: job.settings for job in whole.jobs()}
    assert all(labels[job.label] == job.settings for job in one.jobs())
    lengths = [len(getattr(whole.settings, key)) for key in values]
    assert len(labels) == (sum(lengths[1:]) if name == "t2rec-targets" else np.prod(lengths))  # one thing at a time


@pytest.mark.parametrize("name", list(ABLATIONS))
def test_a_job_is_run_without_the_lists(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults of the lists, which a job does not know, need not fit its other settings."""
    whole = of(name)
    alone = from_identity(whole.identity())
    job = whole.jobs()[0]
    first, second = (drawn(one, job, tmp_path, monkeypatch) for one in (whole, alone))
    for seed, simulation in first.items():
        assert np.array_equal(simulation.ratings, second[seed].ratings)
        assert len(simulation.ratings) == 300


def test_the_lists_defaults_are_checked_in_a_configuration() -> None:
    with pytest.raises(DotbenchError, match=r"20000 ratings do not fit: 50 users"):
        validate(ABLATIONS["t2rec-width"].Settings, {"users": 50}, "test")


def test_excess_is_against_the_noiseless_truth() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(10, 2)), rng.normal(size=(10, 2))
    pairs = np.stack(np.divmod(np.arange(100), 10), axis=1)
    simulation = SimulatedData(users, items, users, items, pairs, rng.normal(size=100))
    data = DataSet(simulation, 0, Protocol(0.3, 1, 0.2, False))
    fit = data.data(data.held[0])
    comparison = object.__new__(WithExcess)
    found = comparison.errors(data, fit, Fitted(lambda rows: np.full(len(rows), 0.5)))
    truth = (users @ items.T)[tuple(pairs[data.test].T)]
    assert found["excess_rmse"] == pytest.approx(np.sqrt(np.mean((truth - 0.5) ** 2)))
    assert found["test_rmse"] == pytest.approx(np.sqrt(np.mean((simulation.ratings[data.test] - 0.5) ** 2)))
    assert found["train_rmse"] == pytest.approx(np.sqrt(np.mean((fit.ratings - 0.5) ** 2)))
    assert tuple(found) == WithExcess.reported


def test_depths_have_equal_numbers_of_parameters() -> None:
    facts = [job.settings["facts"] for job in of("t2rec-depth").jobs()]
    assert [fact["depth"] for fact in facts] == list(range(1, 9))
    paper = 51 * 50 + 3 * 51 * 50 + 51 * 30
    for fact in facts[1:]:
        assert fact["parameters"] == pytest.approx(paper, rel=0.025)
    assert facts[4]["width"] == 50
    assert (facts[0]["parameters"], facts[0]["width"], facts[0]["title"]) == (51 * 30, None, "1 layer, linear")


def test_depths_at_one_width_have_more_parameters_the_deeper_they_are() -> None:
    facts = [job.settings["facts"] for job in of("t2rec-depth-fixed", depths=[1, 2, 8]).jobs()]
    assert [fact["parameters"] for fact in facts] == [51 * 30, 51 * 50 + 51 * 30, 51 * 50 + 6 * 51 * 50 + 51 * 30]
    assert [fact["title"] for fact in facts] == ["1 layer, linear", "2 layers of 50", "8 layers of 50"]


def test_truths_of_other_lengths_have_the_variance_of_the_paper_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = of("t2rec-embedding-size", sizes=[4], functions=[3, 30], replications=40, pack=40)
    variances = {}
    for job in simulation.jobs():
        found = drawn(simulation, job, tmp_path, monkeypatch)
        p = job.settings["facts"]["functions"]
        assert all(one.user_vectors.shape == (40, p) for one in found.values())
        variances[p] = np.mean([((one.user_vectors @ one.item_vectors.T) ** 2).mean() for one in found.values()])
    assert variances[3] == pytest.approx(variances[30], rel=0.25)


def test_noise_has_the_variance_and_the_law_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = of("t2rec-noise", variances=[2.0], users=200, ratings=[40_000], replications=1)
    kurtosis = {}
    for job in simulation.jobs():
        [one] = drawn(simulation, job, tmp_path, monkeypatch).values()
        error = one.ratings - one.truth(one.pairs)
        assert error.var() == pytest.approx(2.0, rel=0.25)
        kurtosis[job.settings["facts"]["law"]] = (error**4).mean() / error.var() ** 2
    assert kurtosis["gaussian"] < 3.3 < kurtosis["laplace"] < 7 < min(kurtosis["student-t"], kurtosis["outliers"])


def test_towers_of_the_huber_loss_are_trained_and_chosen_by_it(tmp_path: Path) -> None:
    """Of constant predictions for ratings with one outlier, the Huber loss prefers another than the RMSE does."""
    simulation = of("t2rec-noise", laws=["gaussian"], variances=[4.0], losses=["squared", "huber"], threshold=0.5)
    squared, robust = simulation.jobs()
    assert [job.settings["facts"]["law"] for job in (squared, robust)] == ["gaussian", "gaussian-huber"]
    assert "training" not in squared.settings  # as jobs were before there was another loss
    assert robust.settings["training"] == {"loss": "huber", "threshold": 1.0}
    frames = [
        to_frame(simulation, simulation.run(job.settings, EXECUTION, Checkpoint(tmp_path / str(k), "k")))
        for k, job in enumerate((squared, robust))
    ]
    assert (frames[0]["valid_rmse"] > frames[1]["valid_rmse"] + 0.1).all()
    comparison = object.__new__(WithExcess)
    ratings = np.array([0.0, 0.0, 0.0, 10.0])
    chosen = {}
    for name, own in (("squared", {}), ("huber", {"loss": "huber", "threshold": 1.0})):
        comparison.stated = {"set": own}
        scores = {c: comparison.validation(ratings, np.full(4, c)) for c in (0.25, 2.5)}
        chosen[name] = min(scores, key=scores.__getitem__)
    assert chosen == {"squared": 2.5, "huber": 0.25}
    assert scores[2.5] == pytest.approx(np.sqrt((3 * (2 * 2.5 - 1) + 2 * 7.5 - 1) / 4))


def test_truths_are_of_the_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of two waves that are ±1 take three values."""
    simulation = of("t2rec-truths", laws=["jumps", "smooth"], replications=1)
    jumps, smooth = (
        drawn(simulation, job, tmp_path, monkeypatch)[0].user_vectors.round(9) for job in simulation.jobs()
    )
    assert len(np.unique(jumps)) == 3
    assert len(np.unique(smooth)) == smooth.size


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("t2rec-width", {"users": 50, "ratings": [2501]}, "2501 ratings do not fit: 50 users × 50 items"),
        ("t2rec-noise", {"laws": ["cauchy"]}, "key 'laws.0': found 'cauchy'"),
        ("t2rec-noise", {"losses": ["absolute"]}, "key 'losses.0': found 'absolute'"),
        ("t2rec-truths", {"law": ["jumps"]}, "key 'law': unknown key"),
    ],
)
def test_a_mistake_in_the_settings_is_told(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DotbenchError) as caught:
        validate(ABLATIONS[name].Settings, settings, "simulation")
    assert message in str(caught.value)


def test_the_towers_are_the_papers_where_nothing_is_varied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Seen(WithExcess):
        def rows(self) -> list[Any]:
            seen.append(self.stated)
            return []

    monkeypatch.setattr(Ablation, "comparison", Seen)
    for name in ("t2rec-noise", "t2rec-width"):
        simulation = of(name)
        simulation.run(simulation.jobs()[0].settings, EXECUTION, Checkpoint(tmp_path, "k"))
    shape = ("depth", "width", "embedding_size")
    assert [{key: stated["set"].get(key) for key in shape} for stated in seen] == [
        dict.fromkeys(shape),
        {"depth": None, "width": 6, "embedding_size": None},
    ]
    assert seen[0]["grid"] == {"learning_rate": [0.003, 0.001]}
