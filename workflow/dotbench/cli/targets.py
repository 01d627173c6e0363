"""What can be named behind `dotbench run` and `dotbench plan`: listed, and checked before Snakemake starts."""

import os
from collections.abc import Sequence
from pathlib import Path

from dotbench import paths
from dotbench.config.plan import CLAIMS, Plan
from dotbench.datasets.catalogue import load_dataset
from dotbench.errors import DotbenchError
from dotbench.registry import did_you_mean
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.studies.base import studies

EVERYTHING = "all"  # what a run makes that names nothing


def listed(plan: Plan) -> tuple[list[str], list[tuple[str, ...]]]:
    """(header, rows) of the names that the configuration can make something for."""
    titles = {
        f"{study.name}_{item.name}": item.title for study in plan.studies() for item in (*study.tables, *study.figures)
    }
    rows: list[tuple[str, ...]] = [(EVERYTHING, "everything except what runs only when it is named", "")]
    for name, files in plan.named_targets().items():
        if files:
            claims = name.endswith(f"_{CLAIMS}")
            what = titles.get(name, "the paper's claims" if claims else "published numbers beside ours")
            what = "the whole study" if name in studies() else what
            rows.append((name, what, "" if name in studies() else files[0]))
    return ["name", "what", "file"], rows


def check(plan: Plan, targets: Sequence[str]) -> None:
    """Raises DotbenchError for a target that the configuration cannot make."""
    for target in targets:
        _check(plan, target)


def _check(plan: Plan, target: str) -> None:
    named = plan.makers()
    if target == EVERYTHING:
        return
    if target in named:
        plan.target(target)
        return
    path = Path(target)
    if path.suffix in (".yaml", ".yml"):
        raise DotbenchError(f"'{target}' is no target; a configuration is named with -c: -c {target}")
    if path.parts[0] in (paths.RESULTS.name, paths.RESOURCES.name) and len(path.parts) > 1:
        _check_file(plan, path)
        return
    study = target.partition("_")[0]
    if study in studies() and study not in named:
        places = [paths.PROJECT / "config" / folder / f"{study}.yaml" for folder in (".", "papers")]
        shipped = [os.path.relpath(place) for place in places if place.is_file()]
        example = f", e.g. -c {shipped[0]}" if shipped else ""
        has = f"the configuration '{plan.benchmark.name}' has no study '{study}'"
        raise DotbenchError(f"'{target}' cannot be made: {has}; name one that has it with -c{example}")
    raise _unknown(target, [EVERYTHING, *(name for name, files in plan.named_targets().items() if files)])


def _check_file(plan: Plan, path: Path) -> None:
    """Of what lies in folders of a configuration or of a dataset: whether there is such a file, or dataset."""
    top, below = path.parts[0], path.parts[1:]
    if top == paths.RESOURCES.name or below[0] in (paths.DATA.name, paths.RUNS.name):
        name = below[0] if top == paths.RESOURCES.name else below[1] if len(below) > 1 else ""
        load_dataset(name)
    elif below[0] not in (paths.CHECKPOINTS.name, paths.STUDIES.name, paths.CODE.name):
        files = _files(plan)
        if str(path) not in files:
            raise _unknown(str(path), files)


def _files(plan: Plan) -> list[str]:
    """Every file of every table and figure, of the comparisons with published numbers, and the page of the results."""
    kinds = {**table_kinds(), **figure_kinds()}
    files = [plan.site()]
    for study in plan.studies():
        for item in plan.report_items(study):
            folder = Path(plan.item_files(study, item)[0]).parent
            files += [str(folder / f"{item.name}{ending}") for ending in kinds[item.kind].files]
        files += [*plan.comparison_files(study), *plan.claim_files(study)]
    return files


def _unknown(target: str, known: Sequence[str]) -> DotbenchError:
    hint = did_you_mean(target, known)
    return DotbenchError(f"unknown target '{target}': {hint}`dotbench list targets` with the same -c shows all")
