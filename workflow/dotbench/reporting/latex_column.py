"""One column of a table in LaTeX: how it is aligned, how its cells are written, and how wide it is."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from dotbench.reporting.cells import Cell, one_line
from dotbench.reporting.latex_number import NumberFormat, latex_number, read_number
from dotbench.reporting.latex_text import inches, latex_escape

FAILED = "failed: "  # begins a cell that says why there is no number
_PARAGRAPH, _PARAGRAPH_INCHES = r">{\raggedright\arraybackslash}p{4cm}", 4 / 2.54  # of the package array
_LONG, _LINE = 34, 27  # characters of a text that is broken into lines; of such a line
BETWEEN = 0.166  # inches between two columns


@dataclass(frozen=True)
class Header:
    """The text above a column. ``group``: what stands above it and its neighbours of the same group."""

    text: str
    group: str = ""


class Column:
    """``kind``: its letter in the preamble of the table. ``head`` and ``body``: its cells, written. ``lines``: how many
    each cell of the body takes. ``width``: inches, with the space to the next column."""

    def __init__(self, header: Header, cells: Sequence[Cell], failures: list[str]) -> None:
        self.header = header
        self.failures = failures
        found = [match for cell in cells if (match := read_number(cell.text))]
        others = [cell for cell in cells if not read_number(cell.text)]
        texts = [self._text(cell) for cell in cells]
        self.numeric = bool(found) and not any(re.match(r"[-−≤≥<>]? ?\d", one_line(cell.text)) for cell in others)
        head = latex_escape(one_line(header.text))
        self.head = f"{{{head}}}" if self.numeric else head
        self.body = [self._cell(cell) for cell in cells]
        self.lines = [1] * len(cells)
        widest = max((inches(text, cell.bold) for text, cell in zip(texts, cells, strict=True)), default=0.0)
        if self.numeric:
            form = NumberFormat(found, any(cell.bold for cell in cells))
            self.kind = form.kind
            widest = max(form.inches, *(inches(self._text(cell), cell.bold) for cell in others), 0)
        elif max(map(len, texts), default=0) > _LONG:
            self.kind = _PARAGRAPH
            self.lines = [math.ceil(len(text) / _LINE) for text in texts]
            widest = _PARAGRAPH_INCHES
        else:
            self.kind = "l"
        named = 0.0 if self.kind == _PARAGRAPH else inches(one_line(header.text))
        self.width = max(named, widest) + BETWEEN

    def _text(self, cell: Cell) -> str:
        """What is read in a cell. A failure is a word and the mark of its note."""
        return "failed*" if cell.text in self.failures else one_line(cell.text)

    def _cell(self, cell: Cell) -> str:
        number = read_number(cell.text) if self.numeric else None
        if number is not None:
            return latex_number(number, cell)
        text = latex_escape(one_line(cell.text))
        if cell.text in self.failures:
            text = rf"failed\tnote{{{letter(self.failures.index(cell.text))}}}"
        text = rf"\textbf{{{text}}}" if cell.bold else rf"\underline{{{text}}}" if cell.underlined else text
        return f"{{{text}}}" if self.numeric else text


def letter(place: int) -> str:
    """a, b, …, z, aa, bb, …: the mark of a note."""
    return ascii_lowercase[place % 26] * (place // 26 + 1)
