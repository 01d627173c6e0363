"""Towers as a method of simulations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench.datasets.generators.sim_t2rec import SimT2Rec, SimT2RecSettings
from dotbench.execution.hardware import Execution
from dotbench.papers.t2rec.simulations.table1 import shipped
from dotbench.papers.t2rec.towers.settings import AS_PRINTED
from dotbench.simulations.methods.base import RatingData, Task
from dotbench.simulations.rating_methods import rating_methods

pytestmark = pytest.mark.seconds

TOWERS = rating_methods()["towers"]


def execution() -> Execution:
    return Execution("cpu", say=lambda text: None)


def task(folder: Path, name: str, users: int = 30, **settings: float) -> Task:
    simulation = SimT2Rec(SimT2RecSettings(users=users, items=20, ratings=300, dimension=3, seed=0)).simulate()
    parts = simulation.pairs[:240], simulation.ratings[:240], simulation.pairs[240:], simulation.ratings[240:]
    data = RatingData(simulation.users, simulation.items, *parts)
    known = {"width": 8, "embedding_size": 4, "depth": 2, "batch_size": 16, "epochs": 3}
    return Task(TOWERS.Settings.model_validate(known | settings), data, 0, folder / f"{name}.pt")


def test_outcomes_come_in_the_order_of_tasks_as_if_each_were_fitted_alone(tmp_path: Path) -> None:
    """Two packs, of 30 and of 25 users, their tasks in turn."""
    tasks = [
        task(tmp_path, str(k), users, learning_rate=rate)
        for k, (users, rate) in enumerate([(30, 1e-3), (25, 1e-3), (30, 1e-2), (25, 1e-2)])
    ]
    outcomes = list(TOWERS.fit_all(tasks, execution()))
    assert len(outcomes) == 4
    for one, outcome in zip(tasks, outcomes, strict=True):
        alone = TOWERS.fit(one, execution())
        pairs = one.data.valid_pairs
        assert outcome.fitted is not None
        np.testing.assert_allclose(outcome.fitted.predict(pairs), alone.predict(pairs), rtol=1e-3, atol=1e-4)
        assert (outcome.fitted.epochs, outcome.fitted.ended) == (3, "cap")
        assert outcome.seconds > 0


def test_towers_to_the_end_do_not_see_validation_ratings(tmp_path: Path) -> None:
    method = rating_methods()["towers-to-the-end"]
    one = task(tmp_path, "0", epochs=30, patience=1, learning_rate=3e-2)  # `towers` would stop long before
    none = replace(one.data, valid_pairs=one.data.valid_pairs[:0], valid_ratings=one.data.valid_ratings[:0])
    watched, blind = (method.fit(replace(one, data=data), execution()) for data in (one.data, none))
    assert TOWERS.fit(one, execution()).ended == "converged"
    assert (watched.epochs, watched.ended) == (30, "cap")
    np.testing.assert_array_equal(watched.predict(one.data.pairs), blind.predict(one.data.pairs))


def test_a_fit_that_diverges_at_once_fails_and_leaves_the_others_alone(tmp_path: Path) -> None:
    known = {"optimizer": "sgd", "momentum": 0.0}
    good, bad = TOWERS.fit_all(
        [
            task(tmp_path, "0", learning_rate=1e-3, **known),  # type: ignore[arg-type]
            task(tmp_path, "1", learning_rate=1e20, **known),  # type: ignore[arg-type]
        ],
        execution(),
    )
    assert good.fitted is not None
    assert bad.fitted is None
    assert bad.reason == "training diverged in its first epoch"


@pytest.mark.parametrize("key", ["optimizer", "learning_rate", "schedule", "decay", "floor", "momentum", "batch_size"])
def test_the_row_as_printed_is_the_recipe_as_printed(key: str) -> None:
    settings = TOWERS.Settings.model_validate(shipped()["t2rec"]["set"])
    assert getattr(settings, key) == getattr(AS_PRINTED, key)
