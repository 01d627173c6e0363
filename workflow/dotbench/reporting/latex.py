r"""One table as LaTeX that a paper can take as it is: ``booktabs``, ``siunitx`` and ``threeparttable``.

A column whose cells are numbers is an ``S`` column, aligned at the decimal point; what stands before or behind a number
in its cell stands in braces. The notes that a reader of the table needs are ``tablenotes``, all others are comments.
Tables compile with versions 2 and 3 of ``siunitx``.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_lowercase

from dotbench.reporting.cells import BOLD, UNDERLINED, Cell, Legend, one_line

PREAMBLE = r"% needs \usepackage{booktabs, siunitx, threeparttable}"
# keys of siunitx 2 and 3: bold numbers are bold, ± and marks stand beside their number, 1,203 and not 1203 or 0.000 56
SETUP = (
    "detect-weight, separate-uncertainty, table-align-uncertainty = false, table-align-exponent = false, "
    "table-align-text-pre = false, table-align-text-post = false, group-digits = integer, group-minimum-digits = 4, "
    "group-separator = {,}"
)
# of a number; siunitx 2 reads a cell as text if it can expand its first command
BEST = r"\best"
DEFINITION = rf"\protected\def{BEST}{{\bfseries}}"
PARAGRAPH = r">{\raggedright\arraybackslash}p{4cm}"  # of the package array, which siunitx loads
LONG, LINE = 34, 27  # characters of a text that is broken into lines; of such a line
INCHES_A_LETTER, INCHES_BETWEEN = 0.058, 0.166  # of \\small; between two columns
# points: of a page, a row in \\small, the rules and headers of a block, a line of the caption, a line of notes
PAGE, ROW, FRAME, CAPTION_LINE, NOTE_LINE = 520, 11, 50, 12, 9.5
FEWEST = 10  # rows of a part of a table that is taller than a page
ROOM = {"single": 3.3, "double": 6.5}  # inches: the narrowest of common pages
FAILED = "failed: "  # begins a cell that says why there is no number

NUMBER = re.compile(
    r"""(?P<before>[≤≥<>]\ ?)?
    (?P<value>[-−]?(?P<whole>\d[\d,]*)(?:\.(?P<decimals>\d+))?(?:e(?P<exponent>[+-]?\d+))?)
    (?:\ ±\ (?P<spread>\d[\d,]*(?:\.(?P<spread_decimals>\d+))?))?
    (?P<after>%?(?:\ ?(?:\(.*\)|\[.*\]))?[≈²!*†]*)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Float:
    """Where a table stands in a paper. ``both_columns``: of a page with two."""

    caption: str
    label: str
    both_columns: bool = True


@dataclass(frozen=True)
class Header:
    """The text above a column; ``group``: what stands above it and its neighbours of the same group."""

    text: str
    group: str = ""


def latex_table(headers: Sequence[Header], rows: Sequence[Sequence[Cell]], notes: Sequence[str], place: Float) -> str:
    """The float with its table and the notes under it; a comment on top says what the preamble needs."""
    failures = list(dict.fromkeys(cell.text for row in rows for cell in row if cell.text.startswith(FAILED)))
    columns = [_Column(header, [row[k] for row in rows], failures) for k, header in enumerate(headers)]
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


