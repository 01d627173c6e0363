"""A prepared dataset → its split for a task, and the split's files."""

from pathlib import Path
from typing import Any

from dotbench.datasets.interactions import COLD, PARTS, Split
from dotbench.datasets.splits.base import NOT_DIVIDED, Pairs, Splitter
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.lazy import np, pd


def make_split(folder: Path, task: str, seed: int, splitter: Splitter) -> Split:
    """The split of a prepared dataset for a task: ``ranking`` of the interactions, ``rating`` of all ratings.

    A repeated pair is taken once in a rating split, the first: it must not stand on both sides.
    """
    stats = read_json(folder / "stats.json")
    name = stats["dataset"]
    if task == "rating":
        if not stats["has_ratings"]:
            raise DotbenchError(f"{name}: has no ratings; rating studies need a rating column")
        frame = _read(folder / "ratings.parquet").drop_duplicates(["user", "item"])
        shape = (stats["raw"]["users"], stats["raw"]["items"])
    else:
        frame = _read(folder / "interactions.parquet")
        shape = (stats["users"], stats["items"])
    if splitter.needs_division and "part" not in frame:
        raise DotbenchError(f"{name}: {NOT_DIVIDED}")
    if splitter.needs_timestamps and "timestamp" not in frame:
        settings = ", ".join(f"{key}: {value}" for key, value in splitter.identity().items())
        raise DotbenchError(f"{name}: has no timestamps, which the split '{settings}' needs")
    times, given = (frame[name].to_numpy() if name in frame else None for name in ("timestamp", "part"))
    pairs = frame[["user", "item"]].to_numpy(np.int64)
    part = splitter.assign(Pairs(pairs[:, 0], pairs[:, 1], times, given), seed)
    masks = {key: part == k for k, key in enumerate((*PARTS, *COLD))}
    if splitter.validates_by_test:
        masks["valid"] = masks["test"]
    for key in PARTS:
        if not masks[key].any():
            raise DotbenchError(f"{name}: the {key} part is empty: {splitter.empty.format(task=task)}")
    masks = {key: mask for key, mask in masks.items() if mask.any()}
    ratings = {}
    if task == "rating":
        values = frame["rating"].to_numpy(np.float32)
        ratings = {key: values[mask] for key, mask in masks.items()}
    parts = {key: pairs[mask] for key, mask in masks.items()}
    cold = {key: parts.pop(key) for key in COLD if key in parts}
    return Split(*shape, **parts, ratings=ratings, cold=cold)


def _read(path: Path) -> "pd.DataFrame":
    """What splits look at: not the texts that may stand beside it."""
    import pyarrow.parquet as parquet

    present = parquet.read_schema(path).names
    wanted = ("user", "item", "rating", "timestamp", "part")
    return pd.read_parquet(path, columns=[name for name in wanted if name in present])


def write_split(split: Split, dataset: str, task: str, seed: int, splitter: Splitter, folder: Path) -> None:
    """Write ``split.npz`` and, last, its manifest ``split.json``, by which later stages know its content."""
    split.save(folder / "split.npz")
    manifest = {
        "dataset": dataset,
        "task": task,
        "seed": seed,
        "users": split.n_users,
        "items": split.n_items,
        **{part: len(getattr(split, part)) for part in PARTS},
        "content": split.content_digest(),
    }
    if not splitter.is_default:
        manifest |= {"split": splitter.identity(), "title": splitter.headline, **_unseen(split)}
    write_json(folder / "split.json", manifest)


def _unseen(split: Split) -> dict[str, Any]:
    """Pairs in the cold parts. Users and items of the held-out pairs that have no training pair."""
    held = np.concatenate([split.valid, split.test, *split.cold.values()])
    new = {
        kind: len(np.setdiff1d(held[:, column], split.train[:, column]))
        for column, kind in enumerate(("users", "items"))
    }
    return {"cold": {part: len(pairs) for part, pairs in split.cold.items()}, "unseen": new}
