"""Search by keyboard: the palette, the page without script, the keys and that they can be switched off."""

from __future__ import annotations

import types

import pytest
from playwright.sync_api import BrowserContext, Page

from accounts.access import web
from accounts.models import User
from tests.cast import Cast
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import Tour, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.fixture
def tour(context: BrowserContext, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Tour:
    """Ada on the dashboard."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    tell_november(cast)
    sign_in(context, cast.ada, live)
    tour = Tour.of(context)
    tour.page.goto("/o/acme/")
    return tour


def focused(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
    return found


def test_a_few_keys_lead_to_a_budget_and_escape_gives_the_focus_back(tour: Tour) -> None:
    page = tour.page
    page.locator(".search-link").focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    assert field.evaluate("element => element === document.activeElement")
    page.get_by_role("option", name="Dashboard").wait_for()
    assert list(tour.look(everywhere=False)) == []

    # Once is enough, also where something was typed.
    page.keyboard.type("s")
    page.keyboard.press("Escape")
    assert not page.locator("#palette").is_visible()
    assert focused(page).startswith("Search")

    page.keyboard.press("Control+k")
    page.keyboard.type("ＡＩ ｓｐ")
    page.locator("#found-budget-1[aria-selected=true]", has_text="All AI spend").wait_for()
    assert field.get_attribute("aria-activedescendant") == "found-budget-1"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/acme/budgets/*/")
    assert tour.faults == []


def test_search_is_a_page_of_its_own_without_script(tour: Tour, live: str) -> None:
    browser = tour.page.context.browser
    assert browser is not None
    plain = browser.new_context(
        base_url=live, java_script_enabled=False, storage_state=tour.page.context.storage_state()
    )
    page = plain.new_page()
    page.goto("/o/acme/")
    page.get_by_role("link", name="Search").first.click()
    page.get_by_role("main").get_by_role("searchbox", name="Search").fill("sonnet")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Claude Sonnet 4.5").first.click()
    assert page.url.endswith("/o/acme/prices/models/claude-sonnet-4-5/")
    plain.close()


def test_single_keys_list_themselves_and_can_be_switched_off(tour: Tour, cast: Cast) -> None:
    page = tour.page
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    assert list(tour.look(everywhere=False)) == []
    page.keyboard.press("Escape")

    User.objects.filter(pk=cast.ada.pk).update(uses_shortcuts=False)
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    page.keyboard.press("Control+k")
    assert page.locator("dialog[open]").count() == 0
    # The button still opens it: it is a key by itself that was in the way.
    page.locator(".search-link").click()
    assert page.get_by_role("combobox").is_visible()


def test_a_slash_goes_to_the_filter_and_arrows_go_through_a_table(tour: Tour) -> None:
    page = tour.page
    page.goto("/o/acme/search/?q=cost")
    page.keyboard.press("/")
    assert focused(page) == "search-text"
    page.goto("/o/acme/prices/")
    first, second = page.locator("tbody th a").nth(0), page.locator("tbody th a").nth(1)
    first.focus()
    page.keyboard.press("ArrowDown")
    assert second.evaluate("element => element === document.activeElement")
