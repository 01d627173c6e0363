"""One table as Markdown, LaTeX and HTML."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A header, how a row's cell reads, and whether it is bold."""

    header: str
    show: Callable[[Row], str]
    bold: Callable[[Row], bool] = lambda row: False


def render(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> dict[str, str]:
    """Format → text. The notes follow the table in every format."""
    return {
        "md": _table(rows, columns, "github", str, "**{}**") + "\n\n" + "".join(f"- {note}\n" for note in notes),
        "tex": _latex(rows, columns, notes),
        "html": _html(rows, columns, notes),
    }


def _table(rows: Sequence[Row], columns: Sequence[Column], form: str, escape: Callable[[str], str], bold: str) -> str:
    cells = [
        [bold.format(escape(c.show(row))) if c.bold(row) else escape(c.show(row)) for c in columns] for row in rows
    ]
    headers = [escape(column.header) for column in columns]
    return tabulate(cells, headers, tablefmt=form, disable_numparse=True)


def _latex(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> str:
    lines = _table(rows, columns, "latex_raw", latex_escape, r"\textbf{{{}}}").splitlines()
    rules = [k for k, line in enumerate(lines) if line == r"\hline"]
    for k, name in zip((rules[0], rules[1], rules[-1]), (r"\toprule", r"\midrule", r"\bottomrule"), strict=True):
        lines[k] = name
    comments = [f"% {note}" for note in notes]
    return "\n".join(["% needs \\usepackage{booktabs}", *lines, *comments]) + "\n"


LATEX = {"\\": r"\textbackslash{}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}
LATEX |= {"±": r"$\pm$", "≈": r"$^{\approx}$", "–": "--", "*": r"$^{*}$", "~": r"\textasciitilde{}", "^": r"\^{}"}


def latex_escape(text: str) -> str:
    """Text as it must stand in LaTeX."""
    return "".join(LATEX.get(character, character) for character in text)


STYLE = """body{font:14px/1.5 system-ui,sans-serif;margin:1.5em;color:#222}
table{border-collapse:collapse}th,td{padding:.35em .8em;white-space:nowrap;text-align:left;border-bottom:1px solid #ddd}
th{border-bottom:2px solid #222}ul{color:#555;max-width:70em;padding-left:1.2em}"""


def _html(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> str:
    table = _table(rows, columns, "unsafehtml", lambda text: html.escape(text).replace(" [", "<br>["), "<b>{}</b>")
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>\n{table}\n<ul>{items}</ul>\n'
