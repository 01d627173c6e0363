"""Iterative k-core of a bipartite graph."""

from dotbench.lazy import np


def k_core(users: "np.ndarray", items: "np.ndarray", core: int) -> "np.ndarray":
    """Mask of the pairs in the largest subset in which each user and each item has at least ``core`` pairs.

    ``users``, ``items``: shape (n,), codes from 0. Each pass is linear in the pairs that are left.
    """
    kept = np.arange(len(users))
    while True:
        u, i = users[kept], items[kept]
        stay = (np.bincount(u)[u] >= core) & (np.bincount(i)[i] >= core) if len(kept) else np.zeros(0, bool)
        if stay.all():
            mask = np.zeros(len(users), bool)
            mask[kept] = True
            return mask
        kept = kept[stay]
