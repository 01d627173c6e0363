"""K-fold cross-validation over pairs."""

from pydantic import Field

from dotbench.datasets.splits.base import SHARE, TEST, VALID, Pairs, Splitter
from dotbench.lazy import np
from dotbench.settings import Settings


class KFoldSettings(Settings):
    """Settings of the split `k-fold`."""

    folds: int = Field(5, ge=2, description="k")


class KFold(Splitter):
    """All pairs are shuffled and divided into k folds. One fold is test, and 10 % of the others are validation.

    Seed s is fold s mod k of shuffle ⌊s / k⌋: the seeds 0 … k − 1 are the folds of one shuffle, so their test parts
    are disjoint and complete. No two seeds give the same fold of the same shuffle.
    """

    name = "k-fold"
    title = "K-fold"
    Settings = KFoldSettings
    settings: KFoldSettings

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        shuffle, fold = divmod(seed, self.settings.folds)
        rng = np.random.default_rng(shuffle)
        folds = rng.permutation(np.arange(len(pairs.users)) % self.settings.folds)
        rest = np.random.default_rng([seed, self.settings.folds]).permutation(np.flatnonzero(folds != fold))
        part = np.zeros(len(pairs.users), np.int8)
        part[folds == fold] = TEST
        part[rest[: int(SHARE * len(rest) + 1e-9)]] = VALID
        return part

    @property
    def test_to_train(self) -> float:
        return 1 / ((self.settings.folds - 1) * (1 - SHARE))

    @property
    def headline(self) -> str:
        return f"{self.settings.folds}-fold split over pairs"

    @property
    def remark(self) -> str:
        k = self.settings.folds
        return f"Seed s is fold s mod {k} of shuffle ⌊s/{k}⌋; 10 % of the other folds are validation."
