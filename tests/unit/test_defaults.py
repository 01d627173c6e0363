"""The settings that a loss has where nobody says others: who has them, what they are, and that they are good."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import dotbench as db
from dotbench.interface.methods import choose_method
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.runs.method import MethodChoice, resolve, settings_class, with_defaults
from dotbench.solvers.base import solvers

FOUND = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "defaults" / "defaults.csv"
SEED = 1000  # of tools/defaults.py
WITHIN = 0.95

with FOUND.open(encoding="utf-8", newline="") as _stream:
    ROWS = list(csv.DictReader(_stream))
PAIRS = [(loss, solver) for loss, cls in losses().items() for solver in cls.defaults]


@pytest.mark.parametrize("loss", losses())
def test_every_loss_names_a_solver_that_fits_matrix_factorisation(loss: str) -> None:
    named = list(losses()[loss].defaults)
    assert named
    assert all(solvers()[solver].can_solve(models()["mf"], losses()[loss]) for solver in named)
    assert resolve(MethodChoice(model="mf", loss=loss, grid={})).names == ("mf", loss, named[0])


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_defaults_are_settings_of_the_method(pair: tuple[str, str]) -> None:
    loss, solver = pair
    defaults = losses()[loss].defaults[solver]
    cls = settings_class([models()["mf"], losses()[loss], solvers()[solver]])
    assert defaults.items() <= cls.model_validate(defaults).model_dump().items()
    assert defaults.items() <= choose_method("mf", loss, solver, {}).settings.items()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_defaults_are_those_that_the_search_found(pair: tuple[str, str]) -> None:
    found = {row["default"] for row in ROWS if (row["loss"], row["solver"]) == pair}
    assert [json.loads(one) for one in found] == [losses()[pair[0]].defaults[pair[1]]]


def test_the_search_has_every_loss_and_its_best_solver_first() -> None:
    order: dict[str, list[str]] = {}
    for row in ROWS:
        if row["solver"] not in order.setdefault(row["loss"], []):
            order[row["loss"]].append(row["solver"])
    assert order == {loss: list(cls.defaults) for loss, cls in losses().items()}


def test_what_is_set_wins_over_the_defaults() -> None:
    settings = choose_method("mf", "softmax", None, {"weight_decay": 0.5}).settings
    assert settings["weight_decay"] == 0.5
    assert settings["learning_rate"] == losses()["softmax"].defaults["sgd"]["learning_rate"]


def test_models_that_propagate_or_compute_vectors_keep_the_solver_s_settings() -> None:
    method = choose_method("lightgcn", "rg2", None, {})
    assert method.names == ("lightgcn", "rg2", "sgd")
    assert method.settings == resolve(MethodChoice(model="lightgcn", loss="rg2", solver="sgd", grid={})).settings


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_configuration_does_not_have_the_defaults(pair: tuple[str, str]) -> None:
    loss, solver = pair
    choice = MethodChoice(model="mf", loss=loss, solver=solver, grid={})
    cls = settings_class([models()["mf"], losses()[loss], solvers()[solver]])
    assert resolve(choice).settings == cls().model_dump(mode="json")
    assert resolve(with_defaults(choice)).settings == {**resolve(choice).settings, **losses()[loss].defaults[solver]}


@pytest.mark.parametrize("loss", ["wrmf", "squared", "rg2-released"])
def test_conjugate_gradients_have_the_defaults_of_als(loss: str) -> None:
    own = losses()[loss].defaults["als"]
    assert own.items() <= choose_method("mf", loss, "als-cg", {}).settings.items()
    assert choose_method("mf", loss, None, {}).names[2] == "als"


def test_a_baseline_has_none() -> None:
    choice = MethodChoice(model="popularity", grid={})
    assert with_defaults(choice) == choice


@pytest.mark.slow
@pytest.mark.seconds
@pytest.mark.large
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["dataset"] == "ml-100k"], ids=lambda row: f"{row['loss']}-{row['solver']}"
)
def test_defaults_come_near_the_tuned_result_on_ml_100k(
    workdir: Path, local_data: Path, monkeypatch: pytest.MonkeyPatch, row: dict[str, Any]
) -> None:
    monkeypatch.setenv("DOTBENCH_DATA", str(local_data))
    data = db.load("ml-100k", say=lambda text: None)
    fit = db.fit(data, loss=row["loss"], solver=row["solver"], seed=SEED, device="cpu")
    tuned, reached = float(row["tuned_validation"]), fit.record["validation"]
    share = tuned / reached if fit.record["validation_metric"] == "rmse" else reached / tuned
    assert share >= WITHIN
