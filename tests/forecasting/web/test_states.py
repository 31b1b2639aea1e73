"""What a page says when somebody may only look, when a forecast will still move, when something is ours to mend."""

from __future__ import annotations

import re
import types

import pytest
from django.test import Client

from accounts.access import celery, web
from accounts.domain.roles import ROLE_PERMISSIONS, Role
from accounts.tenancy.context import organization_scope
from forecasting.models import ForecastRun
from forecasting.operations.alerts import evaluate_alert_rules
from tests.cast import Cast, inside
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import addresses

pytestmark = pytest.mark.django_db(databases=["default"])
LOOK = ROLE_PERMISSIONS[Role.VIEWER]
# The pages that have something to edit on them, and who may: finance, or admins only.
MONEY = ("budget_list", "budget_detail", "channel_list", "channel_detail")
BILLING = ("price_list", "price_detail", "exchange_rate_list")
ADMIN = ("billing:connection_list", "billing:connection_detail", "accounts:member_list")
BY_FINANCE = (*(f"forecasting:{name}" for name in MONEY), *(f"billing:{name}" for name in BILLING))


@pytest.fixture
def november(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    monkeypatch.setattr(celery, "_send", lambda *_arguments: None)
    tell_november(cast)
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)
    return cast


def shown(client: Client, address: str) -> str:
    return client.get(address).content.decode().replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("name", [*BY_FINANCE, *ADMIN])
def test_whoever_may_only_look_is_told_who_can_edit(name: str, november: Cast, client: Client) -> None:
    address = addresses([name], november)[name]
    client.force_login(november.ben)
    page = shown(client, address)
    editors = "Ada, Fay and 1 more" if name in BY_FINANCE else "Ada and Max"
    assert f"You can view. {editors} can edit." in page
    main = page.partition('id="main"')[2]
    # Leaving the organization is everybody's own.
    posts = [action for action in re.findall(r'<form method="post"[^>]*', main) if "leave" not in action]
    assert posts == []

    client.force_login(november.ada)
    assert "You can view." not in shown(client, address)


def test_a_provisional_forecast_is_marked_wherever_it_stands(november: Cast, client: Client) -> None:
    client.force_login(november.ada)
    budget = addresses(["forecasting:budget_detail"], november)["forecasting:budget_detail"]
    places = ("/o/acme/", "/o/acme/budgets/", budget)
    assert [place for place in places if "Provisional" in shown(client, place)] == []

    with inside(november.acme):
        ForecastRun.objects.update(is_provisional=True)
    assert [place for place in places if "Provisional" not in shown(client, place)] == []


def test_a_late_source_says_what_it_does_to_the_figures(
    november: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW.replace(day=12)))
    client.force_login(november.ben)
    page = shown(client, "/o/acme/")
    assert "is late" in page
    assert "totals may be low" in page
    # What is late stays where it is: the figures of the last data, not zeros.
    assert "¥2,401,711" in page
