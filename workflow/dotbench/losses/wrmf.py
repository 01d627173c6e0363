"""Weighted regularised matrix factorisation (implicit-feedback ALS)."""

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses._rows import RowSystems
from dotbench.losses.base import LeastSquaresLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.settings import Settings


class WRMFSettings(Settings):
    """Settings of the loss `wrmf`."""

    alpha: float = Field(1.0, ge=0, description="extra weight of a positive")
    regularization: float = Field(0.1, ge=0, description="λ, on the plain squared norms")


class WRMF(LeastSquaresLoss):
    """Σ_{u,i} c_ui (r_ui − o_ui)² + λ (‖P‖² + ‖Q‖²), c_ui = 1 + α r_ui.

    Hu, Koren and Volinsky, ICDM 2008; RG2 paper, Eq. 4. A row's minimiser is
    p_u = (QᵀQ + α Q_uᵀQ_u + λI)⁻¹ (1 + α) Σ_{i∈I_u} q_i, Q_u the rows of the user's positives: the weights
    differ within a row, so every row has a K × K system. A sweep costs O(|D| K² + (M + N) K³), with `als-cg`
    O(|D| K + (M + N) K²) a step.
    The package `implicit` writes the same model with its ``alpha`` = 1 + α.
    """

    name = "wrmf"
    title = "WRMF"
    defaults = {"als": {"alpha": 2.0, "regularization": 30.0}}
    family = "pointwise"
    Settings = WRMFSettings
    settings: WRMFSettings
    grids = {
        "paper": {"alpha": [0.5, 1.0, 2.0, 4.0, 8.0], "regularization": [0.0, 0.001, 0.01, 0.1]},  # RG2's
        "extended": {
            "alpha": [0.5, 1.0, 2.0, 4.0, 8.0],
            "regularization": [0.0, 0.001, 0.01, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0],
        },
    }

    def user_systems(self, train: TrainMatrix, items: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr, items)

    def item_systems(self, train: TrainMatrix, users: "torch.Tensor") -> RowSystems:
        return self._systems(train.csr_t, users)

    def _systems(self, matrix: "torch.Tensor", fixed: "torch.Tensor") -> RowSystems:
        """Those of every row of ``matrix`` (n, m), sparse, for the other side's vectors ``fixed`` (m, K)."""
        ones = fixed.new_ones(matrix.shape[0])
        alpha, ridge = self.settings.alpha, self.settings.regularization * ones
        return RowSystems(matrix, fixed, fixed.T @ fixed, ones, ridge, alpha, 1 + alpha)

    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        scores = train.scores(users, items)
        everywhere = ((users.T @ users) * (items.T @ items)).sum()  # Σ o² over all pairs
        weight = 1 + self.settings.alpha
        positives = (weight * (1 - scores) ** 2 - scores**2).sum()
        norms = (users**2).sum() + (items**2).sum()
        return float(everywhere + positives + self.settings.regularization * norms)
