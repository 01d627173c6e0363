"""What trains a pack of fits, epoch by epoch."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from dotbench.lazy import np, torch
from dotbench.papers.t2rec.towers.losses import huber
from dotbench.papers.t2rec.towers.optimizers import OPTIMIZERS
from dotbench.papers.t2rec.towers.programs import Program, Sides, TwoTowers, take
from dotbench.papers.t2rec.towers.sample import Stacked
from dotbench.papers.t2rec.towers.schedules import rates
from dotbench.papers.t2rec.towers.settings import Training


class Trainer(ABC):
    """Trains R replicas; J = L + λ Σ θ² of each, over the same number of pairs. L: mean squared error or Huber loss.

    The order of the pairs in an epoch is a function of the replica's seed and the epoch's number alone, so that no
    random state has to be kept.
    """

    def __init__(
        self,
        towers: TwoTowers,
        data: Stacked,
        settings: Sequence[Training],
        seeds: Sequence[int],
        program: type[Program],
    ) -> None:
        self.towers, self.data, self.settings, self.seeds, self.kind = (
            towers,
            data,
            list(settings),
            list(seeds),
            program,
        )
        like = data.ratings
        self.parameters = torch.stack([towers.initial(seed) for seed in seeds]).to(like)
        self.penalised = towers.penalised(settings[0].penalise_biases).to(like)
        self.strength = like.new_tensor([[s.regularization] for s in settings])
        self.penalises = any(s.regularization > 0 for s in settings)
        self.threshold = settings[0].bend()
        self.size = like.shape[1]
        self.batch = min(settings[0].batch_size, self.size)
        self.updates = -(-self.size // self.batch)  # of an epoch
        self.finished = False  # no further step is possible

    @abstractmethod
    def epoch(self, number: int) -> "torch.Tensor":
        """Train for epoch ``number`` (from 0); J of every replica after or, for batches, during it, shape (R,)."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on beside the data."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state of the same replicas."""

    def keep(self, replicas: "torch.Tensor") -> None:
        """Drop all replicas but these."""
        self.data.keep(replicas)
        self.settings = [self.settings[r] for r in replicas.tolist()]
        self.seeds = [self.seeds[r] for r in replicas.tolist()]
        self.parameters, self.strength = self.parameters[replicas], self.strength[replicas]

    def penalty(self, parameters: "torch.Tensor") -> "torch.Tensor":
        """λ Σ θ², shape (R,)."""
        return (self.strength * self.penalised * parameters.square()).sum(1)

    def shuffled(self, number: int) -> "tuple[list[torch.Tensor], torch.Tensor]":
        """Rows (R, N) of users and items, and ratings (R, N), in the order of the epoch."""
        orders = [np.random.default_rng([seed, number]).permutation(self.size) for seed in self.seeds]
        order = torch.from_numpy(np.stack(orders)).to(self.data.ratings.device)
        return [rows.gather(1, order) for rows in self.data.rows], self.data.ratings.gather(1, order)

    def watched(self, rows: Sides, ratings: "torch.Tensor") -> "torch.Tensor":
        """√ mean ρ_δ(r − r̂) of pairs as the parameters stand, the RMSE unless the loss is Huber's; shape (R,)."""
        vectors = self.towers.vectors(self.parameters, self.data.inputs)
        users, items = (take(table, side) for table, side in zip(vectors, rows, strict=True))
        error = (users * items).sum(-1) - ratings
        return (error.square() if self.threshold == math.inf else huber(error, self.threshold)).mean(1).sqrt()


class GradientTrainer(Trainer):
    """First-order steps on batches."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        optimizer = OPTIMIZERS[self.settings[0].optimizer]
        self.optimizer = optimizer(self.settings, self.parameters, self._layers)

    def _layers(self, flat: "torch.Tensor") -> "list[tuple[torch.Tensor, torch.Tensor]]":
        users, items = self.towers.layers(flat)
        return [*users, *items]

    def epoch(self, number: int) -> "torch.Tensor":
        rows, ratings = self.shuffled(number)
        planned = np.stack([rates(settings, number, self.updates) for settings in self.settings])
        rate = torch.from_numpy(planned).to(self.parameters)
        program = self.kind(self.towers, self.data.inputs, self.threshold)
        gradient = torch.empty_like(self.parameters)
        total = self.parameters.new_zeros(len(self.parameters))
        for k in range(self.updates):
            part = slice(k * self.batch, (k + 1) * self.batch)
            batch = ratings[:, part]
            error = program.gradient(self.parameters, [side[:, part] for side in rows], batch, gradient)
            if self.penalises:
                gradient.addcmul_(self.parameters, self.strength * self.penalised, value=2)
            self.optimizer.step(self.parameters, gradient, rate[:, k : k + 1])
            total += batch.shape[1] * error
        return total / self.size + self.penalty(self.parameters)

    def keep(self, replicas: "torch.Tensor") -> None:
        super().keep(replicas)
        self.optimizer.keep(replicas)

    def state(self) -> dict[str, Any]:
        return {"parameters": self.parameters, "steps": self.optimizer.steps, "optimizer": self.optimizer.state}

    def restore(self, state: dict[str, Any]) -> None:
        self.parameters = state["parameters"]
        self.optimizer.restore(state["steps"], state["optimizer"])
