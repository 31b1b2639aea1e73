"""What the pages do in a real browser: charts, menus, keys, pages that change by themselves."""

from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from accounts.access import web
from billing.domain.connections import ConnectionState
from billing.models import AwsConnection
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import NARROW, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.fixture
def ada(context: BrowserContext, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> BrowserContext:
    """Ada's browser, signed in, in the middle of the story."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    tell_november(cast)
    sign_in(context, cast.ada, live)
    return context


@pytest.fixture
def watched(ada: BrowserContext) -> Iterator[Page]:
    """A page that notes what the policy refuses and what a script fails at; at the end there must be nothing."""
    page, faults = ada.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []


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
    watched.get_by_label("Price", exact=True).fill("1.50")
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


def test_a_page_is_printed_in_light_with_its_tables_and_without_its_controls(watched: Page) -> None:
    watched.emulate_media(color_scheme="dark")
    watched.goto("/o/acme/")
    watched.evaluate(
        "addEventListener('beforeprint', () => { window.printed = document.documentElement.dataset.bsTheme })"
    )
    assert watched.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert watched.evaluate("window.printed") == "light"
    assert watched.evaluate("document.documentElement.dataset.bsTheme") == "dark"

    watched.emulate_media(media="print")
    figure = watched.locator("figure[data-source=month-chart]")
    assert figure.locator(".chart-canvas").is_visible()
    assert figure.locator(".chart-table").is_visible()
    assert watched.get_by_text("Acme, printed 10 Nov 22:20").is_visible()
    assert watched.get_by_text("Data until 10 Nov").is_visible()
    assert not watched.locator("#sidebar").is_visible()
    assert [button for button in watched.locator("main button").all() if button.is_visible()] == []
