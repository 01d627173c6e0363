"""Successive halving: rungs, who goes on, and that a paused training continues as if it had not paused."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fits_data import fit_record

from dotbench.datasets.interactions import Split
from dotbench.execution.hardware import Execution
from dotbench.files import read_json
from dotbench.runs import tuning
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve
from dotbench.solvers.base import Pause
from dotbench.tuning.halving import Halving, Rung

pytestmark = pytest.mark.seconds

EXECUTION = Execution("cpu", say=lambda text: None)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        (1, [Rung(1, 5, 300)]),
        (2, [Rung(2, 5, 300)]),
        (12, [Rung(12, 5, 300), Rung(4, 15, 900)]),
        (13, [Rung(13, 5, 300), Rung(4, 15, 900)]),
        (48, [Rung(48, 5, 300), Rung(16, 15, 900), Rung(5, 45, 2700)]),
    ],
)
@pytest.mark.parametrize("halving", [Halving(), Halving(keep_rising=True)])
def test_rungs(halving, trials, expected):
    """Where nothing rises, both rules are the same."""
    rungs, left = [], list(range(trials))
    while left:
        rungs.append(halving.rung(len(rungs) + 1, len(left)))
        left = halving.going_on(len(rungs), trials, left, rising=[])
    assert rungs == expected


def test_who_rises_goes_on_until_one_is_left():
    keeps, cuts = Halving(keep_rising=True), Halving()
    ranked = [5, 3, 0, 4, 1, 2]
    assert keeps.going_on(1, 6, ranked, rising={2, 3}) == [2, 3, 5]
    assert cuts.going_on(1, 6, ranked, rising={2, 3}) == [3, 5]
    assert keeps.going_on(2, 6, [5, 2, 3], rising={3}) == [3, 5]
    assert cuts.going_on(2, 6, [5, 3], rising={3}) == []
    assert keeps.going_on(3, 6, [5, 3], rising={5}) == []  # the best rises alone: the choice is made


def split():
    rng = np.random.default_rng(0)
    pairs = rng.permutation(np.argwhere(rng.random((30, 40)) < 0.3))
    return Split(30, 40, pairs[50:], pairs[:50], pairs[:0], ratings={})


def method(**grid):
    fixed = {"embedding_size": 4, "epochs": 40, "patience": 40, "updates": 0, "patience_updates": 0, "batch_size": 16}
    return resolve(MethodChoice(model="mf", loss="softmax", solver="sgd", set=fixed, grid=grid))


def test_a_paused_fit_continues_as_if_it_had_not(tmp_path):
    chosen, inputs = method(), Inputs("toy", split())
    whole = fit(chosen, chosen.settings, inputs, Seeds(0, 0), EXECUTION)
    ends = []
    for epochs in (3, 3, 10):
        part = fit(
            chosen,
            chosen.settings,
            inputs,
            Seeds(0, 0),
            EXECUTION,
            checkpoint=tmp_path / "state.pt",
            pause=Pause(epochs, 0),
        )
        assert part.paused
        ends.append(part.record.epochs)
    assert ends == [3, 3, 10]  # a rung that is asked for again costs nothing
    last = fit(chosen, chosen.settings, inputs, Seeds(0, 0), EXECUTION, checkpoint=tmp_path / "state.pt")
    assert not last.paused
    assert not list(tmp_path.iterdir())
    assert np.array_equal(last.arrays["user_vectors"], whole.arrays["user_vectors"])
    assert [row["ndcg@10"] for row in last.curve] == [row["ndcg@10"] for row in whole.curve]


def test_a_pause_waits_for_epochs_and_updates(tmp_path):
    chosen, inputs = method(), Inputs("toy", split())
    part = fit(chosen, chosen.settings, inputs, Seeds(0, 0), EXECUTION, checkpoint=tmp_path / "s.pt", pause=Pause(3, 9))
    assert (part.record.epochs, part.record.updates) == (5, 10)  # two batches of users an epoch


def scripted(monkeypatch, values, fails=(), rises=()):
    """Fits whose validation at each rung is written down; what was asked for. ``rises``: whose best
    epoch is the last."""
    asked = []

    def fake(method, hyperparameters, inputs, seeds, execution, checkpoint, pause):
        rate = hyperparameters["learning_rate"]
        asked.append((rate, pause.epochs))
        failed = rate in fails
        record = fit_record(
            None if failed else values[rate][len([a for a in asked if a[0] == rate]) - 1],
            "said so" if failed else None,
            hyperparameters=hyperparameters,
            **dict.fromkeys(("epochs", "updates", "train_seconds", "cpu_seconds"), 1),
            best_epoch=1 if rate in rises else 0,
        )
        return SimpleNamespace(record=record, curve=[], paused=pause.epochs < 9)

    monkeypatch.setattr(tuning, "fit", fake)
    return asked


def tune(tmp_path, rates, **settings):
    halving = Halving(factor=2, epochs=1, updates=0, **settings)
    tuned = method(learning_rate=rates)
    tuning.tune(tuned, lambda: Inputs("toy", split()), 0, EXECUTION, tmp_path, tmp_path / "kept", halving=halving)
    with (tmp_path / "trials.csv").open() as stream:
        return read_json(tmp_path / "chosen.json"), list(csv.DictReader(stream))


def test_the_better_half_goes_on_and_the_last_rung_decides(tmp_path, monkeypatch):
    values = {0.1: [0.9, 0.2], 0.2: [0.5, 0.3], 0.3: [0.1], 0.4: [0.4]}
    asked = scripted(monkeypatch, values)
    chosen, trials = tune(tmp_path, [0.1, 0.2, 0.3, 0.4])
    assert asked == [(0.1, 1), (0.2, 1), (0.3, 1), (0.4, 1), (0.1, 2), (0.2, 2)]
    assert chosen["hyperparameters"]["learning_rate"] == 0.2  # 0.4 had more than its 0.3, but at the first rung
    assert chosen["rungs"] == [{"trials": 4, "epochs": 1, "updates": 0}, {"trials": 2, "epochs": 2, "updates": 0}]
    assert [row["rung"] for row in trials] == ["2", "2", "1", "1"]
    assert chosen["trials"] == 4


def test_a_slow_trial_is_not_cut_while_it_rises(tmp_path, monkeypatch):
    """.4 is last for three rungs and wins in the end; the rule that looks at ranks alone says that it cut it."""
    values = {0.1: [0.9, 0.9, 0.9, 0.9], 0.2: [0.8, 0.8], 0.3: [0.7], 0.4: [0.1, 0.3, 0.6, 0.95]}
    asked = scripted(monkeypatch, values, rises=(0.4,))
    chosen, _ = tune(tmp_path, [0.1, 0.2, 0.3, 0.4], keep_rising=True)
    assert asked[4:] == [(0.1, 2), (0.2, 2), (0.4, 2), (0.1, 4), (0.4, 4), (0.1, 8), (0.4, 8)]
    assert chosen["hyperparameters"]["learning_rate"] == 0.4
    assert chosen["cut_while_rising"] == 0
    scripted(monkeypatch, values, rises=(0.4,))
    chosen, _ = tune(tmp_path, [0.1, 0.2, 0.3, 0.4])
    assert chosen["hyperparameters"]["learning_rate"] == 0.1
    assert chosen["cut_while_rising"] == 1


def test_a_failed_trial_goes_on_only_if_nothing_else_is_left(tmp_path, monkeypatch):
    asked = scripted(monkeypatch, {0.1: [0.9], 0.2: [0.5, 0.3], 0.3: [0.6, 0.1], 0.4: [0.4]}, fails=(0.1,))
    chosen, _ = tune(tmp_path, [0.1, 0.2, 0.3, 0.4])
    assert asked[4:] == [(0.2, 2), (0.3, 2)]
    assert chosen["hyperparameters"]["learning_rate"] == 0.2
    assert chosen["failed_trials"] == 1


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_kept_trial_that_cannot_be_read_is_made_again(tmp_path, monkeypatch, kept):
    """Of an interrupted tuning one trial is whole and one is not."""

    def interrupted(*arguments, checkpoint, **options):
        if arguments[1]["learning_rate"] == 0.3:
            raise KeyboardInterrupt
        return whole(*arguments, checkpoint=checkpoint, **options)

    whole = tuning.fit
    monkeypatch.setattr(tuning, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune(tmp_path / "cut", [0.1, 0.2, 0.3])
    files = sorted((tmp_path / "cut/kept").glob("*.json"))
    assert len(files) == 2
    files[0].write_bytes(files[0].read_bytes()[:kept])
    made = []

    def counted(*arguments, **options):
        made.append(arguments[1]["learning_rate"])
        return whole(*arguments, **options)

    monkeypatch.setattr(tuning, "fit", counted)
    chosen, _ = tune(tmp_path / "cut", [0.1, 0.2, 0.3])
    assert len([rate for rate in made if rate == 0.3]) >= 1
    assert len({0.1, 0.2} & set(made)) >= 1
    assert chosen == tune(tmp_path / "undisturbed", [0.1, 0.2, 0.3])[0]


def test_tuning_by_halving_on_real_fits(tmp_path):
    chosen, trials = tune(tmp_path, [0.1, 0.001, 0.01])
    assert chosen["trials"] == 3
    assert [row["epochs"] for row in trials] == ["1", "1", "1"]
    assert not (tmp_path / "kept").exists()


def test_where_all_finalists_fail_the_best_of_the_others_is_chosen(tmp_path, monkeypatch):
    scripted(monkeypatch, {0.1: [0.5], 0.2: [0.9, 0.9], 0.3: [0.8, 0.8], 0.4: [0.7]})
    succeeds = tuning.fit

    def fails_late(*arguments, checkpoint, pause):
        found = succeeds(*arguments, checkpoint=checkpoint, pause=pause)
        if pause.epochs > 1:
            found.record = replace(found.record, status="failed", reason="late", validation=None)
        return found

    monkeypatch.setattr(tuning, "fit", fails_late)
    chosen, _ = tune(tmp_path, [0.1, 0.2, 0.3, 0.4])
    assert chosen["status"] == "ok"
    assert chosen["hyperparameters"]["learning_rate"] == 0.4
