"""One table as Markdown, LaTeX and HTML. What a cell or a note says is text: no format reads it as markup."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from dotbench.files import write_text
from dotbench.reporting.cells import Cell, one_line
from dotbench.reporting.contents import Contents
from dotbench.reporting.latex import Float, latex_table
from dotbench.reporting.latex_column import Header

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A header, how a row's cell reads, and whether it is bold or underlined. Columns of one ``group`` stand side by
    side under its name."""

    header: str
    show: Callable[[Row], str]
    bold: Callable[[Row], bool] = lambda row: False
    underlined: Callable[[Row], bool] = lambda row: False
    group: str = ""

    def cell(self, row: Row) -> Cell:
        return Cell(self.show(row), self.bold(row), self.underlined(row))

    @property
    def title(self) -> str:
        """The header where there is one line of them."""
        return f"{self.group} {self.header}".strip()


@dataclass(frozen=True)
class Markup:
    """How a format writes what it must escape, and how it emphasises."""

    form: str  # of tabulate
    escape: Callable[[str], str]
    bold: str
    underlined: str

    def written(self, cell: Cell) -> str:
        text = self.escape(one_line(cell.text))
        if cell.bold:
            return self.bold.format(text)
        return self.underlined.format(text) if cell.underlined else text


def number(value: float | None, form: str, missing: str = "–") -> str:
    """A number in a format of ``str.format``, or what stands for a missing one."""
    return missing if value is None else form.format(value)


def render(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str], place: Float) -> dict[str, str]:
    """Format → text. The notes follow the table in every format."""
    headers = [Header(column.header, column.group) for column in columns]
    cells = [[column.cell(row) for column in columns] for row in rows]
    return {
        "md": _table(rows, columns, MARKDOWN) + "\n\n" + _list(notes),
        "tex": latex_table(headers, cells, notes, place),
        "html": _html(rows, columns, notes),
    }


def write_table(
    contents: Contents, folder: Path, rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]
) -> None:
    """Write the table of ``contents`` into ``folder`` in every format. Its title is the caption in LaTeX."""
    name = contents.report_item
    caption = contents.title or f"{name.replace('_', ' ').capitalize()}."
    place = Float(caption, f"tab:{contents.study}-{name}", both_columns=contents.size == "double")
    for kind, text in render(rows, columns, notes, place).items():
        write_text(folder / f"{name}.{kind}", text)


def render_page(
    parts: Mapping[str, tuple[Sequence[Row], Sequence[Column]]], notes: Sequence[str], first: str = ""
) -> dict[str, str]:
    """Several tables under their headings, in Markdown and HTML. The notes come last. ``first``: what must not be
    overlooked."""
    tables = {title: rows_and_columns for title, rows_and_columns in parts.items() if rows_and_columns[0]}
    markdown = [f"## {markdown_escape(title)}\n\n{_table(*part, MARKDOWN)}\n" for title, part in tables.items()]
    pages = [f"<h2>{html.escape(title)}</h2>\n{_table(*part, HTML)}\n" for title, part in tables.items()]
    if first:
        markdown.insert(0, f"**{markdown_escape(one_line(first))}**\n")
        pages.insert(0, f"<p><b>{html.escape(first)}</b></p>\n")
    return {"md": "\n".join([*markdown, _list(notes)]), "html": HEAD + WRAPPED + "".join(pages) + _html_list(notes)}


def _list(notes: Sequence[str]) -> str:
    return "".join(f"- {markdown_escape(one_line(note))}\n" for note in notes)


def _table(rows: Sequence[Row], columns: Sequence[Column], markup: Markup) -> str:
    cells = [[markup.written(column.cell(row)) for column in columns] for row in rows]
    headers = [markup.escape(one_line(column.title)) for column in columns]
    return tabulate(cells, headers, tablefmt=markup.form, disable_numparse=True)


MARKUP = re.compile(
    r"""[\\`|*~$]
    | (?<!\w)_ | _(?!\w)              # within a word it is one of its letters
    | <(?=[A-Za-z/!?]) | &(?=\#?\w+;)  # HTML
    | \[(?=[^\[\]]*\][(\[:])          # links
    """,
    re.VERBOSE,
)


def markdown_escape(text: str) -> str:
    """Text as it must stand in a cell of Markdown: a backslash before what would be markup or end the cell."""
    return MARKUP.sub(r"\\\g<0>", text)


MARKDOWN = Markup("github", markdown_escape, "**{}**", "<ins>{}</ins>")
HTML = Markup("unsafehtml", lambda text: html.escape(text).replace(" [", "<br>["), "<b>{}</b>", "<u>{}</u>")


STYLE = """body{font:14px/1.5 system-ui,sans-serif;margin:1.5em;color:#222}
table{border-collapse:collapse}th,td{padding:.35em .8em;white-space:nowrap;text-align:left;border-bottom:1px solid #ddd}
th{border-bottom:2px solid #222}ul{color:#555;max-width:70em;padding-left:1.2em}"""


HEAD = f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>\n'
WRAPPED = "<style>td:last-child{white-space:normal;min-width:20em}</style>\n"  # remarks stand in the last column


def _html(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> str:
    return f"{HEAD}{_table(rows, columns, HTML)}\n{_html_list(notes)}"


def _html_list(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>\n"
