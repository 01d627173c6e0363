"""Prepared data: a dataset by its name, or a frame."""

import tempfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.datasets.catalogue import load_dataset
from dotbench.datasets.definition import Dataset as Definition
from dotbench.datasets.definition import Source
from dotbench.datasets.ensure import ensure_prepared
from dotbench.datasets.manifest import raw_files
from dotbench.datasets.prepare import prepare_table
from dotbench.files import read_json
from dotbench.interface.frames import read_frame
from dotbench.interface.ids import TEXT, read_ids
from dotbench.settings import validate


def quiet(text: str) -> None:
    """Says nothing."""


def load(name: str, *, say: Callable[[str], None] = print) -> "Dataset":
    """Load a dataset by its name. If it is not there yet, it is fetched and prepared into ``resources/`` and
    ``results/``.

    ``name``: one of ``dotbench list datasets``, including your own in ``config/datasets``. ``say`` is called with
    messages about progress. The environment variable DOTBENCH_DATA names a folder of local copies. Raises
    DotbenchError for an unknown name, a file that cannot be obtained, or a copy with a wrong digest.

    >>> import dotbench as db
    >>> db.load("sim-tiny", say=lambda text: None)
    Dataset('sim-tiny', 120 users, 160 items, 4,351 interactions)
    """
    folder = ensure_prepared(name, say)
    roles = () if load_dataset(name).generated else ("users", "items")
    return Dataset(
        name, folder.resolve(), [path.resolve() for r in roles for path in raw_files(paths.manifest(name), r)]
    )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Prepared data: the interactions that ranking learns from, and all ratings.

    ``folder`` holds them, like ``results/data/<dataset>`` (docs/results.md). ``side``: raw files about users and items,
    which some features read. ``id_types``: ``users`` and ``items`` → int or str. Make one with `load` or `from_frame`.
    """

    name: str
    folder: Path
    side: list[Path] = field(default_factory=list)
    id_types: Mapping[str, type] = field(default_factory=lambda: TEXT)
    _temporary: Any = None  # removes the folder when nothing refers to it any more

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        user: Hashable,
        item: Hashable,
        rating: Hashable | None = None,
        time: Hashable | None = None,
        min_rating: float | None = None,
        core: int = 5,
        duplicates: str = "drop",
        name: str = "frame",
        say: Callable[[str], None] = print,
    ) -> "Dataset":
        """Prepare data from a pandas or polars frame, which has a row for each pair of user and item.

        ``user``, ``item``, ``rating``, ``time``: names of columns. Ids are text or whole numbers. Ratings are finite
        numbers. Times are dates, or whole seconds since 1970. ``min_rating``: rows with a lower rating are left out.
        ``core``: users and items with fewer interactions are left out; 1 keeps all. ``duplicates``: if a pair is
        repeated, ``drop`` keeps the first, ``error`` stops. These three are the keys of ``prepare`` in a dataset's
        definition, with the same defaults. Raises DotbenchError with the column, the row (counted from 0), what was
        found and what is allowed.

        >>> import dotbench as db
        >>> import pandas as pd
        >>> pairs = [(user, item) for user in range(8) for item in "abcdefgh" if (user + ord(item)) % 3]
        >>> frame = pd.DataFrame(pairs, columns=["who", "what"])
        >>> db.Dataset.from_frame(frame, user="who", item="what", core=1)
        Dataset('frame', 8 users, 8 items, 43 interactions)
        """
        values = {"min_rating": min_rating, "core": core, "duplicates": duplicates}
        source = Source(file=name)  # there is none; a definition needs one
        definition = validate(Definition, {"name": name, "source": source, "prepare": values}, "from_frame")
        raw, id_types = read_frame(frame, user, item, rating, time)
        temporary = tempfile.TemporaryDirectory(prefix="dotbench-", ignore_cleanup_errors=True)
        folder = Path(temporary.name)
        provenance: dict[str, Any] = {"origin": "a frame", "verified": None, "source_sha256": []}
        prepare_table(definition, lambda spool: raw, folder, provenance, say)
        return cls(name, folder, [], id_types, temporary)

    @cached_property
    def stats(self) -> dict[str, Any]:
        """Counts before and after preparation, as in ``stats.json``."""
        content: dict[str, Any] = read_json(self.folder / "stats.json")
        return content

    @cached_property
    def users(self) -> list[Any]:
        """The users' ids by row. Those without an interaction come last."""
        return read_ids(self.folder / "users.csv", self.id_types["users"])

    @cached_property
    def items(self) -> list[Any]:
        """The items' ids by row. Those without an interaction come last."""
        return read_ids(self.folder / "items.csv", self.id_types["items"])

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.stats[key]:,} {key}" for key in ("users", "items", "interactions"))
        return f"Dataset({self.name!r}, {counts})"
