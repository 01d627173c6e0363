"""A finished page in headless Chromium. Without playwright or Chromium the tests are skipped, and say why."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e '.[test]'")
    found = os.environ.get("DOTBENCH_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} in PATH; e.g. apt-get install chromium")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=found, args=["--no-sandbox"])  # for a container's root
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a finished configuration."""
    from site_data import write_finished

    from dotbench.site.build import build_plan

    folder, here = tmp_path_factory.mktemp("site"), Path.cwd()
    os.chdir(folder)
    try:
        page = build_plan(write_finished())
        assert page is not None
        page.with_name("report.html").write_text("Snakemake's report")
        return page.absolute()
    finally:
        os.chdir(here)


class Watched:
    """A page that was opened, with what went wrong in it."""

    def __init__(self, browser: Any, file: Path, width: int, dark: bool = False) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def pages(self) -> list[str]:
        names: list[str] = self.page.eval_on_selector_all(
            "[data-page]", "found => found.map((one) => one.dataset.page)"
        )
        return names

    def go(self, name: str) -> Any:
        """Go to a page by its address; its section."""
        self.page.evaluate("(name) => { location.hash = name; }", name)
        section = self.page.locator(f'[data-page="{name}"]')
        section.wait_for()
        return section

    def overflow(self) -> int:
        """How many pixels stand out of the window at the right."""
        pixels: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return pixels


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """``visit(file, width=1400, dark=False)``: a Watched page. Whatever it does, nothing may go wrong in it."""
    opened: list[Watched] = []

    def open_page(file: Path, width: int = 1400, dark: bool = False) -> Watched:
        opened.append(Watched(browser, file, width, dark))
        return opened[-1]

    yield open_page
    for watched in opened:
        watched.context.close()
        assert watched.wrong == []
        elsewhere = [url for url in watched.requests if not url.startswith(("file:", "data:"))]
        assert elsewhere == []
