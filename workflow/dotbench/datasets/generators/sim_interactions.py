"""Interactions at the size of the public datasets, with exact counts and a known low-rank preference."""

from pydantic import Field, model_validator

from dotbench.datasets.generators.base import Generator
from dotbench.datasets.generators.sim_ratings import FIRST_SECOND, SECONDS, Truth
from dotbench.lazy import np, pd
from dotbench.settings import Seed, Settings

BLOCK = 1 << 16  # pairs that are drawn together; what is looked up for them stays in the cache
CELLS = 1 << 22  # cells of the users that are drawn over all items at once
ROUNDS = 5  # of proposals, before what a user lacks is drawn over all items
LIKED = 3  # stars from which on a disliked item is told from a liked one


class SimInteractionsSettings(Settings):
    """Parameters of the generator `sim-interactions`."""

    users: int = Field(ge=1)
    items: int = Field(ge=1)
    interactions: int = Field(ge=1, description="pairs in all, without the disliked ones")
    disliked: int = Field(
        0, ge=0, description="number of additional pairs, rated 1 or 2; the others are then rated 3 to 5"
    )
    core: int = Field(5, ge=1, description="least number of interactions of every user and every item")
    rank: int = Field(8, ge=1, description="rank of the preference matrix")
    popularity_skew: float = Field(1.4, ge=0, le=4, description="sd of the logarithm of an item's exposure")
    activity_skew: float = Field(1.1, ge=0, le=4, description="sd of the logarithm of a user's activity")
    selection: float = Field(2.0, ge=0, description="weight of preference in what a user takes")
    rated: bool = Field(True, description="with stars; false gives implicit data without a rating column")
    noise: float = Field(0.6, ge=0, description="sd of the rating noise, in rating points")
    seed: Seed = 0

    @model_validator(mode="after")
    def _possible(self) -> "SimInteractionsSettings":
        low, high = max(self.users, self.items) * self.core, self.users * self.items
        if self.core > min(self.users, self.items):
            raise ValueError(f"core {self.core} needs as many users and items, found {self.users} and {self.items}")
        if not low <= self.interactions <= self.interactions + self.disliked <= high:
            raise ValueError(
                f"{self.interactions} interactions and {self.disliked} disliked do not fit: {self.users} users × "
                f"{self.items} items with at least {self.core} each allow {low} interactions to {high} pairs"
            )
        if self.disliked and not self.rated:
            raise ValueError(
                "'disliked' needs ratings, which tell disliked pairs from the others; found 'rated: false'"
            )
        return self


