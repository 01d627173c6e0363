"""The exact minimiser of a bilinear model of the features."""

import time
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.lazy import torch
from dotbench.losses.base import Loss
from dotbench.losses.squared import Squared, SquaredSettings
from dotbench.models._inductive import InductiveSettings, dense
from dotbench.models.imc import IMC
from dotbench.numerics.matrix import TrainMatrix
from dotbench.solvers.base import Problem, Solution, Solver


class ClosedForm(Solver):
    """The M (d_u, d_i) that minimises Σ_{(u,i)∈D} (r_ui − b_i − x_uᵀ M y_i)² + λ ‖M‖²_F, with M = U Vᵀ.

    λ is the loss's `regularization`, here of M and not of the vectors; b its `offset`.

    It is the optimum of linear inductive matrix completion for any k ≥ min(d_u, d_i), so that no under-training is
    possible. Normal equations of d_u d_i unknowns, from Σ_u x_u x_uᵀ ⊗ Σ_{i∈I_u} y_i y_iᵀ: O(|D| d_i² + M d_u² d_i² +
    (d_u d_i)³), in double precision.
    """

    name = "closed-form"
    title = "closed form"
    requires = Squared

    @classmethod
    def can_solve(cls, model: type[Any], loss: type[Loss]) -> bool:
        return issubclass(model, IMC) and issubclass(loss, cls.requires)

    def solve(self, problem: Problem) -> Solution:
        model = problem.settings_of(InductiveSettings)
        loss: Squared = problem.loss
        ridge = problem.settings_of(SquaredSettings).regularization
        train = problem.train(torch.float64)
        x, y = (dense(problem.features, side, model.features, train) for side in ("users", "items"))
        if model.embedding_size < min(x.shape[1], y.shape[1]):
            raise DotbenchError(
                f"closed-form: key 'embedding_size': found {model.embedding_size}; allowed is "
                f"{min(x.shape[1], y.shape[1])} or more, the rank of M"
            )
        start = time.perf_counter(), time.process_time()
        targets = loss.targets(train)
        m = bilinear_ridge(x, y, train, targets, ridge)
        seconds = time.perf_counter() - start[0], time.process_time() - start[1]
        left, values, right = torch.linalg.svd(m, full_matrices=False)
        extra = model.embedding_size - len(values)  # k beyond the rank of M: zero columns
        sides = (x @ (left * values.sqrt()), y @ (right.T * values.sqrt()))
        users, items = (torch.nn.functional.pad(side.float(), (0, extra)) for side in sides)
        users, items = loss.scoring(train, users, items)
        errors = targets - train.scores(x @ m, y)
        row = {"epoch": 1, "updates": 1, "seconds": seconds[0], "cpu_seconds": seconds[1]}
        row |= {"loss": float((errors.square().sum() + ridge * m.square().sum()) / len(errors))}
        return Solution(users, items, [row | problem.validate(users, items)], best_epoch=1)


def bilinear_ridge(
    x: "torch.Tensor", y: "torch.Tensor", train: TrainMatrix, ratings: "torch.Tensor", ridge: float
) -> "torch.Tensor":
    """M (d_u, d_i), the minimiser of Σ (r − x_uᵀ M y_i)² + λ ‖M‖²; x (M, d_u), y (N, d_i), ``ratings`` (|D|,)."""
    d, e = x.shape[1], y.shape[1]
    squares = train.csr @ (y[:, :, None] * y[:, None, :]).flatten(1)  # Σ_{i∈I_u} y_i y_iᵀ, (M, d_i²)
    gram = (x[:, :, None] * x[:, None, :]).flatten(1).T @ squares  # (d_u², d_i²)
    normal = gram.view(d, d, e, e).permute(0, 2, 1, 3).reshape(d * e, d * e)
    right = x.new_zeros(train.n_users, e)
    right.index_add_(0, train.users, ratings[:, None] * y[train.items])
    normal.diagonal().add_(ridge)
    factor = torch.linalg.cholesky(normal)
    return torch.cholesky_solve((x.T @ right).reshape(-1, 1), factor).view(d, e)
