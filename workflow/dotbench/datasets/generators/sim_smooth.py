"""Truths of known smoothness in all coordinates of the covariates together."""

import itertools

from pydantic import Field

from dotbench.datasets.generators.covariates import RepeatedCovariates, RepeatedSettings
from dotbench.lazy import np

STEPS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # of SplitMix64
SQUARE = 181 / 231  # ∫ s² + (1 − s)² of the weight s below


class SimSmoothSettings(RepeatedSettings):
    """Parameters of the generator `sim-smooth`."""

    smoothness: float = Field(1.5, gt=0, lt=3, description="β, Hölder exponent of the truth")
    dimension: int = Field(4, ge=1, le=10, description="d, intrinsic dimension of the truth; the cost grows as 2^d")
    covariates: int = Field(
        50, ge=1, description="D, number of coordinates of the covariates; the first d are repeated"
    )
    functions: int = Field(30, ge=1, description="p, coordinates of a vector")
    levels: int = Field(12, ge=1, le=40, description="scales: the finest details have width 2^(−levels)")
    variance: float = Field(5.2, gt=0, description="variance of the truth over pairs and seeds")


class SimSmooth(RepeatedCovariates):
    """Random multiscale functions with Hölder exponent β, of all d coordinates together.

    x_l ~ U[0, 1] for l ≤ d and x_l = x_{l−d} for d < l ≤ D, as in `sim-t2rec`;
    f_j(x) = c Σ_{k=1}^{levels} 2^{−βk} N_jk(2^k x_1, …, 2^k x_d),  j = 1…p, g_j likewise.
    N_jk interpolates independent U[−1, 1] values ξ at the integer points: N(z) = Σ_e ξ(⌊z⌋ + e) Π_l w(e_l, z_l − ⌊z_l⌋)
    over the 2^d corners e ∈ {0, 1}^d, with w(1, t) = s(t) = 6t⁵ − 15t⁴ + 10t³ and w(0, t) = 1 − s(t). c makes the
    variance of ⟨f, g⟩ over pairs and draws ``variance``.

    Hölder exponent. s′ = s″ = 0 at 0 and 1, so N has two continuous derivatives, and N and these are bounded and
    Lipschitz with a constant C of d alone. Let m < β < m + 1, m ∈ {0, 1, 2}. The series of derivatives D^m of order m
    converges uniformly. Its term k is bounded by C 2^{−(β−m)k} with Lipschitz constant C 2^{(m+1−β)k}. For |x − y| = h
        |D^m f(x) − D^m f(y)| ≤ C Σ_k min(2 · 2^{−(β−m)k}, 2^{(m+1−β)k} h) ≤ C′ h^{β−m},
    splitting the sum at 2^{−k} = h: f has Hölder exponent β. (At β = 1 and 2 the last sum has a factor log 1/h.)

    And no larger one. The difference of order m + 1 of f over neighbours of the grid of width h = 2^{−k} is 2^{−βk}
    times a fixed combination of values ξ of level k, plus symmetric terms independent of it: with probability at least
    one half the sum is as large as the first part alone, so the difference is of order h^β with a probability that does
    not fall with k, at 2^{dk} places. As ``levels`` grows, no larger exponent holds at small h, almost surely. With
    finite ``levels`` this is so for distances above 2^{−levels}. What is left out is of size 2^{−β levels}.

    Dimension. Level k has about 2^{dk} independent values, as many as the Hölder class of d variables asks for, and
    products of all d coordinates. A sum of functions of one coordinate each explains about .4 to .6 of the variance of
    f_j for d = 2, .13 to .22 for d = 4 and less than .03 for d = 8 (measured, β from .5 to 2.5).

    For the rate |Ω|^{−2β/(2β+d)} of T2Rec's Theorem 5.5, arXiv 2403.00802.
    """

    name = "sim-smooth"
    title = "simulation of given smoothness and dimension"
    Settings = SimSmoothSettings
    settings: SimSmoothSettings

    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        s = self.settings
        scales = 2.0 ** -(s.smoothness * np.arange(1, s.levels + 1))
        square = (scales**2).sum() * SQUARE**s.dimension / 3  # mean square of Σ_k 2^{−βk} N_k
        total = np.zeros((len(x), s.functions))
        for level, scale in enumerate(scales, start=1):
            total += scale * self._interpolated(2.0**level * x[:, : s.dimension], side, level)
        vectors: np.ndarray = total * (s.variance / s.functions) ** 0.25 / np.sqrt(square)
        return vectors

    def _interpolated(self, z: "np.ndarray", side: int, level: int) -> "np.ndarray":
        """N_jk at the rows of ``z`` for every j: shape (n, d) → (n, p)."""
        below = np.floor(z)
        t = z - below
        upper = t**3 * (t * (6 * t - 15) + 10)
        corner = below.astype(np.uint64)
        totals = np.zeros((len(z), self.settings.functions))
        start = np.full(len(z), self.settings.seed, np.uint64)
        start = _mix(_mix(start, np.uint64(side)), np.uint64(level))
        for e in itertools.product((0, 1), repeat=z.shape[1]):
            weight, state = np.ones(len(z)), start
            for axis, step in enumerate(e):
                weight = weight * (upper[:, axis] if step else 1 - upper[:, axis])
                state = _mix(state, corner[:, axis] + np.uint64(step))
            values = _mix(state[:, None], np.arange(self.settings.functions, dtype=np.uint64))
            totals += weight[:, None] * ((values >> np.uint64(11)) * 2.0**-52 - 1)
        return totals


def _mix(state: "np.ndarray", number: "np.ndarray | np.unsignedinteger") -> "np.ndarray":
    """A new state from a state and a number: the output function of SplitMix64 (Steele, Lea and Flood, 2014).

    It stands for a table of independent values that would be too large to store: every point of the grid has its own
    state, and fresh points see the same function.
    """
    step, first, second = (np.uint64(value) for value in STEPS)
    with np.errstate(over="ignore"):
        mixed = (state ^ (number + np.uint64(1)) * step) + step
        mixed = (mixed ^ (mixed >> np.uint64(30))) * first
        mixed = (mixed ^ (mixed >> np.uint64(27))) * second
    last: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return last
