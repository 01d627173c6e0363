"""One table as Markdown, LaTeX and HTML. What a cell or a note says is text: no format reads it as markup."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from dotbench.files import write_text

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A header, how a row's cell reads, and whether it is bold or underlined."""

    header: str
    show: Callable[[Row], str]
    bold: Callable[[Row], bool] = lambda row: False
    underlined: Callable[[Row], bool] = lambda row: False


@dataclass(frozen=True)
class Markup:
    """How a format writes what it must escape, and how it emphasises."""

    form: str  # of tabulate
    escape: Callable[[str], str]
    bold: str
    underlined: str

    def cell(self, column: Column, row: Row) -> str:
        text = self.escape(one_line(column.show(row)))
        if column.bold(row):
            return self.bold.format(text)
        return self.underlined.format(text) if column.underlined(row) else text


def one_line(text: str) -> str:
    """Text without line ends, which would tear a row: a reason may have several lines."""
    return " ".join(text.splitlines()).strip()


def number(value: float | None, form: str, missing: str = "–") -> str:
    """A number in a format of ``str.format``, or what stands for a missing one."""
    return missing if value is None else form.format(value)


def render(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> dict[str, str]:
    """Format → text. The notes follow the table in every format."""
    return {
        "md": _table(rows, columns, MARKDOWN) + "\n\n" + _list(notes),
        "tex": _latex(rows, columns, notes),
        "html": _html(rows, columns, notes),
    }


def write_table(path: Path, rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> None:
    """Write ``path`` with each format's ending behind its name."""
    for kind, text in render(rows, columns, notes).items():
        write_text(path.with_name(f"{path.name}.{kind}"), text)


def render_page(
    parts: Mapping[str, tuple[Sequence[Row], Sequence[Column]]], notes: Sequence[str], first: str = ""
) -> dict[str, str]:
    """Several tables under their headings, in Markdown and HTML; the notes come last. ``first``: what must not be
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
    cells = [[markup.cell(column, row) for column in columns] for row in rows]
    headers = [markup.escape(one_line(column.header)) for column in columns]
    return tabulate(cells, headers, tablefmt=markup.form, disable_numparse=True)


def _latex(rows: Sequence[Row], columns: Sequence[Column], notes: Sequence[str]) -> str:
    lines = _table(rows, columns, LATEX_MARKUP).splitlines()
    rules = [k for k, line in enumerate(lines) if line == r"\hline"]
    for k, name in zip((rules[0], rules[1], rules[-1]), (r"\toprule", r"\midrule", r"\bottomrule"), strict=True):
        lines[k] = name
    comments = [f"% {one_line(note)}" for note in notes]
    return "\n".join(["% needs \\usepackage{booktabs}", *lines, *comments]) + "\n"


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


def latex_escape(text: str) -> str:
    """Text as it must stand in LaTeX. A bracket at the start would be an option of the line end before it."""
    escaped = "".join(LATEX.get(character, character) for character in text)
    return "{[}" + escaped[1:] if escaped.startswith("[") else escaped


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
LATEX_MARKUP = Markup("latex_raw", latex_escape, r"\textbf{{{}}}", r"\underline{{{}}}")
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
