"""The pages of the repository, read for tests: links, anchors, blocks of code, commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = "<!-- run -->"  # before a block whose commands a test runs
PAGES = sorted(
    path
    for path in [*REPOSITORY.glob("*.md"), *(p for f in ("docs", "config", "speed", ".github") for p in
                 (REPOSITORY / f).rglob("*.md"))]
)  # fmt: skip
MADE = {"evidence", "reference"}  # folders whose pages programs write
WRITTEN = [path for path in PAGES if not MADE & set(path.parts) or path.name == "README.md"]  # by people
_BLOCK = re.compile(r"^(?P<mark><!-- run -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block. ``runs``: whether it is marked as one whose commands a test runs."""

    language: str
    text: str
    runs: bool

    @property
    def file(self) -> str | None:
        """The file that a comment in the first line of a configuration names."""
        found = re.search(r"# (config/\S+\.yaml)$", self.text.split("\n", 1)[0])
        return found.group(1) if found else None


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def blocks(page: Path) -> list[Block]:
    return [Block(m["language"], m["text"], bool(m["mark"])) for m in _BLOCK.finditer(page.read_text("utf-8"))]


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(path, anchor) of every link and picture to the repository, as GitHub follows it; either may be empty."""
    text = re.sub(r"`[^`]*`", "", prose(page))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    for target in targets:
        if not re.match(r"[a-z]+:|\.\./\.\./actions/|\.\./blob/", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """What a link may name behind `#`: the headings, as GitHub and the site write them."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


def commands(page: Path) -> list[list[str]]:
    """The words of every command in blocks of bash."""
    lines = [line for block in blocks(page) if block.language == "bash" for line in _lines(block.text)]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def mentions(page: Path) -> list[list[str]]:
    """The words of what begins with `dotbench` in the prose, which may leave out what a command needs."""
    inline = re.findall(r"(?<!`)`dotbench ([a-z][^`]*)`(?!`)", " ".join(prose(page).split()))
    return [text.replace("'", "").replace('"', "").split() for text in inline]


def _lines(text: str) -> list[str]:
    return text.replace("\\\n", " ").splitlines()
