"""Every page in a real browser: nothing breaks the content security policy, nothing is wider than a telephone."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, ViewportSize

from accounts.access import web
from billing.domain.connections import ConnectionState
from billing.models import AwsConnection
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.journeys.story import NOW, tell_november

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

AXE = Path(settings.BASE_DIR) / "config" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
NARROW = ViewportSize(width=390, height=844)


@pytest.fixture
def ada(context: BrowserContext, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> BrowserContext:
    """Ada's browser, signed in, in the middle of the story."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    tell_november(cast)
    client = Client()
    client.force_login(cast.ada)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live}])
    return context


@pytest.fixture
def watched(ada: BrowserContext) -> Iterator[Page]:
    """A page that notes what the policy refuses and what a script fails at; at the end there must be nothing."""
    page, faults = ada.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def sidebar(page: Page) -> list[str]:
    page.goto("/o/acme/")
    links: list[str] = page.eval_on_selector_all(".sidebar-nav a", "links => links.map(link => link.pathname)")
    return links


def test_the_dashboard_answers_in_its_first_sentence(watched: Page) -> None:
    watched.goto("/o/acme/")
    finding = watched.locator(".finding").first.inner_text()
    assert "On pace to exceed the November budget" in finding
    assert "around" in finding
    assert "likely" in finding
    assert watched.locator("#month-chart").count() == 1
    assert watched.locator("figure[data-source=month-chart] svg").is_visible()


def test_a_chart_is_a_table_too(watched: Page) -> None:
    watched.goto("/o/acme/")
    figure = watched.locator("figure[data-source=month-chart]")
    assert not figure.locator(".chart-table").is_visible()
    figure.get_by_role("button", name="Table").click()
    assert figure.locator(".chart-table").is_visible()
    assert figure.locator("tbody tr").count() == 30


def test_arrow_keys_speak_the_points_of_a_chart(watched: Page) -> None:
    watched.goto("/o/acme/")
    watched.locator("figure[data-source=month-chart] .chart-canvas").focus()
    watched.keyboard.press("End")
    watched.keyboard.press("ArrowLeft")
    spoken = watched.locator("figure[data-source=month-chart] [data-live]").inner_text()
    assert "29" in spoken
    assert "Forecast" in spoken


def test_a_hovered_chart_keeps_the_policy(watched: Page) -> None:
    watched.goto("/o/acme/")
    watched.locator("figure[data-source=daily-chart] .chart-canvas").hover()
    watched.wait_for_timeout(200)


def test_the_keyboard_reaches_the_content_first(watched: Page) -> None:
    watched.goto("/o/acme/")
    watched.keyboard.press("Tab")
    assert watched.evaluate("document.activeElement.textContent") == "Skip to content"
    watched.keyboard.press("Enter")
    assert watched.evaluate("document.activeElement.id") == "main"


def test_menus_close_with_escape_and_give_the_focus_back(watched: Page) -> None:
    watched.goto("/o/acme/")
    summary = watched.locator(".user-menu summary")
    summary.click()
    watched.locator(".user-menu a").first.focus()
    watched.keyboard.press("Escape")
    assert watched.locator(".user-menu[open]").count() == 0
    assert summary.evaluate("element => element === document.activeElement")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(watched: Page, theme: str) -> None:
    watched.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    wrong = {}
    for path in [*sidebar(watched), *FORMS]:
        watched.goto(path)
        if found := violations(watched):
            wrong[path] = found
    assert wrong == {}


def test_nothing_is_wider_than_a_telephone(watched: Page) -> None:
    watched.set_viewport_size(NARROW)
    paths = [*sidebar(watched), *FORMS]
    wide = []
    for path in paths:
        watched.goto(path)
        if watched.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
            wide.append(path)
    assert wide == []


def test_a_telephone_opens_the_navigation_as_a_sheet(watched: Page) -> None:
    watched.set_viewport_size(NARROW)
    watched.goto("/o/acme/")
    assert not watched.locator("#sidebar").is_visible()
    watched.get_by_role("button", name="Open navigation").click()
    assert watched.locator("#sidebar").is_visible()
    watched.keyboard.press("Escape")
    assert not watched.locator("#sidebar").is_visible()


def test_a_page_that_waits_for_a_worker_changes_by_itself(watched: Page, cast: Cast) -> None:
    with inside(cast.acme):
        waiting = make_connection(
            aws_account_id="", role_arn="", state=ConnectionState.PENDING, principal_arn="", verified_at=None
        )
    watched.goto(f"/o/acme/connections/{waiting.pk}/")
    assert watched.locator("#role-template").count() == 0
    with inside(cast.acme):
        AwsConnection.objects.filter(pk=waiting.pk).update(principal_arn="arn:aws:iam::999999999999:role/Yosan")
    watched.wait_for_selector("#role-template", state="attached")
    watched.get_by_role("button", name="Copy template").click()
    watched.wait_for_selector("text=Copied")


def test_a_price_is_explained_while_it_is_typed(watched: Page) -> None:
    watched.goto("/o/acme/prices/new/?model=claude-sonnet-4-5")
    watched.get_by_label("Price in US dollars").fill("1.50")
    watched.get_by_label("per 1M tokens").check()
    watched.wait_for_selector("text=That is half off or more")
    watched.get_by_label("per 1K tokens").check()
    watched.wait_for_selector("text=more than a hundred times off")


def test_every_page_works_without_script(ada: BrowserContext, live: str) -> None:
    browser = ada.browser
    assert browser is not None
    plain = browser.new_context(base_url=live, java_script_enabled=False, storage_state=ada.storage_state())
    page = plain.new_page()
    page.goto("/o/acme/")
    assert page.locator("figure[data-source=month-chart] table").is_visible()
    assert not page.locator("figure[data-source=month-chart] .segmented").is_visible()
    plain.close()


FORMS = [
    "/o/acme/connections/new/",
    "/o/acme/prices/new/",
    "/o/acme/prices/models/claude-sonnet-4-5/",
    "/o/acme/exchange-rates/new/",
    "/preferences/",
]
