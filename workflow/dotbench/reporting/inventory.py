"""What is known of every dataset: where it is from, whether it is here, its counts against the published ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.datasets.catalogue import definitions, load_dataset
from dotbench.datasets.definition import Dataset
from dotbench.datasets.fetch import has_local_copy
from dotbench.files import read_json

ORDER = ("users", "items", "interactions")


@dataclass(frozen=True)
class Holding:
    """A dataset as it stands here. ``manifest``, ``stats``: their content, None where there is none yet."""

    dataset: Dataset
    manifest: dict[str, Any] | None
    stats: dict[str, Any] | None

    @property
    def source(self) -> str:
        source = self.dataset.source
        if self.dataset.generated:
            return f"generator {source.generator}"
        if source.urls:
            return source.urls[0].split("/")[2]
        return "own files" if source.own_files() else "local copy only"

    @property
    def state(self) -> str:
        """absent, verified, unverified copy, own files or generated, and whether it is prepared."""
        if self.dataset.generated:
            state = "generated"
        elif self.manifest is None:
            state = "local copy, not fetched" if has_local_copy(self.dataset) else "absent"
        else:
            state = {True: "verified", False: "unverified copy", None: "own files"}[self.manifest["verified"]]
        return f"{state}, prepared" if self.stats else state

    @property
    def size(self) -> str:
        """Of the raw files that are here, or of the download."""
        if self.manifest:
            return megabytes(sum(file["bytes"] for file in self.manifest["files"]))
        return f"{megabytes(self.dataset.source.bytes)} to download" if self.dataset.source.bytes else ""

    @property
    def counts(self) -> str:
        """users × items, interactions. With the published counts if they differ."""
        expected = self.dataset.published
        published = count_text([getattr(expected, key) for key in ORDER]) if expected else ""
        if self.stats is None:
            return f"published: {published}" if published else ""
        counts = count_text([self.stats[key] for key in ORDER])
        if not expected:
            return counts
        return f"{counts}: as published" if not self.stats["counts_differ"] else f"{counts}; PUBLISHED: {published}"


def holding(name: str) -> Holding:
    """What is here of one dataset."""
    return _holding(load_dataset(name))


def holdings() -> list[Holding]:
    """Every dataset, by name."""
    return [_holding(dataset) for dataset in definitions().values()]


def _holding(dataset: Dataset) -> Holding:
    files = paths.manifest(dataset.name), paths.data(dataset.name) / "stats.json"
    manifest, stats = (read_json(file) if file.is_file() else None for file in files)
    gone = manifest and not all(Path(file["path"]).is_file() for file in manifest["files"])
    return Holding(dataset, None if gone else manifest, stats)


def count_text(counts: list[int]) -> str:
    """E.g. 943 × 1,203, 81,697."""
    users, items, interactions = counts
    return f"{users:,} × {items:,}, {interactions:,}"


def megabytes(n: int) -> str:
    return f"{n / 1e6:,.1f} MB"
