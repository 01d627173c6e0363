"""Prepared data for tests of features: ratings with reviews and votes, and side files of MovieLens and Yelp."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from dotbench.datasets.interactions import Split
from dotbench.features.source import Source
from dotbench.files import write_csv, write_json

OCCUPATIONS = [f"job{k}" for k in range(21)]
GENRES = ["unknown", *(f"genre{k}" for k in range(18))]


def write_prepared(folder: Path, frame: pd.DataFrame, n_users: int, n_items: int) -> Path:
    """Prepared data as ``prepare`` leaves them; user row k is "u<k>", item row k "i<k>"."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "ratings.parquet", index=False)
    for kind, n in (("users", n_users), ("items", n_items)):
        write_csv(folder / f"{kind}.csv", ({"row": k, "id": f"{kind[0]}{k}"} for k in range(n)), ["row", "id"])
    write_json(folder / "stats.json", {"dataset": "own"})
    return folder


def reviews(rows: list[tuple], **more: object) -> pd.DataFrame:
    """Rows (user, item, rating, text)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "rating", "text"])
    frame = frame.astype({"user": "int32", "item": "int32", "rating": "float32"})
    return frame.assign(timestamp=np.int64(0), **more)


def split_of(frame: pd.DataFrame, part: np.ndarray, n_users: int, n_items: int) -> Split:
    """``part``: shape (rows,), 0 train, 1 valid, 2 test."""
    pairs = frame[["user", "item"]].to_numpy(np.int64)
    return Split(n_users, n_items, *(pairs[part == k] for k in range(3)), ratings={})


def side_files(folder: Path, n_users: int, n_items: int) -> tuple[Path, ...]:
    """MovieLens 100K's and Yelp's, for any number of users and items."""
    lines: dict[str, list[str]] = {
        "u.user": [f"u{k}|{10 + k}|{'MF'[k % 2]}|{OCCUPATIONS[k % 21]}|00000" for k in range(n_users)],
        "u.item": [
            f"i{k}|Café {k}|01-Jan-1995||http://x|" + "|".join(str(int(g in (k % 19, 18))) for g in range(19))
            for k in range(n_items)
        ],
        "u.genre": [f"{name}|{k}" for k, name in enumerate(GENRES)],
        "u.occupation": OCCUPATIONS,
        "yelp_user.json": [
            json.dumps({"user_id": f"u{k}", "elite": "2015,2016" if k % 3 == 0 else ""}) for k in range(n_users + 2)
        ],
        "yelp_business.json": [
            json.dumps(
                {"business_id": f"i{k}", "city": f"Town{k % 2}", "state": "NV", "categories": f"Bars, Kind{k % 3}"}
            )
            for k in reversed(range(n_items))
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n", encoding="utf-8" if "yelp" in name else "latin-1")
    return tuple(folder / name for name in lines)


NOUNS = ["guitar", "strap", "string", "cable", "pedal", "stand", "case", "tuner", "sound", "price"]
JUDGEMENTS = ["great", "terrible", "not good", "very nice", "awful", "wonderful"]


def random_source(folder: Path, seed: int = 0, n_users: int = 30, n_items: int = 25) -> tuple[Source, pd.DataFrame]:
    """Everything that any feature set needs; user 3 and item 4 have no training review."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(np.argwhere(rng.random((n_users, n_items)) < 0.4))
    rows = [
        (u, i, float(rng.integers(1, 6)), f"The {rng.choice(NOUNS)} is {rng.choice(JUDGEMENTS)}. I bought a {noun}.")
        for u, i, noun in zip(*pairs.T, rng.choice(NOUNS, len(pairs)), strict=True)
    ]
    votes = {kind: rng.integers(0, 5, len(rows)).astype(np.int32) for kind in ("useful", "funny", "cool")}
    frame = reviews(rows, summary="Fine", **votes)
    part = rng.choice(3, len(frame), p=[0.8, 0.1, 0.1])
    part[(frame["user"] == 3) | (frame["item"] == 4)] = 2
    data = write_prepared(folder / "data", frame, n_users, n_items)
    source = Source(data, split_of(frame, part, n_users, n_items), side_files(folder / "side", n_users, n_items))
    return source, frame.assign(part=part)
