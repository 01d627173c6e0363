"""What a method is that simulations compare: it learns ratings of pairs, from covariates or without."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from dotbench.errors import FitFailed
from dotbench.execution.attempt import attempt
from dotbench.lazy import np
from dotbench.registry import Component
from dotbench.settings import S, Settings, SettingsBase, narrowed

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution


@dataclass(frozen=True)
class RatingData:
    """What a fit may learn from.

    ``users`` (n_users, D_u), ``items`` (n_items, D_i): covariates, float64. ``pairs`` (n, 2), int64: user and item
    rows. ``ratings`` (n,), float64. ``valid_pairs``, ``valid_ratings``: likewise, to stop by. None in a refit.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    pairs: "np.ndarray"
    ratings: "np.ndarray"
    valid_pairs: "np.ndarray"
    valid_ratings: "np.ndarray"


@dataclass(frozen=True)
class Task:
    """One fit to be made. ``settings``: the method's, resolved. ``state``: where training may keep its own state."""

    settings: Settings
    data: RatingData
    seed: int
    state: Path

    def settings_of(self, cls: type[S]) -> S:
        """The settings as those of one method: they are an instance of its class, or a TypeError is raised."""
        return narrowed(self.settings, cls)


@dataclass(frozen=True)
class Fitted:
    """``predict``: pairs (n, 2) → ratings (n,), not clipped. ``epochs``: that were made. ``ended``: by what.
    ``curve``: for every epoch at least ``cpu_seconds`` of training so far, and ``validation``, what it is watched by.
    """

    predict: "Callable[[np.ndarray], np.ndarray]"
    epochs: int | None = None
    ended: str | None = None
    curve: Sequence[Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task: ``fitted``, or the ``reason`` why there is nothing, with the time of the training
    alone."""

    fitted: Fitted | None
    reason: str | None
    seconds: float
    cpu_seconds: float


class RatingMethod(Component):
    """A method by its name, the settings that it has, and its fits.

    ``stops_early``: it needs validation ratings to know when to stop. It is then tuned by a hold-out, and its fit on
    the rest of the training part is the one that is reported. Others are refitted to the whole training part.
    ``reference``: it knows what no method can know, and does not compete.
    ``equivariant``: changes of the ratings that its predictions follow with default settings, ``shift`` r → r + c and
    ``scale`` r → s r, s > 0.
    """

    Settings: ClassVar[type[SettingsBase]] = Settings
    stops_early: ClassVar[bool] = False
    gpu: ClassVar[bool] = False
    reference: ClassVar[bool] = False
    equivariant: ClassVar[frozenset[str]] = frozenset({"shift", "scale"})

    @property
    def modules(self) -> tuple[str, ...]:
        """What of the package it uses: its jobs run again when that changes."""
        return (type(self).__module__,)

    @abstractmethod
    def fit(self, task: Task, execution: "Execution") -> Fitted:
        """Train. This is what is timed. Raises FitFailed for a fit that cannot be used."""

    def fit_all(self, tasks: Sequence[Task], execution: "Execution") -> Iterator[Outcome]:
        """An outcome for every task, in their order, each as soon as it is there.

        A method that trains many fits as one program overrides this. The time of each is then its share.
        """
        for task in tasks:
            done = attempt(lambda task=task: self.fit(task, execution), execution.say)  # type: ignore[misc]
            yield Outcome(done.result, done.reason, done.seconds, done.cpu_seconds)


def finite(predictions: "np.ndarray") -> "np.ndarray":
    """The same predictions. Raises FitFailed where one is not a number."""
    if not np.isfinite(predictions).all():
        raise FitFailed("a prediction is NaN or infinite")
    return predictions
