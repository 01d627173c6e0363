"""Ratings from covariates and a known truth: what the simulations of the papers have in common."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from dotbench.datasets.generators.base import Generator
from dotbench.lazy import np, pd
from dotbench.settings import Seed, Settings

SECONDS = 31_536_000  # the year over which the rows of a table are spread
QUARTILES = 0.6744897501960817 / 0.8725946625415716  # of the standard normal over that of t with 1.5 degrees of freedom


class Noise(Settings):
    """Law of the noise ε of a rating. Every law has mean 0, and all but the last have the variance v = ``variance``.

    ``gaussian``: N(0, v). ``student-t``: t_ν √(v (ν − 2)/ν). ``laplace``: scale √(v/2).
    ``outliers``: N(0, s²), and N(0, k² s²) for a share q of the ratings, s² = v / (1 − q + q k²).
    ``heteroscedastic``: N(0, v h) with h = (1 + ((t − mean t)/sd t)²)/2 for a rating whose noiseless value is t, mean
    and sd over the observed pairs: half of the variance is everyone's, half grows away from the mean.
    ``infinite-variance``: t_1.5 √v times the ratio of the quartiles of N(0, 1) and t_1.5, .6745/.8726, so that half of
    the ratings are as near to the truth as with N(0, v). The variance is infinite.
    """

    law: Literal["gaussian", "student-t", "laplace", "outliers", "heteroscedastic", "infinite-variance"] = "gaussian"
    variance: float = Field(0.1, ge=0)
    degrees_of_freedom: float = Field(3.0, gt=2, description="ν of student-t")
    outlier_share: float = Field(0.05, ge=0, le=1, description="q of outliers")
    outlier_scale: float = Field(10.0, ge=1, description="k of outliers")

    def draw(self, truth: "np.ndarray", rng: "np.random.Generator") -> "np.ndarray":
        """Noise for ratings whose noiseless values are ``truth``, shape (n,)."""
        n, v = len(truth), self.variance
        if self.law == "student-t":
            nu = self.degrees_of_freedom
            drawn: np.ndarray = rng.standard_t(nu, n) * np.sqrt(v * (nu - 2) / nu)
            return drawn
        if self.law == "infinite-variance":
            heavy: np.ndarray = rng.standard_t(1.5, n) * (np.sqrt(v) * QUARTILES)
            return heavy
        if self.law == "laplace":
            return rng.laplace(0, np.sqrt(v / 2), n)
        spread = np.full(n, v)
        if self.law == "outliers":
            far = np.where(rng.random(n) < self.outlier_share, self.outlier_scale**2, 1.0)
            spread *= far / (1 - self.outlier_share + self.outlier_share * self.outlier_scale**2)
        elif self.law == "heteroscedastic" and truth.std() > 0:
            spread *= (1 + ((truth - truth.mean()) / truth.std()) ** 2) / 2
        noise: np.ndarray = np.sqrt(spread) * rng.standard_normal(n)
        return noise


class CovariateSettings(Settings):
    """What every simulation with covariates has."""

    users: int = Field(ge=1)
    items: int = Field(ge=1)
    ratings: int = Field(ge=1, description="observed pairs")
    replacement: bool = Field(False, description="the same pair may be observed again")
    popularity_skew: float = Field(0.0, ge=0, description="Zipf exponent of users and items in the choice of pairs")
    noise: Noise = Noise()
    seed: Seed = 0

    @model_validator(mode="after")
    def _possible(self) -> "CovariateSettings":
        if not self.replacement and self.ratings > self.users * self.items:
            raise ValueError(f"{self.ratings} ratings do not fit: {self.users} users × {self.items} items")
        return self


@dataclass(frozen=True)
class SimulatedData:
    """Everything that a simulation knows, in float64.

    ``users`` (n, D_u), ``items`` (m, D_i): covariates. ``user_vectors`` (n, p), ``item_vectors`` (m, p): their
    images, whose inner product is the noiseless truth of any pair. ``pairs`` (N, 2), int64: observed user and
    item rows. ``ratings`` (N,): truth of the pair plus noise.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    user_vectors: "np.ndarray"
    item_vectors: "np.ndarray"
    pairs: "np.ndarray"
    ratings: "np.ndarray"

    def truth(self, pairs: "np.ndarray") -> "np.ndarray":
        """Noiseless ratings of ``pairs``, shape (N, 2) → (N,)."""
        ratings: np.ndarray = np.einsum("np,np->n", self.user_vectors[pairs[:, 0]], self.item_vectors[pairs[:, 1]])
        return ratings


