"""The first page, from the first run to a month with a budget."""

from __future__ import annotations

import types
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.access import web
from accounts.domain.audit import SYSTEM
from accounts.models import CostCenter, User
from accounts.operations.cost_centers import move_cost_center
from billing.domain.collection import FetchFailure, Source, WindowState
from billing.domain.money import Money, total
from billing.models import CollectionWindow, ExchangeRate
from forecasting.models import AlertRule, Budget, ForecastRun
from forecasting.queries.dashboard import Composition
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_connection, make_window
from tests.journeys.story import NOW, tell_november

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ada)
    return client


@pytest.fixture
def november(ada: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Ada's browser in the middle of the story."""
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    tell_november(cast)
    return ada


def first_page(client: Client) -> str:
    return client.get("/o/acme/").content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_a_cost_center_is_shown_with_all_below_it_and_leads_to_its_page(november: Client, cast: Cast) -> None:
    before = november.get("/o/acme/").context["page"].composition
    with inside(cast.acme):
        top = make_cost_center(code="product", name="Product")
        search = CostCenter.objects.get(code="search")
        move_cost_center(actor=SYSTEM, cost_center_id=search.pk, parent_id=top.pk, from_date=date(2026, 11, 3), now=NOW)
    after = november.get("/o/acme/").context["page"].composition

    def centers(composition: Composition) -> dict[str | None, Money]:
        return {row.key: row.cost for row in composition.breakdowns[0].rows}

    assert centers(after)["product"] + centers(after)["search"] == centers(before)["search"]
    assert centers(after)["product"].amount > 0
    assert total(centers(after).values(), "JPY") == total(centers(before).values(), "JPY")
    assert after.breakdowns[1:] == before.breakdowns[1:]
    assert f'href="/o/acme/cost-centers/{top.pk}/"' in first_page(november)


def test_an_empty_organization_is_led_to_connect_aws(ada: Client) -> None:
    text = first_page(ada)
    assert "No spend yet. Connect AWS" in text
    assert 'href="/o/acme/connections/new/"' in text
    assert "month-chart" not in text


def test_while_the_past_is_read_the_page_says_how_far_it_is(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_window(make_connection())
    text = first_page(ada)
    assert "No spend yet: the past is being read" in text
    assert "0 of 1 days" in text


def test_a_viewer_is_shown_what_is_missing_but_no_button(client: Client, cast: Cast) -> None:
    client.force_login(cast.ben)
    text = first_page(client)
    assert "Set a budget" in text
    assert "/connections/new/" not in text


def test_a_stranger_finds_nothing(client: Client, cast: Cast) -> None:
    client.force_login(cast.cleo)
    assert client.get("/o/acme/").status_code == 404


def test_the_first_sentence_names_amount_percent_date_and_chance(november: Client) -> None:
    text = first_page(november)
    assert "On pace to exceed the November budget by 21 % (¥1.19 M), crossing it around" in text
    assert "over 95 % likely" in text
    assert "is Search on Claude Sonnet 4.5" in text
    assert "Owner Ada." in text


def test_an_exceeded_budget_is_said_first(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        Budget.objects.update(amount=Decimal(1_000_000))
    text = first_page(november)
    assert "The November budget is exceeded by" in text
    assert "Spend passed the budget on" in text


def test_a_budget_that_holds_is_on_plan(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        Budget.objects.update(amount=Decimal(9_000_000))
    text = first_page(november)
    assert "On plan:" in text
    assert "Spend stays within the budget" in text


def test_without_a_budget_the_page_says_where_the_month_lands(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        AlertRule.objects.all().delete()
        Budget.objects.all().delete()
    text = first_page(november)
    assert "November lands at ¥6.79 M (80 % band ¥6.15 M to ¥7.43 M)" in text
    assert "Set a budget" in text


def test_without_a_forecast_nothing_is_made_up(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        AlertRule.objects.all().delete()
        Budget.objects.all().delete()
        ForecastRun.objects.all().delete()
    text = first_page(november)
    assert "spent in November" in text
    assert "The first forecast follows once the past is read." in text


def test_rated_and_billed_stand_beside_each_other_and_unpriced_and_unassigned_are_said(november: Client) -> None:
    text = first_page(november)
    for expected in (
        "Unassigned to a cost center",
        "41,200",
        "On the bill until 8 Nov",
        "Estimated for the same UTC days",
    ):
        assert expected in text
    assert "converted at 152.57 JPY/USD" in text


def test_without_a_rate_the_page_stays_in_dollars_and_says_so(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        ExchangeRate.objects.all().delete()
    text = first_page(november)
    assert "All amounts are in US dollars: there is no JPY exchange rate for Nov 2026 or earlier." in text
    assert "$44,500.00" in text


def test_what_needs_somebody_is_listed_with_the_money_first(november: Client, cast: Cast) -> None:
    with inside(cast.acme):
        AlertRule.objects.all().delete()
        windows = CollectionWindow.objects.filter(source=Source.COST_EXPLORER)
        windows.update(state=WindowState.FAILED, last_error=FetchFailure.DENIED)
    text = first_page(november)
    order = ["All AI spend will be", "Cost Explorer of Production is denied by AWS", "tokens have no price"]
    order.append("1 budget reaches nobody")
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_htmx_gets_the_figures_alone(november: Client) -> None:
    answer = november.get("/o/acme/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert "month-chart" in answer


def test_the_page_speaks_japanese_to_those_who_chose_it(november: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.ada.pk).update(language="ja")
    text = first_page(november)
    assert 'lang="ja"' in text
    assert "6,789,365円" in text
    assert "ダッシュボード" in text
