"""Warm and cold start: a sampled block of users and items, and everything outside it."""

from pydantic import Field

from dotbench.datasets.splits.base import TEST, VALID, Pairs, Splitter, cold, parts_to_train
from dotbench.errors import DotbenchError
from dotbench.lazy import np
from dotbench.settings import Settings

USERS, ITEMS = 15_000 / 35_906, 10_000 / 15_090  # the paper's block of its Yelp data
TEST_SHARE, VALID_SHARE = 0.3, 0.2  # of the block; of the rest of the block
TRAIN_SHARE = (1 - TEST_SHARE) * (1 - VALID_SHARE)  # of the block


class WarmColdSettings(Settings):
    """Settings of the split `warm-cold`."""

    users: int | None = Field(None, ge=1, description="users of the block; absent: the paper's share, 15,000 of 35,906")
    items: int | None = Field(None, ge=1, description="items of the block; absent: the paper's share, 10,000 of 15,090")


class WarmCold(Splitter):
    """Ratings of sampled users × sampled items are cut 70:30. All others are the cold-start test (T2Rec, Table 1).

    A fifth of the block's 70 % is validation. The cold-start test has three parts: ``cold_user`` (item inside the
    block), ``cold_item`` (user inside), ``cold_both``. The paper's cold column has the last of these alone, and its
    overall column these and the warm ones: see docs/errata.md.
    """

    name = "warm-cold"
    title = "Warm/cold 70:30"
    Settings = WarmColdSettings
    settings: WarmColdSettings
    tasks = ("rating",)
    unseen_by_design = True
    empty = "the sampled block has too few {task} pairs"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        rng = np.random.default_rng(seed)
        part = cold(
            _outside("users", pairs.users, self.settings.users, USERS, rng),
            _outside("items", pairs.items, self.settings.items, ITEMS, rng),
        )
        block = rng.permutation(np.flatnonzero(part == TEST))
        n_test = round(TEST_SHARE * len(block))
        n_valid = round(VALID_SHARE * (len(block) - n_test))
        part[block[n_test:]] = 0
        part[block[n_test : n_test + n_valid]] = VALID
        return part

    @property
    def test_to_train(self) -> float:
        return TEST_SHARE / TRAIN_SHARE  # of the warm part

    @property
    def parts_to_train(self) -> dict[str, float]:
        if self.settings.users or self.settings.items:  # counts, which fix no shares
            return {}
        return parts_to_train(1 - USERS, 1 - ITEMS, TEST_SHARE, TRAIN_SHARE)

    @property
    def remark(self) -> str:
        sizes = " × ".join(
            f"{wanted:,} {kind}" if wanted else f"{share:.0%} of the {kind}"
            for kind, wanted, share in (("users", self.settings.users, USERS), ("items", self.settings.items, ITEMS))
        )
        return (
            f"The warm test is 30 % of the ratings of a random block of {sizes}; everything outside the block is the "
            "cold-start test."
        )


def _outside(
    kind: str, rows: "np.ndarray", wanted: int | None, share: float, rng: "np.random.Generator"
) -> "np.ndarray":
    """Mask of the pairs whose row is not among the sampled ones, shape (n,)."""
    pool = np.unique(rows)
    size = wanted or round(share * len(pool))
    if size > len(pool):
        raise DotbenchError(f"key 'split.{kind}': found {size}, of {len(pool)} {kind} in the data; allowed are fewer")
    return ~np.isin(rows, rng.choice(pool, size, replace=False))
