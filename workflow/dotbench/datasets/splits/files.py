"""Files: the division that others made, as the raw files give it."""

from typing import Any, Literal

from pydantic import Field

from dotbench.datasets.splits.base import SHARE, TRAIN, VALID, Pairs, Splitter, place_in_user
from dotbench.lazy import np
from dotbench.settings import LATER, Settings, without_later


class FilesSettings(Settings):
    """Settings of the split `files`."""

    valid: float = Field(
        SHARE,
        gt=0,
        lt=1,
        description="share of each user's training pairs that becomes validation, if there is no file of validation "
        "pairs",
    )
    validation: Literal["train", "test"] = Field(
        "train",
        json_schema_extra=LATER,
        description="`train`: validation pairs are cut from training; `test`: the test pairs are the validation pairs, "
        "and all others are for training, as open leaderboards do. Numbers chosen by the test part are too good",
    )


class Files(Splitter):
    """The parts come with the raw files. Without a validation file, 10 % of each user's training pairs are cut off.

    A user with n_u training pairs has ⌊valid · n_u⌋ of them cut off, chosen by the seed, but at least one, and at least
    one stays. The test part is used in full: pairs whose user or item has no training pair are kept, as in published
    numbers on such data.

    With ``validation: test`` nothing is cut off, and the test part is the validation part too: the protocol of open
    leaderboards on such data, which choose settings and epochs by the numbers that they report.
    """

    name = "files"
    title = "Given"
    Settings = FilesSettings
    settings: FilesSettings
    empty = "no file has {task} pairs that preparation keeps, or no user has two training pairs"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        assert pairs.given is not None
        part = pairs.given.astype(np.int8)
        if self.validates_by_test:
            part[part == VALID] = TRAIN
        elif not (part == VALID).any():
            train = np.flatnonzero(part == TRAIN)
            users = pairs.users[train]
            place, counts = place_in_user(users, np.random.default_rng(seed).random(len(users)))
            share = np.floor(self.settings.valid * counts + 1e-9).astype(np.int64)
            part[train[place < np.minimum(np.maximum(share, 1), counts - 1)[users]]] = VALID
        return part

    def identity(self) -> dict[str, Any]:
        return without_later(super().identity(), FilesSettings)

    @property
    def validates_by_test(self) -> bool:
        return self.settings.validation == "test"

    @property
    def needs_division(self) -> bool:
        return True

    @property
    def same_test(self) -> bool:
        return True

    @property
    def headline(self) -> str:
        return "Split given by the files" + (", settings and epochs chosen by its test part" * self.validates_by_test)

    @property
    def remark(self) -> str:
        same = "The test part comes with the data and is the same for every seed. "
        counted = "Test pairs are counted even if their user or item has no training pair."
        if self.validates_by_test:
            return (
                f"{same}It is the validation part too, as open leaderboards have it, so the numbers are better than "
                f"they would be on new data. {counted}"
            )
        return (
            f"{same}Validation comes with the data too; if it does not, it is {100 * self.settings.valid:.3g} % of "
            f"each user's training pairs, drawn with the seed. {counted}"
        )
