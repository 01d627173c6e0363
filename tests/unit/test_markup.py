"""Text that comes from users and docstrings is text: no format and no picture reads it as markup."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dotbench.reporting.drawing import pyplot, save, verbatim
from dotbench.reporting.formats import Column, render
from dotbench.reporting.latex import Float, latex_escape

HOSTILE = [
    "POP [k=10]",
    "[/x]",
    "[bold]",
    "a | b",
    "*a* _b_ `c` ~~d~~",
    "<b>x</b> &amp;",
    "[a](b)",
    "\\",
    "$x$",
    "two\nlines",
]
CHARACTERS = st.text(alphabet="ab 1*_~`|\\[]()<>&;#!$/:.-\n‖W", min_size=1, max_size=14).filter(str.strip)


class Cells(HTMLParser):
    """Texts of the cells of a table, and every element that there is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.elements: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def table(text: str, bold: bool) -> dict[str, str]:
    columns = [Column("first", lambda row: row["text"], bold=lambda row: bold), Column("second", lambda row: "end")]
    return render([{"text": text}], columns, [f"a note: {text}"], Float(f"A caption: {text}", "tab:x"))


def words(text: str) -> str:
    return " ".join(text.split())


@given(CHARACTERS, st.booleans())
def test_a_reader_of_markdown_sees_the_text_itself(text: str, bold: bool) -> None:
    """Read by an independent implementation of CommonMark with tables."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    content, _, notes = table(text, bold)["md"].partition("\n\n")
    read = Cells(markdown.render(content))
    assert [words(cell) for cell in read.cells] == ["first", "second", words(text), "end"]
    assert read.elements <= {"table", "thead", "tbody", "tr", "td", "th", "strong"}
    listed = Cells(markdown.render(notes))
    assert listed.elements == {"ul", "li"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_reader_of_html_sees_the_text_itself(text: str) -> None:
    read = Cells(table(text, bold=True)["html"])
    assert words(read.cells[2]).replace(" ", "") == words(text).replace(" ", "")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("bold", [True, False])
def test_a_row_of_latex_has_its_columns_and_one_line(text: str, bold: bool) -> None:
    content = table(text, bold)["tex"]
    [row] = [line for line in content.splitlines() if line.rstrip().endswith("\\\\") and "end" in line]
    body = row.rstrip().removesuffix("\\\\")
    assert body.replace("\\&", "").count("&") == 1  # the one between two columns
    assert body.count("{") - body.count("\\{") == body.count("}") - body.count("\\}")
    assert not body.strip().startswith("[")  # which would be an option of the line end before it
    assert body.replace("\\$", "").count("$") % 2 == 0
    outside = content.split("\\end{table*}\n")[1]
    assert all(line.startswith("% ") for line in outside.splitlines())


def test_latex_knows_greek_letters_and_signs() -> None:
    assert latex_escape("λ ≤ 2·σ²") == r"$\lambda$ $\leq$ 2$\cdot$$\sigma$$^{2}$"
    assert latex_escape("ū − R̂".replace("ū", "u\u0304")) == r"$\bar{u}$ $-$ $\hat{R}$"
    assert latex_escape("a_b 50% #1 {x} ~ ^") == r"a\_b 50\% \#1 \{x\} \textasciitilde{} \^{}"


@pytest.mark.parametrize("text", ["$x$", "$\\frac$", "_hidden", "a $ b", "POP [k=10]"])
def test_a_picture_shows_a_label_itself(text: str, tmp_path: Path) -> None:
    figure, axis = pyplot().subplots()
    axis.plot([1, 2], [1, 2], label=verbatim(text))
    axis.set_title(verbatim(text))
    axis.legend(*axis.get_legend_handles_labels())
    save(figure, tmp_path, "shown")
    drawn = (tmp_path / "shown.svg").read_text("utf-8")
    assert drawn.count(f">{text}</text>") + drawn.count(f"> {text}</text>") == 2
