"""Write a feature set's features, tables and manifest."""

from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import load_split
from dotbench.features.base import feature_sets
from dotbench.features.source import Source
from dotbench.files import atomic, file_digest, read_json, write_json
from dotbench.registry import unknown
from dotbench.settings import validate


def write_features(
    name: str, settings: dict[str, Any], data: Path, split: Path, folder: Path, side: list[Path]
) -> Path:
    """Compute a feature set and write, into ``folder``, ``<label>.npz``, ``<label>-<table>.csv`` for each table
    and, last, the manifest ``<label>.json``, whose path is returned.

    Raises DotbenchError for an unknown feature set or setting.
    """
    if name not in feature_sets():
        raise unknown("feature set", name, feature_sets())
    cls = feature_sets()[name]
    part = cls(validate(cls.Settings, settings, f"feature set {name}"))
    manifest = folder / f"{part.label}.json"
    manifest.unlink(missing_ok=True)  # it must not describe other files
    features = part.compute(Source(data, load_split(split), tuple(side)))
    outputs = [folder / f"{part.label}.npz"]
    features.save(outputs[0])
    for table, frame in features.tables.items():
        outputs.append(folder / f"{part.label}-{table}.csv")
        with atomic(outputs[-1]) as temporary:
            frame.to_csv(temporary, index=False, float_format="%.6g")
    facts = {
        "dataset": read_json(data / "stats.json")["dataset"],
        "features": name,
        "settings": part.settings.model_dump(mode="json"),
        "leaky": part.label != name,
        "users": list(features.users.shape),
        "items": list(features.items.shape),
        "sha256": {path.name: file_digest(path) for path in outputs},
    }
    write_json(manifest, facts)
    return manifest
