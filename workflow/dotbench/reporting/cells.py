"""What every format of a table is made of: cells that are text, and notes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """The text of a cell, which no format reads as markup, and how it is emphasised."""

    text: str
    bold: bool = False
    underlined: bool = False


class Legend(str):
    """A note that a reader needs who sees only the table. It says what ``signs`` in cells mean (marks such as ``≈``,
    and ``BOLD`` and ``UNDERLINED``), or, without signs, what the columns are. In LaTeX, it is printed under a table
    that has one of its signs, and other notes are comments."""

    signs: tuple[str, ...]

    def __new__(cls, text: str, *signs: str) -> "Legend":
        legend = super().__new__(cls, text)
        legend.signs = signs
        return legend


BOLD, UNDERLINED = "bold", "underlined"  # signs that are no character


def one_line(text: str) -> str:
    """Text without line ends, which would tear a row: a reason may have several lines."""
    return " ".join(text.splitlines()).strip()
