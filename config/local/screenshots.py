"""`make screenshots`: photographs every page of a running demonstration, wide and narrow, light and dark, in both languages.

`python -m config.local.screenshots ja dark 390` takes only the pictures that the words name.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, Error, Page, sync_playwright

from config.local import installation
from config.local.setup import find_chromium

WIDTHS = (1440, 390)
THEMES = ("light", "dark")
LANGUAGES = ("en", "ja")
HEIGHTS = {1440: 900, 390: 844}
PUBLIC_PAGES = ("/account/login/", "/account/signup/", "/account/password/reset/", "/no-such-page/")
# Pages that no link leads to in words: what is searched for is typed.
BESIDES = (
    "/preferences/",
    "/organizations/",
    "/organizations/new/",
    "{inside}search/",
    "{inside}search/?q=claude",
    "/api/v1/docs/",
)
# A stop for a walk that goes astray, well above the number of pages there are.
MOST_PAGES = 150
# Of pages that differ by their name alone: enough to judge the kind.
NAMED_ALIKE = 2
PATIENCE_MS = 30_000
# Drawn charts and late answers of htmx.
QUIET_MS = 3_000


def main() -> int:
    """Take every picture, say where they lie, and name the pages that are wider than the screen or fail."""
    here = installation.current()
    demonstration = here.read_demonstration()
    chromium = find_chromium()
    if demonstration is None or chromium is None:
        print("Pictures are taken of a running demonstration with Chromium: run `make up` in another shell first.")  # noqa: T201 - a command
        return 1
    folder = here.home / "screenshots"
    with sync_playwright() as playwright:
        # Root's Chromium has no sandbox of its own to use.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        session = Session(browser=browser, base=f"http://localhost:{here.port}", demonstration=demonstration)
        pages = session.walk()
        wrong = [
            line
            for language, width in product(LANGUAGES, WIDTHS)
            if (themes := _wanted_themes(language, width))
            for line in session.photograph_all(pages, folder, language, width, themes)
        ]
        browser.close()
    print(f"Pictures of {len(pages) + len(PUBLIC_PAGES)} pages are in {folder}")  # noqa: T201 - a command
    for line in wrong:
        print(line)  # noqa: T201 - a command
    return 1 if wrong else 0


def _wanted_themes(language: str, width: int) -> list[str]:
    wanted = set(sys.argv[1:])
    return [theme for theme in THEMES if wanted <= {language, theme, str(width)}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser, and who it logs in to the running demonstration."""

    browser: Browser
    base: str
    demonstration: dict[str, str]

    @property
    def inside(self) -> str:
        return f"/o/{self.demonstration['organization']}/"

    def walk(self) -> list[str]:
        """Return every page that the demonstration's user can reach by links, one of a kind, and those besides."""
        with self._visitor(LANGUAGES[0], WIDTHS[0]) as page:
            self._log_in(page)
            self._speak(page, LANGUAGES[0])
            found = {self.inside: _kind(self.inside)} | {path.format(inside=self.inside): path for path in BESIDES}
            waiting = list(found)
            while waiting and len(found) < MOST_PAGES:
                path = waiting.pop(0)
                if not _opens(page, path):
                    del found[path]
                    continue
                for link in _links(page):
                    if link not in found and self._is_new(link, found):
                        found[link] = _kind(link)
                        waiting.append(link)
            return list(found)

    def _is_new(self, link: str, found: dict[str, str]) -> bool:
        is_ours = link.startswith((self.inside, "/account/", "/api/v1/docs/"))
        if not is_ours or "/logout/" in link or link in PUBLIC_PAGES:
            return False
        parent = link.rstrip("/").rpartition("/")[0]
        named_alike = [one for one in found if one.rstrip("/").rpartition("/")[0] == parent and not _says_what(one)]
        return _kind(link) not in found.values() and (_says_what(link) or len(named_alike) < NAMED_ALIKE)

    def photograph_all(
        self, pages: Sequence[str], folder: Path, language: str, width: int, themes: Sequence[str]
    ) -> Iterator[str]:
        """Photograph every page in one language and width; say which are wrong."""
        with self._visitor(language, width) as page:
            yield from _photograph(page, PUBLIC_PAGES, folder, (language, width), themes)
            self._log_in(page)
            self._speak(page, language)
            yield from _photograph(page, pages, folder, (language, width), themes)
            page.goto(self.inside)
            self._speak(page, LANGUAGES[0])

    @contextmanager
    def _visitor(self, language: str, width: int) -> Iterator[Page]:
        context = self.browser.new_context(
            base_url=self.base,
            locale=language,
            viewport={"width": width, "height": HEIGHTS[width]},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()
        context.close()

    def _log_in(self, page: Page) -> None:
        page.goto("/account/login/")
        page.fill("input[name=login]", self.demonstration["email"])
        page.fill("input[name=password]", self.demonstration["password"])
        page.click("main form:has(input[name=password]) button[type=submit]:not([name])")
        page.wait_for_url(lambda address: "/login/" not in address)
        page.goto(self.inside)

    def _speak(self, page: Page, language: str) -> None:
        """Choose the language in the user menu, which a narrow page keeps closed; the theme follows the device."""
        with page.expect_navigation():
            page.eval_on_selector(f".user-menu button[value={language}]", "button => button.click()")


def _photograph(
    page: Page, paths: Sequence[str], folder: Path, kind: tuple[str, int], themes: Sequence[str]
) -> Iterator[str]:
    language, width = kind
    for path in paths:
        answer = page.goto(path)
        with suppress(Error):
            # A page that polls is never quiet.
            page.wait_for_load_state("networkidle", timeout=QUIET_MS)
        name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "first"
        if answer is not None and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield f"answers {answer.status}: {path}"
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"wider than the screen of {width} in {language}: {path}"
        for theme in themes:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            target = folder / f"{language}-{theme}-{width}"
            target.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=target / f"{name}.png", full_page=True)


def _opens(page: Page, path: str) -> bool:
    """Go to a page; what is a file, a part of a page or only takes a post is none."""
    try:
        page.goto(path)
    except Error:
        return False
    is_page: bool = page.evaluate("document.doctype !== null && document.contentType === 'text/html'")
    return is_page


def _links(page: Page) -> list[str]:
    addresses: list[str] = page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.href)")
    parts = [urlsplit(urljoin(page.url, address)) for address in addresses]
    here = urlsplit(page.url).netloc
    return list(dict.fromkeys(part.path for part in parts if part.netloc == here))


def _kind(path: str) -> str:
    """Two pages are of one kind when only a number or what holds one differs."""
    return re.sub(r"/[^/]*\d[^/]*(?=/)", "/0", path.replace("/v1/", "/v/"))


def _says_what(path: str) -> bool:
    """Whether the last word of an address is a verb or a noun of ours, and not somebody's name for something."""
    return (
        bool(re.fullmatch(r"[a-z]+(-[a-z]+)?", path.rstrip("/").rpartition("/")[2]))
        and "/models/" not in path
        and "/docs/" not in path
    )


if __name__ == "__main__":
    sys.exit(main())
