"""Copies of finished results that others can read: tables, figures, settings, facts. No data."""

import shutil
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import atomic, write_json

KINDS = (".csv", ".md", ".tex", ".png", ".pdf")


def export_evidence(plan: Plan, folder: Path) -> tuple[list[Path], list[str]]:
    """Copy what is there of every study's tables and figures, and write ``configuration.json``, ``datasets.json``.

    Returns what was written, and the targets that are not there yet. Raises DotbenchError if none is.
    """
    missing = unfinished(plan)
    written: list[Path] = []
    facts: dict[str, Any] = {}
    for study in plan.studies():
        facts |= plan.contents(study).finished().datasets
        for source in (paths.study, paths.tables, paths.figures):
            origin = source(plan.benchmark.name, study.name)
            for path in sorted(origin.glob("*")):
                if path.suffix in KINDS and "-epoch" not in path.name and "-seconds" not in path.name:
                    target = folder / study.name / path.name
                    with atomic(target) as temporary:
                        shutil.copyfile(path, temporary)
                    written.append(target)
    write_json(folder / "configuration.json", plan.benchmark.stated())
    write_json(folder / "datasets.json", facts)
    return [*written, folder / "configuration.json", folder / "datasets.json"], missing


def unfinished(plan: Plan) -> list[str]:
    """The targets that are not there yet. Raises DotbenchError if none is."""
    targets = [target for study in plan.studies() for target in plan.targets(study)]
    missing = [target for target in targets if not Path(target).is_file()]
    if len(missing) == len(targets):
        raise DotbenchError(
            f"{missing[0]}: is not there yet; nothing of this configuration is finished, so run it first"
        )
    return missing
