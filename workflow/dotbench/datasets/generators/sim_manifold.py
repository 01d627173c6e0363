"""Truths on a manifold: the covariates have more coordinates than dimensions, and binary ones beside them."""

from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from dotbench.datasets.generators.covariates import CovariateGenerator, CovariateSettings
from dotbench.datasets.generators.sim_irregular import SimIrregular, SimIrregularSettings
from dotbench.datasets.generators.sim_smooth import SimSmooth, SimSmoothSettings
from dotbench.lazy import np

SHAPE, SIGNS = 7, 8  # streams of the manifold and of the effects of binary covariates; others have 0 to 6
BEND = 6**-0.5  # amplitude of a wave, whose variance is then that of U[0, 1]


class SimManifoldSettings(CovariateSettings):
    """Parameters of the generator `sim-manifold`."""

    smoothness: float | Literal["analytic"] = Field(
        1.5, description="β, Hölder exponent of the truth, between 0 and 3; `analytic`: every exponent"
    )
    dimension: int = Field(2, ge=1, le=10, description="d, dimension of the manifold")
    covariates: int = Field(16, ge=1, description="D, coordinates of the space that the manifold lies in")
    binary: int = Field(0, ge=0, description="B, binary covariates behind the D others")
    binary_share: float = Field(
        0.0, ge=0, lt=1, description="share of the variance of a vector that depends on the binary covariates"
    )
    functions: int = Field(30, ge=1, description="p, coordinates of a vector")
    variance: float = Field(5.2, gt=0, description="variance of the truth over pairs and seeds")

    @model_validator(mode="after")
    def _possible(self) -> "SimManifoldSettings":
        if self.dimension > self.covariates:
            raise ValueError(f"dimension {self.dimension} is more than the {self.covariates} covariates")
        if self.smoothness != "analytic" and not 0 < self.smoothness < 3:
            raise ValueError(f"'smoothness': found {self.smoothness:g}; allowed are analytic and numbers in (0, 3)")
        if self.binary_share and not self.binary:
            raise ValueError(f"'binary_share': found {self.binary_share:g} without binary covariates; allowed is 0")
        return self


class SimManifold(CovariateGenerator):
    """Covariates on a curved manifold of dimension d in D dimensions, and a truth of Hölder exponent β on it.

    t ~ U[0, 1]^d;  z = (t, h(t)) with h_l(t) = sin(w_l · t + φ_l)/√6, l = 1…D − d, w_l of length U[1, 2π] in a
    uniform direction, φ_l ~ U[0, 2π];  x = Q z with Q a uniform rotation of the D coordinates. Behind x are B binary
    covariates, b ~ U{0, 1}^B, independent of it. Users and items lie on the same manifold, independently.
    f_j(x, b) = √(1 − s) F_j(t) + √s c Σ_l (2 b_l − 1) a_jl/√B,  j = 1…p, a_jl ~ N(0, 1), g_j likewise. F_j is that of
    `sim-smooth` with exponent β in the d coordinates t, or, ``analytic``, the sum of two cosines of `sim-irregular`.
    c⁴ = ``variance``/p gives both parts the same variance; s = ``binary_share``.

    z is the graph of a smooth function, so x ↦ t is a rotation and a projection, smooth with a smooth inverse. The
    manifold has dimension d, and f has on it the exponent that F has in t. The support of (x, b) is 2^B copies of it,
    with the same Minkowski dimension d. Without rotation a network could read t off the first coordinates; a
    coordinate of h(t) has about the variance of one of t, 1/12.

    t, and with it the noiseless truth, are the same for every D and B.

    For T2Rec, arXiv 2403.00802, whose Theorem 5.5 has the dimension d of the manifold in its rate and not D, and whose
    Section 5.1 says that binary covariates leave the rate as it is.
    """

    name = "sim-manifold"
    title = "simulation on a manifold"
    Settings = SimManifoldSettings
    settings: SimManifoldSettings

    def covariates(self, n: int, rng: "np.random.Generator") -> "np.ndarray":
        s = self.settings
        bits = rng.spawn(1)[0].integers(0, 2, (n, s.binary))
        t = rng.random((n, s.dimension))
        waves, phases, rotation = self._shape
        z = np.concatenate([t, BEND * np.sin(t @ waves + phases)], axis=1)
        return np.concatenate([z @ rotation, bits], axis=1)

    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        s = self.settings
        vectors: np.ndarray = (1 - s.binary_share) ** 0.5 * self._of_t.vectors(self.places(x), side)
        if s.binary_share:
            scale = (s.variance / s.functions) ** 0.25 * (s.binary_share / s.binary) ** 0.5
            effects = self.stream(SIGNS).standard_normal((2, s.binary, s.functions))[side]
            vectors += scale * (2 * x[:, s.covariates :] - 1) @ effects
        return vectors

    def places(self, x: "np.ndarray") -> "np.ndarray":
        """t of the rows of ``x``, shape (n, D + B) → (n, d)."""
        s = self.settings
        t: np.ndarray = x[:, : s.covariates] @ self._shape[2][: s.dimension].T
        clipped: np.ndarray = t.clip(0, 1)
        return clipped

    @cached_property
    def _of_t(self) -> CovariateGenerator:
        """F and G, as functions of t."""
        s = self.settings
        shape = {"dimension": s.dimension, "covariates": s.dimension, "functions": s.functions}
        rest = {"users": s.users, "items": s.items, "ratings": s.ratings, "variance": s.variance, "seed": s.seed}
        if s.smoothness == "analytic":
            return SimIrregular(SimIrregularSettings(law="smooth", replacement=s.replacement, **shape, **rest))
        return SimSmooth(SimSmoothSettings(smoothness=s.smoothness, replacement=s.replacement, **shape, **rest))

    @cached_property
    def _shape(self) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
        """w (d, D − d) and φ (1, D − d) of the waves, and Q, whose rows the coordinates of z are coefficients of."""
        s, rng = self.settings, self.stream(SHAPE)
        rotation, upper = np.linalg.qr(rng.standard_normal((s.covariates, s.covariates)))
        waves = rng.standard_normal((s.dimension, s.covariates - s.dimension))
        waves *= rng.uniform(1, 2 * np.pi, waves.shape[1]) / np.linalg.norm(waves, axis=0)
        phases: np.ndarray = rng.uniform(0, 2 * np.pi, (1, waves.shape[1]))
        return waves, phases, rotation * np.sign(np.diag(upper))
