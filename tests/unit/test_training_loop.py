"""The training loop: budgets, the best epoch, failures, resuming; and what a fit and a tuning make of them."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from fits_data import fit_record

from dotbench.datasets.interactions import Split
from dotbench.errors import DotbenchError, FitFailed
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.evaluation.ranking import evaluate_metrics
from dotbench.evaluation.topk import vector_scorer
from dotbench.execution.hardware import Execution
from dotbench.losses.base import losses
from dotbench.runs import fitting
from dotbench.runs.fitting import Fit, Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, from_identity, resolve, with_defaults
from dotbench.runs.tuning import choose, tune
from dotbench.solvers import loop
from dotbench.solvers.als import ALS
from dotbench.solvers.base import Problem
from dotbench.solvers.loop import Budget, run
from dotbench.tuning.choice import best
from dotbench.tuning.grid import edges

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
CPU = "cpu"


class Counting:
    """A trainer whose vectors are the number of the epoch."""

    def __init__(self, updates=1, bad=None):
        self.updates, self.bad, self.number = updates, bad, 0

    def epoch(self):
        self.number += 1
        return self.updates

    def loss(self):
        return math.nan if self.bad == ("loss", self.number) else 1 / self.number

    def vectors(self):
        value = math.inf if self.bad == ("vectors", self.number) else float(self.number)
        return torch.full((2, 1), value), torch.full((3, 1), float(self.number))

    def state(self):
        return {"number": self.number}

    def restore(self, state):
        self.number = state["number"]


def problem(validate, **others):
    base = {"model": None, "loss": None, "settings": None, "train": None, "init_seed": 0, "device": CPU}
    return Problem(**{**base, "validate": validate, "say": lambda text: None, **others})


def validation(*values):
    """Validates as the given values, by the epoch that the vectors name; the last one for ever."""
    return lambda users, items: {"validation": values[min(int(users[0, 0]), len(values)) - 1]}


# --- budgets and the best epoch


@pytest.mark.parametrize(
    ("budget", "updates", "epochs", "ended"),
    [
        (Budget(epochs=5, patience=100), 1, 5, "epochs"),
        (Budget(epochs=5, patience=100, updates=12), 1, 12, "updates"),  # both must be used up
        (Budget(epochs=5, patience=100, updates=12), 4, 5, "epochs"),
        (Budget(epochs=2, patience=100, updates=12), 4, 3, "updates"),
        (Budget(epochs=50, patience=1), 1, 50, "epochs"),
    ],
)
def test_budget_of_epochs_and_updates(budget, updates, epochs, ended):
    """The metric rises for ever."""
    solution = run(Counting(updates), problem(lambda users, items: {"validation": float(users[0, 0])}), budget)
    assert len(solution.curve) == solution.best_epoch == epochs
    assert solution.curve[-1]["updates"] == epochs * updates
    assert solution.extra == {"ended": ended}


@pytest.mark.parametrize(
    ("budget", "updates", "epochs", "ended"),
    [
        (Budget(epochs=100, patience=3), 1, 2 + 3, "patience"),
        (Budget(epochs=100, patience=3, patience_updates=8), 1, 2 + 8, "patience_updates"),  # both must have passed
        (Budget(epochs=100, patience=3, patience_updates=8), 4, 2 + 3, "patience"),
        (Budget(epochs=100, patience=3, updates=1000), 1, 2 + 3, "patience"),
        (Budget(epochs=4, patience=3), 1, 4, "epochs"),
    ],
)
def test_early_stopping(budget, updates, epochs, ended):
    """The metric is best in epoch 2; an equal one later does not count as better."""
    solution = run(Counting(updates), problem(validation(0.1, 0.5, 0.2, 0.5, 0.4)), budget)
    assert len(solution.curve) == epochs
    assert solution.best_epoch == 2
    assert (solution.users == 2).all()
    assert solution.extra == {"ended": ended}
    assert (solution.items == 2).all()


def test_patience_starts_again_with_every_improvement():
    solution = run(Counting(), problem(validation(0.1, 0.0, 0.2, 0.0, 0.3, 0.0)), Budget(100, 2))
    assert len(solution.curve) == 7
    assert solution.best_epoch == 5


def test_curve_is_cumulative_and_complete():
    solution = run(Counting(3), problem(validation(0.5, 0.2)), Budget(4, 10))
    assert [row["epoch"] for row in solution.curve] == [1, 2, 3, 4]
    assert [row["updates"] for row in solution.curve] == [3, 6, 9, 12]
    assert [row["loss"] for row in solution.curve] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert [row["validation"] for row in solution.curve] == [0.5, 0.2, 0.2, 0.2]
    for clock in ("seconds", "cpu_seconds"):
        assert (np.diff([row[clock] for row in solution.curve]) >= 0).all()


@pytest.mark.parametrize(
    ("budget", "updates", "looks"),
    [
        (Budget(epochs=10, patience=100, every=3), 1, [3, 6, 9, 10]),  # the cap is not passed
        (Budget(epochs=4, patience=100, updates=13, every=3), 2, [3, 4, 7]),  # but where updates extend it
        (Budget(epochs=100, patience=4, every=3), 1, [3, 6, 9, 12]),
        (Budget(epochs=5, patience=100, every=50), 1, [5]),
    ],
)
def test_validation_is_looked_at_now_and_then(budget, updates, looks):
    """The metric is best in epoch 6; what happened between two looks counts."""
    solution = run(Counting(updates), problem(validation(0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.2)), budget)
    assert [row["epoch"] for row in solution.curve] == looks
    assert [row["updates"] for row in solution.curve] == [updates * epoch for epoch in looks]
    assert [row["loss"] for row in solution.curve] == [1 / epoch for epoch in looks]
    assert solution.best_epoch == (6 if 6 in looks else min(looks[-1], 7))
    assert (solution.users == solution.best_epoch).all()


def test_looking_now_and_then_trains_the_same():
    """The same vectors after as many epochs; a method without the setting has the digest that it had."""
    always = {"embedding_size": 4, "learning_rate": 0.05, "patience": 8, "epochs": 8}
    folders, found = [], []
    for more in ({}, {"validate_every": 1}, {"validate_every": 4}):
        chosen = resolve(MethodChoice(model="mf", loss="bpr", solver="sgd", set=always | more, grid={}))
        folders.append(chosen.folder({}))
        found.append(fit_once(chosen, ranking_split()))
    assert folders[0] == folders[1] != folders[2]
    every, some = ({row["epoch"]: row for row in one.curve} for one in found[1:])
    assert list(some) == [4, 8]
    for epoch, row in some.items():
        assert {key: row[key] for key in ("updates", "loss", "ndcg@10")} == {
            key: every[epoch][key] for key in ("updates", "loss", "ndcg@10")
        }
    assert found[2].record.validation == max(row["ndcg@10"] for row in some.values())


def test_best_vectors_are_a_copy():
    """A trainer that updates in place must not change the vectors that are kept."""

    class InPlace(Counting):
        kept = torch.zeros(2, 1), torch.zeros(3, 1)

        def vectors(self):
            for tensor in self.kept:
                tensor.fill_(self.number)
            return self.kept

    solution = run(InPlace(), problem(validation(0.1, 0.5, 0.2)), Budget(5, 10))
    assert (solution.users == 2).all()


def test_lower_is_better_unless_the_metric_is_to_be_maximised():
    solution = run(Counting(), problem(validation(0.5, 0.2, 0.9, 0.2, 0.3), maximise=False), Budget(100, 3))
    assert len(solution.curve) == 2 + 3
    assert solution.best_epoch == 2
    assert (solution.users == 2).all()


@pytest.mark.parametrize("bad", [("loss", 3), ("vectors", 3)])
def test_nan_fails_the_fit(bad):
    with pytest.raises(FitFailed, match="epoch 3"):
        run(Counting(bad=bad), problem(validation(0.1)), Budget(10, 10))


# --- resuming


def ranking_split(seed=0, n_users=30, n_items=25):
    rng = np.random.default_rng(seed)
    chance = np.where((np.arange(n_users)[:, None] % 3) == (np.arange(n_items) % 3), 0.6, 0.1)
    part = np.where(rng.random((n_users, n_items)) < chance, rng.choice(3, (n_users, n_items), p=[0.7, 0.15, 0.15]), 9)
    return Split(n_users, n_items, *(np.argwhere(part == k) for k in range(3)), ratings={})


SETS = {
    "sgd": {"model": "mf", "loss": "bpr", "solver": "sgd", "batch_size": 32, "learning_rate": 0.05, "updates": 0},
    "sgd-softmax": {"model": "mf", "loss": "softmax", "solver": "sgd", "batch_size": 8, "weight_decay": 1e-4},
    "als": {"model": "mf", "loss": "rg2", "solver": "als"},
    "als-wrmf": {"model": "mf", "loss": "wrmf", "solver": "als", "dtype": "float64"},
    "newton-cg": {"model": "two-tower", "loss": "rg2", "solver": "newton-cg", "width": 8},
    "sgd-towers": {"model": "two-tower", "loss": "bpr", "solver": "sgd", "batch_size": 32, "updates": 0, "width": 8},
    "sgd-squared": {"model": "mf", "loss": "squared", "solver": "sgd", "batch_size": 32, "updates": 0},
    "sgd-squared-towers": {"model": "two-tower", "loss": "squared", "solver": "sgd", "batch_size": 32, "updates": 0},
    "als-squared": {"model": "mf", "loss": "squared", "solver": "als", "regularization": 0.5},
}


def method(name, **more):
    settings = {"embedding_size": 4, "epochs": 12, "patience": 12, **SETS[name], **more}
    parts = {key: settings.pop(key) for key in ("model", "loss", "solver")}
    return resolve(MethodChoice(**parts, set=settings, grid={}))


class Interrupted(Exception):
    """Stands for a job that is killed."""


def solve(name, split, checkpoint=None, stop_after=None, key="this fit", said=None):
    """Solve with real components; ``stop_after`` interrupts the validation of the epoch after it."""
    resolved = method(name)
    settings = resolved.validated(resolved.settings)
    epochs = []

    def validate(users, items):
        epochs.append(len(epochs) + 1)
        if stop_after is not None and len(epochs) > stop_after:
            raise Interrupted
        return {"validation": -((users @ items.T - 0.5) ** 2).mean().item()}

    made = problem(
        validate,
        model=resolved.model,
        loss=resolved.loss(settings),
        settings=settings,
        train=lambda dtype: fitting.TrainMatrix(
            split.train, split.n_users, split.n_items, CPU, dtype, split.train.sum(1) % 5 + 1.0
        ),
        init_seed=3,
        checkpoint=checkpoint,
        key=key,
        say=(said if said is not None else []).append,
    )
    return resolved.solver().solve(made), len(epochs)


def same(first, second):
    assert torch.equal(first.users, second.users)
    assert torch.equal(first.items, second.items)
    assert first.best_epoch == second.best_epoch
    for column in ("epoch", "updates", "loss", "validation"):
        assert [row[column] for row in first.curve] == [row[column] for row in second.curve]


@pytest.mark.parametrize("name", sorted(SETS))
@pytest.mark.parametrize("stops", [(1,), (5,), (3, 4)])
def test_interrupted_fit_ends_bit_equal(name, stops, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    split, checkpoint = ranking_split(), tmp_path / "deep" / "state.pt"
    whole, epochs = solve(name, split)
    for stop in stops:
        with pytest.raises(Interrupted):
            solve(name, split, checkpoint, stop_after=stop)
        assert checkpoint.exists()
    said = []
    resumed, more = solve(name, split, checkpoint, said=said)
    assert more == epochs - sum(stops)
    assert said[0] == f"continuing after epoch {sum(stops)}"  # progress may follow on a busy machine
    same(resumed, whole)
    assert list(checkpoint.parent.iterdir()) == []


def test_checkpoint_written_after_the_last_epoch(tmp_path, monkeypatch):
    """Killed between the last checkpoint and the end: nothing is left to train, the answer is the same."""
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    split, checkpoint = ranking_split(), tmp_path / "state.pt"
    monkeypatch.setattr(type(checkpoint), "unlink", lambda self, missing_ok=False: None)
    whole, _ = solve("sgd", split, checkpoint)
    monkeypatch.undo()
    resumed, more = solve("sgd", split, checkpoint)
    assert more == 0
    same(resumed, whole)


def test_checkpoint_of_another_fit_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    split, checkpoint = ranking_split(), tmp_path / "state.pt"
    with pytest.raises(Interrupted):
        solve("sgd", ranking_split(1), checkpoint, stop_after=4, key="another fit")
    whole, epochs = solve("sgd", split)
    fresh, trained = solve("sgd", split, checkpoint)
    assert trained == epochs
    same(fresh, whole)


@pytest.mark.parametrize("keep", [0, 10, 400])
def test_torn_checkpoint_is_ignored(keep, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    split, checkpoint = ranking_split(), tmp_path / "state.pt"
    with pytest.raises(Interrupted):
        solve("sgd", split, checkpoint, stop_after=4)
    checkpoint.write_bytes(checkpoint.read_bytes()[:keep])
    said = []
    fresh, _ = solve("sgd", split, checkpoint, said=said)
    same(fresh, solve("sgd", split)[0])
    assert "state.pt" in said[0]
    assert "cannot be read" in said[0]


def test_no_checkpoint_before_its_time(tmp_path):
    checkpoint = tmp_path / "state.pt"
    with pytest.raises(Interrupted):
        solve("als", ranking_split(), checkpoint, stop_after=3)
    assert not checkpoint.exists()


# --- fit: one run and its record


EXECUTION = Execution(CPU, say=lambda text: None)


def fit_once(resolved, split, **others):
    return fit(resolved, resolved.settings, Inputs("toy", split), Seeds(0, 0), EXECUTION, **others)


def test_fit_records_the_best_epoch():
    result = fit_once(method("als"), ranking_split())
    record = result.record
    assert record.status == "ok"
    assert record.reason is None
    values = [row["ndcg@10"] for row in result.curve]
    assert record.validation == max(values) == values[record.best_epoch - 1]
    assert record.epochs == len(values)
    assert result.arrays["user_vectors"].shape == (30, 4)


def test_fit_with_an_absurd_learning_rate_is_recorded_as_failed():
    result = fit_once(method("sgd", learning_rate=1e30), ranking_split())
    assert result.record.status == "failed"
    assert "NaN or infinity" in result.record.reason
    assert result.record.validation is None
    assert result.curve == []
    assert all(array.size == 0 for array in result.arrays.values())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate 9 TiB\nand more"), "out of memory: Unable to allocate 9 TiB"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 TiB"), "out of memory"),
        (RuntimeError("CUDA out of memory"), "out of memory"),
        (ValueError("a setting that is rejected"), "ValueError: a setting that is rejected"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (FitFailed("a reason"), "a reason"),
    ],
)
def test_what_a_component_raises_fails_the_fit(error, reason, monkeypatch):
    def solve(self, problem):
        raise error

    monkeypatch.setattr(ALS, "solve", solve)
    result = fit_once(method("als"), ranking_split())
    assert result.record.status == "failed"
    assert result.record.reason.startswith(reason)
    assert "\n" not in result.record.reason


@pytest.mark.parametrize("error", [OSError("disk"), FileNotFoundError("gone"), DotbenchError("a mistake to mend")])
def test_errors_of_files_are_raised(error, monkeypatch):
    def solve(self, problem):
        raise error

    monkeypatch.setattr(ALS, "solve", solve)
    with pytest.raises(type(error)):
        fit_once(method("als"), ranking_split())


def test_fit_after_a_failed_tuning_is_not_tried(monkeypatch):
    monkeypatch.setattr(ALS, "solve", lambda self, problem: pytest.fail("was tried"))
    result = fit_once(method("als"), ranking_split(), failed_before="all 4 trials failed; the first: NaN")
    assert result.record.status == "failed"
    assert result.record.reason == "all 4 trials failed; the first: NaN"


def test_a_curve_is_written_at_five_digits_its_times_at_four(tmp_path):
    numbers = {"seconds": 12345.678, "cpu_seconds": 1.23456789e-07, "loss": float("nan"), "ndcg@10": 2 / 3}
    Fit(fit_record(None), [{"epoch": 1, "updates": 12345678, **numbers}], {}).save_facts(tmp_path)
    assert (tmp_path / "curve.csv").read_text() == (
        "epoch,updates,seconds,cpu_seconds,loss,ndcg@10\n1,12345678,12350.0,1.235e-07,,0.66667\n"
    )


def test_failed_fit_is_saved(tmp_path):
    fit_once(method("als"), ranking_split(), failed_before="no").save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"fitted.npz", "curve.csv", "fit.json"}


# --- tuning: the choice


TUNED = resolve(MethodChoice(model="mf", loss="rg2", solver="als", grid={"regularization": [0.0, 0.01, 0.1, 1.0]}))
RATING = resolve(MethodChoice(model="baseline-only", grid={"user_shrinkage": [1.0, 5.0, 15.0]}))


def records(*values):
    return [fit_record(value, f"reason {k}" if value is None else None) for k, value in enumerate(values)]


def chosen(method, *values):
    return choose(method, method.trials(), records(*values))


def test_best_trial_is_chosen():
    assert chosen(TUNED, 0.1, 0.3, 0.2, 0.0)["hyperparameters"]["regularization"] == 0.01
    assert chosen(RATING, 1.2, 1.0, 1.1)["hyperparameters"]["user_shrinkage"] == 5.0  # the lower the better


def test_first_among_equals():
    assert chosen(TUNED, 0.1, 0.3, 0.3, 0.3)["hyperparameters"]["regularization"] == 0.01
    assert chosen(RATING, 1.0, 1.0, 1.0)["hyperparameters"]["user_shrinkage"] == 1.0


def test_failed_trials_are_passed_over():
    choice = chosen(TUNED, None, 0.2, None, 0.3)
    assert choice["hyperparameters"]["regularization"] == 1.0
    assert (choice["status"], choice["reason"]) == ("ok", None)
    assert (choice["trials"], choice["failed_trials"]) == (4, 2)


def test_all_trials_failed():
    choice = chosen(TUNED, None, None, None, None)
    assert choice["status"] == "failed"
    assert choice["reason"] == "all 4 trials failed; the first: reason 0"
    assert choice["on_edge"] == {}


def test_no_trials_means_the_settings_themselves():
    fixed = resolve(MethodChoice(model="mf", loss="rg2", solver="als", set={"regularization": 0.5}, grid={}))
    choice = choose(fixed, fixed.trials(), [])
    assert choice["status"] == "ok"
    assert choice["hyperparameters"]["regularization"] == 0.5
    assert (choice["trials"], choice["on_edge"]) == (0, {})


def test_edge_of_the_grid_is_told():
    assert chosen(TUNED, 0.1, 0.0, 0.0, 0.3)["on_edge"] == {"regularization": "high"}
    assert chosen(TUNED, 0.3, 0.0, 0.0, 0.1)["on_edge"] == {}  # zero bounds the setting, not the grid
    assert chosen(RATING, 1.0, 2.0, 2.0)["on_edge"] == {"user_shrinkage": "low"}
    assert chosen(RATING, 2.0, 1.0, 2.0)["on_edge"] == {}


def test_edges_are_of_numbers_with_a_choice():
    grid = {"a": [3, 1, 2], "b": [True, False], "c": ["x", "y"], "d": [5]}
    assert edges(grid, {"a": 3, "b": True, "c": "x", "d": 5}) == {"a": "high"}
    assert edges(grid, {"a": 1, "b": True, "c": "x", "d": 5}) == {"a": "low"}


def test_better_follows_the_task():
    ranking, rating = (not tuned.watched.lower_is_better for tuned in (TUNED, RATING))
    assert best([None, 0.2], ranking) == 1
    assert best([0.1, 0.2], ranking) == 1
    assert best([0.2, 0.2], ranking) == 0
    assert best([1.0, 0.9], rating) == 1
    assert best([1.0, 1.0], rating) == 0


@pytest.mark.parametrize("name", ["als", "sgd-softmax"])
@pytest.mark.parametrize("watched", ["ndcg@3", "recall@5", "mrr"])
def test_training_keeps_the_epoch_that_is_best_by_the_metric_that_is_named(name, watched):
    """The curve has that metric; its best epoch is kept, and its value is that of the vectors that are kept."""
    split = ranking_split()
    chosen = dataclasses.replace(method(name), validation_metric=watched)
    result = fit(chosen, chosen.settings, Inputs("toy", split), Seeds(0, 0), EXECUTION)
    assert result.record.validation_metric == watched
    values = [row[watched] for row in result.curve]
    assert result.record.validation == max(values) == values[result.record.best_epoch - 1]
    scorer = vector_scorer(*(torch.from_numpy(result.arrays[f"{side}_vectors"]) for side in ("user", "item")))
    found, _ = evaluate_metrics(split, scorer, [parse_metric(watched)])
    assert found["valid"][watched] == pytest.approx(result.record.validation, rel=1e-12)
    if chosen.watched.cutoff is not None:
        beside = f"mrr@{chosen.watched.cutoff}"
        mrr, _ = evaluate_metrics(split, scorer, [parse_metric(beside)])
        assert result.curve[result.record.best_epoch - 1][beside] == pytest.approx(mrr["valid"][beside], rel=1e-12)
    usual = fit(method(name), chosen.settings, Inputs("toy", split), Seeds(0, 0), EXECUTION)
    losses = [[row["loss"] for row in one.curve] for one in (usual, result)]
    together = min(map(len, losses))
    assert losses[0][:together] == losses[1][:together]  # the same training, which ends elsewhere
    assert [row["ndcg@10"] for row in usual.curve][:together] != values[:together]


def test_baselines_are_validated_by_the_metric_that_is_named():
    popular = dataclasses.replace(resolve(MethodChoice(model="popularity", grid={})), validation_metric="hit_rate@3")
    record = fit(popular, {}, Inputs("toy", ranking_split()), Seeds(0, 0), EXECUTION).record
    assert record.validation_metric == "hit_rate@3"
    assert 0 < record.validation <= 1


def test_tuning_chooses_by_the_metric_that_is_named_and_the_identity_says_it(tmp_path, monkeypatch):
    """The settings are ranked in one way by recall and in the other by NDCG."""
    value = {"recall@5": {2: 0.9, 3: 0.1}, "ndcg@10": {2: 0.1, 3: 0.9}}

    def known(method, hyperparameters, inputs, *rest, **named):
        watched = method.watched.key
        record = fit_record(value[watched][hyperparameters["embedding_size"]], hyperparameters=hyperparameters)
        return Fit(dataclasses.replace(record, validation_metric=watched), [], {})

    monkeypatch.setattr("dotbench.runs.tuning.fit", known)
    for watched, best_size in (("recall@5", 2), ("ndcg@10", 3)):
        tuned = dataclasses.replace(method("als"), grid={"embedding_size": [2, 3]})
        identity = tuned.identity({"task": "ranking", "tuning_seed": 1, "validation_metric": watched})
        again = from_identity(identity)
        assert again.watched.key == watched
        folder = tmp_path / watched
        chosen = tune(again, lambda: Inputs("toy", ranking_split()), 0, EXECUTION, folder, folder / "checkpoints")
        assert chosen["hyperparameters"]["embedding_size"] == best_size


def test_tuning_never_sees_the_test_part(tmp_path, monkeypatch):
    split, seen = ranking_split(), []
    assert len(split.test)

    def watched(method, hyperparameters, inputs, *rest, **named):
        seen.append(inputs.split)
        return fit(method, hyperparameters, inputs, *rest, **named)

    monkeypatch.setattr("dotbench.runs.tuning.fit", watched)
    tuned = dataclasses.replace(method("als"), grid={"embedding_size": [2, 3]})
    tune(tuned, lambda: Inputs("toy", split), 0, EXECUTION, tmp_path, tmp_path / "checkpoints")
    assert [len(given.test) for given in seen] == [0, 0]
    assert all(given.train is split.train and given.valid is split.valid for given in seen)


def test_defaults_of_a_loss_extend_no_cap_that_is_given():
    choice = MethodChoice(model="mf", loss="softmax", set={"patience": 2}, grid={})
    assert "patience_updates" in losses()["softmax"].defaults["sgd"]
    assert resolve(with_defaults(choice)).settings["patience_updates"] == 0


@pytest.mark.parametrize(
    ("given", "grid", "updates", "patience_updates"),
    [
        ({}, {}, 1000, 100),
        ({"epochs": 5}, {}, 0, 100),
        ({"patience": 2}, {}, 1000, 0),
        ({"epochs": 5, "updates": 70}, {}, 70, 100),
        ({}, {"epochs": [5, 10]}, 0, 100),
    ],
)
def test_a_cap_that_is_given_is_a_cap(given, grid, updates, patience_updates):
    method = resolve(MethodChoice(model="mf", loss="bpr", solver="sgd", set=given, grid=grid))
    for settings in method.trials():
        assert (settings["updates"], settings["patience_updates"]) == (updates, patience_updates)
