"""Prepared data for commands that run outside the workflow."""

from collections.abc import Callable
from pathlib import Path

from dotbench import paths
from dotbench.datasets.accepted import accepts_counts, accepts_unverified
from dotbench.datasets.catalogue import definition_content, load_dataset
from dotbench.datasets.definition import Dataset
from dotbench.datasets.fetch import fetch
from dotbench.datasets.fetched import is_as_fetched
from dotbench.datasets.prepare import prepare
from dotbench.datasets.turns import in_turn
from dotbench.files import digest, read_json


def ensure_prepared(name: str, say: Callable[[str], None] = print) -> Path:
    """The dataset's prepared folder, fetched and prepared now unless that has been done for this definition.

    Of two processes that find it to be done, the second waits and finds what the first has made.
    """
    dataset, folder = load_dataset(name), paths.data(name)
    if is_prepared(name):
        return folder
    manifest = _manifest(dataset)
    waiting = f"{name}: waiting for another process that prepares it"
    with in_turn(folder.with_name(f".{name}.lock"), waiting, say):
        if manifest is not None and not _is_fetched(dataset, manifest):
            fetch(name, manifest.parent, say)
        if not _is_prepared(dataset, folder, manifest):
            say(f"{name}: preparing")
            prepare(name, folder, manifest, say)
    return folder


def is_prepared(name: str) -> bool:
    """Whether the prepared folder is there, and made by this definition from the files that are there."""
    dataset = load_dataset(name)
    return is_fetched(name) and _is_prepared(dataset, paths.data(name), _manifest(dataset))


def is_fetched(name: str) -> bool:
    """Whether the raw files are there, as this definition names them. True of generated data."""
    dataset = load_dataset(name)
    manifest = _manifest(dataset)
    return manifest is None or _is_fetched(dataset, manifest)


def _manifest(dataset: Dataset) -> Path | None:
    return None if dataset.generated else paths.manifest(dataset.name)


def _is_fetched(dataset: Dataset, manifest: Path) -> bool:
    if not manifest.is_file():
        return False
    content = read_json(manifest)
    accepted = content["verified"] is not False or not _has_digest(dataset) or accepts_unverified(dataset)
    own = all(is_as_fetched(manifest, Path(file)) for file in dataset.source.own_files())
    return own and content["source"] == digest(dataset.source.model_dump(mode="json")) and accepted


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
