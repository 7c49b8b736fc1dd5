"""Take pictures of pages: three widths, both themes.

.venv/bin/python scripts/look.py http://127.0.0.1:8000 /store /store/cart --into /tmp/pictures
.venv/bin/python scripts/look.py http://127.0.0.1:8000 /admin --user admin --password … --widths 360 --no-js
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Take them all; 1 if a page sticks out at the side, complains on its console, or fails."""
    wishes = _wishes()
    wishes.into.mkdir(parents=True, exist_ok=True)
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    troubles = 0
    with sync_playwright() as playwright:
        flags = ["--disable-gpu", *(["--no-sandbox"] if os.getuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        for width in wishes.widths:
            for theme in wishes.themes:
                context = _visitor(browser, wishes, width, theme)
                for path in wishes.paths:
                    troubles += _picture(context, wishes, path, f"{width}-{theme}")
                context.close()
        browser.close()
    return 1 if troubles else 0


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--into", type=Path, default=Path("test-results/pictures"))
    parser.add_argument("--user", help="sign in first")
    parser.add_argument("--password", default="")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=THEMES)
    parser.add_argument("--no-js", action="store_true")
    return parser.parse_args()


def _visitor(browser: Browser, wishes: argparse.Namespace, width: int, theme: str) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=not wishes.no_js,
    )
    if wishes.user:
        page = context.new_page()
        page.goto(f"{wishes.site}/login")
        page.fill("[name=username]", wishes.user)
        page.fill("[name=password]", wishes.password)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        page.close()
    return context


def _picture(context: BrowserContext, wishes: argparse.Namespace, path: str, kind: str) -> int:
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    answer = page.goto(wishes.site + path, wait_until="load")
    page.wait_for_timeout(300)
    if answer and answer.status >= 500:  # noqa: PLR2004
        troubles.append(f"answered {answer.status}")
    if not wishes.no_js and page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        troubles.append("sticks out at the side")
    name = path.strip("/").split("?")[0].replace("/", "-") or "root"
    page.screenshot(path=wishes.into / f"{name}-{kind}.png", full_page=True)
    page.close()
    for each in troubles:
        sys.stderr.write(f"{path} {kind}: {each}\n")
    return len(troubles)


if __name__ == "__main__":
    sys.exit(main())
