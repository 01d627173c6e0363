"""A chapter of the site: one study of one configuration, with its boards, curves, tables, figures and verdicts."""

import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry
from dotbench.reporting.figures.convergence import Convergence
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.records import MethodRuns, clock, is_shared
from dotbench.simulations.base import simulations
from dotbench.site.boards import Board, is_board, method_boards, simulation_boards
from dotbench.site.details import run_details, run_key
from dotbench.site.prose import table_and_notes, to_html
from dotbench.site.replications import replication_details
from dotbench.site.values import EXACT, plain
from dotbench.site.verdicts import claims, verdicts
from dotbench.studies.base import ReportItem, Study

PICTURES = (".svg", ".png")  # the first that is there is shown
OPEN = 16  # lines of a table, from which it is folded
FILES = (".csv", ".md", ".tex", ".html", ".pdf", ".png", ".svg")


@dataclass(frozen=True)
class Source:
    """Where the tables and figures of a configuration lie. ``flat``: all of a study's in one folder, as evidence has
    them. ``configuration``: the file that the commands of the page name."""

    plan: Plan
    folder: Path
    flat: bool
    configuration: str

    def study(self, study: str) -> Path:
        return self.folder / study

    def items(self, study: str, kind: str) -> Path:
        """The folder of its ``tables`` or ``figures``."""
        return self.study(study) if self.flat else self.study(study) / kind


@dataclass
class Chapter:
    """What the page has of a study, and what is known of the runs behind it, by their keys."""

    content: dict[str, Any]
    runs: dict[str, dict[str, Any]]

    @property
    def is_empty(self) -> bool:
        return not any(self.content[part] for part in ("boards", "curves", "tables", "figures", "verdicts", "claims"))


def study_boards(source: Source, study: type[Study]) -> list[Board]:
    """What the tables of a study compare, from those that are there."""
    items = [item for item in source.plan.report_items(study) if item not in study.figures]
    return _without_repeated([board for item in items for board in _boards(source, study, item)])


def chapter(source: Source, study: type[Study], page: Path) -> Chapter:
    """The chapter of a study, from what is there. ``page``: the file that its links start from."""
    plan, name = source.plan, source.plan.benchmark.name
    finished = _finished(plan, study)
    runs = {run_key(run): plain(run_details(plan, entry, run)) for entry, run in finished}
    tables, boards = [], []
    for item in plan.report_items(study):
        if item in study.figures:
            continue
        made = _boards(source, study, item)
        details = [replication_details(entry) for entry in plan.item_simulations(study, item.name)] if made else []
        known = {f"{name}/{key}": plain(run, EXACT) for found in details for key, run in found.items()}
        _set_runs(made, finished, known, name)
        runs |= known
        boards += made
        tables += _table(source, study, item, page, bool(made))
    command = f"dotbench run {study.name} -c {source.configuration}"
    content = {
        "id": f"{name}/{study.name}",
        "configuration": name,
        "study": study.name,
        "title": study.title,
        "about": " ".join((study.__doc__ or "").split()),
        "command": command,
        "metric": metric_title(plan.validation_metric(study)),
        "boards": [board.described() for board in _without_repeated(boards)],
        "curves": _curves(finished),
        "tables": tables,
        "figures": _figures(source, study, page),
        "paper": study.published,
        "verdicts": plain(verdicts(source.study(study.name), study.published), EXACT) if study.published else None,
        "claims": plain(claims(source.study(study.name))) if study.published else None,
    }
    return Chapter(content, runs)


def _finished(plan: Plan, study: type[Study]) -> list[tuple[MethodEntry, MethodRuns]]:
    """Every method of the study with its finished runs. Those without any are left out."""
    contents = plan.contents(study)
    pairs = zip(plan.study_entries(study.name), contents.runs, strict=True)
    found = [(entry, runs.finished()) for entry, runs in pairs]
    return [(entry, runs) for entry, runs in found if runs is not None and _has_facts(runs)]


