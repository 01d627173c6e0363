"""Global temporal: the past is train, the future is test."""

from dotbench.datasets.splits.base import SHARE, TEST, TRAIN, VALID, Pairs, Splitter, cold
from dotbench.lazy import np


class GlobalTemporal(Splitter):
    """Free of leakage: every training pair is before every validation pair, and these are before every test pair.

    The latest 10 % of the pairs are test, and the 10 % before them are validation. Pairs with the timestamp of a cut
    are on its later side. Held-out pairs of either period whose user or item has no training pair are set apart as cold
    parts.
    """

    name = "global-temporal"
    title = "Global temporal 80/10/10 (leakage-free)"
    empty = "there are too few different times, or no {task} pair has a user and an item of the training part"

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
            "Free of leakage: every training pair is earlier than every validation pair, and every validation pair is "
            "earlier than every test pair. Held-out pairs are left out if their user or item has no training pair: "
            "new users are not evaluated, and new items are ranked but are never a right answer. The k-core used all "
            "pairs, including later ones."
        )
