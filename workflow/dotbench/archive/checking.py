"""Whether the rows of a file of runs are sound, and agree with themselves and with each other."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.archive.rows import (
    FIT,
    TUNING,
    Key,
    Row,
    content_digest,
    folder,
    is_fit,
    key,
    manifests,
    per_user_columns,
)
from dotbench.errors import DotbenchError
from dotbench.evaluation import ranking
from dotbench.runs.evaluating import RANKING, RATING, per_user_table

if TYPE_CHECKING:
    import numpy as np

NAMES = {
    "dataset": "[a-z0-9]+(-[a-z0-9]+)*",
    "method": "[a-z0-9-]+-[0-9a-f]{10}",
    "split_folder": r"split\d+(-[a-z0-9-]+-[0-9a-f]{10})?/(ranking|rating)",
}
JSON = ("stats", "split", "chosen", "fit", "metrics")


def check_rows(path: Path, rows: Iterable[Row]) -> None:
    """Raise DotbenchError, with file, row and run, for the first row that is unsound or contradicts itself or another.

    A run is there once, a fit with its tuning, and all runs of a dataset and of a split are on the same data.
    """
    seen: set[Key] = set()
    digests: dict[Path, str] = {}
    rows = list(rows)
    tuned = {(row["dataset"], row["method"]) for row in rows if not is_fit(row)}
    for number, row in enumerate(rows):
        problem = _unsound(row)
        if problem:
            raise DotbenchError(f"{path}, row {number}: {problem}")
        problem = _contradiction(row) if is_fit(row) else None
        if key(row) in seen:
            problem = "is listed more than once"
        elif is_fit(row) and (row["dataset"], row["method"]) not in tuned:
            problem = "its tuning is not in the file"
        for manifest, text in manifests([row]).items():
            digest = content_digest(text)
            if digests.setdefault(manifest, digest) != digest:
                problem = f"{manifest} has the digest {digest} in it, {digests[manifest]} in an earlier row"
        if problem:
            raise DotbenchError(f"{path}, row {number}, {folder(row)}: {problem}")
        seen.add(key(row))


def _unsound(row: Row) -> str | None:
    """What makes a row unusable: a name that is none, an absent or broken text, arrays of different lengths."""
    for name, pattern in NAMES.items():
        optional = name == "split_folder" and row["split"] is None
        if not optional and not re.fullmatch(pattern, row[name] or ""):
            return f"column '{name}': found {row[name]!r}; allowed is {pattern}"
    kinds = RATING if row["hits"] is None else RANKING
    needed = ["stats", *((*FIT, "init_seed", "split", *kinds) if is_fit(row) else TUNING)]
    for name in needed:
        if row[name] is None:
            return f"column '{name}' is empty"
    for name in JSON:
        try:
            content = json.loads(row[name] or "{}")
        except json.JSONDecodeError as error:
            return f"column '{name}': not valid JSON: {error.msg}"
        if not isinstance(content, dict):
            return f"column '{name}': found {type(content).__name__}; allowed is a JSON object"
    for name in ("stats", "split"):
        try:
            content_digest(row[name] or row["stats"])
        except KeyError as error:
            return f"column '{name}': has no {error}"
    lengths = {name: len(row[name]) for name in kinds} if is_fit(row) else {}
    if len(set(lengths.values())) > 1:
        return f"arrays differ in length: {lengths}"
    return None


def _contradiction(row: Row) -> str | None:
    """What a fit's texts say otherwise than its columns: names, seeds, number of users, means over them."""
    texts: dict[str, dict[str, Any]] = {name: json.loads(row[name]) for name in ("fit", "metrics")}
    for name, text in texts.items():
        said = {k: text.get(k) for k in ("dataset", "split_seed", "init_seed")}
        said["method"] = "-".join(str(text.get(part)) for part in ("model", "loss", "solver"))
        for column, value in said.items():
            expected = row[column][:-11] if column == "method" else row[column]  # without the digest
            if value != expected:
                return f"{FIT[name]} says {column} {value!r}, the file's column {expected!r}"
    users, counted = len(row["user"]), texts["metrics"].get("n_users_evaluated")
    if counted != users:
        return f"metrics.json says n_users_evaluated {counted}; there are {users} users"
    metrics = texts["metrics"].get("metrics")
    if metrics is None:
        return None if users == 0 else "metrics.json has no metrics; there are scores of users"
    averages = means(per_user_columns(row))
    if not averages.keys() & metrics["test"].keys():
        return f"metrics.json has none of the test metrics {', '.join(averages)}"
    for name, value in averages.items():
        stated = metrics["test"].get(name, value)  # a run may be older than a metric
        if not math.isclose(stated, value, rel_tol=1e-9):
            return f"metrics.json says test {name} {stated}, the users' scores give {value}"
    return None


def means(columns: "Mapping[str, np.ndarray]") -> dict[str, float]:
    """Test metrics from the columns of RANKING or RATING: means over users, or over ratings."""
    frame = per_user_table(columns)
    if columns.keys() == RANKING.keys():
        return {name: float(frame[name].mean()) for name in ranking.METRICS}
    ratings = frame["n"].sum()
    squared, absolute = (frame[f"{kind}_error"].sum() / ratings for kind in ("squared", "absolute"))
    return {"rmse": float(squared) ** 0.5, "mae": float(absolute)}
