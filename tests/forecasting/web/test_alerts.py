"""Alerts in the browser: the finding, what it rests on, who owns it, and what became of each message."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.tenancy.context import organization_scope
from forecasting.domain.channels import DeliveryState, Failure
from forecasting.models import AlertEvent, Delivery
from forecasting.operations.alerts import evaluate_alert_rules
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_forecast,
    make_series,
    make_spend,
)

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.usefixtures("still_clock")]

LIST = "/o/acme/alerts/"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def alert(cast: Cast) -> AlertEvent:
    """The search budget of Acme is on pace to be exceeded; finance hears of it by mail."""
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=1))
        make_spend({NOW - timedelta(hours=5): 300}, series=make_series(model_id="amazon.nova-pro"))
        budget = make_budget(name="Search team", owner_label="Ada")
        make_alert_rule(budget, make_channel(name="Finance"), percent=100, kind="FORECAST")
        make_forecast(1280, made_at=NOW - timedelta(hours=1))
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)
    with inside(cast.acme):
        return AlertEvent.objects.get()


def page(client: Client, cast: Cast, address: str) -> str:
    client.force_login(cast.ben)
    answer = client.get(address)
    assert answer.status_code == 200
    return text_of(answer)


def test_before_anything_was_checked_the_page_says_so(client: Client, cast: Cast) -> None:
    text = page(client, cast, LIST)

    assert "Nothing has been checked yet." in text
    assert "no budget with a threshold is watched" in text


def test_when_all_is_well_the_page_says_what_is_watched_and_when_it_looked(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        make_alert_rule(make_budget(), make_channel())
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)

    assert "Nothing needs you. 1 budget watched, checked 10 Nov 18:00 JST." in page(client, cast, LIST)


def test_an_alert_is_listed_with_stake_finding_owner_and_deliveries(
    client: Client, cast: Cast, alert: AlertEvent
) -> None:
    text = page(client, cast, LIST)

    assert (
        "1 alert in November. Most is at stake in Search team: $280.00, 28 % above its amount, since 10 Nov 18:00"
        in text
    )
    assert "On pace to exceed by 28 % ($280.00), crossing the budget around 29 Nov" in text
    assert "Finance: Waiting" in text
    assert "Ada" in text
    assert f'href="{LIST}{alert.pk}/"' in text


def test_budgets_that_reach_nobody_are_pointed_out(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_alert_rule(make_budget())

    assert "1 budget reaches nobody" in page(client, cast, LIST)


def test_the_page_of_an_alert_says_what_it_rests_on(client: Client, cast: Cast, alert: AlertEvent) -> None:
    text = page(client, cast, f"{LIST}{alert.pk}/")

    for words in (
        "Search team, Nov 2026",
        "On pace to exceed by 28 % ($280.00)",
        "amazon.nova-pro without a cost center is 100 % of what was spent.",
        "Owner Ada.",
        "Data until 10 Nov 17:00 JST",
        "$1,280.00 (80 % band $1,152.00 to $1,408.00)",
        "Forecast made",
        "Finance",
        "30 % of the budget was spent by 10 Nov, when the forecast passed 100 % of it",
    ):
        assert words in text


def test_the_chart_of_an_alert_ends_where_its_data_ended(client: Client, cast: Cast, alert: AlertEvent) -> None:
    with inside(cast.acme):
        make_spend({NOW - timedelta(days=3): 40, NOW + timedelta(days=1): 900})
        make_alert_rule(budget := make_budget(name="Small", amount=Decimal(400)), percent=75)
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)
    client.force_login(cast.ben)

    chart = client.get(f"{LIST}{alert.pk}/").context["chart"]
    lines = {line.role: line for line in chart.lines}
    drawn = [value.amount for value in lines["actual"].values if value]
    assert list(lines) == ["budget", "band", "forecast", "actual"]
    assert (drawn[0], drawn[-1], len(drawn)) == (0, 340, 10)
    assert lines["forecast"].values[-1].amount == 1280

    with inside(cast.acme):
        small = AlertEvent.objects.get(budget=budget)
    chart = client.get(f"{LIST}{small.pk}/").context["chart"]
    assert chart.title == "Spend reached 75\xa0% of the budget on 10\xa0Nov"
    assert next(line.values[0].amount for line in chart.lines if line.role == "threshold") == 300


def test_a_message_that_failed_says_why_and_can_be_sent_again(client: Client, cast: Cast, alert: AlertEvent) -> None:
    with inside(cast.acme):
        Delivery.objects.update(
            state=DeliveryState.FAILED, failure=Failure.REFUSED, failure_detail="SMTP 550", attempt=1
        )
        delivery = Delivery.objects.get()
    assert "Send again" not in page(client, cast, f"{LIST}{alert.pk}/")

    client.force_login(cast.fay)
    text = text_of(client.get(f"{LIST}{alert.pk}/"))
    assert "The receiver refused the message. (SMTP 550)" in text
    assert "Send again" in text

    replay = f"/o/acme/channels/{delivery.channel_id}/deliveries/{delivery.pk}/replay/"
    assert client.post(replay).status_code == 302
    with inside(cast.acme):
        assert Delivery.objects.get().state == DeliveryState.PENDING


@pytest.mark.usefixtures("alert")
def test_the_list_goes_on_where_a_page_ended(client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.web.alerts.ALERTS_PER_PAGE", 1)
    with inside(cast.acme):
        make_alert_rule(make_budget(name="Support team", amount=Decimal(2000)), percent=10)
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW + timedelta(minutes=1))
    client.force_login(cast.ben)
    first = client.get(LIST)

    assert "Search team" in text_of(first)
    assert "Support team</a><br>" not in text_of(first)
    second = client.get(LIST, {"after": first.context["next"]})
    assert "Support team</a><br>" in text_of(second)
    assert client.get(LIST, {"after": "nonsense"}).status_code == 404


def test_a_stranger_finds_nothing_and_globex_sees_nothing(client: Client, cast: Cast, alert: AlertEvent) -> None:
    client.force_login(cast.cleo)

    assert client.get(LIST).status_code == 404
    assert client.get(f"{LIST}{alert.pk}/").status_code == 404
    assert client.get(f"/o/globex/alerts/{alert.pk}/").status_code == 404
    assert "Search team" not in client.get("/o/globex/alerts/").content.decode()


def test_a_name_cannot_become_markup(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        make_spend({NOW - timedelta(hours=5): 900})
        make_alert_rule(make_budget(name="<script>alert(1)</script>", owner_label="<b>Ada</b>"), make_channel())
    with organization_scope(cast.acme.id):
        evaluate_alert_rules(now=NOW)
    client.force_login(cast.ben)

    for address in (LIST, "/o/acme/budgets/"):
        assert "<script>alert(1)" not in client.get(address).content.decode()
