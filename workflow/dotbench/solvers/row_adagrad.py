"""Stochastic gradients on the rows of drawn triples, with row-wise Adagrad, compiled."""

from typing import Any

from pydantic import Field

from dotbench.errors import FitFailed
from dotbench.lazy import np, torch
from dotbench.losses.bpr import BPR
from dotbench.models.base import VectorModel
from dotbench.solvers.base import IterativeSettings, Problem, Solution, Solver
from dotbench.solvers.loop import Budget, run

FIRST_SQUARE = 1e-8  # of every row: a first step has the length η √K, whatever the gradient's


class RowAdagradSettings(IterativeSettings):
    """Settings of the solver `row-adagrad`."""

    learning_rate: float = Field(0.05, gt=0, description="η")
    drawn_decay: float = Field(0.01, ge=0, description="λ of the L2 term of the rows of a triple")
    drawn_negatives: int = Field(4, ge=1, description="n, sampled items for each positive; a user's positives are none")


class RowAdagrad(Solver):
    """For each pair (u, i), in random order, n items j that are no positives of u are drawn uniformly. The rows move by
    the gradients of  (1/n) Σ_j [ −log σ(p_u · (q_i − q_j)) + λ/2 (‖p_u‖² + ‖q_i‖² + ‖q_j‖²) ].

    The triples and the L2 term are those of LearnBPR (Rendle et al., UAI 2009), with n = 1 there. Every row x has a
    step of its own, x ← x − η g / √s with s ← s + ‖g‖²/K: Adagrad (Duchi, Hazan and Singer, JMLR 2011) with one sum for
    a row. Plain steps need several epochs before rows of few pairs leave their start. Each q_j moves when it is
    drawn, p_u and q_i after the n items.

    An epoch costs O(n |D| (K + log n_u)) and has no part in M, N or batches. It is one compiled loop (numba) of one
    thread on the CPU, whatever the device of the run, so that a seed has one result. An update is a step for a pair.
    """

    name = "row-adagrad"
    title = "Row Adagrad"
    requires = BPR
    needs_free_vectors = True
    halves = True
    Settings = RowAdagradSettings
    grids = {
        "paper": {"learning_rate": [0.1, 0.05, 0.02], "drawn_decay": [0.03, 0.01, 0.003, 0.001]},
        "extended": {
            "learning_rate": [0.2, 0.1, 0.05, 0.02, 0.01],
            "drawn_decay": [0.1, 0.03, 0.01, 0.003, 0.001, 0.0],
        },
    }

    def solve(self, problem: Problem) -> Solution:
        settings = problem.settings_of(RowAdagradSettings)
        budget = Budget(settings.epochs, settings.patience, every=settings.validate_every)
        return run(RowTrainer(problem), problem, budget)


class RowTrainer:
    """Row-wise Adagrad on the vectors of one model. Raises FitFailed if a user has every item as a positive."""

    def __init__(self, problem: Problem) -> None:
        from dotbench.numerics.triples import bpr_epoch  # imports numba, which only these fits need

        self.compiled, self.settings, self.device = bpr_epoch, problem.settings_of(RowAdagradSettings), problem.device
        train = problem.train(torch.float32)
        counts = train.counts.cpu()
        if (counts == train.n_items).any():
            raise FitFailed("row-adagrad: a user has every item as a positive, so no negative is left")
        self.generator = torch.Generator().manual_seed(problem.init_seed)
        model: VectorModel = problem.model(problem.settings, train, self.generator, problem.features)
        self.tables = [one.detach().cpu() for one in model.parameters()]
        self.squares = [torch.full((len(one),), FIRST_SQUARE) for one in self.tables]
        self.pairs = [one.to("cpu", torch.int32) for one in (train.users, train.items)]
        self.starts = torch.cat([torch.zeros(1, dtype=torch.int64), counts.long().cumsum(0)])
        self._pass(torch.arange(0), 0)  # what is compiled or loaded at the first call is not training

    def epoch(self) -> int:
        order = torch.randperm(len(self.pairs[0]), generator=self.generator)
        seed = int(torch.randint(2**62, (), generator=self.generator))
        self.mean_loss = self._pass(order, seed)
        return len(order)

    def _pass(self, order: "torch.Tensor", seed: int) -> float:
        arrays = [one.numpy() for one in (*self.tables, *self.squares, *self.pairs, self.starts, order)]
        rates = np.float32(self.settings.learning_rate), np.float32(self.settings.drawn_decay)
        value: float = self.compiled(*arrays, self.settings.drawn_negatives, *rates, np.uint64(seed))
        return value

    def loss(self) -> float:
        return float(self.mean_loss)

    def vectors(self) -> "tuple[torch.Tensor, torch.Tensor]":
        users, items = (one.to(self.device) for one in self.tables)
        return users, items

    def state(self) -> dict[str, Any]:
        return {"tables": self.tables, "squares": self.squares, "generator": self.generator.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        for name in ("tables", "squares"):
            setattr(self, name, [one.cpu() for one in state[name]])
        self.generator.set_state(state["generator"].cpu())