def _has_facts(runs: MethodRuns) -> bool:
    return (paths.data(runs.dataset) / "stats.json").is_file()


def _boards(source: Source, study: type[Study], item: ReportItem) -> list[Board]:
    kind = table_kinds()[item.kind]
    folder, title = source.items(study.name, "tables"), item.title or kind.title
    if not is_board(kind):
        return []
    if item.simulation:
        return simulation_boards(folder, item.name, title, simulations()[item.simulation])
    return method_boards(folder, item.name, title)


def _set_runs(
    boards: list[Board], finished: list[tuple[MethodEntry, MethodRuns]], known: Container[str], name: str
) -> None:
    """Tell every line which runs, or which replications, are behind it. ``known``: the keys of these, after the
    ``name`` of the configuration."""
    keys = {(run.dataset, run.label): run_key(run) for _, run in finished}
    for board in boards:
        for line in board.lines:
            replications = f"{name}/{line.run}"
            line.run = replications if replications in known else keys.get((board.dataset, line.method))


def _without_repeated(boards: list[Board]) -> list[Board]:
    """The boards without those whose dataset, methods and numbers another one has, in another layout."""
    kept: dict[str, Board] = {}
    for board in boards:
        key = str((board.dataset, [(line.method, line.values) for line in board.lines]))
        kept.setdefault(key, board)
    return list(kept.values())


def _curves(finished: list[tuple[MethodEntry, MethodRuns]]) -> list[dict[str, Any]]:
    """For every dataset the runs that are drawn, and the clock of their time axis."""
    curves = []
    for dataset in dict.fromkeys(run.dataset for _, run in finished):
        runs = [run for _, run in finished if run.dataset == dataset]
        column, title = clock(runs)
        shared = [run_key(run) for run in runs if is_shared(run)]
        curves.append(
            {"dataset": dataset, "clock": column, "title": title, "runs": list(map(run_key, runs)), "shared": shared}
        )
    return curves


def _table(source: Source, study: type[Study], item: ReportItem, page: Path, is_shown: bool) -> list[dict[str, Any]]:
    """A table as it is printed, with the notes under it. Nothing if it is not there. ``is_shown``: as a board."""
    folder = source.items(study.name, "tables")
    file = folder / f"{item.name}.md"
    if not file.is_file():
        return []
    table, notes = table_and_notes(file.read_text("utf-8"))
    return [
        {
            "name": item.name,
            "title": item.title or table_kinds()[item.kind].title,
            "open": not is_shown and table.count("\n") < OPEN,
            "table": to_html(table),
            "notes": to_html(notes),
            "files": _links(folder, item.name, page),
        }
    ]


def _figures(source: Source, study: type[Study], page: Path) -> list[dict[str, Any]]:
    """The figures that are there. ``drawn``: those that the page draws itself."""
    folder, figures = source.items(study.name, "figures"), []
    for item in source.plan.report_items(study):
        pictures = [folder / f"{item.name}{ending}" for ending in PICTURES]
        picture = next((file for file in pictures if file.is_file()), None)
        if item in study.figures and picture is not None:
            kind = figure_kinds()[item.kind]
            figures.append(
                {
                    "name": item.name,
                    "title": item.title or kind.title,
                    "caption": " ".join((kind.__doc__ or "").replace("\\", "").split()),
                    "drawn": issubclass(kind, Convergence),
                    "picture": _link(picture, page),
                    "files": _links(folder, item.name, page),
                }
            )
    return figures


def _links(folder: Path, name: str, page: Path) -> dict[str, str]:
    """Ending → link of the files of a table or figure that are there."""
    files = {ending[1:]: folder / f"{name}{ending}" for ending in FILES}
    return {ending: _link(file, page) for ending, file in files.items() if file.is_file()}


def _link(file: Path, page: Path) -> str:
    return Path(os.path.relpath(file, page.parent)).as_posix()
