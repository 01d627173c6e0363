"""Who won: the first lines of every table that compares methods, and whether the lead of the best is real."""

from collections.abc import Iterator
from pathlib import Path

from dotbench.config.plan import Plan
from dotbench.site.boards import Board, Line, Measure
from dotbench.site.chapters import Source, study_boards
from dotbench.statistics.paired import ALPHA
from dotbench.studies.base import Study

ROWS = 3  # of a table
WHOLE = 4  # tables of a study that are shown with their rows; of more, only the verdicts
MOST = 12  # verdicts of a study


def outcome(plan: Plan, studies: list[type[Study]]) -> Iterator[str]:
    """The lines that tell it, from the tables that are there."""
    folder = Path(plan.site()).parent
    source = Source(plan, folder, flat=False, configuration=str(folder / "configuration.json"))
    for study in studies:
        boards = [board for board in study_boards(source, study) if board.competes and _order(board)]
        for board in boards[:MOST]:
            table = study.name if board.table == study.name else f"{study.name} {board.table}"
            yield f"{table}: {_heading(board)}"
            if len(boards) <= WHOLE:
                yield from _rows(board)
            yield f"  {verdict(board)}"
        if len(boards) > MOST:
            yield f"{study.name}: {len(boards) - MOST} more comparisons are on the page"


def _heading(board: Board) -> str:
    measure = board.measures[0]
    better = "lower" if measure.lower else "higher"
    return ", ".join(filter(None, [board.dataset, f"{measure.title} ({better} is better)"]))


def _rows(board: Board) -> Iterator[str]:
    key = board.measures[0].key
    order = _order(board)
    width = max(len(board.lines[k].method) for k in order[:ROWS])
    for place, k in enumerate(order[:ROWS], 1):
        line = board.lines[k]
        mean, low, high = line.values[key][:3]
        interval = "" if low is None or high is None else f"  [{low:.4f}, {high:.4f}]"
        seeds = f"  {line.seeds - line.failed} of {line.seeds} seeds" if line.failed else ""
        yield f"  {place}  {line.method:<{width}}  {mean:.4f}{interval}{seeds}"
    if len(order) > ROWS:
        yield f"     and {len(order) - ROWS} more"


def _order(board: Board) -> list[int]:
    """The lines with a value, best first."""
    measure = board.measures[0]
    found = [k for k, line in enumerate(board.lines) if _value(line, measure) is not None]
    return sorted(found, key=lambda k: _value(board.lines[k], measure) or 0.0, reverse=not measure.lower)


def _value(line: Line, measure: Measure) -> float | None:
    return line.values[measure.key][0]


def verdict(board: Board) -> str:
    """Who is best in the first measure, and whether the difference to the next is real: the paired test of the table,
    its p adjusted for all pairs (Holm)."""
    order = _order(board)
    key = board.measures[0].key
    names = [line.method for line in board.lines]
    best = names[order[0]]
    if len(order) == 1:
        return f"{best} is the only one with a result"
    tested = {frozenset(pair[:2]): pair for pair in board.pairs.get(key, [])}
    pair = tested.get(frozenset(order[:2]))
    if pair is None:
        return f"{best} is ahead of {names[order[1]]}; the table has no test of this difference"
    lead, p = f"{abs(pair[2]):.4f}", "p < 0.001" if pair[5] < 0.001 else f"p = {pair[5]:.3f}"
    if pair[5] < ALPHA:
        return f"best: {best}; its lead of {lead} over {names[order[1]]} is real ({p})"
    level = [k for k in order[1:] if (other := tested.get(frozenset((order[0], k)))) and other[5] >= ALPHA]
    others = ", ".join(names[k] for k in level[:ROWS]) + (f" and {len(level) - ROWS} more" if level[ROWS:] else "")
    return f"no winner: {best} leads by {lead}, which may be chance ({p}); no significant difference from it: {others}"
