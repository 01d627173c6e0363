"""The simulation of the NIMC paper."""

from typing import Literal

from pydantic import Field, model_validator

from dotbench.datasets.generators.covariates import CovariateGenerator, CovariateSettings, Noise
from dotbench.lazy import np
from dotbench.numerics.orthonormal import orthonormal

ACTIVATIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "tanh": lambda z: np.tanh(z),
    "linear": lambda z: z,
}


class SimNimcSettings(CovariateSettings):
    """Parameters of the generator `sim-nimc`."""

    replacement: bool = Field(True, description="the same pair may be observed again, as in the paper")
    noise: Noise = Noise(variance=0.0)
    activation: Literal["sigmoid", "relu", "tanh", "linear"] = "sigmoid"
    covariates: int = Field(10, ge=1, description="d, coordinates of the covariates")
    rank: int = Field(5, ge=1, description="k, coordinates of a vector")
    weights: Literal["gaussian", "orthogonal"] = Field(
        "gaussian", description="law of U and V; orthogonal columns have norm √d"
    )

    @model_validator(mode="after")
    def _narrow(self) -> "SimNimcSettings":
        if self.weights == "orthogonal" and self.rank > self.covariates:
            raise ValueError(f"{self.rank} columns of {self.covariates} coordinates cannot be orthogonal")
        return self


class SimNimc(CovariateGenerator):
    """A(x, y) = φ(Uᵀx)ᵀ φ(Vᵀy) of Gaussian covariates, as in NIMC.

    x, y ~ N(0, I_d); U, V of shape (d, k) with entries N(0, 1), or with orthogonal columns of norm √d, uniformly
    distributed among those; φ is ``activation``, ``linear`` being inductive matrix completion.

    Zhong, Song, Jain and Dhillon, Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Eq. (2) and
    Section 4.
    """

    name = "sim-nimc"
    title = "simulation of NIMC"
    Settings = SimNimcSettings
    settings: SimNimcSettings

    def covariates(self, n: int, rng: "np.random.Generator") -> "np.ndarray":
        return rng.standard_normal((n, self.settings.covariates))

    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        vectors: np.ndarray = ACTIVATIONS[self.settings.activation](x @ self.weights()[side])
        return vectors

    def weights(self) -> "np.ndarray":
        """The true U and V, shape (2, d, k)."""
        s = self.settings
        drawn: np.ndarray = self.stream(3).standard_normal((2, s.covariates, s.rank))
        if s.weights == "orthogonal":
            drawn = orthonormal(drawn) * np.sqrt(s.covariates)
        return drawn
