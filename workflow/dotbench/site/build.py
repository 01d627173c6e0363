"""The page: what it shows as one JSON text, inside one file of HTML."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dotbench import __version__
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import write_json, write_text
from dotbench.registry import PAPERS
from dotbench.site.cards import card
from dotbench.site.chapters import Chapter, Source, chapter
from dotbench.site.prose import to_html
from dotbench.site.verdicts import CLAIMS, VERDICTS

ASSETS = Path(__file__).with_name("assets")
SCRIPTS = ("page", "plots", "curves", "boards", "details", "verdicts", "cards", "overview", "start")
DOCS = PAPERS.parents[2] / "docs"  # of a checkout
REPORT = "report.html"
PAGES = {"errata": "Errata", "glossary": "Glossary"}


def build_plan(plan: Plan, report: str | None = REPORT) -> Path | None:
    """Write ``results/<name>/index.html``, with ``configuration.json`` beside it, from what is there of a
    configuration. None, and nothing is written, where nothing is. ``report``: the file beside it that says where
    everything comes from, as `dotbench run` makes it in the end."""
    page = Path(plan.site())
    configuration = page.with_name("configuration.json")
    source = Source(plan, page.parent, flat=False, configuration=str(configuration))
    chapters = _chapters([source], page)
    if not chapters:
        return None
    write_json(configuration, plan.benchmark.stated())
    write_page(page, f"Results: {plan.benchmark.name}", chapters, [plan], provenance=report)
    return page


def build_pages(sources: Sequence[Source], page: Path, title: str) -> None:
    """Write one page about several configurations. Raises DotbenchError where nothing is there."""
    chapters = _chapters(sources, page)
    if not chapters:
        raise DotbenchError(f"{page}: nothing to show; found neither tables nor runs")
    write_page(page, title, chapters, [source.plan for source in sources])


def _chapters(sources: Sequence[Source], page: Path) -> list[Chapter]:
    made = [chapter(source, study, page) for source in sources for study in source.plan.studies()]
    return [part for part in made if not part.is_empty]


def write_page(
    page: Path, title: str, chapters: list[Chapter], plans: Sequence[Plan], provenance: str | None = None
) -> None:
    """``provenance``: link of Snakemake's own report, if there is one for this page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    shown = {board["dataset"] for part in chapters for board in part.content["boards"]}
    shown |= {curve["dataset"] for part in chapters for curve in part.content["curves"]}
    datasets = {name: dataset for plan in plans for name, dataset in plan.datasets.items() if name in shown}
    cards = [card(name, dataset) for name, dataset in datasets.items()]
    data = {
        "printed": {part.content["paper"]: part.content["claims"].pop("printed") for part in _with_claims(chapters)},
        "chapters": [_data(part) for part in chapters],
        "runs": {key: run for part in chapters for key, run in part.runs.items()},
        "cards": {c["name"]: c.pop("series") for c in cards},
        "titles": {c["name"]: c["title"] for c in cards},
        "verdicts": VERDICTS,
        "claims": CLAIMS,
    }
    environment = Environment(loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("page.html").render(
        title=title,
        version=__version__,
        style=_asset("page.css"),
        script="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
        data=script_json(data),
        chapters=[part.content for part in chapters],
        configurations=len({part.content["configuration"] for part in chapters}),
        cards=cards,
        pages=_documentation(),
        provenance=provenance,
    )
    write_text(page, html)


def script_json(value: Any) -> str:
    """JSON that may stand inside a script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _data(part: Chapter) -> dict[str, Any]:
    """What the scripts read of a chapter. The rest stands in the page."""
    keys = ("id", "configuration", "study", "title", "command", "metric", "boards", "curves", "paper", "verdicts")
    return {key: part.content[key] for key in (*keys, "claims")}


def _with_claims(chapters: Sequence[Chapter]) -> list[Chapter]:
    return [part for part in chapters if part.content["claims"]]


def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


def _documentation() -> list[dict[str, str]]:
    """Pages of the documentation that stand in the page too, where the package lies in a checkout."""
    files = {name: DOCS / f"{name}.md" for name in PAGES}
    return [
        {"name": name, "title": PAGES[name], "html": to_html(file.read_text("utf-8"), links=False, lowest=1)}
        for name, file in files.items()
        if file.is_file()
    ]
