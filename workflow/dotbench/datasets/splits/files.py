"""Files: the division that others made, as the raw files give it."""

from pydantic import Field

from dotbench.datasets.splits.base import SHARE, TRAIN, VALID, Pairs, Splitter, place_in_user
from dotbench.lazy import np
from dotbench.settings import Settings


class FilesSettings(Settings):
    """Settings of the split `files`."""

    valid: float = Field(
        SHARE,
        gt=0,
        lt=1,
        description="share of each user's training pairs that becomes validation, if there is no file of validation "
        "pairs",
    )


class Files(Splitter):
    """The parts come with the raw files. Without a validation file, 10 % of each user's training pairs are cut off.

    A user with n_u training pairs has ⌊valid · n_u⌋ of them cut off, chosen by the seed, but at least one, and at least
    one stays. The test part is used in full: pairs whose user or item has no training pair are kept, as in published
    numbers on such data.
    """

    name = "files"
    title = "Given"
    Settings = FilesSettings
    settings: FilesSettings
    empty = "no file has {task} pairs that preparation keeps, or no user has two training pairs"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        assert pairs.given is not None
        part = pairs.given.astype(np.int8)
        if not (part == VALID).any():
            train = np.flatnonzero(part == TRAIN)
            users = pairs.users[train]
            place, counts = place_in_user(users, np.random.default_rng(seed).random(len(users)))
            share = np.floor(self.settings.valid * counts + 1e-9).astype(np.int64)
            part[train[place < np.minimum(np.maximum(share, 1), counts - 1)[users]]] = VALID
        return part

    @property
    def needs_division(self) -> bool:
        return True

    @property
    def same_test(self) -> bool:
        return True

    @property
    def headline(self) -> str:
        return "Split given by the files"

    @property
    def remark(self) -> str:
        return (
            "The test part comes with the data and is the same for every seed. Validation comes with the data too; if "
            f"it does not, it is {100 * self.settings.valid:.3g} % of each user's training pairs, drawn with the seed. "
            "Test pairs are counted even if their user or item has no training pair."
        )
