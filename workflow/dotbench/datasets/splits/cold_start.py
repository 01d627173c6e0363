"""Cold start: users and items that have no training pair at all."""

from pydantic import Field

from dotbench.datasets.splits.base import SHARE, TEST, TRAIN, VALID, Pairs, Splitter, cold, parts_to_train
from dotbench.lazy import np
from dotbench.settings import Settings


class ColdStartSettings(Settings):
    """Settings of the split `cold-start`."""

    users: float = Field(0.2, ge=0, lt=1, description="share of the users who have no training pair")
    items: float = Field(0.2, ge=0, lt=1, description="share of the items that have no training pair")


class ColdStart(Splitter):
    """All pairs of sampled users and of sampled items are held out. The other pairs are cut 80/10/10.

    A held-out pair is ``cold_user`` if only its item has a training pair, ``cold_item`` if only its user has one, and
    ``cold_both`` if neither has. Other held-out pairs are validation or test. A pair of the 10 % is cold too if its
    user or item kept no training pair by chance.
    """

    name = "cold-start"
    title = "Cold start"
    Settings = ColdStartSettings
    settings: ColdStartSettings
    unseen_by_design = True
    empty = "there are too few {task} pairs of users and items that are not held out"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        rng = np.random.default_rng(seed)
        held = _sampled(pairs.users, self.settings.users, rng) | _sampled(pairs.items, self.settings.items, rng)
        part = np.where(held, TEST, TRAIN).astype(np.int8)
        rest = rng.permutation(np.flatnonzero(~held))
        n = round(SHARE * len(rest))
        part[rest[:n]] = TEST
        part[rest[n : 2 * n]] = VALID
        train = part == TRAIN
        new_users, new_items = (~np.isin(rows, rows[train]) for rows in (pairs.users, pairs.items))
        set_apart = new_users | new_items
        part[set_apart] = cold(new_users, new_items)[set_apart]
        return part

    @property
    def test_to_train(self) -> float:
        return SHARE / (1 - 2 * SHARE)  # of the warm part

    @property
    def parts_to_train(self) -> dict[str, float]:
        return parts_to_train(self.settings.users, self.settings.items, SHARE, 1 - 2 * SHARE)

    @property
    def remark(self) -> str:
        return (
            f"A random {self.settings.users:.0%} of the users and {self.settings.items:.0%} of the items have no "
            "training pair. Of the others' pairs, 10 % are the warm test and 10 % are validation; every choice is "
            "made on validation."
        )


def _sampled(rows: "np.ndarray", share: float, rng: "np.random.Generator") -> "np.ndarray":
    """Mask of the pairs whose row is among the ``share`` of rows that are sampled, shape (n,)."""
    pool = np.unique(rows)
    return np.isin(rows, rng.choice(pool, round(share * len(pool)), replace=False))
