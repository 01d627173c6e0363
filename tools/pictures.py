"""Make the pictures of the page of the evidence and of the documentation, docs/evidence/site, with Chromium, and print
how large the page is and how long it takes to load.

make docs && python tools/pictures.py
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = ROOT / "docs" / "evidence"
PICTURES = {"light": ("light", 1400, 2560), "dark": ("dark", 1400, 1500), "phone": ("light", 390, 2300)}
DOCUMENTATION = {"docs-start": "get-started.html", "docs-study": "studies/rg2.html"}  # pages of site/


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", type=Path, default=EVIDENCE / "index.html")
    parser.add_argument("--study", default="rg2-ml-1m/rg2", help="the part of the page, as its address has it behind #")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    needed = [options.page, *(ROOT / "site" / file for file in DOCUMENTATION.values())]
    if chromium is None or not all(file.is_file() for file in needed):
        print(f"needs Chromium, and {', '.join(map(str, needed))}: `make docs` writes them", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (scheme, width, height) in PICTURES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            began = time.monotonic()
            page.goto(f"{options.page.resolve().as_uri()}#{options.study}")
            print(f"{name}: {options.page.stat().st_size / 1e6:.1f} MB loaded in {time.monotonic() - began:.1f} s")
            page.wait_for_timeout(1000)
            page.screenshot(path=EVIDENCE / "site" / f"{name}.png")
            context.close()
        for name, file in DOCUMENTATION.items():
            page = browser.new_page(viewport={"width": 1400, "height": 1100})
            page.goto((ROOT / "site" / file).as_uri())
            page.wait_for_timeout(1000)
            page.screenshot(path=EVIDENCE / "site" / f"{name}.png")
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
