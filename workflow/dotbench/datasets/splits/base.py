"""What a splitter is: the protocol by which pairs become train, validation and test parts."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from dotbench.files import digest
from dotbench.lazy import np
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase

DEFAULT = "per-user-random"
SHARE = 0.1  # of validation and of test, where a protocol does not say otherwise
TRAIN, VALID, TEST = 0, 1, 2
NOT_DIVIDED = (
    "the split 'files' needs data that come divided into parts; name the file of each part in the definition, under "
    "'source.parts' ({train: …, test: …}), or give the members of 'source' the roles train and test"
)


@dataclass(frozen=True)
class Pairs:
    """What a splitter is told of a dataset's pairs, each an array of shape (n,).

    ``users``, ``items``: row numbers. ``times``: seconds, None where the data have none. ``given``: the part, 0 to 2,
    by the files that others divided, None where they did not.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    times: "np.ndarray | None" = None
    given: "np.ndarray | None" = None


class Splitter(Component):
    """Says for every pair of a dataset which part it belongs to.

    ``unseen_by_design``: the test part is about users or items without training pairs. Only models that can
    score those (``Model.scores_unseen``) are let in.
    """

    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase
    tasks: ClassVar[tuple[str, ...]] = ("ranking", "rating")
    unseen_by_design: ClassVar[bool] = False
    empty: ClassVar[str] = "there are too few {task} pairs"  # why a part may be empty

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @abstractmethod
    def assign(self, pairs: Pairs, seed: int) -> "np.ndarray":
        """Part of each pair, shape (n,), int8: 0 train, 1 valid, 2 test, 3… a cold part (see ``cold``).

        Equal arguments give equal parts.
        """

    @property
    def needs_timestamps(self) -> bool:
        return False

    @property
    def needs_division(self) -> bool:
        """Whether the files of the data must come divided (``Pairs.given``)."""
        return False

    @property
    def validates_by_test(self) -> bool:
        """Whether the test pairs are the validation pairs too, so that reported numbers are chosen by themselves."""
        return False

    @property
    def seedless(self) -> bool:
        """Whether every seed gives the same split (but for ties)."""
        return False

    @property
    def same_test(self) -> bool:
        """Whether every seed gives the same test part (but for ties)."""
        return self.seedless

    @property
    def test_to_train(self) -> float:
        """Size of the test part over the size of the training part, if every seed divides the same pairs anew. It is 0
        if the seeds share the test part, or if the protocol does not fix the sizes."""
        return 0.0

    @property
    def parts_to_train(self) -> dict[str, float]:
        """Part with unseen users or items → its `test_to_train`, where that is another than the test part's."""
        return {}

    @property
    def headline(self) -> str:
        """The protocol in a few words, as the note under a table begins."""
        return f"{self.title} split"

    @property
    def remark(self) -> str:
        """Sentences about what else a reader of the table must know. May be empty."""
        return ""

    def identity(self) -> dict[str, Any]:
        """Kind and settings, in plain types: what tells this split from others."""
        return {"kind": self.name, **self.settings.model_dump(mode="json")}

    @property
    def is_default(self) -> bool:
        return self.name == DEFAULT

    @property
    def variant(self) -> str:
        """What stands behind the seed in a split's path: nothing for the default, else ``-<kind>-<digest>``."""
        return "" if self.is_default else f"-{self.name}-{digest(self.identity())}"


def splitters() -> dict[str, type[Any]]:
    """Splitters by name."""
    return discover("datasets.splits", Splitter)


def make_splitter(identity: dict[str, Any]) -> Splitter:
    """The splitter that ``Splitter.identity`` describes."""
    cls: type[Splitter] = splitters()[identity["kind"]]
    return cls(cls.Settings.model_validate({key: value for key, value in identity.items() if key != "kind"}))


def cold(new_users: "np.ndarray", new_items: "np.ndarray") -> "np.ndarray":
    """2 (test) where neither is new, 3 ``cold_user``, 4 ``cold_item``, 5 ``cold_both``. Both masks of shape (n,)."""
    parts: np.ndarray = (TEST + new_users + 2 * new_items).astype(np.int8)
    return parts


def parts_to_train(users: float, items: float, test: float, train: float) -> dict[str, float]:
    """`Splitter.parts_to_train` of a division that samples a share of ``users`` and of ``items`` as new. ``test``,
    ``train``: shares of these parts among the pairs of which neither is new.

    Such a ratio stands for ρ / (1 − ρ), ρ the correlation of the results of two divisions, taken to be the share of the
    test part that both have (Nadeau and Bengio, 2003: test / (test + train)). A result on pairs that are new on both
    sides varies with their users, their items and the single pairs, and two divisions have ``users``, ``items`` and
    ``users`` × ``items`` of these in common. Its ρ lies between the last and the greatest, so that ``cold_both`` has at
    least the ratios of ``cold_user`` and ``cold_item``, which is the safe side. Pairs are taken as spread evenly.
    """
    known = train * (1 - users) * (1 - items)
    warm, new_users, new_items = test / train, users * (1 - items) / known, (1 - users) * items / known
    both = users * items / known
    cold, at_least = new_users + new_items + both, max(new_users, new_items, both)
    ratios = {"cold_user": new_users, "cold_item": new_items, "cold_both": at_least, "cold": cold}
    return ratios | {"overall": cold + warm, "overall_both": at_least + warm}


def place_in_user(users: "np.ndarray", *keys: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Place of each pair among its user's, from 0, ordered by ``keys``, the last one first. And n_u of each user."""
    order = np.lexsort((*keys, users))
    counts = np.bincount(users)
    starts = np.cumsum(counts) - counts
    place = np.empty(len(users), np.int64)
    place[order] = np.arange(len(users)) - starts[users[order]]
    return place, counts