class SimInteractions(Generator):
    """Exposure times relevance at any size, with exact numbers of users, items and interactions.

    Activity: user u takes n_u = ``core`` + S_u items, S ~ multinomial(what is left, w_u), log w_u ~ N(0,
    ``activity_skew``²). What exceeds the number of items is dealt again.

    Choice: one item after the other, each time i among those not yet taken with probability proportional to
    π_i · σ(selection · p_uᵀq_i): an item is met in proportion to its exposure π_i (log π_i ~ N(0,
    ``popularity_skew``²)), and taken if it is relevant, with probability σ(selection · p_uᵀq_i) of its own.
    p_uᵀq_i has variance 1 over pairs and rank ``rank``. What a recommender should rank by is p_uᵀq_i (relevance)
    or log π_i + log σ(…) (the next interaction).

    Repair: each item with fewer than ``core`` takers, in turn, takes over interactions until it has them: rows drawn
    uniformly among those whose item has more than ``core``, accepted with probability σ(selection · p_uᵀq_i) where
    the user lacks the item. All totals and every n_u stay.

    Disliked: dealt to users in proportion to n_u and chosen like the rest with 1 − σ(…) in place of σ(…).

    Stars: round(3.5 + 0.35 b_u + 0.4 c_i + 0.7 p_uᵀq_i + noise · ε), with b, c, ε standard normal, clipped to 1…5. If
    there are disliked pairs, these are clipped to 1…2 and all others to 3…5.

    How it scales: the choice is drawn by proposals from π that are accepted with probability σ(…) and dropped
    where repeated, which is the law above at a cost per interaction and not per user × item. What a user still
    lacks after a few rounds is drawn by an exponential race over all items, the same law again.
    """

    name = "sim-interactions"
    title = "simulated interactions at scale"
    Settings = SimInteractionsSettings
    settings: SimInteractionsSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.rated

    def truth(self) -> Truth:
        """The preference, biases and exposure behind the interactions. User and item k have the id k + 1."""
        s = self.settings
        rng = np.random.default_rng([s.seed, 0])
        scale = s.rank**-0.25
        return Truth(
            users=rng.standard_normal((s.users, s.rank)) * scale,
            items=rng.standard_normal((s.items, s.rank)) * scale,
            user_bias=rng.standard_normal(s.users),
            item_bias=rng.standard_normal(s.items),
            log_exposure=s.popularity_skew * rng.standard_normal(s.items),
        )

    def generate(self) -> "pd.DataFrame":
        s = self.settings
        truth = self.truth()
        rng = np.random.default_rng([s.seed, 1])
        weight = np.exp(s.activity_skew * rng.standard_normal(s.users))
        room = np.full(s.users, s.items - s.core)
        activity = s.core + _deal(rng, s.interactions - s.core * s.users, weight, room)
        none = np.zeros(0, np.int32)
        user, item = self._choose(rng, truth, activity, (none, none), liked=True)
        self._repair(rng, truth, user, item)
        if s.disliked:
            also = _deal(rng, s.disliked, activity, s.items - activity)
            pairs = self._choose(rng, truth, also, (user, item), liked=False)
            user, item = np.concatenate([user, pairs[0]]), np.concatenate([item, pairs[1]])
        columns = {"user": user, "item": item}
        if s.rated:
            columns["rating"] = self._stars(rng, truth, user, item)
        order = rng.permutation(len(user))
        for name in columns:
            columns[name] = columns[name][order]
        frame = pd.DataFrame({"user": _ids(columns["user"]), "item": _ids(columns["item"])})
        if s.rated:
            frame["rating"] = columns["rating"]
        frame["timestamp"] = np.sort(rng.integers(FIRST_SECOND, FIRST_SECOND + SECONDS, len(user)))
        return frame

    def _choose(
        self,
        rng: "np.random.Generator",
        truth: Truth,
        counts: "np.ndarray",
        taken: "tuple[np.ndarray, np.ndarray]",
        liked: bool,
    ) -> "tuple[np.ndarray, np.ndarray]":
        """``counts[u]`` items for each user beside the pairs ``taken``. Pairs are and must be in order of users."""
        ends = np.searchsorted(np.cumsum(counts), np.arange(BLOCK, counts.sum() + BLOCK, BLOCK)) + 1
        parts, start = [], 0
        for end in np.unique(np.minimum(ends, len(counts))):
            first, last = np.searchsorted(taken[0], [start, end])
            keys = (taken[0][first:last] - start) * np.int64(self.settings.items) + taken[1][first:last]
            block = _Block(self, rng, truth, start, counts[start:end].copy(), keys, liked)
            parts.append(block.draw())
            start = end
        user, item = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        return user, item

    def _repair(self, rng: "np.random.Generator", truth: Truth, user: "np.ndarray", item: "np.ndarray") -> None:
        """Give every item its ``core`` takers, in place."""
        s = self.settings
        takers = np.bincount(item, minlength=s.items)
        short = takers < s.core
        rows = np.flatnonzero(short[item])
        having: dict[int, set[int]] = {}
        for u, i in zip(user[rows].tolist(), item[rows].tolist(), strict=True):
            having.setdefault(i, set()).add(u)
        for i in np.flatnonzero(short).tolist():
            mine = having.get(i, set())
            size = 64
            while takers[i] < s.core:
                every = size >= len(user)  # a donor exists, but draws may miss it or be refused for long
                rows = rng.permutation(len(user)) if every else rng.integers(len(user), size=size)
                chance = _sigmoid(s.selection * (truth.users[user[rows]] @ truth.items[i]))
                for row in rows[(rng.random(len(rows)) < chance) | every].tolist():
                    u, j = int(user[row]), item[row]
                    if takers[i] < s.core < takers[j] and u not in mine:
                        mine.add(u)
                        takers[j] -= 1
                        takers[i] += 1
                        item[row] = i
                size *= 8

    def _stars(self, rng: "np.random.Generator", truth: Truth, user: "np.ndarray", item: "np.ndarray") -> "np.ndarray":
        s = self.settings
        stars = np.empty(len(user), np.float32)
        for start in range(0, len(user), BLOCK):
            u, i = user[start : start + BLOCK], item[start : start + BLOCK]
            value = 3.5 + 0.35 * truth.user_bias[u] + 0.4 * truth.item_bias[i]
            value += 0.7 * _preference(truth, u, i) + s.noise * rng.standard_normal(len(u))
            stars[start : start + BLOCK] = np.rint(value)
        if not s.disliked:
            return stars.clip(1, 5)
        n = s.interactions
        return np.concatenate([stars[:n].clip(LIKED, 5), stars[n:].clip(1, LIKED - 1)])