def _blocks(columns: Sequence["_Column"], keys: int, room: float) -> "list[list[_Column]]":
    """The columns in as many blocks as make each fit the page; every block begins with the columns that tell the rows
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


def _width(columns: Sequence["_Column"]) -> float:
    """Inches, estimated from the letters."""
    return sum(column.width for column in columns)


def _too_wide(blocks: "Sequence[Sequence[_Column]]", room: float) -> list[str]:
    """A comment where a block will not fit the page."""
    inches = max(map(_width, blocks))
    if inches <= room:
        return []
    return [
        f"% About {inches:.1f} in wide, and there is room for {room:g} in: turn the page (sidewaystable of the package "
        "rotating), or shorten names."
    ]


@dataclass(frozen=True)
class _Part:
    """Rows ``first`` to ``end`` (excluded) of a block."""

    block: "Sequence[_Column]"
    first: int
    end: int

    @property
    def points(self) -> float:
        """The height."""
        return FRAME + ROW * sum(max(column.lines[k] for column in self.block) for k in range(self.first, self.end))


def _around(caption: str, notes: Sequence[str], inches: float) -> float:
    """Points: the height of caption and notes at the width of the table."""
    letters = inches / INCHES_A_LETTER
    return CAPTION_LINE * (2 + math.ceil(len(caption) / letters)) + NOTE_LINE * sum(
        math.ceil(len(note) / letters) for note in notes
    )


def _pages(blocks: "list[list[_Column]]", points: float) -> list[list[_Part]]:
    """What stands in each float, of at most so many points; those after the first continue it. A block that is taller
    is broken between two rows, where the first column changes if there is such a place in the second half."""
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


class _Column:
    """How a column is aligned and written. ``kind``: its letter in the preamble of the table; ``width`` in inches."""

    def __init__(self, header: Header, cells: Sequence[Cell], failures: list[str]) -> None:
        self.header = header
        found = [match for cell in cells if (match := _number(cell.text))]
        others = [cell for cell in cells if not _number(cell.text)]
        texts = [cell.text for cell in cells if cell.text not in failures]
        self.failures = failures
        self.numeric = bool(found) and not any(re.match(r"[-−≤≥<>]? ?\d", one_line(cell.text)) for cell in others)
        self.kind = _format(found) if self.numeric else PARAGRAPH if max(map(len, texts), default=0) > LONG else "l"

        head = latex_escape(one_line(header.text))
        self.head = f"{{{head}}}" if self.numeric else head
        self.body = [self._cell(cell) for cell in cells]
        self.lines = [math.ceil(len(one_line(cell.text)) / LINE) if self.kind == PARAGRAPH else 1 for cell in cells]
        longest = max(len(one_line(text)) for text in (header.text, *texts))
        self.width = min(longest, LONG) * INCHES_A_LETTER + INCHES_BETWEEN

    def _cell(self, cell: Cell) -> str:
        number = _number(cell.text) if self.numeric else None
        if number is not None:
            return _written(number, cell)
        text = latex_escape(one_line(cell.text))
        if cell.text in self.failures:
            text = rf"failed\tnote{{{_letter(self.failures.index(cell.text))}}}"
        text = rf"\textbf{{{text}}}" if cell.bold else rf"\underline{{{text}}}" if cell.underlined else text
        return f"{{{text}}}" if self.numeric else text


def _number(text: str) -> "re.Match[str] | None":
    """A number with what stands around it; None where a cell is no number, or one that siunitx does not read."""
    found = NUMBER.fullmatch(one_line(text))
    if found and found["spread"]:
        same = len(found["decimals"] or "") == len(found["spread_decimals"] or "")
        return found if same and not found["exponent"] else None
    return found


def _format(numbers: "Sequence[re.Match[str]]") -> str:
    """The ``S`` column that has room for every number, and for the widest text before and behind one."""
    whole = max(len(number["whole"].replace(",", "")) for number in numbers)
    decimals = max(len(number["decimals"] or "") for number in numbers)
    sign = "-" if any(number["value"][0] in "-−" for number in numbers) else ""
    form = f"{sign}{whole}" + (f".{decimals}" if decimals else "")
    spreads = [re.sub(r"[,.]", "", number["spread"]).lstrip("0") for number in numbers if number["spread"]]
    if spreads:
        form += f"({max(decimals, *map(len, spreads), 1)})"
    exponents = [number["exponent"] for number in numbers if number["exponent"]]
    if exponents:
        form += (
            f"e{'-' if any(e.startswith('-') for e in exponents) else ''}{max(len(e.strip('+-0')) for e in exponents)}"
        )
    options = [f"table-format = {form}"]
    for name, part in (("pre", "before"), ("post", "after")):
        widest = max((number[part] or "" for number in numbers), key=len)
        if widest:
            options.append(f"table-space-text-{name} = {{{latex_escape(widest)}}}")
    return f"S[{', '.join(options)}]"


def _written(number: "re.Match[str]", cell: Cell) -> str:
    """A number as siunitx reads it. It cannot underline: a line as long as the number is drawn under it."""
    value = number["value"].replace(",", "").replace("−", "-")
    spread = rf" \pm {number['spread'].replace(',', '')}" if number["spread"] else ""
    before = f"{{{latex_escape(number['before'])}}}" if number["before"] else ""
    after = latex_escape(number["after"])
    if number["spread"] and not re.search("[1-9]", number["spread"]):
        return f"{{{before}{_marked(f'${value}{spread}$', cell)}{after}}}"  # siunitx 3 would leave the spread out
    line = rf"\llap{{\underline{{\phantom{{${value}{spread}$}}}}}}" if cell.underlined else ""
    after = line + after
    return (f"{BEST} " if cell.bold else "") + before + value + spread + (f"{{{after}}}" if after else "")


def _marked(formula: str, cell: Cell) -> str:
    return (
        rf"\textbf{{\boldmath{formula}}}" if cell.bold else rf"\underline{{{formula}}}" if cell.underlined else formula
    )


def _groups(headers: Sequence[Header]) -> list[str]:
    """The line of groups above the headers, with the rules under them; nothing where no column has one."""
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


def _letter(place: int) -> str:
    """a, b, …, z, aa, bb, …: the mark of a note."""
    return ascii_lowercase[place % 26] * (place // 26 + 1)


def _note(text: str) -> str:
    """A mark that stands high behind a number stands on the line in a sentence."""
    return latex_escape(one_line(text)).replace(LATEX["≈"], r"$\approx$")


def _notes(legends: Sequence[str], failures: Sequence[str]) -> list[str]:
    if not legends and not failures:
        return []
    items = [rf"\item {_note(note)}" for note in legends]
    items += [rf"\item[{_letter(k)}] {_note(reason)}" for k, reason in enumerate(failures)]
    return [r"\begin{tablenotes}[flushleft]", r"\footnotesize", *items, r"\end{tablenotes}"]


LATEX = {"\\": r"\textbackslash{}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\^{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
LATEX |= {"*": r"$^{*}$", "†": r"$^{\dagger}$", "≈": r"$^{\approx}$"}  # marks behind a number
LATEX |= {letter: f"$^{{{digit}}}$" for digit, letter in zip("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", strict=True)}
LATEX |= {letter: f"$_{{{digit}}}$" for digit, letter in zip("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋", strict=True)}
LATEX |= {"–": "--", "—": "---", "…": r"\dots{}", "−": "$-$", "‖": r"$\|$"}
NAMED = """α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi
ρ rho ς varsigma σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma
Φ Phi Ψ Psi Ω Omega ± pm × times · cdot ≤ leq ≥ geq ≠ neq ∞ infty ∑ sum ∈ in → to"""
LATEX |= {letter: rf"$\{name}$" for letter, name in re.findall(r"(\S) (\w+)", NAMED)}


ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}  # behind the letter that has the accent
ACCENTED = re.compile(rf"(\w)([{''.join(ACCENTS)}])|(.)", re.DOTALL)


def latex_escape(text: str) -> str:
    """Text as it must stand in LaTeX. A bracket at the start would be an option of the line end before it."""

    def written(match: "re.Match[str]") -> str:
        letter, accent, other = match.groups()
        return LATEX.get(other, other) if other else rf"$\{ACCENTS[accent]}{{{letter}}}$"

    escaped = ACCENTED.sub(written, text)
    return "{[}" + escaped[1:] if escaped.startswith("[") else escaped
