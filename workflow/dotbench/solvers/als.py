"""Alternating least squares."""

from typing import Any, Literal

from pydantic import Field

from dotbench.errors import FitFailed
from dotbench.lazy import torch
from dotbench.losses.base import AlternatingLoss
from dotbench.numerics.vectors import Vectors
from dotbench.solvers.base import IterativeSettings, Problem, Solution, Solver
from dotbench.solvers.loop import Budget, run


class ALSSettings(IterativeSettings):
    """Settings of the solver `als`."""

    dtype: Literal["float32", "float64"] = Field("float32", description="precision of the vectors")


class ALS(Solver):
    """Exact minimisation over all user vectors, then over all item vectors. An epoch is one such full sweep.

    Each half sweep is the loss's own closed form. Stopping early is a regulariser: the curve says by how much.
    """

    name = "als"
    title = "ALS"
    requires = AlternatingLoss
    needs_free_vectors = True
    Settings = ALSSettings

    def solve(self, problem: Problem) -> Solution:
        settings = problem.settings_of(ALSSettings)
        budget = Budget(settings.epochs, settings.patience, every=settings.validate_every)
        return run(AlternatingTrainer(problem), problem, budget)


class AlternatingTrainer:
    """Sweeps over users and items. Two updates an epoch."""

    def __init__(self, problem: Problem) -> None:
        self.objective: AlternatingLoss = problem.loss
        dtype = getattr(torch, problem.settings_of(ALSSettings).dtype)
        self.train = problem.train(dtype)
        generator = torch.Generator().manual_seed(problem.init_seed)
        start: Vectors = problem.model(problem.settings, self.train, generator).vectors()
        self.users, self.items = (vectors.detach().to(dtype) for vectors in (start.users(), start.items()))

    def epoch(self) -> int:
        try:
            self.sweep()
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise FitFailed(f"a least-squares system is singular: {error}") from None
        return 2

    def sweep(self) -> None:
        self.users = self.objective.best_users(self.train, self.items)
        self.items = self.objective.best_items(self.train, self.users)

    def loss(self) -> float:
        return self.objective.objective(self.train, self.users, self.items)

    def vectors(self) -> "tuple[torch.Tensor, torch.Tensor]":
        return self.objective.scoring(self.train, self.users, self.items)

    def state(self) -> dict[str, Any]:
        return {"users": self.users, "items": self.items}

    def restore(self, state: dict[str, Any]) -> None:
        self.users, self.items = state["users"], state["items"]
