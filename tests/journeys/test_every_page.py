"""Every page of the table of routes in a real browser: axe, the policy, the console, and the width of a telephone."""

from __future__ import annotations

import types

import pytest
from playwright.sync_api import BrowserContext

from accounts.access import celery, web
from accounts.tenancy.context import organization_scope
from forecasting.operations.alerts import evaluate_alert_rules
from tests.architecture.routes import OPEN, PAGES
from tests.cast import Cast
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import Tour, addresses, sign_in

# The tour is divided, so that the processes of a test run share it.
PARTS = 3

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.fixture(autouse=True)
def november(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten in the evening of 10 November, in the middle of the story."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    monkeypatch.setattr(celery, "_send", lambda *_arguments: None)
    tell_november(cast)
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_sound_wide_and_narrow_light_and_dark(
    context: BrowserContext, live: str, cast: Cast, part: int
) -> None:
    sign_in(context, cast.ada, live)
    tour = Tour.of(context)
    for address in list(addresses(PAGES, cast).values())[part::PARTS]:
        tour.visit(address)
    assert tour.report() == ""


def test_the_front_door_is_sound_for_a_member(context: BrowserContext, live: str, cast: Cast) -> None:
    """Logged in, some of it leads elsewhere."""
    sign_in(context, cast.ada, live)
    tour = Tour.of(context)
    for address in addresses(OPEN, cast).values():
        tour.visit(address)
    assert tour.report() == ""


def test_the_front_door_is_sound_for_somebody_unknown(context: BrowserContext, cast: Cast) -> None:
    tour = Tour.of(context)
    for address in addresses(OPEN, cast).values():
        tour.visit(address)
    assert tour.report() == ""
