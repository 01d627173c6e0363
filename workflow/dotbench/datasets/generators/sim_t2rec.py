"""The simulation of the T2Rec paper."""

from pydantic import Field

from dotbench.datasets.generators.covariates import RepeatedCovariates, RepeatedSettings
from dotbench.lazy import np


class SimT2RecSettings(RepeatedSettings):
    """Parameters of the generator `sim-t2rec`. The defaults are the paper's."""

    dimension: int = Field(
        20, ge=1, description="d, intrinsic dimension: number of distinct coordinates of the covariates"
    )
    covariates: int = Field(50, ge=2, description="D, number of coordinates of the covariates")
    functions: int = Field(30, ge=1, description="p, coordinates of a vector")
    amplitude: float = Field(0.15, gt=0, description="coefficients are uniform between −amplitude and amplitude")


class SimT2Rec(RepeatedCovariates):
    """Trigonometric series of covariates that repeat, as T2Rec prints them.

    x_l ~ U[0, 1] for l ≤ d and x_l = x_{l−d} for d < l ≤ D;
    f_j(x) = Σ_l a_jl sin(2π x_l) + Σ_l b_jl cos(2π x_l) + Σ_{l<D} z_jl x_l x_{l+1},  j = 1…p, coefficients
    U[−``amplitude``, ``amplitude``]; g_j likewise with its own coefficients. Redrawn with every seed.

    The variance of the truth is about p (amplitude²/3 · (D + (D − 1)/9))² = 5.2 for the paper's values. The
    functions are analytic and, but for the products, additive over coordinates: d is not what makes them hard.
    `sim-smooth` has functions of a given smoothness in all d coordinates together.

    Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802, Section 6.
    """

    name = "sim-t2rec"
    title = "simulation of T2Rec"
    Settings = SimT2RecSettings
    settings: SimT2RecSettings

    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        s = self.settings
        shape = (2, 3, s.functions, s.covariates)
        a, b, z = self.stream(3).uniform(-s.amplitude, s.amplitude, shape)[side]
        angle = 2 * np.pi * x
        vectors: np.ndarray = np.sin(angle) @ a.T + np.cos(angle) @ b.T + (x[:, :-1] * x[:, 1:]) @ z[:, :-1].T
        return vectors
