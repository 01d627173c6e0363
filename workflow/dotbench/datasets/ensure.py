"""Prepared data for commands that run outside the workflow."""

from collections.abc import Callable
from pathlib import Path

from dotbench.datasets.catalogue import definition_content, load_dataset
from dotbench.datasets.fetch import fetch
from dotbench.datasets.prepare import prepare
from dotbench.files import digest, read_json
from dotbench.runs import paths


def ensure_prepared(name: str, say: Callable[[str], None] = print) -> Path:
    """The dataset's prepared folder, fetched and prepared now unless that has been done for this definition."""
    dataset = load_dataset(name)
    folder = paths.data(name)
    manifest = None if dataset.generated else paths.manifest(name)
    stats = folder / "stats.json"
    done = stats.is_file() and read_json(stats).get("definition") == digest(definition_content(dataset))
    source = digest(dataset.source.model_dump(mode="json"))
    fetched_before = manifest is not None and manifest.is_file() and read_json(manifest).get("source") == source
    if manifest is not None and (not fetched_before or dataset.source.own_files()):
        fetched = fetch(name, manifest.parent, say)
        done = done and read_json(stats)["source_sha256"] == [entry["sha256"] for entry in fetched["files"]]
    if not done:
        say(f"{name}: preparing")
        prepare(name, folder, manifest, say)
    return folder
