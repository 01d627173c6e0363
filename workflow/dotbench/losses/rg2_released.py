"""What the released code of the RG2 paper optimises."""

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses._rows import RowSystems
from dotbench.losses.base import LeastSquaresLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.settings import Settings


class RG2ReleasedSettings(Settings):
    """Settings of the loss `rg2-released`."""

    alpha: float = Field(0.005, ge=0, description="extra weight of a positive, not in the paper")
    regularization: float = Field(0.1, ge=0, description="λ, on the weighted squared norms")
    released_sign: bool = Field(
        True, description="sign in the items' update: that of the released code, or the correct one"
    )


class RG2Released(LeastSquaresLoss):
    """−Σ_D o_ui + Σ_u w_u ‖o_u + 1‖² + α Σ_D (o_ui − 1)² + Σ_u λ_u ‖p_u‖² + λ_I ‖Q‖²,  w_u = n_u / (2N).

    λ_u = λ (n_u/2 + αN + 1), λ_I = λ (|D|/2N + αM). It is |D| times the loss `rg2` with an extra weight α on the
    positives that the paper does not have, and a regulariser that counts α for every item instead of every
    positive and has a stray λI on the users' side (released `rg2.py`; docs/errata.md). A sweep solves
        users  (w_u QᵀQ + α Q_uᵀQ_u + λ_u I) p_u = −w_u s_Q + (½ + α) Σ_{i∈I_u} q_i,         s_Q = Σ_i q_i
        items  (Pᵀ diag(w) P + α P_iᵀP_i + λ_I I) q_i = ± Σ_u w_u p_u + (½ + α) Σ_{u∈U_i} p_u,
    where the released code has + and the minimiser has −. With α > 0 every row has its own system,
    O(|D| K² + (M + N) K³) a sweep.
    """

    name = "rg2-released"
    title = "RG2 released"
    defaults = {"als": {"alpha": 0.01, "regularization": 0.1}}
    family = "listwise"
    Settings = RG2ReleasedSettings
    settings: RG2ReleasedSettings
    grids = {
        "paper": {
            "alpha": [0.001, 0.01, 0.1],
            "regularization": [0.001, 0.01, 0.1],
        },  # comment in the released config.yaml
        "extended": {
            "alpha": [0.001, 0.003, 0.01, 0.03, 0.1],
            "regularization": [0.001, 0.01, 0.03, 0.1, 0.3, 1.0],
        },
    }

    def user_systems(self, train: TrainMatrix, items: "torch.Tensor") -> RowSystems:
        weights, alpha = self._weights(train), self.settings.alpha
        offset = -weights[:, None] * items.sum(0)
        return RowSystems(
            train.csr, items, items.T @ items, weights, self._ridges(train)[0], alpha, 0.5 + alpha, offset
        )

    def item_systems(self, train: TrainMatrix, users: "torch.Tensor") -> RowSystems:
        weighted, alpha = self._weights(train)[:, None] * users, self.settings.alpha
        ones = users.new_ones(train.n_items)
        total = weighted.sum(0) if self.settings.released_sign else -weighted.sum(0)
        offset, ridge = total.expand(train.n_items, -1), self._ridges(train)[1] * ones
        return RowSystems(train.csr_t, users, users.T @ weighted, ones, ridge, alpha, 0.5 + alpha, offset)

    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        weights, (user_ridges, item_ridge) = self._weights(train), self._ridges(train)
        scores = train.scores(users, items)
        everywhere = ((users @ (items.T @ items)) * users).sum(1) + 2 * users @ items.sum(0) + train.n_items
        data = (weights * everywhere).sum() - scores.sum() + self.settings.alpha * ((scores - 1) ** 2).sum()
        return float(data + (user_ridges * (users**2).sum(1)).sum() + item_ridge * (items**2).sum())

    def _weights(self, train: TrainMatrix) -> "torch.Tensor":
        """w_u, shape (M,)."""
        return train.counts / (2 * train.n_items)

    def _ridges(self, train: TrainMatrix) -> "tuple[torch.Tensor, float]":
        """λ_u, shape (M,), and λ_I."""
        alpha, strength = self.settings.alpha, self.settings.regularization
        users = strength * (train.counts / 2 + alpha * train.n_items + 1)
        return users, strength * (len(train.users) / (2 * train.n_items) + alpha * train.n_users)