class CovariateGenerator(Generator):
    """r = ⟨f(x_u), g(y_i)⟩ + ε for covariates x_u, y_i, functions f, g drawn with the seed, and chosen pairs.

    Pairs: user u and item i in proportion to w_u w_i, w = (place in a random order)^(−``popularity_skew``) on each
    side, with replacement or one after the other without.
    """

    Settings: ClassVar[type[CovariateSettings]] = CovariateSettings
    settings: CovariateSettings

    @abstractmethod
    def covariates(self, n: int, rng: "np.random.Generator") -> "np.ndarray":
        """``n`` fresh draws of covariates, shape (n, D): also those of users or items outside the simulation."""

    @abstractmethod
    def vectors(self, x: "np.ndarray", side: int) -> "np.ndarray":
        """f (``side`` 0) or g (1) at the rows of ``x``, shape (n, D) → (n, p)."""

    def user_vectors(self, x: "np.ndarray") -> "np.ndarray":
        """f at the rows of ``x``, shape (n, D) → (n, p)."""
        return self.vectors(x, 0)

    def item_vectors(self, y: "np.ndarray") -> "np.ndarray":
        """g at the rows of ``y``, shape (n, D) → (n, p)."""
        return self.vectors(y, 1)

    def stream(self, number: int) -> "np.random.Generator":
        """A source of randomness for covariates (0), pairs (1), noise (2), coefficients (3) and times (4)."""
        return np.random.default_rng([self.settings.seed, number])

    def simulate(self) -> SimulatedData:
        s, rng = self.settings, self.stream(0)
        users, items = self.covariates(s.users, rng), self.covariates(s.items, rng)
        pairs = self._pairs(self.stream(1))
        simulation = SimulatedData(users, items, self.user_vectors(users), self.item_vectors(items), pairs, np.empty(0))
        truth = simulation.truth(pairs)
        return replace(simulation, ratings=truth + s.noise.draw(truth, self.stream(2)))

    def generate(self) -> "pd.DataFrame":
        simulation = self.simulate()
        return pd.DataFrame(
            {
                "user": (simulation.pairs[:, 0] + 1).astype(str),
                "item": (simulation.pairs[:, 1] + 1).astype(str),
                "rating": simulation.ratings.astype("float32"),
                "timestamp": np.sort(self.stream(4).integers(SECONDS, size=len(simulation.pairs))),
            }
        )

    def _pairs(self, rng: "np.random.Generator") -> "np.ndarray":
        s = self.settings
        weights = [(rng.permutation(n) + 1.0) ** -s.popularity_skew for n in (s.users, s.items)]
        if s.replacement:
            sides = [rng.choice(len(w), s.ratings, p=w / w.sum()) for w in weights]
            return np.stack(sides, axis=1)
        if s.popularity_skew == 0:
            cells = rng.choice(s.users * s.items, s.ratings, replace=False)
        else:  # the first of exponential times with these rates: choosing one after the other
            times = rng.standard_exponential((s.users, s.items)) / np.outer(*weights)
            cells = rng.permutation(np.argpartition(times, s.ratings - 1, axis=None)[: s.ratings])
        return np.stack(np.divmod(cells, s.items), axis=1)


class RepeatedSettings(CovariateSettings):
    """What simulations have whose covariates repeat."""

    dimension: int = Field(ge=1, description="d, intrinsic dimension: number of distinct coordinates of the covariates")
    covariates: int = Field(ge=1, description="D, number of coordinates of the covariates")

    @model_validator(mode="after")
    def _enough_coordinates(self) -> "RepeatedSettings":
        if self.dimension > self.covariates:
            raise ValueError(f"dimension {self.dimension} is more than the {self.covariates} covariates")
        return self


class RepeatedCovariates(CovariateGenerator):
    """x_l ~ U[0, 1] for l ≤ d and x_l = x_{l−d} for d < l ≤ D, as T2Rec prints them."""

    settings: RepeatedSettings

    def covariates(self, n: int, rng: "np.random.Generator") -> "np.ndarray":
        s = self.settings
        return rng.random((n, s.dimension))[:, np.arange(s.covariates) % s.dimension]
