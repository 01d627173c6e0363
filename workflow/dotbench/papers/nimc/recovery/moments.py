"""Gaussian moments of the activations, and of observed entries against their covariates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import VALUES, Activation

CHUNK = 1 << 15  # pairs that are drawn at a time
NODES = 8001


@cache
def _nodes() -> "tuple[np.ndarray, np.ndarray]":
    """z and weights with Σ w h(z) = E h(z), z standard normal: the trapezoidal rule."""
    z = np.linspace(-12, 12, NODES)
    weights = np.exp(-(z**2) / 2)
    return z, weights / weights.sum()


def gamma(activation: Activation, power: int, sigma: float) -> float:
    """γ_j(σ) = E[φ(σ z) z^j], z standard normal. Zhong et al., NeurIPS 2019, Section 3.4."""
    z, weights = _nodes()
    return float(weights @ (VALUES[activation](torch.from_numpy(sigma * z)).numpy() * z**power))


def third(activation: Activation, sigma: float) -> float:
    """γ₃(σ) − 3 γ₁(σ) = E[φ(σ z) He₃(z)]. It vanishes for ReLU, whatever σ."""
    return gamma(activation, 3, sigma) - 3 * gamma(activation, 1, sigma)


@dataclass(frozen=True)
class Pairs:
    """N pairs of fresh normal x, y with A = φ(U*ᵀx)ᵀ φ(V*ᵀy), drawn again whenever they are gone through. ``truth``:
    (2, d, k)."""

    truth: "np.ndarray"
    activation: Activation
    count: int
    seed: int

    def __iter__(self) -> "Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]":
        """Chunks of x (c, d), y (c, d) and A (c,)."""
        rng, value = np.random.default_rng([self.seed, 7]), VALUES[self.activation]
        for start in range(0, self.count, CHUNK):
            x, y = rng.standard_normal((2, min(CHUNK, self.count - start), self.truth.shape[1]))
            p, q = (value(torch.from_numpy(z @ w)).numpy() for z, w in zip((x, y), self.truth, strict=True))
            yield x, y, (p * q).sum(1)


@dataclass(frozen=True)
class First:
    """Means over the pairs: of A; of A x and A y, (d,); of (A − Ā) x yᵀ, (d, d)."""

    a: float
    ax: "np.ndarray"
    ay: "np.ndarray"
    axy: "np.ndarray"


def first_moments(pairs: Pairs) -> First:
    """One pass over the pairs, O(N d²)."""
    d = pairs.truth.shape[1]
    total, ax, ay = 0.0, np.zeros(d), np.zeros(d)
    axy, xy = np.zeros((d, d)), np.zeros((d, d))
    for x, y, a in pairs:
        total += a.sum()
        ax += a @ x
        ay += a @ y
        axy += (x * a[:, None]).T @ y
        xy += x.T @ y
    n = pairs.count
    return First(total / n, ax / n, ay / n, (axy - total / n * xy) / n)


def third_moment(pairs: Pairs, basis: "np.ndarray", mean: float) -> "np.ndarray":
    """Mean of (A − Ā) He₃(z), z = Bᵀx, B (d, k) orthonormal: (k, k, k), without forming d³.

    He₃(z)_abc = z_a z_b z_c − z_a δ_bc − z_b δ_ac − z_c δ_ab. Its expectation is Σ_l α_l b_l ⊗ b_l ⊗ b_l, b_l the
    directions of u_l in the basis and α_l = γ₀(|v_l|) (γ₃ − 3 γ₁)(|u_l|). One pass, O(N (d k + k³)).
    """
    k = basis.shape[1]
    cubes, sums = np.zeros((k * k, k)), np.zeros(k)
    for x, _, a in pairs:
        z = x @ basis
        weighted = z * (a - mean)[:, None]
        cubes += (z[:, :, None] * z[:, None, :]).reshape(len(z), -1).T @ weighted
        sums += weighted.sum(0)
    tensor, eye = cubes.reshape(k, k, k), np.eye(k)
    for form in ("a,bc->abc", "b,ac->abc", "c,ab->abc"):
        tensor = tensor - np.einsum(form, sums, eye)
    return tensor / pairs.count


def mixed_moment(pairs: Pairs, bases: "tuple[np.ndarray, np.ndarray]", mean: float) -> "np.ndarray":
    """Mean of (A − Ā) (z zᵀ − I) ⊗ w, z = Bᵀx and w = Cᵀy: (k, k, k), the last axis w's.

    Its expectation is Σ_l (γ₂ − γ₀)(|u_l|) γ₁(|v_l|) b_l ⊗ b_l ⊗ c_l: the substitute of the third moment for ReLU, of
    which that vanishes.
    """
    k = bases[0].shape[1]
    cubes, sums = np.zeros((k * k, k)), np.zeros(k)
    for x, y, a in pairs:
        z, weighted = x @ bases[0], (y @ bases[1]) * (a - mean)[:, None]
        cubes += (z[:, :, None] * z[:, None, :]).reshape(len(z), -1).T @ weighted
        sums += weighted.sum(0)
    tensor: np.ndarray = (cubes.reshape(k, k, k) - np.einsum("ab,c->abc", np.eye(k), sums)) / pairs.count
    return tensor


def fourth_moment(pairs: Pairs, bases: "tuple[np.ndarray, np.ndarray]", mean: float) -> "np.ndarray":
    """Mean of (A − Ā) He₃(z) ⊗ w: (k, k, k, k), the last axis w's.

    Its expectation is Σ_l (γ₃ − 3 γ₁)(|u_l|) γ₁(|v_l|) b_l ⊗ b_l ⊗ b_l ⊗ c_l: the substitute of the third moment for
    tanh, of which that vanishes, as γ₀ = 0.
    """
    k = bases[0].shape[1]
    cubes, sums = np.zeros((k * k, k * k)), np.zeros((k, k))
    for x, y, a in pairs:
        z, weighted = x @ bases[0], (y @ bases[1]) * (a - mean)[:, None]
        both = (z[:, :, None] * weighted[:, None, :]).reshape(len(z), -1)
        cubes += (z[:, :, None] * z[:, None, :]).reshape(len(z), -1).T @ both
        sums += z.T @ weighted
    tensor, eye = cubes.reshape(k, k, k, k), np.eye(k)
    for form in ("aw,bc->abcw", "bw,ac->abcw", "cw,ab->abcw"):
        tensor = tensor - np.einsum(form, sums, eye)
    return tensor / pairs.count
