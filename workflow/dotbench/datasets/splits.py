"""Splits: which pairs a method learns from, is tuned on, and is judged by."""

from pathlib import Path

from dotbench.datasets.interactions import PARTS, Split
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.lazy import np, pd

SHARE = 0.1


def per_user_random(users: "np.ndarray", seed: int, share: float = SHARE) -> "np.ndarray":
    """Part of each pair, 0 train, 1 valid, 2 test: each user's pairs are shuffled and cut 80/10/10.

    ``users``: shape (n,), row numbers. A user with n_u pairs has ⌊share · n_u⌋ in valid and as many in test,
    but at least one in each as long as one is left to train on: a user with 2 has one in train, one in test,
    a user with 1 has it in train. The RG2 paper's protocol (RecStudio, ``user_entry``), made explicit.
    """
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(users)), users))
    counts = np.bincount(users)
    starts = np.cumsum(counts) - counts
    position = np.empty(len(users), np.int64)
    position[order] = np.arange(len(users)) - starts[users[order]]
    held = np.maximum(np.floor(share * counts + 1e-9).astype(np.int64), 1)
    n_test = np.where(counts >= 2, held, 0)
    n_valid = np.where(counts >= 3, held, 0)
    part = np.zeros(len(users), np.int8)
    part[position < (n_test + n_valid)[users]] = 1
    part[position < n_test[users]] = 2
    return part


def make_split(folder: Path, task: str, seed: int) -> Split:
    """The split of a prepared dataset for a task: ``ranking`` of the interactions, ``rating`` of all ratings.

    A repeated pair is taken once in a rating split, the first: it must not stand on both sides.
    """
    stats = read_json(folder / "stats.json")
    if task == "rating":
        if not stats["has_ratings"]:
            raise DotbenchError(f"{stats['dataset']}: has no ratings; rating studies need a rating column")
        frame = pd.read_parquet(folder / "ratings.parquet").drop_duplicates(["user", "item"])
        shape = (stats["raw"]["users"], stats["raw"]["items"])
    else:
        frame = pd.read_parquet(folder / "interactions.parquet")
        shape = (stats["users"], stats["items"])
    pairs = frame[["user", "item"]].to_numpy(np.int64)
    part = per_user_random(pairs[:, 0], seed)
    ratings = {}
    if task == "rating":
        values = frame["rating"].to_numpy(np.float32)
        ratings = {name: values[part == k] for k, name in enumerate(PARTS)}
    split = Split(*shape, pairs[part == 0], pairs[part == 1], pairs[part == 2], ratings)
    for name in ("valid", "test"):
        if len(getattr(split, name)) == 0:
            raise DotbenchError(f"{stats['dataset']}: the {name} part is empty: no user has enough {task} pairs")
    return split


def write_split(data: Path, task: str, seed: int, folder: Path) -> None:
    """Write ``split.npz`` and, last, its manifest ``split.json``, by which later stages know its content."""
    split = make_split(data, task, seed)
    split.save(folder / "split.npz")
    manifest = {
        "dataset": read_json(data / "stats.json")["dataset"],
        "task": task,
        "seed": seed,
        "users": split.n_users,
        "items": split.n_items,
        **{part: len(getattr(split, part)) for part in PARTS},
        "content": split.content_digest(),
    }
    write_json(folder / "split.json", manifest)
