"""Ratings 1-5 with a known low-rank preference, popularity skew and activity skew."""

from dataclasses import dataclass

from pydantic import Field, model_validator

from dotbench.datasets.generators.base import Generator
from dotbench.lazy import np, pd
from dotbench.settings import Seed, Settings

FIRST_SECOND, SECONDS = 874_724_710, 18_568_928  # the months that MovieLens 100K spans


class SimRatingsSettings(Settings):
    """Parameters of the generator `sim-ratings`."""

    users: int = Field(ge=1)
    items: int = Field(ge=1)
    ratings: int = Field(ge=1, description="rows in all")
    rank: int = Field(8, ge=1, description="rank of the preference matrix")
    popularity_skew: float = Field(0.8, ge=0, description="Zipf exponent of the items' exposure")
    activity_skew: float = Field(1.0, ge=0, description="sd of the logarithm of a user's activity")
    selection: float = Field(1.0, ge=0, description="weight of preference in what a user chooses to rate")
    noise: float = Field(0.6, ge=0, description="sd of the rating noise, in rating points")
    min_ratings: int = Field(20, ge=1, description="least number of ratings of every user")
    seed: Seed = 0

    @model_validator(mode="after")
    def _possible(self) -> "SimRatingsSettings":
        low, high = self.users * self.min_ratings, self.users * self.items
        if not low <= self.ratings <= high:
            raise ValueError(
                f"{self.ratings} ratings do not fit: {self.users} users × {self.items} items "
                f"with at least {self.min_ratings} each allow {low} to {high}"
            )
        return self


@dataclass(frozen=True)
class Truth:
    """What the ratings are made from. ``users`` (n_users, rank), ``items`` (n_items, rank): preference is
    their inner product, with variance 1 over pairs. ``log_exposure`` (n_items,)."""

    users: "np.ndarray"
    items: "np.ndarray"
    user_bias: "np.ndarray"
    item_bias: "np.ndarray"
    log_exposure: "np.ndarray"


class SimRatings(Generator):
    """Low-rank preference with popularity and activity skew.

    User u rates n_u items, Σ n_u = ``ratings`` exactly, n_u − ``min_ratings`` log-normal in shape. Which ones:
    the n_u largest of  a_i + selection · p_uᵀq_i + Gumbel noise,  a_i = −popularity_skew · log(rank of i),
    which is sampling without replacement in proportion to the exponential of the first two terms.
    How: round(3.5 + 0.35 b_u + 0.4 c_i + 0.7 p_uᵀq_i + noise · ε), clipped to 1…5, with b, c, ε standard normal.
    """

    name = "sim-ratings"
    title = "simulated ratings"
    Settings = SimRatingsSettings
    settings: SimRatingsSettings

    def truth(self) -> Truth:
        """The preference, biases and exposure behind the ratings."""
        s = self.settings
        rng = np.random.default_rng([s.seed, 0])
        scale = s.rank**-0.25
        return Truth(
            users=rng.standard_normal((s.users, s.rank)) * scale,
            items=rng.standard_normal((s.items, s.rank)) * scale,
            user_bias=rng.standard_normal(s.users),
            item_bias=rng.standard_normal(s.items),
            log_exposure=-s.popularity_skew * np.log(rng.permutation(s.items) + 1.0),
        )

    def generate(self) -> "pd.DataFrame":
        s, truth = self.settings, self.truth()
        rng = np.random.default_rng([s.seed, 1])
        activity = self._activity(rng)
        block = max(1, 4_000_000 // s.items)
        users, items, ratings = [], [], []
        for start in range(0, s.users, block):
            rows = np.arange(start, min(start + block, s.users))
            preference = truth.users[rows] @ truth.items.T
            score = truth.log_exposure + s.selection * preference + rng.gumbel(size=preference.shape)
            order = np.argsort(-score, axis=1)
            chosen = np.arange(s.items) < activity[rows, None]
            user = np.repeat(rows, activity[rows])
            item = order[chosen]
            value = 3.5 + 0.35 * truth.user_bias[user] + 0.4 * truth.item_bias[item]
            value += 0.7 * preference[user - start, item] + s.noise * rng.standard_normal(len(item))
            users.append(user)
            items.append(item)
            ratings.append(np.clip(np.rint(value), 1, 5))
        order = rng.permutation(s.ratings)
        timestamp = np.sort(rng.integers(FIRST_SECOND, FIRST_SECOND + SECONDS, s.ratings))
        return pd.DataFrame(
            {
                "user": (np.concatenate(users)[order] + 1).astype(str),
                "item": (np.concatenate(items)[order] + 1).astype(str),
                "rating": np.concatenate(ratings)[order].astype("float32"),
                "timestamp": timestamp,
            }
        )

    def _activity(self, rng: "np.random.Generator") -> "np.ndarray":
        """Ratings of each user: at least ``min_ratings``, at most ``items``, ``ratings`` in all."""
        s = self.settings
        weight = np.exp(s.activity_skew * rng.standard_normal(s.users))
        counts = np.full(s.users, s.min_ratings)
        while (left := s.ratings - counts.sum()) > 0:
            room = s.items - counts
            share = np.where(room > 0, weight, 0.0)
            extra = np.minimum(np.floor(left * share / share.sum()).astype(int), room)
            if extra.sum() == 0:
                open_users = np.flatnonzero(room > 0)
                extra[open_users[np.argsort(-weight[open_users])[:left]]] = 1
            counts += extra
        return counts
