"""A study's `refit`: reported fits are trained again on training and validation pairs together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench.config.benchmark import parse_benchmark
from dotbench.config.plan import Plan
from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError
from dotbench.evaluation.ranking import evaluate_ranking
from dotbench.evaluation.scoring import scorer
from dotbench.execution.hardware import Execution
from dotbench.files import read_json
from dotbench.runs import fitting
from dotbench.runs.evaluating import evaluate
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import Method, MethodChoice, from_identity, resolve
from dotbench.runs.tuning import tune

EXECUTION = Execution("cpu", say=lambda text: None)
SGD = {"embedding_size": 4, "patience": 3, "learning_rate": 0.05}
METHODS = {
    "sgd": MethodChoice(model="mf", loss="bpr", solver="sgd", set=SGD | {"epochs": 12}, grid={}),
    "als": MethodChoice(model="mf", loss="wrmf", solver="als", set={"embedding_size": 4, "epochs": 5}, grid={}),
    "spectral": MethodChoice(model="mf", loss="rg2", solver="spectral", set={"embedding_size": 4}, grid={}),
    "item weights": MethodChoice(model="ease", grid={}),
    "ratings": MethodChoice(model="mf", loss="squared", solver="sgd", set=SGD | {"epochs": 8}, grid={}),
    "rating baseline": MethodChoice(model="baseline-only", grid={}),
}


def split(rated: bool = False) -> Split:
    rng = np.random.default_rng(0)
    pairs = rng.permutation(np.argwhere(rng.random((14, 20)) < 0.4))
    parts = {"train": pairs[40:], "valid": pairs[:20], "test": pairs[20:40]}
    ratings = {part: rng.integers(1, 6, len(own)).astype(np.float32) for part, own in parts.items()}
    return Split(14, 20, **parts, ratings=ratings if rated else {})


def method(name: str) -> Method:
    return replace(resolve(METHODS[name]), refit=True)


def on(data: Split) -> Inputs:
    return Inputs("toy", data)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_training_on_all_pairs_for_the_epochs_that_were_best(name):
    data, chosen = split("rating" in name), method(name)
    found = fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION)
    once = fit(replace(chosen, refit=False), chosen.settings, on(data), Seeds(0, 0), EXECUTION)
    assert found.record.ok
    assert (found.record.best_epoch, found.record.validation) == (once.record.best_epoch, once.record.validation)
    assert found.record.further["refit"]["pairs"] == len(data.train) + len(data.valid)
    assert found.record.further["refit"]["epoch"] == once.record.best_epoch
    # by hand: the same pairs, as many epochs, and a validation part that is of no use and is not asked
    whole = data.without_validation()
    task = fitting._Task(chosen, chosen.settings, on(whole), 0, EXECUTION, None, None, once.record.best_epoch)
    for array, expected in task.train().arrays.items():
        np.testing.assert_array_equal(found.arrays[array], expected)
    assert any(not np.array_equal(found.arrays[array], once.arrays[array]) for array in once.arrays if array != "valid")


def test_the_last_epoch_is_kept_though_validation_would_choose_another():
    data, chosen = split(), resolve(METHODS["sgd"])
    task = fitting._Task(chosen, chosen.settings, on(data.without_validation()), 0, EXECUTION, None, None, 9)
    trained = task.train()
    assert (len(trained.curve), trained.best_epoch) == (9, 9)


@pytest.mark.parametrize("name", METHODS)
def test_evaluation_knows_what_was_learned(name, tmp_path):
    """No metric of validation, which was trained on; its pairs are masked, and are the user's history too."""
    data, chosen = split("rating" in name), method(name)
    found = fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION)
    result = evaluate(found.record, found.arrays, data, tmp_path)
    assert "valid" not in result["metrics"]
    assert result["refit"] == found.record.further["refit"]
    if not data.ratings:
        whole = data.without_validation()
        assert result["metrics"]["test"] == evaluate_ranking(whole, scorer(found.arrays, whole))[0]["test"]


def test_an_interrupted_one_continues(tmp_path, monkeypatch):
    data, chosen, checkpoint = split(), method("sgd"), tmp_path / "fit.pt"
    undisturbed = fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION)
    trained, train = [], fitting._Task.train

    def interrupted(task: fitting._Task) -> fitting.Training:
        trained.append(len(task.inputs.split.valid))
        if trained == [len(data.valid), 0]:
            raise KeyboardInterrupt
        return train(task)

    monkeypatch.setattr(fitting._Task, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION, checkpoint)
    found = fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION, checkpoint)
    assert trained == [len(data.valid), 0, 0]  # the watched training is not repeated
    np.testing.assert_array_equal(found.arrays["user_vectors"], undisturbed.arrays["user_vectors"])
    assert found.record.validation == undisturbed.record.validation
    assert not list(tmp_path.iterdir())


def test_tuning_does_without(tmp_path, monkeypatch):
    choice = METHODS["als"].model_copy(update={"grid": {"regularization": [0.1, 1.0]}})
    monkeypatch.setattr(fitting._Task, "train_twice", lambda task: pytest.fail("a trial was trained twice"))
    tune(replace(resolve(choice), refit=True), lambda: on(split()), 0, EXECUTION, tmp_path, tmp_path / "trials")
    assert read_json(tmp_path / "chosen.json")["trials"] == 2


def configuration(**study):
    methods = [{"model": "ease", "grid": {}}]
    study = {"study": "ranking", "methods": methods, **study}
    return parse_benchmark({"name": "toy", "datasets": ["gowalla"], "studies": [study]}, [])


def test_runs_with_and_without_have_folders_of_their_own():
    plain, off, on = (Plan(configuration(**more)).entries[0] for more in ({}, {"refit": False}, {"refit": True}))
    assert plain.folders == off.folders != on.folders
    [tuning] = on.tunings
    identity = on.method.identity(configuration(refit=True).protocol(on.study, on.method, tuning.seed))
    assert from_identity(identity).refit


def test_nothing_is_trained_on_a_test_part():
    with pytest.raises(DotbenchError, match=r"refit.*nothing may be trained"):
        configuration(refit=True, split={"kind": "files", "validation": "test"})


def test_a_cut_record_of_the_first_training_counts_as_none(tmp_path: Path):
    data, chosen, checkpoint = split(), method("sgd"), tmp_path / "fit.pt"
    (tmp_path / "fit.watched.json").write_text('{"key": "')
    found = fit(chosen, chosen.settings, on(data), Seeds(0, 0), EXECUTION, checkpoint)
    assert found.record.ok
