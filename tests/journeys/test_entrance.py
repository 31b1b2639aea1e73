"""The first ten minutes: sign up, create an organization, issue a key, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from accounts.models import Organization
from tests.cast import Cast
from tests.journeys.tour import AXE, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

PASSWORD = "correct horse battery"


@pytest.fixture
def newcomer(browser: Browser, live: str) -> Iterator[Page]:
    """Somebody in Dubai, with a telephone, who has never been here."""
    context = browser.new_context(
        base_url=live, viewport={"width": 390, "height": 844}, locale="en-US", timezone_id="Asia/Dubai"
    )
    context.set_default_timeout(10_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" and "422" not in message.text else None,
    )
    yield page
    context.close()
    cache.clear()
    assert faults == []


def check(page: Page) -> None:
    """Nothing is wider than the screen, and axe finds nothing wrong."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_newcomer_signs_up_and_stands_in_his_organization(newcomer: Page, settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    newcomer.goto("/")
    assert newcomer.title() == "Sign up · Yosan"
    check(newcomer)

    newcomer.get_by_role("button", name="Sign up").click()
    assert newcomer.title() == "Error: Sign up · Yosan"
    assert newcomer.evaluate("document.activeElement.className") == "error-summary"
    check(newcomer)

    newcomer.get_by_label("E-mail address").fill("dora@initech.test")
    newcomer.get_by_label("Password", exact=True).fill(PASSWORD)
    newcomer.get_by_label("Password again").fill(PASSWORD)
    newcomer.get_by_role("button", name="Sign up").click()
    newcomer.wait_for_url("**/organizations/new/")
    assert newcomer.get_by_label("Time zone").input_value() == "Asia/Dubai"
    check(newcomer)

    newcomer.get_by_role("link", name="Japan").click()
    assert newcomer.get_by_label("Time zone").input_value() == "Asia/Tokyo"
    assert newcomer.get_by_label("Reporting currency").input_value() == "JPY"

    newcomer.get_by_role("link", name="Elsewhere").click()
    newcomer.get_by_label("Name").fill("Initech")
    newcomer.get_by_role("button", name="Create the organization").click()
    newcomer.wait_for_url("**/o/initech/")
    created = Organization.objects.get()
    assert (created.time_zone, created.currency) == ("Asia/Dubai", "USD")


def test_the_entrance_speaks_japanese_at_one_press(newcomer: Page) -> None:
    newcomer.goto("/account/login/?next=/preferences/")
    newcomer.get_by_role("button", name="日本語").click()

    assert newcomer.url.endswith("/account/login/?next=/preferences/")
    assert newcomer.locator("html").get_attribute("lang") == "ja"
    check(newcomer)


def test_a_key_is_issued_shown_once_and_opens_the_api(newcomer: Page, cast: Cast, live: str) -> None:
    sign_in(newcomer.context, cast.ada, live)
    newcomer.goto("/o/acme/api-keys/new/")
    newcomer.get_by_label("Name").fill("Chargeback")
    newcomer.get_by_role("button", name="Issue the key").click()
    key = newcomer.get_by_label("API key").input_value()
    check(newcomer)

    answer = newcomer.request.get("/api/v1/organization/", headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["slug"] == "acme"
    newcomer.get_by_role("link", name="I have copied the key").click()
    assert key not in newcomer.content()
