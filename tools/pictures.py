"""Make the pictures of the page of the evidence, docs/evidence/site, with Chromium.

dotbench site --evidence && python tools/pictures.py
"""

import argparse
import shutil
import sys
from pathlib import Path

EVIDENCE = Path(__file__).resolve().parents[1] / "docs" / "evidence"
PICTURES = {"light": ("light", 1400, 2560), "dark": ("dark", 1400, 1500), "phone": ("light", 390, 2300)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", type=Path, default=EVIDENCE / "index.html")
    parser.add_argument("--study", default="rg2-ml-1m/rg2", help="the part of the page, as its address has it behind #")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not options.page.is_file() or chromium is None:
        print(f"needs Chromium, and the page {options.page}: `dotbench site --evidence` writes it", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (scheme, width, height) in PICTURES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{options.page.resolve().as_uri()}#{options.study}")
            page.wait_for_timeout(1000)
            page.screenshot(path=EVIDENCE / "site" / f"{name}.png")
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
