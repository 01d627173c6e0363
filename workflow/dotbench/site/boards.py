"""Leaderboards: the lines of a study's tables with what is compared and which differences are real.

Every number is read from the csv of a table, ``<table>.csv`` and ``<table>_pairs.csv``. Nothing is computed again.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dotbench.evaluation.metrics.base import parse_metric
from dotbench.reporting.formats import Row
from dotbench.reporting.kind import TableKind
from dotbench.reporting.method_columns import PARTS, metric_title
from dotbench.reporting.records import SHARED
from dotbench.reporting.replications import metric_text, scenario_text
from dotbench.simulations.base import Simulation
from dotbench.site.letters import letters
from dotbench.site.replications import replication_key
from dotbench.site.values import EXACT, plain, read_rows
from dotbench.statistics.paired import ALPHA

PAIRS = "_pairs.csv"
FACTS = ("chosen", "tuned", "on_edge", "inert", "trials", "failure", "failure_log", "device", "split")
COSTS = {"seconds": "train_seconds_mean", "cpu": "cpu_seconds_mean", "memory": "peak_memory_bytes_mean"}
COSTS |= {"epochs": "epochs_mean", "tuning": "tuning_cpu_seconds"}


@dataclass(frozen=True)
class Measure:
    """A metric, on a part of the test, that a board may be read by: ``key`` as in the columns of its csv."""

    key: str
    title: str
    lower: bool


@dataclass
class Line:
    """A method: ``values``: measure → mean, low, high, standard deviation. ``standing`` and ``letters`` likewise.
    ``run``: key of what is known of its runs, None where they are not here."""

    method: str
    seeds: int
    failed: int
    values: dict[str, list[float | None]]
    standing: dict[str, str]
    costs: dict[str, float | None]
    facts: Row
    shared: bool = False
    letters: dict[str, str] = field(default_factory=dict)
    run: str | None = None


@dataclass(frozen=True)
class Board:
    """What is compared with each other. ``pairs``: measure → [first, second, difference, low, high, adjusted p], the
    methods by their place among the lines. ``competes``: whether one of the lines may be best."""

    table: str
    title: str
    dataset: str
    measures: list[Measure]
    lines: list[Line]
    pairs: dict[str, list[list[Any]]]
    competes: bool = True

    def described(self) -> dict[str, Any]:
        """In plain types. Values that the page prints keep all digits."""
        lines: list[dict[str, Any]] = [
            plain(asdict(line)) | {"values": plain(line.values, EXACT)} for line in self.lines
        ]
        return {**plain(asdict(self)), "lines": lines}


def is_board(kind: type[TableKind]) -> bool:
    """Whether tables of a kind compare methods."""
    return PAIRS in kind.files


def method_boards(folder: Path, table: str, title: str) -> list[Board]:
    """The boards of a table of methods on datasets, one for each dataset. None if the table is not there."""
    rows, pairs = _read(folder, table)
    measures = _method_measures(rows[0]) if rows else []
    return [
        _board(
            table,
            title,
            dataset,
            [row for row in rows if row["dataset"] == dataset],
            measures,
            [(_pair_column(pair), pair) for pair in pairs if pair["dataset"] == dataset],
            "method",
        )
        for dataset in dict.fromkeys(row["dataset"] for row in rows)
    ]


def simulation_boards(folder: Path, table: str, title: str, simulation: type[Simulation]) -> list[Board]:
    """The boards of a table of a simulation, one for each scenario. None if the table is not there."""
    rows, pairs = _read(folder, table)
    keys = {"label": "", **simulation.keys}
    several = len({row["label"] for row in rows}) > 1
    scenarios: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        scenarios.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    measures = [Measure(metric, metric_text(metric), True) for metric in simulation.metrics]
    boards = []
    for scenario, lines in scenarios.items():
        own = [(pair["metric"], pair) for pair in pairs if tuple(pair.get(key) for key in keys) == scenario]
        name = scenario_text(simulation.keys, lines[0])
        if several or not name:
            name = ": ".join(filter(None, [str(lines[0]["label"] or ""), name]))
        board = _board(table, title, name, lines, measures, own, simulation.titled)
        for line, row in zip(board.lines, lines, strict=True):
            line.run = replication_key(simulation, str(row["label"] or ""), row)
        boards.append(replace(board, competes=simulation.marks_best))
    return boards


def _read(folder: Path, table: str) -> tuple[list[Row], list[Row]]:
    files = [folder / f"{table}.csv", folder / f"{table}{PAIRS}"]
    rows, pairs = (read_rows(file) if file.is_file() else [] for file in files)
    return rows, pairs


def _method_measures(row: Row) -> list[Measure]:
    """The metrics of a csv of methods, on every part of the test."""
    measures = []
    for column in row:
        key = column.removesuffix("_mean")
        if key == column or f"{key}_low" not in row or key.startswith("valid_"):
            continue
        part = next((part for part in sorted(PARTS, key=len, reverse=True) if key.startswith(f"{part}_")), "test")
        metric = key.removeprefix(f"{part}_")
        has_parts = any(f"{part}_{metric}_mean" in row for part in PARTS if part != "test")
        title = f"{metric_title(metric)}, {PARTS[part]}" if has_parts else metric_title(metric)
        measures.append(Measure(key, title, parse_metric(metric).lower_is_better))
    return measures


def _pair_column(pair: Row) -> str:
    """What the csv of methods calls the metric of a pair."""
    part = pair.get("part", "warm")
    return str(pair["metric"]) if part == "warm" else f"{part}_{pair['metric']}"


def _board(
    table: str,
    title: str,
    dataset: str,
    rows: list[Row],
    measures: list[Measure],
    pairs: list[tuple[str, Row]],
    named: str,
) -> Board:
    lines = [_line(row, measures, named) for row in rows]
    place = {line.method: k for k, line in enumerate(lines)}
    kept: dict[str, list[list[Any]]] = {}
    for key, pair in pairs:
        entry = [place[str(pair["first"])], place[str(pair["second"])]]
        kept.setdefault(key, []).append(entry + [pair[name] for name in ("difference", "low", "high", "p_holm")])
    for measure in measures:
        compared = kept.get(measure.key, [])
        among = {k for pair in compared for k in pair[:2]}
        sign = 1 if measure.lower else -1
        order = sorted(among, key=lambda k: sign * (lines[k].values[measure.key][0] or 0.0))
        different = [(pair[0], pair[1]) for pair in compared if pair[5] < ALPHA]
        for k, found in letters(order, different).items():
            lines[k].letters[measure.key] = found
    return Board(table, title, dataset, measures, lines, kept)


def _line(row: Row, measures: list[Measure], named: str) -> Line:
    standing = {
        measure.key: row.get(f"{measure.key}_standing", row.get("standing") if measure is measures[0] else None) or ""
        for measure in measures
    }
    ends = ("mean", "low", "high", "sd")
    costs = {name: row.get(column) for name, column in COSTS.items()}
    return Line(
        method=str(row[named]),
        seeds=row["seeds"] if "seeds" in row else row["replications"],
        failed=row["failed"],
        values={measure.key: [row[f"{measure.key}_{end}"] for end in ends] for measure in measures},
        standing=standing,
        costs=costs | ({"seconds": row["seconds_mean"]} if "seconds_mean" in row else {}),
        facts={name: row[name] for name in FACTS if row.get(name) is not None},
        shared=(row.get("cpu_share_of_others_mean") or 0) > SHARED,
    )
