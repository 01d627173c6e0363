"""One line of a table: what is known of a method's reported runs on a dataset."""

from typing import Any

from dotbench.lazy import np
from dotbench.reporting.records import MethodRuns
from dotbench.statistics.intervals import t_interval

FACTS = ("epochs", "updates", "train_seconds", "cpu_seconds", "peak_memory_bytes", "cpu_share_of_others")


def method_row(run: MethodRuns, metrics: list[str], facts: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: all that the csv holds."""
    records = run.metrics()
    good = [record for record in records if record["status"] == "ok"]
    failed = [record for record in records if record["status"] != "ok"]
    chosen = run.chosen()
    row: dict[str, Any] = {
        "dataset": run.dataset,
        "method": run.label,
        **{key: records[0][key] for key in ("model", "loss", "solver")},
        "seeds": len(records),
        "failed": len(failed),
    }
    for metric in metrics:
        for part in ("test", "valid"):
            values = [record["metrics"][part][metric] for record in good]
            prefix = metric if part == "test" else f"valid_{metric}"
            interval = t_interval(values) if values else None
            for name in ("mean", "sd", "low", "high"):
                row[f"{prefix}_{name}"] = getattr(interval, name) if interval else None
    for fact in FACTS:
        values = [record[fact] for record in good]
        row[f"{fact}_mean"] = float(np.mean(values)) if values else None
    row |= {
        "device": "; ".join(sorted({record["device"] for record in records})),
        "tuned": ", ".join(f"{key}={value_text(chosen['hyperparameters'][key])}" for key in chosen["grid"]),
        "on_edge": ", ".join(f"{key} ({side})" for key, side in chosen["on_edge"].items()),
        "trials": chosen["trials"],
        "tuning_cpu_seconds": float(run.trials()["cpu_seconds"].sum()),
        "verified": facts["verified"],
        "origin": "generated" if facts["origin"] == "generated" else "real",
        "failure": failed[0]["reason"] if failed else None,
        "failure_log": failed[0]["log"] if failed else None,
    }
    return row


def value_text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