class _Block:
    """The choices of some users, numbered from 0. A pair's key is user · items + item."""

    def __init__(
        self,
        generator: SimInteractions,
        rng: "np.random.Generator",
        truth: Truth,
        start: int,
        need: "np.ndarray",
        taken: "np.ndarray",
        liked: bool,
    ) -> None:
        self.rng, self.truth, self.start, self.need = rng, truth, start, need
        self.items = generator.settings.items
        self.slope = generator.settings.selection if liked else -generator.settings.selection
        self.taken = taken
        self.before = len(taken)

    def draw(self) -> "tuple[np.ndarray, np.ndarray]":
        """Users and items of the block's pairs, int32, in order of users."""
        chance = np.exp(self.truth.log_exposure - self.truth.log_exposure.max())
        cumulative = np.cumsum(chance)
        for _ in range(ROUNDS):
            self._propose(cumulative)
        lacking = np.flatnonzero(self.need)
        step = max(1, CELLS // self.items)
        for k in range(0, len(lacking), step):
            self._race(lacking[k : k + step], chance)
        keys = np.sort(self.taken[self.before :])
        return (keys // self.items + self.start).astype(np.int32), (keys % self.items).astype(np.int32)

    def _propose(self, cumulative: "np.ndarray") -> None:
        lacking = np.flatnonzero(self.need)
        user = np.repeat(lacking, 3 * self.need[lacking] + 8)
        drawn = np.searchsorted(cumulative, self.rng.random(len(user)) * cumulative[-1], side="right")
        item = np.minimum(drawn, self.items - 1)
        preference = _preference(self.truth, user + self.start, item)
        accepted = self.rng.random(len(user)) < _sigmoid(self.slope * preference)
        user = user[accepted]
        keys = user * np.int64(self.items) + item[accepted]
        seen = self.taken[self.need[self.taken // self.items] > 0]
        fresh = ~pd.Series(np.concatenate([seen, keys])).duplicated().to_numpy()[len(seen) :]
        user, keys = user[fresh], keys[fresh]
        place = np.arange(len(user)) - np.searchsorted(user, np.arange(len(self.need)))[user]
        self._take(user, keys, place < self.need[user])

    def _race(self, users: "np.ndarray", chance: "np.ndarray") -> None:
        """The smallest of exponential times with rates π σ, which is choosing one after the other."""
        preference = self.truth.users[users + self.start] @ self.truth.items.T
        times = self.rng.standard_exponential(preference.shape)
        times /= np.maximum(chance * _sigmoid(self.slope * preference), 1e-290)
        line = np.full(len(self.need), -1)
        line[users] = np.arange(len(users))
        owner = line[self.taken // self.items]
        times[owner[owner >= 0], (self.taken % self.items)[owner >= 0]] = np.inf
        widest = self.need[users].max()
        near = np.argpartition(times, widest - 1, axis=1)[:, :widest]
        order = np.argsort(np.take_along_axis(times, near, 1), axis=1)
        items = np.take_along_axis(near, order, 1)
        user = np.repeat(users, widest)
        keys = user * np.int64(self.items) + items.ravel()
        self._take(user, keys, (np.arange(widest) < self.need[users, None]).ravel())

    def _take(self, user: "np.ndarray", keys: "np.ndarray", kept: "np.ndarray") -> None:
        self.taken = np.concatenate([self.taken, keys[kept]])
        self.need -= np.bincount(user[kept], minlength=len(self.need))


def _deal(rng: "np.random.Generator", total: int, weight: "np.ndarray", room: "np.ndarray") -> "np.ndarray":
    """Deal ``total`` in proportion to ``weight`` (n,), at most ``room`` (n,) each. What does not fit is dealt again."""
    counts: np.ndarray = np.zeros(len(weight), np.int64)
    while (left := total - counts.sum()) > 0:
        share = np.where(counts < room, weight, 0.0)
        counts = np.minimum(counts + rng.multinomial(left, share / share.sum()), room)
    return counts


def _preference(truth: Truth, user: "np.ndarray", item: "np.ndarray") -> "np.ndarray":
    preferences: np.ndarray = np.einsum("nk,nk->n", truth.users[user], truth.items[item])
    return preferences


def _sigmoid(x: "np.ndarray") -> "np.ndarray":
    values: np.ndarray = 1 / (1 + np.exp(-x))
    return values


def _ids(codes: "np.ndarray") -> "pd.Series":
    """Codes from 0 as text from "1"."""
    import pyarrow as pa

    return pd.Series(pa.array(codes + 1).cast(pa.large_string()), dtype="str")
