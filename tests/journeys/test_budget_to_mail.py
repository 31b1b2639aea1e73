"""Spend crosses a threshold, one message leaves, one only: from an empty list of channels to the mail, in a browser."""

from __future__ import annotations

import types

import pytest
from django.core import mail
from playwright.sync_api import BrowserContext, Page

from accounts.access import celery, web
from accounts.tenancy.context import organization_scope, tenant_transaction
from forecasting.operations.alerts import evaluate_alert_rules
from forecasting.operations.deliveries import deliver
from forecasting.queries.channels import list_due_delivery_ids
from tests.cast import Cast
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.fixture
def page(context: BrowserContext, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Ada's browser in the middle of November; the worker is the test itself."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    monkeypatch.setattr(celery, "_send", lambda *_arguments: None)
    tell_november(cast)
    sign_in(context, cast.ada, live)
    return context.new_page()


def work(cast: Cast) -> None:
    """What the worker does every minute."""
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)
        with tenant_transaction():
            due = list_due_delivery_ids(now=NOW)
        for delivery_id in due:
            deliver(delivery_id=delivery_id, now=NOW)


def sent_to(address: str) -> list[str]:
    return [str(message.subject) for message in mail.outbox if message.to == [address]]


def test_a_budget_is_set_and_its_alert_arrives_once(page: Page, cast: Cast) -> None:
    page.goto("/o/acme/channels/new/")
    page.get_by_label("Name").fill("Board")
    page.get_by_label("Address").fill("board@acme.test")
    page.get_by_role("button", name="Add channel").click()
    page.get_by_role("button", name="Send a test").click()
    assert page.locator("#log").get_by_text("Waiting").is_visible()

    work(cast)
    # The log follows by itself.
    page.locator("#log").get_by_text("Sent", exact=True).wait_for()
    assert sent_to("board@acme.test") == ["[Yosan] Test of Board"]

    page.goto("/o/acme/budgets/new/")
    page.get_by_label("Name").fill("Everything")
    page.get_by_label("Amount a month").fill("５，０００，０００")
    page.get_by_role("button", name="Save, would have alerted in 2 of 2 months").wait_for()
    for box in page.get_by_label("Finance").all():
        if box.is_visible():
            box.uncheck()
    page.get_by_role("button", name="Save, would have alerted").click()
    assert "Lands at ¥6,789,365, over by 36" in page.locator(".finding").inner_text()

    work(cast)
    work(cast)
    assert [subject.replace("\N{NO-BREAK SPACE}", " ") for subject in sent_to("board@acme.test")[1:]] == [
        "[Yosan] Everything: on pace to exceed by 36 % (¥1.79 M)"
    ]
    page.goto("/o/acme/alerts/")
    page.get_by_role("link", name="Everything").click()
    assert page.get_by_role("row", name="Board").get_by_text("Sent", exact=True).is_visible()


def test_an_entry_that_cannot_be_saved_takes_the_focus_to_what_is_wrong(page: Page) -> None:
    page.goto("/o/acme/budgets/new/")
    page.get_by_label("Amount a month").fill("a lot")
    page.get_by_role("button", name="Save budget").click()

    # The script moves the focus once the page is there; without it the wait would run out.
    page.locator(".error-summary:focus").wait_for()
    assert page.locator(".error-summary").get_attribute("role") == "alert"
    page.get_by_role("link", name="Amount must be more than 0").click()
    assert page.evaluate("document.activeElement.id") == "id_amount"
    assert page.get_by_label("Amount a month").input_value() == "a lot"
