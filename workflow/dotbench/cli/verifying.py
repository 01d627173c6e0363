"""Results that are damaged, or that show what has changed since: found, told, and made again."""

from pathlib import Path

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.seals import SUFFIX, damage


def verify() -> list[str]:
    """What is wrong with the results in the working directory, a line for each record: every record, and every file
    whose digest was written down, is read whole."""
    records = {path for part in (paths.DATA, paths.RUNS, paths.STUDIES) for path in part.rglob("*.json")}
    for seal in paths.RESULTS.rglob(f"*{SUFFIX}"):
        records |= {file for ending in (".json", ".csv") if (file := seal.with_suffix(ending)).is_file()}
    return [reason for record in sorted(records) if (reason := damage(record, thorough=True))]


def damaged(plan: Plan) -> dict[Path, str]:
    """Record, table or figure of a plan → what is wrong with it, or with what it was made from."""
    files = [Path(file) for study in plan.studies() for file in plan.records(study)]
    shown = {Path(target).with_suffix(".csv") for study in plan.studies() for target in plan.targets(study)}
    found = {file: damage(file) for file in [*dict.fromkeys(files), *sorted(shown)] if file.is_file()}
    return {file: reason for file, reason in found.items() if reason}


def mend(plan: Plan) -> list[str]:
    """Delete what is damaged, so that the next run makes it again. Returns what was wrong, a line for each."""
    found = damaged(plan)
    for file in found:
        for path in (file, file.with_suffix(SUFFIX)):
            path.unlink(missing_ok=True)
    return list(found.values())
