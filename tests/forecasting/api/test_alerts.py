"""Alerts and channels over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.tenancy.context import organization_scope
from forecasting.domain.channels import DeliveryState
from forecasting.models import Delivery
from forecasting.operations.alerts import evaluate_alert_rules
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_delivery,
    make_forecast,
    make_spend,
    make_webhook,
)
from tests.forecasting.api.conftest import Api

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.usefixtures("still_clock")]


@pytest.fixture
def alert_id(cast: Cast) -> int:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=1))
        make_spend({NOW - timedelta(hours=5): 300})
        budget = make_budget(name="Search team", owner_label="Ada")
        make_alert_rule(budget, make_channel(name="Finance"), percent=100, kind="FORECAST")
        make_alert_rule(budget, percent=30)
        make_forecast(1280, made_at=NOW - timedelta(hours=1))
    with organization_scope(cast.acme.id):
        raised = evaluate_alert_rules(now=NOW).raised
    return next(alert.event_id for alert in raised if alert.key.percent == 100)


def test_an_alert_has_finding_stake_since_and_deliveries(viewer_api: Api, alert_id: int) -> None:
    listed = viewer_api.get("alerts/").json()
    row = next(row for row in listed["rows"] if row["id"] == alert_id)

    assert listed["evaluated_at"] == "2026-11-10T09:00:00Z"
    assert listed["data_until"] == "2026-11-10T08:00:00Z"
    assert row["finding"].startswith("On pace to exceed by 28")
    assert row["finding_code"] == "WILL_EXCEED"
    assert (row["at_stake"], row["currency"], row["owner"]) == ("280", "USD", "Ada")
    assert (row["kind"], row["threshold_percent"], row["period_start"]) == ("FORECAST", "100", "2026-11-01")
    assert row["since"] == "2026-11-10T09:00:00Z"
    assert [(one["channel"]["name"], one["state"], one["attempts"]) for one in row["deliveries"]] == [
        ("Finance", "PENDING", 0)
    ]


def test_one_alert_comes_with_every_figure_it_rests_on(viewer_api: Api, alert_id: int) -> None:
    alert = viewer_api.get(f"alerts/{alert_id}/").json()

    assert alert["evidence"]["spent"] == "300"
    assert alert["evidence"]["forecast"]["total"] == "1280"
    assert alert["evidence"]["data_until"] == "2026-11-10T08:00:00+00:00"


@pytest.mark.usefixtures("alert_id")
def test_alerts_are_paged_and_asked_by_budget(viewer_api: Api, cast: Cast) -> None:
    first = viewer_api.get("alerts/", limit=1).json()
    second = viewer_api.get("alerts/", limit=1, after=first["next"]).json()

    assert {first["rows"][0]["threshold_percent"], second["rows"][0]["threshold_percent"]} == {"30", "100"}
    assert second["next"] is None
    with inside(cast.acme):
        other = make_budget()
    assert viewer_api.get("alerts/", budget=other.pk).json()["rows"] == []
    assert viewer_api.get("alerts/", budget="x").status_code == 400


def test_globex_sees_no_alert_of_acme(globex_api: Api, alert_id: int) -> None:
    assert globex_api.get("alerts/").json()["rows"] == []
    assert globex_api.get(f"alerts/{alert_id}/").status_code == 404


def test_channels_are_listed_without_any_secret(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_webhook(name="Ledger")
    (row,) = viewer_api.get("channels/").json()["rows"]

    assert row == {
        "id": channel.pk,
        "name": "Ledger",
        "kind": "WEBHOOK",
        "address": "https://hooks.example.com/y",
        "language": "en",
        "state": "ACTIVE",
        "version": channel.version,
        "failing_since": None,
    }
    assert viewer_api.get(f"channels/{channel.pk}/").json() == row


def test_a_test_is_a_delivery_that_can_be_followed(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
    answer = api.send("post", f"channels/{channel.pk}/tests/")

    assert answer.status_code == 202
    assert answer.json()["alert_id"] is None
    assert api.get(f"channels/{channel.pk}/deliveries/").json()["rows"] == [answer.json()]


def test_a_message_is_sent_again_under_its_id(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        old = make_delivery(state=DeliveryState.FAILED, next_attempt_at=None)
    answer = api.send("post", f"deliveries/{old.pk}/replays/")

    assert (answer.status_code, answer.json()["state"]) == (202, "PENDING")
    assert answer.json()["message_id"] == old.message_id
    assert api.send("post", f"deliveries/{old.pk}/replays/").status_code == 409


def test_a_key_without_the_right_tests_and_repeats_nothing(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
        old = make_delivery(channel, state=DeliveryState.FAILED)
    assert viewer_api.send("post", f"channels/{channel.pk}/tests/").status_code == 403
    assert viewer_api.send("post", f"deliveries/{old.pk}/replays/").status_code == 403


def test_globex_touches_no_channel_of_acme(globex_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
        old = make_delivery(channel, state=DeliveryState.FAILED)
    for path in (f"channels/{channel.pk}/", f"channels/{channel.pk}/deliveries/"):
        assert globex_api.get(path).status_code == 404
    assert globex_api.send("post", f"channels/{channel.pk}/tests/").status_code == 404
    assert globex_api.send("post", f"deliveries/{old.pk}/replays/").status_code == 404
    with inside(cast.acme):
        assert Delivery.objects.get().state == DeliveryState.FAILED
