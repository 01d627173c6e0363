"""Regularised matrix factorisation of ratings by alternating least squares."""

from typing import TYPE_CHECKING

from pydantic import Field

from dotbench.evaluation.rmse import inner_products
from dotbench.lazy import torch
from dotbench.losses.squared import Squared, SquaredSettings
from dotbench.models.mf import MatrixFactorization, MatrixFactorizationSettings
from dotbench.numerics.matrix import TrainMatrix
from dotbench.settings import Settings
from dotbench.simulations.methods.base import Fitted, RatingMethod, Task

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution


class RSVDSettings(Settings):
    """Settings of the method `rsvd-als`."""

    embedding_size: int = Field(30, ge=1)
    sweeps: int = Field(15, ge=1, description="over users and items, from a normal start")
    init_std: float = Field(0.1, gt=0)
    regularization: float = Field(10.0, ge=0, description="λ")


class RSVD(RatingMethod):
    """min Σ_D (r_ui − μ − p_uᵀq_i)² + λ (Σ_u ‖p_u‖² + Σ_i ‖q_i‖²), each side exactly in turn, a fixed number of sweeps.

    μ is the mean training rating. What T2Rec (Jaiswal, arXiv 2403.00802, Section 6) calls rSVD. The loss `squared`.
    """

    name = "rsvd-als"
    title = "rSVD (ALS)"
    Settings = RSVDSettings
    gpu = True
    equivariant = frozenset({"shift"})  # λ has the unit of a rating

    def fit(self, task: Task, execution: "Execution") -> Fitted:
        s, data = task.settings_of(RSVDSettings), task.data
        train = TrainMatrix(
            data.pairs, len(data.users), len(data.items), execution.device, torch.float32, data.ratings
        ).ready()
        loss = Squared(SquaredSettings(regularization=s.regularization, weighted=False, offset="mean"))
        shape = MatrixFactorizationSettings(embedding_size=s.embedding_size, init_std=s.init_std)
        start = MatrixFactorization(shape, train, torch.Generator().manual_seed(task.seed)).vectors()
        items = start.items().detach()
        for _ in range(s.sweeps):
            users = loss.best_users(train, items)
            items = loss.best_items(train, users)
        vectors = loss.scoring(train, users, items)
        return Fitted(lambda pairs: inner_products(*vectors, pairs), epochs=s.sweeps)
