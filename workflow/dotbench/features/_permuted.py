"""What controls share: features that belong to other users and items."""

import hashlib
from dataclasses import replace

from dotbench.datasets.interactions import Split
from dotbench.features.arrays import Features
from dotbench.lazy import np


def permuted(features: Features, split: Split) -> Features:
    """The same features, dealt out anew among the users and among the items: what they say of a row is lost, and their
    distribution is kept.

    Rows with training pairs exchange theirs among themselves, and so do rows without, since features that are computed
    from training pairs are the same for all of the latter. The permutation follows from the training pairs: another one
    for each split, always the same for one.
    """
    train = np.ascontiguousarray(split.train)
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(train.tobytes()).digest()[:8], "big"))
    sides = []
    for column, rows in enumerate((features.users, features.items)):
        known = np.bincount(train[:, column], minlength=rows.shape[0]) > 0
        order = np.arange(rows.shape[0])
        for group in (np.flatnonzero(known), np.flatnonzero(~known)):
            order[group] = rng.permutation(group)
        sides.append(rows[order])
    return replace(features, users=sides[0], items=sides[1])
