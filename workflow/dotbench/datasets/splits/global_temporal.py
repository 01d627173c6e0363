"""Global temporal: the past is train, the future is test."""

from dotbench.datasets.splits.base import SHARE, TEST, TRAIN, VALID, Pairs, Splitter, cold
from dotbench.lazy import np


class GlobalTemporal(Splitter):
    """The leakage-free one: every training pair is earlier than every validation pair, and these than every test pair.

    The latest 10 % of the pairs are test, the 10 % before validation; pairs with the timestamp of a cut are on
    its later side. Held-out pairs, of either period, whose user or item has no training pair are set apart as
    cold parts.
    """

    name = "global-temporal"
    title = "Global temporal 80/10/10 (leakage-free)"
    empty = "there are too few different times, or no {task} pair then is of a user and an item of the training time"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        assert pairs.times is not None
        n = len(pairs.times)
        part = np.zeros(n, np.int8)
        if n < 3:
            return part
        held = max(int(SHARE * n + 1e-9), 1)
        ordered = np.sort(pairs.times)
        part[pairs.times >= ordered[n - 2 * held]] = VALID
        part[pairs.times >= ordered[n - held]] = TEST
        train = part == TRAIN
        new_users, new_items = (~np.isin(rows, rows[train]) for rows in (pairs.users, pairs.items))
        set_apart = ~train & (new_users | new_items)
        part[set_apart] = cold(new_users, new_items)[set_apart]
        return part

    @property
    def needs_timestamps(self) -> bool:
        return True

    @property
    def seedless(self) -> bool:
        return True

    @property
    def remark(self) -> str:
        return (
            "Leakage-free: every training pair is earlier than every validation pair, and these than every test pair. "
            "Held-out pairs whose user or item has no training pair are neither validation nor test: users new to the "
            "system are not evaluated, and new items, though ranked, are never the right answer. The k-core and the "
            "choice of users and items were made on all pairs, the later ones included."
        )
