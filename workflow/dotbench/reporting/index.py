"""results/runs/index.csv: one line for every run that is there, rebuilt by scanning."""

from pathlib import Path

from dotbench import paths
from dotbench.datasets.splits.base import DEFAULT
from dotbench.files import read_json_if_whole, write_csv

COLUMNS = ["dataset", "model", "loss", "solver", "split", "split_seed", "init_seed", "status", "reason"]
COLUMNS += ["valid", "test", "epochs", "updates", "train_seconds", "device", "folder"]


def write_index() -> Path | None:
    """Scan ``results/runs`` and write the index. Returns None if there is no run. ``valid`` and ``test`` are the task's
    first metric."""
    rows = []
    for path in sorted(paths.RUNS.glob("*/*/split*-init*/metrics.json")):
        record = read_json_if_whole(path)
        if record is None:
            continue  # damaged; the next run makes it again
        row = {column: record.get(column) for column in COLUMNS}
        row["split"] = record.get("split", {"kind": DEFAULT})["kind"]
        for part in ("valid", "test"):
            values = (record["metrics"] or {}).get(part, {})
            row[part] = next(iter(values.values()), None)
        rows.append({**row, "folder": str(path.parent)})
    if not rows:
        return None
    write_csv(paths.RUNS / "index.csv", rows, COLUMNS)
    return paths.RUNS / "index.csv"
