"""Users' own ids of users and items: in files as text, in Python of the type that the user's frame had."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotbench.files import read_json, write_csv, write_json
from dotbench.lazy import pd

TEXT: Mapping[str, type] = {"users": str, "items": str}  # ids of files
TYPES: dict[str, type] = {"text": str, "whole numbers": int}


def read_ids(path: Path, kind: type) -> list[Any]:
    """The column ``id`` of a file of ids, by row."""
    return [kind(text) for text in pd.read_csv(path, dtype=str, keep_default_na=False)["id"]]


def write_ids(folder: Path, ids: Mapping[str, list[Any]], types: Mapping[str, type]) -> None:
    """Write ``users.csv`` and ``items.csv`` (row → id) and, where ids are no text, ``ids.json``."""
    for name, values in ids.items():
        write_csv(folder / f"{name}.csv", ({"row": row, "id": id_} for row, id_ in enumerate(values)), ["row", "id"])
    if types != TEXT:
        words = {kind: word for word, kind in TYPES.items()}
        write_json(folder / "ids.json", {name: words[kind] for name, kind in types.items()})


def read_types(folder: Path) -> Mapping[str, type]:
    """The types of the ids in a folder of a fit."""
    path = folder / "ids.json"
    return {name: TYPES[word] for name, word in read_json(path).items()} if path.is_file() else TEXT
