"""New users: those tested have no training pair at all."""

from dotbench.datasets.splits.base import SHARE, TEST, VALID, Pairs, Splitter
from dotbench.lazy import np


class NewUsers(Splitter):
    """Users are divided 4:1. All pairs of test users are test. Those of 10 % of the others are validation (NIMC,
    Table 1)."""

    name = "new-users"
    title = "New users 4:1"
    unseen_by_design = True
    empty = "there are too few users"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        shuffled_users = np.random.default_rng(seed).permutation(np.unique(pairs.users))
        n_test = round(len(shuffled_users) / 5)
        n_valid = round(SHARE * (len(shuffled_users) - n_test))
        part = np.zeros(int(shuffled_users.max(initial=-1)) + 1, np.int8)
        part[shuffled_users[:n_test]] = TEST
        part[shuffled_users[n_test : n_test + n_valid]] = VALID
        parts: np.ndarray = part[pairs.users]
        return parts

    @property
    def test_to_train(self) -> float:
        return 1 / (4 * (1 - SHARE))

    @property
    def remark(self) -> str:
        return (
            "Every pair of a test user is test. 10 % of the other users are validation, on which every choice is "
            "made. No test or validation user has a training pair."
        )
