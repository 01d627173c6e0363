"""Two towers on covariates, many fits as one tensor program."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dotbench.errors import FitFailed
from dotbench.execution.attempt import attempt
from dotbench.papers.t2rec.towers.fitted import Result
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.training import Fit, packs, train
from dotbench.simulations.methods.base import Fitted, Outcome, RatingData, RatingMethod, Task

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution

LARGEST = 25  # fits of a pack: more do not pay on a CPU (docs/towers.md)


class TowersSettings(Architecture, Training):
    """Settings of the method `towers`."""


class Towers(RatingMethod):
    """f(x_u)ᵀ g(y_i), both towers trained on squared error (`dotbench.towers`, T2Rec, arXiv 2403.00802).

    The towers of the epoch with the lowest validation RMSE are kept, so that a fit is not refitted to the validation
    ratings. Fits whose programs agree are trained as one. A fit's time is its share of the pack's.
    """

    name = "towers"
    title = "T2Rec"
    Settings = TowersSettings
    stops_early = True
    gpu = True
    equivariant = frozenset[str]()  # trained by gradients, towards 0

    def fit(self, task: Task, execution: "Execution") -> Fitted:
        return _fitted(train([self._fit(task)], execution.device, task.state, execution.say)[0], task)

    def fit_all(self, tasks: Sequence[Task], execution: "Execution") -> Iterator[Outcome]:
        fits = [self._fit(task) for task in tasks]
        done: dict[int, Outcome] = {}
        next_task = 0
        for pack in packs(fits, LARGEST):
            start = partial(train, [fits[k] for k in pack], execution.device, tasks[pack[0]].state, execution.say)
            trained = attempt(start, execution.say)
            if trained.result is None:
                done |= dict.fromkeys(pack, Outcome(None, trained.reason, 0.0, 0.0))
            else:
                done |= {
                    k: _outcome(result, tasks[k], execution) for k, result in zip(pack, trained.result, strict=True)
                }
            while next_task in done:
                yield done.pop(next_task)
                next_task += 1

    def _fit(self, task: Task) -> Fit:
        values = task.settings.model_dump()
        architecture = Architecture.model_validate({name: values[name] for name in Architecture.model_fields})
        training = Training.model_validate({name: values[name] for name in Training.model_fields})
        return Fit(sample(task.data), architecture, training, task.seed)


def _outcome(result: Result, task: Task, execution: "Execution") -> Outcome:
    used = attempt(partial(_fitted, result, task), execution.say)
    return Outcome(used.result, used.reason, result.seconds, result.cpu_seconds)


def sample(data: RatingData) -> Sample:
    """The same data as the towers take them."""
    return Sample(data.users, data.items, data.pairs, data.ratings, data.valid_pairs, data.valid_ratings)


def _fitted(result: Result, task: Task) -> Fitted:
    """Raises FitFailed for towers that diverged before their first epoch was over."""
    if result.failure:
        raise FitFailed(result.failure)
    users, items = task.data.users, task.data.items
    return Fitted(
        lambda pairs: result.towers.predict(users, items, pairs), len(result.curve), result.ended, result.curve
    )
