"""RG2: the quadratic approximation of the full softmax loss."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import AlternatingLoss, Batch, GaussNewtonLoss, SpectralLoss
from dotbench.losses.listwise import UserBatchedLoss
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.settings import Settings


class RG2Settings(Settings):
    """Settings of the loss `rg2`."""

    regularization: float = Field(0.1, ge=0, description="λ, on the weighted squared norms")


class RG2(AlternatingLoss, GaussNewtonLoss, SpectralLoss, UserBatchedLoss):
    """Σ_{u,i} W_u [ (S_ui − o_ui)² + λ (‖p_u‖² + ‖q_i‖²) ],  W_u = n_u / (2N|D|),  S_ui = r_ui N/n_u − 1.

    Pu et al., ICML 2024: Eq. 22–23 with the weighted regulariser that Eq. 33/34 minimise, signs and factors
    of Algorithm 1 corrected (docs/errata.md). The weights are constant along a row, hence
    ALS has one K × K system for all users and one for all items,
        P = [N diag(1/n) R Q − 1 s_Qᵀ] (QᵀQ + λN I)⁻¹,              s_Q = Σ_i q_i
        Q = [Rᵀ P − (1/N) 1 (nᵀP)] ((1/N) Pᵀ diag(n) P + λ (|D|/N) I)⁻¹,
    at O(|D| K + (M + N) K²) a sweep; and the global optimum is a soft-thresholded truncated SVD (`optimum`).
    Gradient solvers see the same loss less a constant, as Eq. 13 writes it (`user_losses`, `estimate`).
    """

    name = "rg2"
    title = "RG2"
    defaults = {
        "sgd": {"learning_rate": 0.01, "regularization": 0.2, "patience_updates": 500},
        "newton-cg": {"regularization": 0.2},
        "als": {"regularization": 0.2},
        "spectral": {"regularization": 0.2},
    }
    Settings = RG2Settings
    settings: RG2Settings
    grids = {
        "paper": {"regularization": [0.0, 0.001, 0.01, 0.1]},
        "extended": {"regularization": [0.0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0]},
    }

    def best_users(self, train: TrainMatrix, items: "torch.Tensor") -> "torch.Tensor":
        n_items = train.n_items
        right = n_items * train.inverse_counts[:, None] * (train.csr @ items) - items.sum(0)
        right *= train.has_positives[:, None]
        return _solve(items.T @ items, self.settings.regularization * n_items, right)

    def best_items(self, train: TrainMatrix, users: "torch.Tensor") -> "torch.Tensor":
        n_items, size = train.n_items, len(train.users)
        weighted = train.counts[:, None] * users
        right = train.csr_t @ users - weighted.sum(0) / n_items
        return _solve(users.T @ weighted / n_items, self.settings.regularization * size / n_items, right)

    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        n_items, size, counts = train.n_items, len(train.users), train.counts
        # Σ_i (o_ui + 1)² of every user, through the Gramian
        everywhere = ((users @ (items.T @ items)) * users).sum(1) + 2 * users @ items.sum(0) + n_items
        positives = (users * (train.csr @ items)).sum() + size  # Σ_D (o_ui + 1)
        squares = (counts * everywhere).sum() - 2 * n_items * positives + n_items**2 * train.has_positives.sum()
        norms = (counts * (users**2).sum(1)).sum() / (2 * size) + (items**2).sum() / (2 * n_items)
        return float(squares / (2 * n_items * size) + self.settings.regularization * norms)

    def gradient(
        self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """(1/|D|) [−R Q + A (P QᵀQ + 1 s_Qᵀ)/N + λ A P],  (1/|D|) [−Rᵀ P + (Q PᵀAP + 1 (nᵀP))/N] + (λ/N) Q,
        A = diag(n) (paper, Appendix D, corrected: docs/errata.md)."""
        n_items, size, strength = train.n_items, len(train.users), self.settings.regularization
        weighted = train.counts[:, None] * users
        everywhere = weighted @ (items.T @ items) + train.counts[:, None] * items.sum(0)
        user_side = everywhere / n_items - train.csr @ items + strength * weighted
        item_side = (items @ (users.T @ weighted) + weighted.sum(0)) / n_items - train.csr_t @ users
        return user_side / size, item_side / size + strength / n_items * items

    def metric(self, train: TrainMatrix) -> "tuple[torch.Tensor, torch.Tensor]":
        """n_u/|D| and 1/N: D is the Hessian of the regulariser over λ."""
        users = (train.counts / len(train.users))[:, None]
        return users, torch.full_like(train.item_counts, 1 / train.n_items)[:, None]

    def gauss_newton(
        self,
        train: TrainMatrix,
        users: "torch.Tensor",
        items: "torch.Tensor",
        user_direction: "torch.Tensor",
        item_direction: "torch.Tensor",
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """(1/N|D|) A [V QᵀQ + P (HᵀQ)] + (λ/|D|) A V,  (1/N|D|) [Q (VᵀAP) + H PᵀAP] + (λ/N) H, A = diag(n), in
        O((M + N) K²) (paper, Appendix D, corrected: docs/errata.md)."""
        n_items, size, strength = train.n_items, len(train.users), self.settings.regularization
        weighted = train.counts[:, None] * users
        inner = user_direction @ (items.T @ items) + users @ (item_direction.T @ items)
        user_side = train.counts[:, None] * (inner / n_items + strength * user_direction)
        item_side = items @ (user_direction.T @ weighted) + item_direction @ (users.T @ weighted)
        return user_side / size, item_side / (n_items * size) + strength / n_items * item_direction

    def user_losses(self, vectors: Vectors, batch: Batch) -> "torch.Tensor":
        """ℓ_u = −Σ_{i∈I_u} o_ui + (n_u/2N) ‖o_u + 1‖² + λ (n_u/2) ‖p_u‖², through the Gramian:
        ‖o_u + 1‖² = p_uᵀ(QᵀQ)p_u + 2 p_uᵀs_Q + N. A batch costs O(P K + B K² + N K²), P its positives."""
        users, rows, chosen, counts = batch
        p, q = vectors.users(users), vectors.items()
        starts = torch.searchsorted(rows, torch.arange(len(users), device=rows.device))
        own = torch.nn.functional.embedding_bag(chosen, q, starts, mode="sum")
        everywhere = ((p @ (q.T @ q)) * p).sum(1) + 2 * p @ q.sum(0) + len(q)
        norms = self.settings.regularization * counts / 2 * (p**2).sum(1)
        losses: torch.Tensor = counts / (2 * len(q)) * everywhere + norms - (p * own).sum(1)
        return losses

    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        norms = self.settings.regularization / (2 * train.n_items) * (vectors.items() ** 2).sum()
        return super().estimate(vectors, train, batch) + norms

    @classmethod
    def target(cls, train: TrainMatrix) -> "SparsePlusRankOne":
        """T = ½ [ diag(√(N/(n|D|))) R − √(n/(N|D|)) 1ᵀ ], shape (M, N): T_ui = √(W_u/2) S_ui, with
        weights and factors so that the objective is 2 ‖P̃Q̃ᵀ − T‖² + λ (‖P̃‖² + ‖Q̃‖²) in P̃, Q̃ of `optimum`."""
        size = len(train.users)
        return SparsePlusRankOne(
            train,
            0.5 * (train.n_items / size * train.inverse_counts).sqrt(),
            0.5 * (train.counts / (train.n_items * size)).sqrt(),
        )

    def optimum(self, train: TrainMatrix, spectrum: Any, rank: int) -> "tuple[torch.Tensor, torch.Tensor]":
        """P̃ = U √(S − λ/2)₊, Q̃ = V √(S − λ/2)₊ for T ≈ U S Vᵀ, where p̃_u = √(n_u/2|D|) p_u, q̃_i = q_i/√(2N).

        Everything collapses to zero when λ ≥ 2 σ₁(T).
        """
        shrunk = (spectrum.values[:rank] - self.settings.regularization / 2).clamp(min=0).sqrt()
        users = spectrum.left[:, :rank] * shrunk * (2 * len(train.users) * train.inverse_counts).sqrt()[:, None]
        items = spectrum.right[:, :rank] * shrunk * (2 * train.n_items) ** 0.5
        return users, items


def _solve(gramian: "torch.Tensor", ridge: float, right: "torch.Tensor") -> "torch.Tensor":
    """right (gramian + ridge I)⁻¹ by one Cholesky factorisation. ``right``: shape (n, K)."""
    system = gramian.clone()
    system.diagonal().add_(ridge)
    return torch.cholesky_solve(right.T, torch.linalg.cholesky(system)).T.contiguous()


@dataclass(frozen=True)
class SparsePlusRankOne:
    """The linear map diag(scale) R − offset 1ᵀ, shape (M, N), with R the binary training matrix.

    ``scale``, ``offset``: shape (M,). A product with K columns costs O(|D| K), never O(M N).
    """

    train: TrainMatrix
    scale: "torch.Tensor"
    offset: "torch.Tensor"

    @property
    def shape(self) -> tuple[int, int]:
        return self.train.n_users, self.train.n_items

    def matmul(self, right: "torch.Tensor") -> "torch.Tensor":
        """Product with ``right`` (N, K): shape (M, K)."""
        return self.scale[:, None] * (self.train.csr @ right) - self.offset[:, None] * right.sum(0)

    def rmatmul(self, left: "torch.Tensor") -> "torch.Tensor":
        """Product of the transpose with ``left`` (M, K): shape (N, K)."""
        return self.train.csr_t @ (self.scale[:, None] * left) - self.offset @ left

    def squared_norm(self) -> float:
        """‖·‖_F²: at a positive (scale − offset)², elsewhere offset²."""
        n = self.train.counts
        cells = n * (self.scale - self.offset) ** 2 + (self.train.n_items - n) * self.offset**2
        return float(cells.sum())
