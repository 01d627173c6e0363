"""Leave-one-out: one pair of each user is test, one is validation."""

from typing import Literal

from pydantic import Field

from dotbench.datasets.splits.base import TEST, VALID, Pairs, Splitter, place_in_user
from dotbench.lazy import np
from dotbench.settings import Settings


class LeaveOneOutSettings(Settings):
    """Settings of the split `leave-one-out`."""

    choose: Literal["latest", "random"] = Field(
        "latest", description="the held-out pair of a user: the latest (needs timestamps), or a random one"
    )


class LeaveOneOut(Splitter):
    """One pair of each user is test and one is validation: the latest and the one before it, or two random ones.

    A user with 2 pairs has one in train and one in test. The pair of a user with 1 is in train. Among equal timestamps
    the seed decides.
    """

    name = "leave-one-out"
    title = "Leave-one-out"
    Settings = LeaveOneOutSettings
    settings: LeaveOneOutSettings
    empty = "no user has enough {task} pairs"

    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        keys = [np.random.default_rng(seed).random(len(pairs.users))]
        if self.needs_timestamps:
            assert pairs.times is not None
            keys.append(-pairs.times)
        place, counts = place_in_user(pairs.users, *keys)
        part = np.zeros(len(pairs.users), np.int8)
        part[(place == 1) & (counts[pairs.users] >= 3)] = VALID
        part[(place == 0) & (counts[pairs.users] >= 2)] = TEST
        return part

    @property
    def needs_timestamps(self) -> bool:
        return self.settings.choose == "latest"

    @property
    def seedless(self) -> bool:
        return self.needs_timestamps

    @property
    def headline(self) -> str:
        return f"Leave-one-out ({self.settings.choose}) split"

    @property
    def remark(self) -> str:
        if self.settings.choose == "random":
            return "One random pair of each user is test, another validation."
        return (
            "Each user's latest pair is test, the one before it is validation. Training pairs of other users may be "
            "later, so this split is not free of leakage in time."
        )
