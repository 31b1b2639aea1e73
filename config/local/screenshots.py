"""`make screenshots`: photographs every page of a running demonstration, wide and narrow, light and dark, in both languages.

`python -m config.local.screenshots ja dark 390` takes only the pictures that the words name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.local import installation
from config.local.setup import find_chromium

WIDTHS = (1440, 390)
THEMES = ("light", "dark")
LANGUAGES = ("en", "ja")
HEIGHTS = {1440: 900, 390: 844}
PUBLIC_PAGES = ("/account/login/", "/account/signup/", "/account/password/reset/", "/no-such-page/")
# Enough pages of one kind to judge it.
DETAILS_PER_LIST = 2
PATIENCE_MS = 15_000


def main() -> int:
    """Take every picture, say where they lie, and name the pages that are wider than the screen."""
    here = installation.current()
    demonstration = here.read_demonstration()
    chromium = find_chromium()
    if demonstration is None or chromium is None:
        print("Pictures are taken of a running demonstration with Chromium: run `make up` in another shell first.")  # noqa: T201 - a command
        return 1
    folder = here.home / "screenshots"
    base = f"http://localhost:{here.port}"
    with sync_playwright() as playwright:
        # Root's Chromium has no sandbox of its own to use.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        pages = _inside_pages(browser, base, demonstration)
        too_wide = list(_photograph_all(browser, base, demonstration, pages, folder))
        browser.close()
    print(f"Pictures are in {folder}")  # noqa: T201 - a command
    for name in too_wide:
        print(f"wider than the screen: {name}")  # noqa: T201 - a command
    return 1 if too_wide else 0


def _photograph_all(
    browser: Browser, base: str, demonstration: dict[str, str], inside: list[str], folder: Path
) -> Iterator[str]:
    wanted = set(sys.argv[1:])
    for language, theme, width in product(LANGUAGES, THEMES, WIDTHS):
        if not wanted <= {language, theme, str(width)}:
            continue
        target = folder / f"{language}-{theme}-{width}"
        target.mkdir(parents=True, exist_ok=True)
        with _visitor(browser, base, language, theme, width) as context:
            page = context.new_page()
            yield from _photograph(page, PUBLIC_PAGES, target, width)
            _log_in(page, demonstration)
            _speak(page, language)
            yield from _photograph(page, inside, target, width)
            page.goto(_first_page(demonstration))
            _speak(page, LANGUAGES[0])


def _photograph(page: Page, paths: tuple[str, ...] | list[str], target: Path, width: int) -> Iterator[str]:
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "first"
        page.screenshot(path=target / f"{name}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"{target.name}/{name}"


def _inside_pages(browser: Browser, base: str, demonstration: dict[str, str]) -> list[str]:
    """What the sidebar leads to, and from there the first few pages below each."""
    with _visitor(browser, base, LANGUAGES[0], THEMES[0], WIDTHS[0]) as context:
        page = context.new_page()
        _log_in(page, demonstration)
        _speak(page, LANGUAGES[0])
        lists = _links(page, ".sidebar-nav a")
        found = dict.fromkeys([*lists, "/preferences/", "/organizations/"])
        for path in lists:
            page.goto(path)
            below = [link for link in _links(page, "main a") if link.startswith(path) and link != path]
            found.update(dict.fromkeys(_one_of_each_kind(below)))
        return list(found)


def _one_of_each_kind(paths: list[str]) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for path in paths:
        kinds.setdefault(re.sub(r"[^/]*\d[^/]*", "0", path), []).append(path)
    return [path for kind in kinds.values() for path in kind[:DETAILS_PER_LIST]]


def _links(page: Page, selector: str) -> list[str]:
    addresses = page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
    paths = [urlsplit(urljoin(page.url, address)) for address in addresses]
    here = urlsplit(page.url).netloc
    return list(dict.fromkeys(part.path for part in paths if part.netloc == here))


@contextmanager
def _visitor(browser: Browser, base: str, language: str, theme: str, width: int) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=base,
        locale=language,
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": HEIGHTS[width]},
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def _log_in(page: Page, demonstration: dict[str, str]) -> None:
    page.goto("/account/login/")
    page.fill("input[name=login]", demonstration["email"])
    page.fill("input[name=password]", demonstration["password"])
    page.click("main form:has(input[name=password]) button[type=submit]")
    page.wait_for_url(lambda address: "/login/" not in address)
    page.goto(_first_page(demonstration))


def _first_page(demonstration: dict[str, str]) -> str:
    return f"/o/{demonstration['organization']}/"


def _speak(page: Page, language: str) -> None:
    """Choose the language in the user menu, which a narrow page keeps closed; the theme follows the device."""
    with page.expect_navigation():
        page.eval_on_selector(f".user-menu button[value={language}]", "button => button.click()")


if __name__ == "__main__":
    sys.exit(main())
