"""Truths that no Hölder class of a useful exponent holds, and a smooth one beside them."""

from functools import cached_property
from typing import Literal

from pydantic import Field

from dotbench.datasets.generators.covariates import RepeatedCovariates, RepeatedSettings
from dotbench.lazy import np

REFERENCE, POINTS = 6, 1 << 16  # stream and number of the users, and of the items, that fix the scale


class SimIrregularSettings(RepeatedSettings):
    """Parameters of the generator `sim-irregular`."""

    law: Literal["smooth", "cusp", "logarithm", "jumps"] = Field("jumps", description="ψ, the profile of every wave")
    exponent: float = Field(0.1, gt=0, le=1, description="α of cusp, its Hölder exponent")
    frequency: float = Field(1.0, gt=0, description="length of w: periods of a wave over a unit of length")
    terms: int = Field(2, ge=1, description="K, number of waves whose sum is a function")
    dimension: int = Field(
        5, ge=1, description="d, intrinsic dimension: number of distinct coordinates of the covariates"
    )
    covariates: int = Field(
        50, ge=1, description="D, number of coordinates of the covariates; the first d are repeated"
    )
    functions: int = Field(30, ge=1, description="p, coordinates of a vector")
    variance: float = Field(5.2, gt=0, description="variance of the truth over pairs")


class SimIrregular(RepeatedCovariates):
    """Sums of waves of one profile in random directions. The profile jumps, has a singularity or a cusp, or is smooth.

    x_l ~ U[0, 1] for l ≤ d and x_l = x_{l−d} for d < l ≤ D, as in `sim-t2rec`;
    f_j(x) = c Σ_{k≤K} ψ(t_jk),  t_jk = (w_jk · (x_1, …, x_d) + φ_jk) mod 1 − ½,  j = 1…p, g_j likewise: w_jk of length
    ``frequency`` in a uniform direction of all d coordinates together, φ_jk ~ U[0, 1]. The same directions and phases
    serve every law.

    | law | ψ(t), t ∈ [−½, ½) | Hölder exponent of f |
    |---|---|---|
    | ``smooth`` | √2 cos 2πt | any: f is analytic, a cosine along w |
    | ``cusp`` | |2t|^α, centred and scaled | α: |s^α − t^α| ≤ |s − t|^α, with equality at t = 0, so no larger one |
    | ``logarithm`` | 1 + log|2t| | none: f is unbounded at the hyperplanes t = 0, and in L^q for every q < ∞ |
    | ``jumps`` | sign t | none: f jumps at the hyperplanes t = 0 and t = ½, where half-spaces meet |

    φ makes t uniform at every x, and ψ(t) of mean 0 and variance 1. c gives the truth ⟨f, g⟩ the variance ``variance``
    over pairs in every draw, whatever the law: measured at 65,536 users and as many items drawn for that alone.

    For T2Rec, arXiv 2403.00802, whose Theorem 5.5 is about Hölder classes and leaves other truths open.
    """

    name = "sim-irregular"
    title = "simulation of truths outside Hölder classes"
    Settings = SimIrregularSettings
    settings: SimIrregularSettings

    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        return self.scale * self._waved(x, side)

    @cached_property
    def scale(self) -> float:
        """c: Var ⟨f, g⟩ = tr(C_f C_g) − (E f · E g)², C_f = E ffᵀ, is c⁴ times that of the bare sums."""
        rng = self.stream(REFERENCE)
        f, g = (self._waved(self.covariates(POINTS, rng), side) for side in (0, 1))
        bare = np.sum((f.T @ f) * (g.T @ g)) / POINTS**2 - (f.mean(0) @ g.mean(0)) ** 2
        return float((self.settings.variance / bare) ** 0.25)

    def _waved(self, x: "np.ndarray", side: int) -> "np.ndarray":
        """Σ_k ψ(t_jk) at the rows of ``x``, shape (n, D) → (n, p)."""
        s = self.settings
        total = np.zeros((len(x), s.functions))
        for directions, phases in zip(*self._waves(side), strict=True):
            total += self._profile((x[:, : s.dimension] @ directions + phases) % 1 - 0.5)
        return total

    def _waves(self, side: int) -> "tuple[np.ndarray, np.ndarray]":
        """w (K, d, p) and φ (K, p) of f (``side`` 0) or g (1)."""
        s, rng = self.settings, self.stream(3)
        drawn = rng.standard_normal((2, s.terms, s.dimension, s.functions))[side]
        phases = rng.random((2, s.terms, s.functions))[side]
        return s.frequency * drawn / np.linalg.norm(drawn, axis=1, keepdims=True), phases

    def _profile(self, t: "np.ndarray") -> "np.ndarray":
        """ψ, of mean 0 and variance 1 for uniform t."""
        s = self.settings
        values: np.ndarray
        if s.law == "smooth":
            values = np.sqrt(2) * np.cos(2 * np.pi * t)
        elif s.law == "cusp":
            mean = 1 / (1 + s.exponent)
            values = (np.abs(2 * t) ** s.exponent - mean) / np.sqrt(1 / (1 + 2 * s.exponent) - mean**2)
        elif s.law == "logarithm":
            values = 1 + np.log(np.maximum(np.abs(2 * t), np.finfo(float).tiny))
        else:
            values = np.where(t < 0, -1.0, 1.0)
        return values
