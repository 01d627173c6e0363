"""The notes under a table: protocol, marks, hardware and versions."""

from typing import Any

from dotbench.reporting.records import read_runs

PROTOCOLS = {
    "ranking": "Per-user random 80/10/10 split; all items ranked, train and validation masked; NDCG discounted by log2 "
    "and normalised by min(10, test items); means over users with a test item.",
    "rating": "Per-user random 80/10/10 split of all ratings; predictions not clipped.",
}


def notes(contents: dict[str, Any], rows: list[dict[str, Any]], facts: dict[str, dict[str, Any]]) -> list[str]:
    """Sentences that a reader needs to judge the numbers."""
    records = [record for run in read_runs(contents) for record in run.metrics()]
    seeds = contents["seeds"]
    lines = [
        PROTOCOLS[contents["task"]],
        f"Mean ± standard deviation [95 % interval, Student's t] over {len(seeds)} seeds, each a split and an "
        f"initialisation (seeds {', '.join(map(str, seeds))}).",
        "Hyperparameters are chosen on the validation part of a split that is not among the reported ones "
        f"(seed {contents['tuning_seed']}; its training pairs overlap their test pairs); ! marks the edge of the grid.",
        "Bold: better than every other method of the dataset (p < .05, users resampled, Holm over all pairs). "
        "≈: not distinguishable from the best mean.",
        "Seconds are of training alone, one run; * marks runs that shared the machine. Updates are gradient steps, "
        "or half sweeps of ALS.",
    ]
    for name, stats in facts.items():
        counts = f"{stats['users']:,} users, {stats['items']:,} items, {stats['interactions']:,} interactions"
        if contents["task"] == "rating":
            raw = stats["raw"]
            counts = f"{raw['users']:,} users, {raw['items']:,} items, {raw['rows']:,} ratings"
        doubt = ", NOT VERIFIED against an official digest" if stats["verified"] is False else ""
        doubt += f", OTHER COUNTS: {'; '.join(stats['counts_differ'])}" if stats["counts_differ"] else ""
        lines.append(f"{name}: {counts}; {stats['origin']}{doubt}.")
    for row in rows:
        if row["failed"]:
            failed = f"{row['failed']} of {row['seeds']} seeds failed"
            lines.append(f"{row['dataset']}, {row['method']}: {failed}: {row['failure']}; log: {row['failure_log']}.")
    machines = {f"{r['machine']['gpu'] or r['machine']['cpu']}, {r['machine']['cores']} cores" for r in records}
    threads = sorted({record["threads"] for record in records})
    versions = {f"{name} {value}" for record in records for name, value in record["versions"].items()}
    lines.append(f"Hardware: {'; '.join(sorted(machines))}; threads of a fit: {', '.join(map(str, threads))}.")
    lines.append(f"Versions: {', '.join(sorted(versions))}.")
    return lines
