"""Rating baselines as methods of simulations."""

from typing import TYPE_CHECKING, Any

from dotbench.datasets.interactions import Split
from dotbench.simulations.methods.base import Fitted, RatingMethod, Task

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution


class BaselineMethod(RatingMethod):
    """A rating baseline: learns from pairs and ratings alone, and does not stop early."""

    def __init__(self, baseline: type[Any]) -> None:
        self.baseline = baseline
        self.name, self.title = baseline.name, baseline.title  # type: ignore[misc]
        self.Settings = baseline.Settings  # type: ignore[misc]
        self.equivariant = baseline.equivariant  # type: ignore[misc]

    @property
    def modules(self) -> tuple[str, ...]:
        return (__name__, self.baseline.__module__)

    def fit(self, task: Task, execution: "Execution") -> Fitted:
        data = task.data
        none = data.pairs[:0]
        ratings = {"train": data.ratings, "valid": data.ratings[:0], "test": data.ratings[:0]}
        baseline = self.baseline(task.settings, task.seed)
        baseline.train(Split(len(data.users), len(data.items), data.pairs, none, none, ratings))
        return Fitted(baseline.predict)
