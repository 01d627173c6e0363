"""Preparation: raw ratings → ``ratings.parquet`` (all rows) and ``interactions.parquet`` (the ranking data)."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets.accepted import accepts_counts
from dotbench.datasets.catalogue import definition_content, load_dataset
from dotbench.datasets.definition import Dataset
from dotbench.datasets.interactions import PARTS
from dotbench.datasets.kcore import k_core
from dotbench.datasets.rawtable import RawTable, read_raw
from dotbench.errors import DotbenchError
from dotbench.files import digest, file_digest, read_json, write_columns, write_csv, write_json
from dotbench.lazy import np


def prepare(name: str, folder: Path, manifest_path: Path | None, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Prepare a dataset into ``folder`` and return the content of its ``stats.json``.

    ``manifest_path`` is None for generated data.
    """
    dataset = load_dataset(name)

    def read(spool: Path) -> RawTable:
        return read_raw(dataset, manifest_path, spool, say)

    return prepare_table(dataset, read, folder, _provenance(dataset, manifest_path), say)


def prepare_table(
    dataset: Dataset,
    read: Callable[[Path], RawTable],
    folder: Path,
    provenance: dict[str, Any],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Prepare ratings into ``folder`` and return the content of ``stats.json``, which is written last.

    ``read``: reads them, told where further columns may be put. ``provenance``: what the stats say of their origin.

    Users and items are numbered by rows, those of the interactions first, each group in order of first
    appearance: one table of ids (``users.csv``, ``items.csv``) serves both files, and the interactions'
    rows run from 0 without gaps. Memory: about 60 bytes a rating and the ids. Further columns (texts) go through the
    disk.
    """
    name = dataset.name
    spool = folder.with_name(f".{folder.name}.parquet")
    try:
        raw = read(spool)
        pairs = raw.users.astype(np.int64) * len(raw.item_ids) + raw.items
        _one_part(dataset, raw, pairs)
        kept, facts = _interactions(dataset, raw, pairs)
        if facts["duplicates_dropped"]:
            dropped = facts["duplicates_dropped"]
            say(f"{name}: dropped {dropped} repeated pairs of user and item, keeping the first of each")
        user_rows, user_order, n_users = _rows(raw.users, len(raw.user_ids), kept)
        item_rows, item_order, n_items = _rows(raw.items, len(raw.item_ids), kept)
        stats: dict[str, Any] = {
            "dataset": name,
            "users": n_users,
            "items": n_items,
            "interactions": len(kept),
            "popular_tenth": _popular_tenth(raw.items[kept]),
            "raw": {
                "users": len(raw.user_ids),
                "items": len(raw.item_ids),
                "rows": len(raw),
                "duplicates": len(raw) - len(np.unique(pairs)),
            },
            **facts,
            **({"parts": _sizes(raw.part[kept])} if raw.part is not None else {}),
            "has_ratings": raw.rating is not None,
            "definition": digest(definition_content(dataset)),
            **provenance,
        }
        stats |= _against_published(dataset, stats, say)
        (folder / "stats.json").unlink(missing_ok=True)  # it must not describe other files
        columns = {"user": user_rows[raw.users], "item": item_rows[raw.items]}
        columns |= {key: values for key in ("rating", "timestamp", "part") if (values := getattr(raw, key)) is not None}
        write_columns(folder / "ratings.parquet", columns, raw.further)
        write_columns(folder / "interactions.parquet", {key: values[kept] for key, values in columns.items()})
    finally:
        spool.unlink(missing_ok=True)
    for kind, ids, order in (("users", raw.user_ids, user_order), ("items", raw.item_ids, item_order)):
        write_csv(
            folder / f"{kind}.csv",
            ({"row": row, "id": ids[code]} for row, code in enumerate(order)),
            ["row", "id"],
        )
    outputs = ("ratings.parquet", "interactions.parquet", "users.csv", "items.csv")
    stats["sha256"] = {output: file_digest(folder / output) for output in outputs}
    write_json(folder / "stats.json", stats)
    return stats


def _one_part(dataset: Dataset, raw: RawTable, pairs: "np.ndarray") -> None:
    """Raises DotbenchError if the files have a pair in two parts."""
    if raw.part is None:
        return
    _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    again = np.flatnonzero(raw.part != raw.part[first][which])
    if len(again):
        row = again[0]
        pair = f"user '{raw.user_ids[raw.users[row]]}', item '{raw.item_ids[raw.items[row]]}'"
        parts = " and in ".join(PARTS[part] for part in (raw.part[first][which][row], raw.part[row]))
        raise DotbenchError(
            f"{dataset.name}: found {len(np.unique(pairs[again])):,} pairs in two parts of the divided data, the first "
            f"in {parts} ({pair}); allowed is each pair in one part"
        )


def _popular_tenth(items: "np.ndarray") -> float:
    """Share of the interactions that the most popular tenth of the items has, rounded up to a whole item. 0.1 if all
    are equally popular, and their number is a multiple of ten."""
    counts = np.sort(np.unique(items, return_counts=True)[1])[::-1]
    return float(counts[: math.ceil(len(counts) / 10)].sum() / len(items))


def _sizes(part: "np.ndarray") -> dict[str, int]:
    """Interactions of each part that there is."""
    counts = np.bincount(part, minlength=len(PARTS)).tolist()
    return {name: n for name, n in zip(PARTS, counts, strict=True) if n}


def _interactions(dataset: Dataset, raw: RawTable, pairs: "np.ndarray") -> tuple["np.ndarray", dict[str, int]]:
    """Row numbers of ``raw`` that are interactions, and how many rows each step took away."""
    settings = dataset.prepare
    kept = np.arange(len(raw))
    if settings.min_rating is not None:
        if raw.rating is None:
            raise DotbenchError(f"{dataset.name}: key 'prepare.min_rating' needs a rating column; set it to null")
        kept = np.flatnonzero(raw.rating >= settings.min_rating)
        if len(kept) == 0:
            limits = f"{raw.rating.min():g} to {raw.rating.max():g}"
            raise DotbenchError(
                f"{dataset.name}: key 'prepare.min_rating': found {settings.min_rating:g}, which leaves no "
                f"interactions; the ratings go from {limits}"
            )
    below = len(raw) - len(kept)
    first = np.sort(np.unique(pairs[kept], return_index=True)[1])
    duplicates = len(kept) - len(first)
    if duplicates and settings.duplicates == "error":
        again = kept[np.setdiff1d(np.arange(len(kept)), first)[0]]
        pair = f"user '{raw.user_ids[raw.users[again]]}', item '{raw.item_ids[raw.items[again]]}'"
        raise DotbenchError(
            f"{dataset.name}: found {duplicates} repeated pairs, the first at row {again + 1} ({pair}); "
            "key 'prepare.duplicates' is 'error'; 'drop' keeps the first of each"
        )
    kept = kept[first]
    core = kept[k_core(raw.users[kept], raw.items[kept], settings.core)]
    if len(core) == 0:
        raise DotbenchError(
            f"{dataset.name}: key 'prepare.core': found {settings.core}, which leaves no interactions of {len(kept)}"
        )
    return core, {
        "below_min_rating": below,
        "duplicates_dropped": duplicates,
        "outside_core": len(kept) - len(core),
    }


def _rows(codes: "np.ndarray", n: int, kept: "np.ndarray") -> tuple["np.ndarray", "np.ndarray", int]:
    """Row of each code, code of each row, and how many rows the interactions have."""
    inside = np.zeros(n, bool)
    inside[codes[kept]] = True
    order = np.concatenate([np.flatnonzero(inside), np.flatnonzero(~inside)])
    rows = np.empty(n, np.int32)
    rows[order] = np.arange(n, dtype=np.int32)
    return rows, order, int(inside.sum())


def _provenance(dataset: Dataset, manifest_path: Path | None) -> dict[str, Any]:
    if manifest_path is None:
        return {"origin": "generated", "verified": True, "source_sha256": []}
    manifest = read_json(manifest_path)
    return {
        "origin": manifest["origin"],
        "verified": manifest["verified"],
        "source_sha256": [entry["sha256"] for entry in manifest["files"]],
    }


def _against_published(dataset: Dataset, stats: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """``published`` and ``counts_differ`` of the stats. A DotbenchError if they differ and that is not accepted."""
    if dataset.published is None:
        return {"published": None, "counts_differ": []}
    counts = {key: stats[key] for key in ("users", "items", "interactions")}
    counts |= {f"raw_{key}": stats["raw"][key] for key in ("users", "items", "rows")}
    counts |= {part: stats.get("parts", {}).get(part, 0) for part in PARTS}
    expected = {key: value for key, value in dataset.published.model_dump().items() if value is not None}
    different = [
        f"{key} {counts[key]:,} (published {value:,})" for key, value in expected.items() if counts[key] != value
    ]
    if different:
        problem = f"{dataset.name}: preparation gives other counts than published: {'; '.join(different)}"
        if not accepts_counts(dataset):
            raise DotbenchError(
                f"{problem}. To accept them, set DOTBENCH_ACCEPT_COUNTS={dataset.name} or 'accept_counts: true'; every "
                "table made from them will say so"
            )
        say(f"{problem}; accepted")
    return {"published": expected, "counts_differ": different}
