"""A finished run as a row: a tuning or a fit, with the text of its files.

What it was made from (``stats.json``, ``split.json``) is repeated in it and costs nothing once compressed.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench import paths
from dotbench.files import digest
from dotbench.runs.evaluating import RANKING, RATING

if TYPE_CHECKING:
    import numpy as np

Row = dict[str, Any]  # column → text, number, array, or None where it does not apply
Key = tuple[str, str, int | None, int | None]

TUNING = {"chosen": "chosen.json", "trials": "trials.csv", "trials_curves": "trials_curves.csv"}
FIT = {"fit": "fit.json", "curve": "curve.csv", "metrics": "metrics.json"}


def key(row: Row) -> Key:
    """Dataset, method and the seeds, which are None for a tuning."""
    return row["dataset"], row["method"], row["split_seed"], row["init_seed"]


def is_fit(row: Row) -> bool:
    return row["split_seed"] is not None


def folder(row: Row) -> Path:
    """Where the row's files lie."""
    return paths.fit(*key(row)) if is_fit(row) else paths.run(row["dataset"], row["method"])  # type: ignore[arg-type]


def per_user_columns(row: Row) -> dict[str, "np.ndarray"]:
    """The arrays of a fit, as `dotbench.runs.evaluating.per_user_table` takes them."""
    kinds = RATING if row["hits"] is None else RANKING
    return {name: row[name].astype(kind) for name, kind in kinds.items()}


def manifests(rows: Iterable[Row]) -> dict[Path, str]:
    """Path → text of the manifests of the data and splits that the rows were made from."""
    texts = {}
    for row in rows:
        texts[paths.data(row["dataset"]) / "stats.json"] = row["stats"]
        if row["split"] is not None:
            texts[paths.data(row["dataset"]) / row["split_folder"] / "split.json"] = row["split"]
    return texts


def disagreement(here: dict[Path, str], there: dict[Path, str]) -> str | None:
    """The first manifest that names other data, with both digests. None if all agree.

    Prepared data are compared by their counts and by the rows of users and items, splits by their arrays. The digests
    of Parquet files differ between versions of the library that writes them.
    """
    for path in sorted(here.keys() & there.keys(), key=lambda path: (path.name != "stats.json", path)):
        ours, theirs = (content_digest(text) for text in (here[path], there[path]))
        if ours != theirs:
            return f"{path} has the digest {ours}, that of the file is {theirs}"
    return None


def content_digest(text: str) -> str:
    """What a manifest says of its data, whoever wrote them."""
    manifest = json.loads(text)
    if "content" in manifest:
        content: str = manifest["content"]
        return content
    counts = [manifest[name] for name in ("users", "items", "interactions", "raw")]
    return digest([counts, [manifest["sha256"][f"{kind}.csv"] for kind in ("users", "items")]])
