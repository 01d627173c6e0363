"""Preparation: raw ratings → ``ratings.parquet`` (all rows) and ``interactions.parquet`` (the ranking data)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets.catalogue import definition_content, load_dataset, parser_of, parser_settings
from dotbench.datasets.generators.base import generators
from dotbench.datasets.kcore import k_core
from dotbench.datasets.manifest import raw_files
from dotbench.errors import DotbenchError
from dotbench.files import digest, file_digest, read_json, write_csv, write_json, write_parquet
from dotbench.lazy import np, pd
from dotbench.settings.dataset import Dataset


def prepare(name: str, folder: Path, manifest_path: Path | None, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Prepare a dataset into ``folder`` and return the content of its ``stats.json``, which is written last.

    Users and items are numbered by rows, those of the interactions first, each group in order of first
    appearance: one table of ids (``users.csv``, ``items.csv``) serves both files, and the interactions'
    rows run from 0 without gaps. ``manifest_path`` is None for generated data.
    """
    dataset = load_dataset(name)
    ratings = _read(dataset, manifest_path)
    user_codes, user_ids = pd.factorize(ratings["user"])
    item_codes, item_ids = pd.factorize(ratings["item"])
    pairs = user_codes.astype(np.int64) * len(item_ids) + item_codes
    kept, facts = _interactions(dataset, ratings, user_codes, item_codes, pairs)
    if facts["duplicates_dropped"]:
        say(f"{name}: dropped {facts['duplicates_dropped']} repeated pairs of user and item, keeping the first of each")

    user_rows, user_order, n_users = _rows(user_codes, len(user_ids), kept)
    item_rows, item_order, n_items = _rows(item_codes, len(item_ids), kept)
    ratings = ratings.assign(user=user_rows[user_codes], item=item_rows[item_codes])
    interactions = ratings.iloc[kept]
    raw = {
        "users": len(user_ids),
        "items": len(item_ids),
        "rows": len(ratings),
        "duplicates": len(ratings) - len(np.unique(pairs)),
    }
    stats: dict[str, Any] = {
        "dataset": name,
        "users": n_users,
        "items": n_items,
        "interactions": len(interactions),
        "raw": raw,
        **facts,
        "has_ratings": "rating" in ratings,
        "definition": digest(definition_content(dataset)),
        **_provenance(dataset, manifest_path),
    }
    _check_published(dataset, stats)
    (folder / "stats.json").unlink(missing_ok=True)  # it must not describe other files
    write_parquet(folder / "ratings.parquet", ratings)
    write_parquet(folder / "interactions.parquet", interactions)
    for kind, ids, order in (("users", user_ids, user_order), ("items", item_ids, item_order)):
        write_csv(
            folder / f"{kind}.csv",
            ({"row": row, "id": ids[code]} for row, code in enumerate(order)),
            ["row", "id"],
        )
    outputs = ("ratings.parquet", "interactions.parquet", "users.csv", "items.csv")
    stats["sha256"] = {output: file_digest(folder / output) for output in outputs}
    write_json(folder / "stats.json", stats)
    return stats


def _read(dataset: Dataset, manifest_path: Path | None) -> "pd.DataFrame":
    if dataset.generated:
        generator = generators()[str(dataset.source.generator)]
        return generator(generator.Settings(**dataset.source.parameters)).generate()
    assert manifest_path is not None
    return parser_of(dataset)(parser_settings(dataset)).read(raw_files(manifest_path))


def _interactions(
    dataset: Dataset,
    ratings: "pd.DataFrame",
    users: "np.ndarray",
    items: "np.ndarray",
    pairs: "np.ndarray",
) -> tuple["np.ndarray", dict[str, int]]:
    """Row numbers of ``ratings`` that are interactions, and how many rows each step took away."""
    settings = dataset.prepare
    kept = np.arange(len(ratings))
    if settings.min_rating is not None:
        if "rating" not in ratings:
            raise DotbenchError(f"{dataset.name}: key 'prepare.min_rating' needs a rating column; set it to null")
        kept = np.flatnonzero(ratings["rating"].to_numpy() >= settings.min_rating)
        if len(kept) == 0:
            found = f"{ratings['rating'].min():g} to {ratings['rating'].max():g}"
            raise DotbenchError(
                f"{dataset.name}: key 'prepare.min_rating': found {settings.min_rating:g}, which leaves no "
                f"interactions; the ratings go from {found}"
            )
    below = len(ratings) - len(kept)
    first = np.sort(np.unique(pairs[kept], return_index=True)[1])
    duplicates = len(kept) - len(first)
    if duplicates and settings.duplicates == "error":
        again = kept[np.setdiff1d(np.arange(len(kept)), first)[0]]
        pair = f"user '{ratings['user'].iloc[again]}', item '{ratings['item'].iloc[again]}'"
        raise DotbenchError(
            f"{dataset.name}: found {duplicates} repeated pairs, the first at row {again + 1} ({pair}); "
            "key 'prepare.duplicates' is 'error'; 'drop' keeps the first of each"
        )
    kept = kept[first]
    core = kept[k_core(users[kept], items[kept], settings.core)]
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


def _check_published(dataset: Dataset, stats: dict[str, Any]) -> None:
    if dataset.published is None:
        return
    found = {key: stats[key] for key in ("users", "items", "interactions")}
    found |= {f"raw_{key}": stats["raw"][key] for key in ("users", "items", "rows")}
    expected = {key: value for key, value in dataset.published.model_dump().items() if value is not None}
    different = [
        f"{key} {found[key]:,} (published {value:,})" for key, value in expected.items() if found[key] != value
    ]
    if different:
        raise DotbenchError(f"{dataset.name}: preparation gives other counts than published: {'; '.join(different)}")
