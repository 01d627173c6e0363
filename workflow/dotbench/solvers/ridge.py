"""The exact minimiser of a linear model of the features."""

import time
from typing import Any

from dotbench.lazy import torch
from dotbench.losses.base import Loss
from dotbench.losses.squared import Squared, SquaredSettings
from dotbench.models._inductive import dense
from dotbench.models.linear import Linear, LinearSettings, item_vectors, user_vectors
from dotbench.numerics.matrix import TrainMatrix
from dotbench.solvers.base import Problem, Solution, Solver


class Ridge(Solver):
    """The a (d_u,) and b (d_i,) that minimise Σ_{(u,i)∈D} (r_ui − b_i − aᵀx_u − bᵀy_i)² + λ (‖a‖² + ‖b‖²).

    λ is the loss's `regularization`, here of the weights and not of the vectors; b_i its `offset`, without a penalty.
    Normal equations of d_u + d_i unknowns: O(|D| d_i + M d_u (d_u + d_i) + N d_i² + (d_u + d_i)³), in double precision.
    Hoerl and Kennard, Technometrics 1970.
    """

    name = "ridge"
    title = "ridge"
    requires = Squared

    @classmethod
    def can_solve(cls, model: type[Any], loss: type[Loss]) -> bool:
        return issubclass(model, Linear) and issubclass(loss, cls.requires)

    def solve(self, problem: Problem) -> Solution:
        model = problem.settings_of(LinearSettings)
        loss: Squared = problem.loss
        ridge = problem.settings_of(SquaredSettings).regularization
        train = problem.train(torch.float64)
        x, y = (dense(problem.features, side, model.features, train) for side in ("users", "items"))
        start = time.perf_counter(), time.process_time()
        targets = loss.targets(train)
        a, b = additive_ridge(x, y, train, targets, ridge)
        seconds = time.perf_counter() - start[0], time.process_time() - start[1]
        left, right = x @ a, y @ b
        errors = targets - left[train.users] - right[train.items]
        row = {"epoch": 1, "updates": 1, "seconds": seconds[0], "cpu_seconds": seconds[1]}
        row |= {"loss": float((errors.square().sum() + ridge * (a.square().sum() + b.square().sum())) / len(errors))}
        size = model.embedding_size
        users, items = user_vectors(left.float()[:, None], size), item_vectors(right.float()[:, None], size)
        users, items = loss.scoring(train, users, items)
        return Solution(users, items, [row | problem.validate(users, items)], best_epoch=1)


def additive_ridge(
    x: "torch.Tensor", y: "torch.Tensor", train: TrainMatrix, ratings: "torch.Tensor", ridge: float
) -> "tuple[torch.Tensor, torch.Tensor]":
    """a (d_u,) and b (d_i,), the minimiser of Σ (r − aᵀx_u − bᵀy_i)² + λ (‖a‖² + ‖b‖²); x (M, d_u), y (N, d_i),
    ``ratings`` (|D|,)."""
    by_user = ratings.new_zeros(train.n_users).index_add_(0, train.users, ratings)
    by_item = ratings.new_zeros(train.n_items).index_add_(0, train.items, ratings)
    across = x.T @ (train.csr @ y)  # Σ_D x_u y_iᵀ
    top = torch.cat([x.T @ (train.counts[:, None] * x), across], dim=1)
    bottom = torch.cat([across.T, y.T @ (train.item_counts[:, None] * y)], dim=1)
    normal = torch.cat([top, bottom])
    normal.diagonal().add_(ridge)
    found = torch.linalg.solve(normal, torch.cat([x.T @ by_user, y.T @ by_item]))
    return found[: x.shape[1]], found[x.shape[1] :]
