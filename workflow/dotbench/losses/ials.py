"""iALS with a regulariser that is scaled by frequency."""

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses._rows import RowSystems
from dotbench.losses.base import LeastSquaresLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.settings import Settings


class IALSSettings(Settings):
    """Settings of the loss `ials`."""

    unobserved_weight: float = Field(0.1, ge=0, description="α₀, weight of a squared score, of every pair")
    regularization: float = Field(0.03, ge=0, description="λ, on the weighted squared norms")
    frequency_exponent: float = Field(1.0, ge=0, le=1, description="ν: 0 for plain norms, 1 for full weighting")


class IALS(LeastSquaresLoss):
    """Σ_{(u,i)∈D} (1 − o_ui)² + α₀ Σ_{u,i} o_ui² + λ (Σ_u (n_u + α₀N)^ν ‖p_u‖² + Σ_i (n_i + α₀M)^ν ‖q_i‖²).

    Rendle, Krichene, Zhang and Koren, RecSys 2022 ("Revisiting the performance of iALS on item recommendation
    benchmarks"), n_i the positives of item i. A row's norm has the weight of its part of the data term, to the power ν,
    so that one λ suits rare and frequent rows. A row's minimiser is p_u = (Q_uᵀQ_u + α₀ QᵀQ + λ (n_u + α₀N)^ν I)⁻¹
    Σ_{i∈I_u} q_i. The loss `wrmf` has plain norms, and with α = 1/α₀ the same weights. But in Σ q_i, its positives
    count 1 + α, not α. The costs are those of `wrmf`.
    """

    name = "ials"
    title = "iALS"
    defaults = {"als-cg": {"unobserved_weight": 0.1, "regularization": 0.03}}
    family = "pointwise"
    Settings = IALSSettings
    settings: IALSSettings
    grids = {
        "reduced": {"unobserved_weight": [0.1, 1.0], "regularization": [0.003, 0.01, 0.03]},
        "paper": {"unobserved_weight": [0.1, 0.3, 1.0, 3.0], "regularization": [0.003, 0.01, 0.03]},
    }

    def user_systems(self, train: TrainMatrix, items: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr, items, self._ridges(train)[0])

    def item_systems(self, train: TrainMatrix, users: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr_t, users, self._ridges(train)[1])

    def _systems(self, matrix: "torch.Tensor", fixed: "torch.Tensor", ridges: "torch.Tensor") -> RowSystems:
        """Those of every row of ``matrix`` (n, m), sparse, for the other side's vectors ``fixed`` (m, K)."""
        scale = torch.full_like(ridges, self.settings.unobserved_weight)
        return RowSystems(matrix, fixed, fixed.T @ fixed, scale, ridges, 1.0, 1.0)

    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        scores = train.scores(users, items)
        everywhere = ((users.T @ users) * (items.T @ items)).sum()  # Σ o² over all pairs
        user_ridges, item_ridges = self._ridges(train)
        norms = (user_ridges * (users**2).sum(1)).sum() + (item_ridges * (items**2).sum(1)).sum()
        return float(((1 - scores) ** 2).sum() + self.settings.unobserved_weight * everywhere + norms)

    def _ridges(self, train: TrainMatrix) -> "tuple[torch.Tensor, torch.Tensor]":
        """λ (n_u + α₀N)^ν, shape (M,), and λ (n_i + α₀M)^ν, shape (N,)."""
        weight, exponent = self.settings.unobserved_weight, self.settings.frequency_exponent
        users = (train.counts + weight * train.n_items) ** exponent
        items = (train.item_counts + weight * train.n_users) ** exponent
        return self.settings.regularization * users, self.settings.regularization * items
