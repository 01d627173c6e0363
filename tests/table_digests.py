"""What of tables and figures must be equal whenever configuration and seeds are: all but time and memory."""

import hashlib
import re
from pathlib import Path

import pandas as pd

# What a fit costs depends on the machine and on what else it does; nothing else may.
COSTS = re.compile(r"seconds|memory|cpu_share_of_others")


def table_digests(results: Path) -> dict[str, str]:
    """Every csv of tables, figures and comparisons below ``results/<name>`` → digest of its cells, as they are
    written. Columns that name seconds, memory or the load by others are left out, and points on an axis of time."""
    files = [*results.glob("*/tables/*.csv"), *results.glob("*/figures/*.csv"), *results.glob("*/*.csv")]
    return {str(file.relative_to(results)): _digest(file) for file in sorted(files)}


def _digest(file: Path) -> str:
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    if "axis" in frame:
        frame = frame[frame["axis"] == "epoch"]
    kept = frame[[name for name in frame if not COSTS.search(name)]]
    assert len(kept), file
    return hashlib.sha256(kept.to_csv(index=False).encode()).hexdigest()
