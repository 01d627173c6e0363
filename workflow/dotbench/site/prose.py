"""Markdown of tables, notes and documentation as HTML."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token


def to_html(text: str, links: bool = True, lowest: int = 0) -> str:
    """Markdown as HTML. Markup in it other than Markdown's own stays text, but for what tables underline.

    ``links``: whether links stay. Without them their words stay, for a page that stands alone. ``lowest``: by how much
    headings are lowered. A wide table scrolls in a box of its own.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + lowest, 6)}"
        if not links and token.children:
            token.children = [child for child in token.children if not _is_link(child)]
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    html = re.sub(r"&lt;(/?)ins&gt;", r"<\1ins>", html)
    return html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")


def _is_link(token: Token) -> bool:
    """Whether it begins or ends a link."""
    return token.type in ("link_open", "link_close")


def table_and_notes(text: str) -> tuple[str, str]:
    """A table in Markdown, as `dotbench.reporting.formats.render` writes it: the table, and the notes under it."""
    table, _, notes = text.partition("\n\n")
    return table, notes
