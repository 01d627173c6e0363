"""What a solver is, and what it is given."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from dotbench.features.arrays import Features
from dotbench.lazy import torch
from dotbench.losses.base import Loss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.registry import Component, discover
from dotbench.settings import LATER, S, Settings, SettingsBase, narrowed
from dotbench.tuning.grid import Grids

Validate = Callable[["torch.Tensor", "torch.Tensor"], dict[str, float]]


@dataclass(frozen=True)
class Pause:
    """Training pauses once it has come to both so many epochs and so many updates."""

    epochs: int
    updates: int


@dataclass(frozen=True)
class Problem:
    """What a solver minimises, and with what at hand.

    ``train``: builds the training matrix in a dtype. ``validate(P, Q)``: the watched metric as ``validation``, and
    others by their names, for the curve alone. Higher is better, or lower unless ``maximise``. ``spectrum``: a
    decomposition computed before, or None. ``features``: those that the model reads, or None. ``checkpoint``: where an
    interrupted fit leaves its state and finds it again, or None. ``key`` names the fit, a checkpoint of another one is
    not used. ``pause``: how far to train for now, with the state left in the checkpoint. None trains to the end.
    ``epochs``: train for exactly so many and keep the last, whatever ``validate`` says.
    """

    model: type[Any]
    loss: Any
    settings: Settings
    train: Callable[["torch.dtype"], TrainMatrix]
    validate: Validate
    init_seed: int
    device: str
    maximise: bool = True
    spectrum: Path | None = None
    features: Features | None = None
    checkpoint: Path | None = None
    pause: "Pause | None" = None
    epochs: int | None = None
    key: str = ""
    say: Callable[[str], None] = print

    def settings_of(self, cls: type[S]) -> S:
        """The settings as those of one component: they are an instance of its class, or a TypeError is raised."""
        return narrowed(self.settings, cls)


@dataclass(frozen=True)
class Solution:
    """Vectors, and how training went.

    ``curve``: one row for each look at the validation part, after all epochs or some of them, with ``epoch, updates,
    seconds, cpu_seconds, loss, validation``, and what else ``validate`` gives. Seconds are cumulative and of training
    alone. ``best_epoch`` is the one whose vectors these are.
    ``paused``: training could go on.
    """

    users: "torch.Tensor"
    items: "torch.Tensor"
    curve: list[dict[str, Any]]
    best_epoch: int
    extra: dict[str, Any] = field(default_factory=dict)
    paused: bool = False


class Solver(Component):
    """Minimises a loss over the parameters of a model."""

    requires: ClassVar[type[Loss]]
    needs_free_vectors: ClassVar[bool] = False
    draws_batches: ClassVar[bool] = False  # the settings of the loss's batches are settings of the method
    halves: ClassVar[bool] = False  # its training can pause: a study may ask for successive halving
    Settings: ClassVar[type[SettingsBase]] = Settings
    alone: ClassVar[dict[str, str]] = {}  # a cap → the setting that extends it, 0 where the cap alone is given
    grids: ClassVar[Grids] = {}  # what is tuned where a configuration says nothing else
    defaults_of: ClassVar[str | None] = None  # the solver whose defaults it has, where a loss names none for itself

    @classmethod
    def can_solve(cls, model: type[Any], loss: type[Loss]) -> bool:
        """Whether this solver can minimise the loss over the model's parameters."""
        if model.is_baseline or not issubclass(loss, cls.requires):
            return False
        return model.free_vectors or not cls.needs_free_vectors

    @abstractmethod
    def solve(self, problem: Problem) -> Solution:
        """Raises FitFailed if training diverges or a system cannot be solved."""


def solvers() -> dict[str, type[Any]]:
    """Solvers by name."""
    return discover("solvers", Solver)


class IterativeSettings(Settings):
    """Settings of every solver that improves step by step and stops early on validation."""

    epochs: int = Field(
        200,
        ge=1,
        description="greatest number of epochs; an epoch is a pass over the training pairs, an ALS sweep "
        "or a Newton step",
    )
    patience: int = Field(10, ge=1, description="epochs without a better validation metric before training stops")
    validate_every: int = Field(
        1,
        ge=1,
        json_schema_extra=LATER,
        description="epochs between two looks at the validation part, and from one line of the curve to the next; more "
        "than 1 saves time where ranking all items takes longer than an epoch",
    )
