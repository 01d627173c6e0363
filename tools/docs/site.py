"""Hooks of mkdocs: pages of the repository, folders of the evidence, its page of results, and links.

A link in a page is relative to the page's file in the repository, as GitHub follows it. Links that leave ``docs/`` are
mended here: a page of the repository that the site has too, a folder (its own page lists its files), or another file
(the site has a copy).
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))
import reference

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = {  # file of the repository → page of the site
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "config/README.md": "configuration.md",
    "speed/README.md": "speed.md",
}
COPIED = (  # other files that pages link to
    "LICENSE",
    "CITATION.cff",
    "workflow/schemas/config.schema.json",
    "workflow/schemas/dataset.schema.json",
)
BOARD, BOARD_HERE = "evidence/index.html", "evidence/results.html"  # here the former is README.md's
ONE_PAGE = ("docs/evidence/README.md", "#one-page")  # says how a clone makes the page; the site has it
PRINTED = re.compile(r'href="([^":]+)\.md"')  # tables, which are pages of the site
HOME = "README.md"  # the site has a home page of its own
CONTRIBUTING, RECIPE = "CONTRIBUTING.md", "## Add "
LINK = re.compile(r"(\]\()([^)\s#]*)(#[^)\s]*)?(\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not a file of ``docs/``."""
    for source, page in PAGES.items():
        text = _general() if source == CONTRIBUTING else (REPOSITORY / source).read_text("utf-8")
        files.append(File.generated(config, page, content=text))
    for page, text in RECIPES.values():
        files.append(File.generated(config, page, content=text))
    for source in COPIED:
        files.append(File.generated(config, f"files/{source}", abs_src_path=str(REPOSITORY / source)))
    if (DOCS / BOARD).is_file():
        text = (DOCS / BOARD).read_text("utf-8")
        files.append(File.generated(config, BOARD_HERE, content=PRINTED.sub(r'href="\1.html"', text)))
    for folder in sorted(path for path in (DOCS / "evidence").rglob("*") if path.is_dir()):
        page = (folder.relative_to(DOCS) / "index.md").as_posix()
        files.append(File.generated(config, page, content="\n".join(_listing(folder))))
    return files


def _general() -> str:
    """CONTRIBUTING without its recipes, which have pages of their own, and with a list of them."""
    general = [part for part in _sections() if not part.startswith(RECIPE)]
    links = [f"- [{text.splitlines()[0].removeprefix('# ')}](docs/{page})" for page, text in RECIPES.values()]
    return "".join([*general, "\n## Recipes\n\n", "\n".join(links), "\n"])


def _sections() -> list[str]:
    return re.split(r"^(?=## )", (REPOSITORY / CONTRIBUTING).read_text("utf-8"), flags=re.MULTILINE)


def _recipes() -> Iterator[tuple[str, tuple[str, str]]]:
    for part in _sections():
        if part.startswith(RECIPE):
            heading, _, text = part.removeprefix("## ").partition("\n")
            title = heading.split(":")[0]
            yield reference.slug(heading), (f"how-to/{reference.slug(title)}.md", f"# {title}\n{text}")


def _listing(folder: Path) -> Iterator[str]:
    """A page about a folder of the evidence: its folders, its tables and figures in every form, and the pictures."""
    top = "../" * len(folder.relative_to(DOCS / "evidence").parts)
    yield from (f"# {folder.relative_to(DOCS).as_posix()}", "", f"[All evidence]({top}README.md)", "")
    forms: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        forms.setdefault(path.name if path.is_dir() else path.stem, []).append(path)
    for name, paths in forms.items():
        folders = [f"[{name}]({name}/index.md)" for path in paths if path.is_dir()]
        yield f"- {folders[0] if folders else f'{name}: ' + ', '.join(f'[{p.suffix[1:]}]({p.name})' for p in paths)}"
    yield from (f"\n![{path.stem}]({path.name})" for path in sorted(folder.glob("*.png")))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Mend the links that leave ``docs/`` or lead to a folder; a table of the evidence gets a title."""
    shown = page.file.src_uri
    source = next((name for name, other in PAGES.items() if other == shown), f"docs/{shown}")
    source = CONTRIBUTING if shown in (page for page, _ in RECIPES.values()) else source

    def mended(match: re.Match[str]) -> str:
        before, target, anchor, after = match.groups(default="")
        if not target or re.match(r"[a-z]+:|/", target):
            return match.group(0)
        place = normpath(join(dirname(source), target))
        if (place, anchor) == ONE_PAGE and (DOCS / BOARD).is_file():
            return f"{before}{relpath(BOARD_HERE, dirname(shown) or '.')}{after}"
        if place == CONTRIBUTING and anchor[1:] in RECIPES:
            return f"{before}{relpath(RECIPES[anchor[1:]][0], dirname(shown) or '.')}{after}"
        return f"{before}{relpath(_page_of(place), dirname(shown) or '.')}{anchor}{after}"

    if shown.startswith("evidence/") and not markdown.startswith("# "):
        markdown = f"# {shown.removesuffix('.md')}\n\n[Its folder](./)\n\n{markdown}"
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if k % 2 else LINK.sub(mended, part) for k, part in enumerate(parts))


def _page_of(place: str) -> str:
    """The path in the site of a path in the repository."""
    if place in PAGES:
        return PAGES[place]
    if place == HOME:
        return "index.md"
    if place in COPIED:
        return f"files/{place}"
    inside = relpath(place, "docs")
    if os.path.isdir(REPOSITORY / place):
        return f"{inside}/README.md" if (REPOSITORY / place / "README.md").is_file() else f"{inside}/index.md"
    return inside


RECIPES = dict(_recipes())  # anchor of a section of CONTRIBUTING → its page and text
