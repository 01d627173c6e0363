"""What controls share: features that belong to other users and items."""

from dataclasses import replace

from dotbench.features.arrays import Features
from dotbench.lazy import np


def permuted(features: Features) -> Features:
    """The same features, dealt out anew among the users and among the items, always in the same way: what they say of
    a row is lost, and their distribution is kept."""
    orders = (
        np.random.default_rng(k).permutation(side.shape[0]) for k, side in enumerate((features.users, features.items))
    )
    users, items = (side[order] for side, order in zip((features.users, features.items), orders, strict=True))
    return replace(features, users=users, items=items)
