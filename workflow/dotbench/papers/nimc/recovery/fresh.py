"""Gradient descent on NIMC's objective with fresh samples at every step."""

from dataclasses import dataclass

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import SLOPES, VALUES, Activation

CHUNK = 10_000  # pairs of a Jacobian held at a time


@dataclass(frozen=True)
class Population:
    """f(U, V) = ½ E (φ(Uᵀx)ᵀ φ(Vᵀy) − φ(U*ᵀx)ᵀ φ(V*ᵀy))² for standard normal x and y.

    ``truth``: (R, 2, d, k), U* and V* of R problems. ``held``: rows of U that are known and never move.
    """

    activation: Activation
    truth: "torch.Tensor"
    held: int = 0

    def gradient(self, w: "torch.Tensor", x: "torch.Tensor", y: "torch.Tensor") -> "torch.Tensor":
        """The gradient (R, 2, d, k) at ``w`` of the mean over m pairs, ``x`` and ``y`` (R, m, d): O(R m d k)."""
        value, slope = VALUES[self.activation], SLOPES[self.activation]
        p, q = value(x @ w[:, 0]), value(y @ w[:, 1])
        entries = (value(x @ self.truth[:, 0]) * value(y @ self.truth[:, 1])).sum(2)
        residuals = (((p * q).sum(2) - entries) / x.shape[1])[:, :, None]
        sides = x.mT @ (residuals * slope(p) * q), y.mT @ (residuals * slope(q) * p)
        gradient = torch.stack(sides, 1)
        gradient[:, 0, : self.held] = 0
        return gradient

    def hessian(self, problem: int, pairs: int, rng: "np.random.Generator") -> "torch.Tensor":
        """E JᵀJ at the truth of one problem, without what is held, from so many pairs: (2dk − held k)²."""
        u, v = self.truth[problem]
        total = torch.zeros(2 * u.numel(), 2 * u.numel(), dtype=u.dtype)
        for start in range(0, pairs, CHUNK):
            m = min(CHUNK, pairs - start)
            x, y = torch.from_numpy(rng.standard_normal((2, m, len(u))))
            p, q = VALUES[self.activation](x @ u), VALUES[self.activation](y @ v)
            dp, dq = SLOPES[self.activation](p), SLOPES[self.activation](q)
            sides = x[:, :, None] * (dp * q)[:, None], y[:, :, None] * (dq * p)[:, None]
            jacobian = torch.cat([side.flatten(1) for side in sides], 1)
            total += jacobian.T @ jacobian
        free = self.held * u.shape[1]
        return total[free:, free:] / pairs


def descend(
    population: Population,
    start: "torch.Tensor",
    steps: "torch.Tensor",
    m: int,
    iterations: int,
    rngs: "list[np.random.Generator]",
) -> "np.ndarray":
    """‖W_t − W*‖ of R problems for t = 0 … ``iterations``, (iterations + 1, R): W_{t+1} = W_t − η ∇f_t(W_t), f_t of m
    fresh pairs. ``steps``: η (R,). Zhong et al., NeurIPS 2019, Theorem 3.3."""
    w, d = start.clone(), start.shape[2]
    distances = [(w - population.truth).flatten(1).norm(dim=1)]
    for _ in range(iterations):
        x, y = torch.from_numpy(np.stack([rng.standard_normal((2, m, d)) for rng in rngs], axis=1))
        w -= steps[:, None, None, None] * population.gradient(w, x, y)
        distances.append((w - population.truth).flatten(1).norm(dim=1))
    return torch.stack(distances).numpy()
