r"""One table as LaTeX that a paper can take as it is: ``booktabs``, ``siunitx`` and ``threeparttable``.

A column whose cells are numbers is an ``S`` column, aligned at the decimal point. What stands before or behind a number
in its cell stands in braces. The notes that a reader of the table needs are ``tablenotes``, all others are comments.
Tables compile with versions 2 and 3 of ``siunitx``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dotbench.reporting.cells import BOLD, UNDERLINED, Cell, Legend, one_line
from dotbench.reporting.latex_column import BETWEEN, FAILED, Column, Header, letter
from dotbench.reporting.latex_number import BEST
from dotbench.reporting.latex_text import LATEX, inches, latex_escape

PREAMBLE = r"% needs \usepackage{booktabs, siunitx, threeparttable}"
# keys of siunitx 2 and 3: bold numbers are bold, ± and marks stand beside their number, 1,203 and not 1203 or 0.000 56
SETUP = (
    "detect-weight, separate-uncertainty, table-align-uncertainty = false, table-align-exponent = false, "
    "table-align-text-pre = false, table-align-text-post = false, group-digits = integer, group-minimum-digits = 4, "
    "group-separator = {,}"
)
DEFINITION = rf"\protected\def{BEST}{{\bfseries}}"
INCHES_A_LETTER = 0.058  # of a sentence in \\small
# points: of a page, a row in \\small, the rules and headers of a block, a line of the caption, a line of notes
PAGE, ROW, FRAME, CAPTION_LINE, NOTE_LINE = 520, 11, 50, 12, 9.5
FEWEST = 10  # rows of a part of a table that is taller than a page
ROOM = {"single": 3.15, "double": 6.45}  # inches: the narrowest of common pages


@dataclass(frozen=True)
class Float:
    """Where a table stands in a paper. ``both_columns``: of a page with two."""

    caption: str
    label: str
    both_columns: bool = True


def latex_table(headers: Sequence[Header], rows: Sequence[Sequence[Cell]], notes: Sequence[str], place: Float) -> str:
    """The float with its table and the notes under it. A comment on top says what the preamble needs."""
    failures = list(dict.fromkeys(cell.text for row in rows for cell in row if cell.text.startswith(FAILED)))
    columns = [Column(header, [row[k] for row in rows], failures) for k, header in enumerate(headers)]
    signs = _signs(rows)
    legends = [
        note for note in notes if isinstance(note, Legend) and (not note.signs or signs.intersection(note.signs))
    ]
    comments = [note for note in notes if note not in legends and note != place.caption]
    name = "table*" if place.both_columns else "table"
    room = ROOM["double" if place.both_columns else "single"]
    blocks = _blocks(columns, _keys(rows), room)
    below = _notes(legends, failures)
    pages = _pages(blocks, PAGE - _around(place.caption, below, min(room, max(map(_width, blocks)))))
    lines = [PREAMBLE, *_too_wide(blocks, room)]
    for k, page in enumerate(pages):
        label = rf"\label{{{place.label}}}" if k == 0 else ""
        lines += [
            rf"\begin{{{name}}}[tb]",
            *([] if k == 0 else [r"\addtocounter{table}{-1}"]),
            r"\centering",
            rf"\sisetup{{{SETUP}}}",
            *([DEFINITION] if any(cell.bold for row in rows for cell in row) else []),
            r"\begin{threeparttable}",
            rf"\caption{{{latex_escape(one_line(place.caption))}{'' if k == 0 else ' (continued)'}}}{label}",
            r"\small",
            *_tabulars(page, len(blocks) > 1),
            *(below if page is pages[-1] else []),
            r"\end{threeparttable}",
            rf"\end{{{name}}}",
        ]
    return "\n".join([*lines, *(f"% {one_line(note)}" for note in comments)]) + "\n"


def _keys(rows: Sequence[Sequence[Cell]]) -> int:
    """How many columns from the first on tell the rows apart."""
    for count in range(1, len(rows[0]) if rows else 1):
        if len({tuple(cell.text for cell in row[:count]) for row in rows}) == len(rows):
            return count
    return len(rows[0]) if rows else 1


def _blocks(columns: Sequence[Column], keys: int, room: float) -> "list[list[Column]]":
    """The columns in as many blocks as make each fit the page. Every block begins with the columns that tell the rows
    apart, and a group stays together if it can."""
    first, rest = list(columns[:keys]), columns[keys:]
    parts = [list(part) for _, part in groupby(rest, lambda column: column.header.group or id(column))]
    parts = [
        unit
        for part in parts
        for unit in ([part] if _width([*first, *part]) <= room else [[column] for column in part])
    ]
    blocks = [first]
    for part in parts:
        if len(blocks[-1]) > keys and _width([*blocks[-1], *part]) > room:
            blocks.append(first)
        blocks[-1] = [*blocks[-1], *part]
    return blocks


def _width(columns: Sequence[Column]) -> float:
    """Inches, estimated from the letters. The name of a group makes room for itself."""
    groups = [(name, list(part)) for name, part in groupby(columns, lambda column: column.header.group)]
    return sum(max(sum(column.width for column in part), inches(one_line(name)) + BETWEEN) for name, part in groups)


def _too_wide(blocks: "Sequence[Sequence[Column]]", room: float) -> list[str]:
    """A comment where a block will not fit the page."""
    width = max(map(_width, blocks))
    if width <= room:
        return []
    return [
        f"% About {width:.1f} in wide, and there is room for {room:g} in: turn the page (sidewaystable of the package "
        "rotating), or shorten names."
    ]


@dataclass(frozen=True)
class _Part:
    """Rows ``first`` to ``end`` (excluded) of a block."""

    block: "Sequence[Column]"
    first: int
    end: int

    @property
    def points(self) -> float:
        """The height."""
        return FRAME + ROW * sum(max(column.lines[k] for column in self.block) for k in range(self.first, self.end))


def _around(caption: str, notes: Sequence[str], width: float) -> float:
    """Points: the height of caption and notes at the width of the table, in inches."""
    letters = width / INCHES_A_LETTER
    return CAPTION_LINE * (2 + math.ceil(len(caption) / letters)) + NOTE_LINE * sum(
        math.ceil(len(note) / letters) for note in notes
    )


def _pages(blocks: "list[list[Column]]", points: float) -> list[list[_Part]]:
    """The content of each float, of at most so many points. Each float after the first continues the one before. A
    block that is taller is broken between two rows, where the first column changes if there is such a place in the
    second half."""
    pages: list[list[_Part]] = [[]]
    for block in blocks:
        first, rows = 0, len(block[0].body)
        while first < rows or first == 0:
            part = _Part(block, first, rows)
            if sum(other.points for other in pages[-1]) + part.points > points:
                if pages[-1]:
                    pages.append([])
                part = _fitting(part, points)
            pages[-1].append(part)
            first = max(part.end, 1)
    return pages


def _fitting(part: _Part, points: float) -> _Part:
    """As many rows of a part as fit."""
    ends = range(part.first + 1, part.end + 1)
    end = max((end for end in ends if _Part(part.block, part.first, end).points <= points), default=0)
    end = min(max(end, part.first + FEWEST), part.end)
    if end < part.end:
        names = part.block[0].body
        changes = [k for k in range((part.first + end) // 2, end + 1) if names[k] != names[k - 1]]
        end = changes[-1] if changes and len(set(names)) < len(names) else end
    return _Part(part.block, part.first, end)


def _tabulars(parts: Sequence[_Part], as_wide_as_the_page: bool) -> list[str]:
    """One table for each part, one below the other."""
    begin, end, between = (
        (r"\begin{tabular*}{\linewidth}{@{\extracolsep{\fill}} ", r"\end{tabular*}", r"\par\medskip")
        if as_wide_as_the_page
        else (r"\begin{tabular}{", r"\end{tabular}", "")
    )
    lines: list[str] = []
    for part in parts:
        block = part.block
        lines += [between] if lines else []
        lines += [
            f"{begin}{' '.join(column.kind for column in block)}}}",
            r"\toprule",
            *_groups([column.header for column in block]),
            _row(column.head for column in block),
            r"\midrule",
            *(_row(column.body[k] for column in block) for k in range(part.first, part.end)),
            r"\bottomrule",
            end,
        ]
    return lines


def _groups(headers: Sequence[Header]) -> list[str]:
    """The line of groups above the headers, with the rules under them. Nothing where no column has one."""
    if not any(header.group for header in headers):
        return []
    cells, rules, first = [], [], 1
    for group, of_group in groupby(headers, lambda header: header.group):
        span = len(list(of_group))
        if group:
            cells.append(rf"\multicolumn{{{span}}}{{c}}{{{latex_escape(one_line(group))}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + span - 1}}}")
        else:
            cells += [""] * span
        first += span
    return [_row(cells), " ".join(rules)]


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _signs(rows: Sequence[Sequence[Cell]]) -> set[str]:
    cells = [cell for row in rows for cell in row]
    signs = {character for cell in cells for character in cell.text}
    signs |= {BOLD} if any(cell.bold for cell in cells) else set()
    return signs | ({UNDERLINED} if any(cell.underlined and not cell.bold for cell in cells) else set())


def _note(text: str) -> str:
    """A mark that stands high behind a number stands on the line in a sentence."""
    return latex_escape(one_line(text)).replace(LATEX["≈"], r"$\approx$")


def _notes(legends: Sequence[str], failures: Sequence[str]) -> list[str]:
    if not legends and not failures:
        return []
    items = [rf"\item {_note(note)}" for note in legends]
    items += [rf"\item[{letter(k)}] {_note(reason)}" for k, reason in enumerate(failures)]
    return [r"\begin{tablenotes}[flushleft]", r"\footnotesize", *items, r"\end{tablenotes}"]
