"""Finance registers a price cut that the bill has shown, and reads what of it was received, in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation
from playwright.sync_api import Browser, expect

from billing.operations.catalog import sync_price_table
from billing.operations.learnt_rates import learn_rates
from billing.operations.price_events import find_due_price_events
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.factories.price_events import make_billed_line
from tests.journeys.autumn import NOW
from tests.journeys.people import Tongue, browsing, choose_language, in_both_tongues, stop_clocks
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

FIRST = date(2026, 10, 15)
# Millions of tokens a day, and their rate before and since: $60 of $100 in ten days are in scope of a quarter off.
LINES = (("GLOBAL", 2, "3", "2.25"), ("REGIONAL", 1, "4", "4"))


@pytest.fixture
def story(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Twenty days on Acme's bill, in the middle of which global routing becomes cheaper."""
    stop_clocks(monkeypatch)
    sync_price_table(now=NOW)
    with inside(cast.acme):
        connection = make_connection()
        for routing, millions, before, since in LINES:
            days = {
                FIRST + timedelta(days=number): (millions * 1_000_000, before if number < 0 else since)
                for number in range(-10, 10)
            }
            make_billed_line(connection, days, routing_class=routing)
        learn_rates(now=NOW)
        find_due_price_events(now=NOW)
    return cast


@in_both_tongues
def test_a_quarter_off_was_announced_and_what_did_we_get(
    browser: Browser, live: str, story: Cast, tongue: Tongue
) -> None:
    def said(english: str) -> str:
        with translation.override(tongue.code):
            return translation.gettext(english)

    with browsing(browser, live, tongue) as fay:
        sign_in(fay.context, story.fay, live)
        fay.goto("/o/acme/price-events/")
        choose_language(fay, tongue)
        expect(fay.locator(".finding")).to_contain_text("$15.00")
        with translation.override(tongue.code):
            register = translation.pgettext("announcement", "Register")
        fay.get_by_role("link", name=register, exact=True).click()

        # The event fills the form; the preview tells the share in scope before anything is saved.
        expect(fay.locator("#preview")).to_contain_text("$60.00")
        fay.get_by_label(said("What it is called")).fill("Quarter off")
        fay.get_by_role("button", name=said("Register the announcement")).click()

        finding = fay.locator(".finding")
        for figure in ("25", "15", "$15.00", "$547.50"):
            expect(finding).to_contain_text(figure)
        fay.locator("figure.chart svg").wait_for()
        parts = fay.get_by_role("table", name=said("From announced to received"))
        expect(parts.get_by_role("row", name=said("Other routing"))).to_contain_text("10.0")
        expect(parts.get_by_role("row", name=said("Received"), exact=False).last).to_contain_text("15.00")
