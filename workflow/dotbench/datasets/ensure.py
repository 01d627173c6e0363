"""Prepared data for commands that run outside the workflow."""

from collections.abc import Callable
from pathlib import Path

from dotbench import paths
from dotbench.datasets.accepted import accepts_counts, accepts_unverified
from dotbench.datasets.catalogue import definition_content, load_dataset
from dotbench.datasets.definition import Dataset
from dotbench.datasets.fetch import fetch
from dotbench.datasets.prepare import prepare
from dotbench.files import digest, read_json


def ensure_prepared(name: str, say: Callable[[str], None] = print) -> Path:
    """The dataset's prepared folder, fetched and prepared now unless that has been done for this definition."""
    dataset = load_dataset(name)
    folder = paths.data(name)
    manifest = None if dataset.generated else paths.manifest(name)
    if manifest is not None and (dataset.source.own_files() or not _is_fetched(dataset, manifest)):
        fetch(name, manifest.parent, say)
    if not _is_prepared(dataset, folder, manifest):
        say(f"{name}: preparing")
        prepare(name, folder, manifest, say)
    return folder


def _is_fetched(dataset: Dataset, manifest: Path) -> bool:
    if not manifest.is_file():
        return False
    content = read_json(manifest)
    accepted = content["verified"] is not False or not _has_digest(dataset) or accepts_unverified(dataset)
    return content["source"] == digest(dataset.source.model_dump(mode="json")) and accepted


def _has_digest(dataset: Dataset) -> bool:
    """Whether something is known that a copy can differ from."""
    return any(part.known() for part in (dataset.source, *dataset.source.members))


def _is_prepared(dataset: Dataset, folder: Path, manifest: Path | None) -> bool:
    if not (folder / "stats.json").is_file():
        return False
    stats = read_json(folder / "stats.json")
    sources = [entry["sha256"] for entry in read_json(manifest)["files"]] if manifest else []
    return (
        stats["definition"] == digest(definition_content(dataset))
        and stats["source_sha256"] == sources
        and all((folder / name).is_file() for name in stats["sha256"])
        and (not stats["counts_differ"] or accepts_counts(dataset))
    )
