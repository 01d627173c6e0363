"""Per-user random 80/10/10: the default."""

from dotbench.datasets.splits.base import SHARE, TEST, VALID, Pairs, Splitter, place_in_user
from dotbench.lazy import np


def per_user_random(users: "np.ndarray", seed: int, share: float = SHARE) -> "np.ndarray":
    """Part of each pair, 0 train, 1 valid, 2 test: each user's pairs are shuffled and cut 80/10/10.

    ``users``: shape (n,), row numbers. A user with n_u pairs has ⌊share · n_u⌋ in valid and as many in test,
    but at least one in each as long as one is left to train on: a user with 2 has one in train, one in test,
    a user with 1 has it in train. The RG2 paper's protocol (RecStudio, ``user_entry``), made explicit.
    """
    place, counts = place_in_user(users, np.random.default_rng(seed).random(len(users)))
    held = np.maximum(np.floor(share * counts + 1e-9).astype(np.int64), 1)
    n_test = np.where(counts >= 2, held, 0)
    n_valid = np.where(counts >= 3, held, 0)
    part = np.zeros(len(users), np.int8)
    part[place < (n_test + n_valid)[users]] = VALID
    part[place < n_test[users]] = TEST
    return part


class PerUserRandom(Splitter):
    """Each user's pairs are shuffled and cut 80/10/10 (RG2; RecStudio's ``user_entry``). The default."""

    name = "per-user-random"
    title = "Per-user random 80/10/10"
    empty = "no user has enough {task} pairs"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        return per_user_random(pairs.users, seed)

    @property
    def test_to_train(self) -> float:
        return SHARE / (1 - 2 * SHARE)
