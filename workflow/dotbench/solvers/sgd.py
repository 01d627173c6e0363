"""Minibatch stochastic gradients with Adam."""

from typing import Any

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import Batch, DifferentiableLoss
from dotbench.models.base import VectorModel
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import LATER
from dotbench.solvers.adam import Adam
from dotbench.solvers.base import IterativeSettings, Problem, Solution, Solver
from dotbench.solvers.loop import Budget, run


class SGDSettings(IterativeSettings):
    """Settings of the solver `sgd`."""

    learning_rate: float = Field(0.01, gt=0)
    weight_decay: float = Field(0.0, ge=0, description="L2 term in Adam's gradient, of the model's parameters")
    weighted_decay: float = Field(
        0.0, ge=0, json_schema_extra=LATER, description="λ of RG2's regulariser, added to the loss in its place"
    )
    updates: int = Field(
        1000,
        ge=0,
        description="training continues past `epochs` until it has made this many updates; 0 if only `epochs` is given",
    )
    patience_updates: int = Field(
        100,
        ge=0,
        description="training stops only after this many updates without a better metric, even if `patience` has "
        "passed; 0 if only `patience` is given",
    )


class SGD(Solver):
    """Adam on batches that the loss draws (Kingma and Ba, ICLR 2015), early stopping on validation.

    ``weighted_decay`` λ adds  λ [ Σ_u n_u ‖p_u‖² / (2|D|) + Σ_i ‖q_i‖² / (2N) ]  to any loss, the regulariser of RG2
    (paper, Eq. 33–34): what a loss owes to it can be told apart from the loss. It costs O((M + N) K) an update, as
    Adam's step does, for models whose vectors are free.
    """

    name = "sgd"
    title = "SGD"
    requires = DifferentiableLoss
    draws_batches = True
    halves = True
    Settings = SGDSettings
    alone = {"epochs": "updates", "patience": "patience_updates"}
    grids = {
        "paper": {"learning_rate": [0.1, 0.01, 0.001], "weight_decay": [0.0, 1e-6, 1e-5, 1e-4]},  # RG2's
        "extended": {
            "learning_rate": [0.1, 0.01, 0.003, 0.001, 0.0003],
            "weight_decay": [0.0, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3],
        },
    }

    def solve(self, problem: Problem) -> Solution:
        settings = problem.settings_of(SGDSettings)
        budget = Budget(
            settings.epochs,
            settings.patience,
            settings.updates,
            settings.patience_updates,
            every=settings.validate_every,
        )
        return run(GradientTrainer(problem), problem, budget)


class GradientTrainer:
    """Adam on one model and one loss."""

    def __init__(self, problem: Problem) -> None:
        settings = problem.settings_of(SGDSettings)
        self.weighted_decay = settings.weighted_decay
        self.objective: DifferentiableLoss = problem.loss
        self.train = problem.train(torch.float32)
        self.generator = torch.Generator().manual_seed(problem.init_seed)
        self.model: VectorModel = problem.model(problem.settings, self.train, self.generator, problem.features)
        self.scores_unseen = problem.model.scores_unseen(problem.settings.model_dump())
        own = self.objective.own_parameters(self.train, self.generator)
        self.parameters = [*self.model.parameters(), *own]
        decayed = (self.model.parameters(), settings.weight_decay)
        self.optimizer = Adam([decayed, (own, 0.0)], settings.learning_rate)  # own: a margin, a boundary; no vectors
        self._warm_up()

    def _warm_up(self) -> None:
        """One gradient that is thrown away: what libraries load at their first call is not training."""
        batch = next(iter(self.objective.batches(self.train, torch.Generator().manual_seed(0))))
        self._estimate(batch).backward()  # type: ignore[no-untyped-call]
        self.optimizer.zero_grad()

    def epoch(self) -> int:
        updates, total = 0, torch.zeros((), device=self.train.device)
        for batch in self.objective.batches(self.train, self.generator):
            self.optimizer.zero_grad()
            value = self._estimate(batch)
            value.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            with torch.no_grad():
                self.objective.constrain(self.model.parameters() if self.model.free_vectors else ())
            updates += 1
            total += value.detach()
        self.mean_loss = total / updates
        return updates

    def _vectors(self) -> Vectors:
        """The model's vectors, where the loss allows them to be."""
        vectors = self.model.vectors()
        return vectors if self.model.free_vectors else self.objective.bounded(vectors)

    def _estimate(self, batch: Batch) -> "torch.Tensor":
        """The loss estimated from a batch, and the regularisers that are added to it."""
        vectors = self._vectors()
        value = self.objective.estimate(vectors, self.train, batch)
        value = value + self.objective.penalty(self.model.embeddings(vectors), batch)
        return value + self.weighted_decay * weighted_norms(vectors, self.train) if self.weighted_decay else value

    def loss(self) -> float:
        return float(self.mean_loss)

    def vectors(self) -> "tuple[torch.Tensor, torch.Tensor]":
        with torch.no_grad():
            vectors = self._vectors()
            users, items = self.objective.scoring(self.train, *self._seen(vectors.users(), vectors.items()))
        return users.detach(), items.detach()

    def _seen(self, users: "torch.Tensor", items: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """The vectors. In rating zero where a row was not trained and the model has nothing else to say of it."""
        if self.objective.task == "ranking" or self.scores_unseen:
            return users, items
        return users * (self.train.counts > 0)[:, None], items * (self.train.item_counts > 0)[:, None]

    def state(self) -> dict[str, Any]:
        return {
            "parameters": [parameter.detach() for parameter in self.parameters],
            "optimizer": self.optimizer.state(),
            "generator": self.generator.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters, state["parameters"], strict=True):
                parameter.copy_(value)
        self.optimizer.restore(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())


def weighted_norms(vectors: Vectors, train: TrainMatrix) -> "torch.Tensor":
    """Σ_u n_u ‖p_u‖² / (2|D|) + Σ_i ‖q_i‖² / (2N): a scalar with a gradient."""
    users, items = (vectors.users() ** 2).sum(1), (vectors.items() ** 2).sum()
    total: torch.Tensor = train.counts @ users / (2 * len(train.users)) + items / (2 * train.n_items)
    return total
