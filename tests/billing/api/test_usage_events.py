"""Usage of other meters by CloudEvents: once each, whole batches or nothing, rated where a price is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.domain.roles import Permission
from accounts.tenancy.context import organization_scope
from billing.domain.dimensions import RoutingClass, TokenClass
from billing.models import DailyUsage, HourlyUsage, UsageEvent
from billing.operations.follow_up import rate_events
from billing.operations.rating import mark_rating_due
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_all_overrides

AT = (now() - timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def meter(cast: Cast, make_api: KeyMaker) -> Api:
    """A gateway that may send usage and see it."""
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.SEND_USAGE])


def event(number: int = 1, *, at: datetime = AT, **data: Any) -> dict[str, Any]:
    told = {"provider": "azure_openai", "model": "gpt-5.1", "requests": 1, "input_tokens": 1000, **data}
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "https://gateway.example.com",
        "type": "yosan.usage",
        "time": at.isoformat(),
        "data": told,
    }


def send(meter: Api, *events: dict[str, Any]) -> Any:
    return meter.send("post", "usage-events/", [*events])


def stored(cast: Cast) -> list[tuple[Any, ...]]:
    with inside(cast.acme):
        return list(HourlyUsage.objects.order_by("hour").values_list("hour", "invocations", "tokens_input"))


def test_events_become_hours_and_the_same_batch_twice_changes_nothing(meter: Api, cast: Cast) -> None:
    """BerriAI/litellm's counters drift apart: here the hours are added up anew from events that are stored once."""
    batch = [event(1), event(2, at=AT + timedelta(minutes=59)), event(3, at=AT + timedelta(hours=1)), event(1)]
    assert send(meter, *batch).json() == {"accepted": 3, "repeated": 1}
    first = stored(cast)
    assert first == [(AT, 2, 2000), (AT + timedelta(hours=1), 1, 1000)]
    assert send(meter, *batch).json() == {"accepted": 0, "repeated": 4}
    assert stored(cast) == first
    # Late and out of order: the hour is there once, with everything.
    assert send(meter, event(4, at=AT + timedelta(minutes=30))).status_code == 202
    assert stored(cast)[0] == (AT, 3, 3000)
    day = AT.date()
    asked = f"usage/?start={day}&end={day + timedelta(days=1)}&group_by=provider,model"
    (row,) = meter.get(asked).json()["rows"]
    assert (row["provider"], row["model"]) == ("azure_openai", "gpt-5.1")


def test_events_are_rated_where_a_price_is_known_and_again_when_one_is_entered(meter: Api, cast: Cast) -> None:
    send(meter, event(1, provider="other", model="our-own-model", region="us-east-1"))
    with inside(cast.acme):
        day = DailyUsage.objects.get()
        assert (day.tokens_unpriced, day.cost_input) == (1000, None)
        make_all_overrides(
            {TokenClass.INPUT: "3"},
            model_id="our-own-model",
            routing_class=RoutingClass.REGIONAL,
            effective_from=AT - timedelta(days=9),
        )
        mark_rating_due(start=AT, end=None)
    with organization_scope(cast.acme.id):
        assert rate_events(now) == 1
        assert rate_events(now) == 0
    with inside(cast.acme):
        day = DailyUsage.objects.get()
        assert (day.tokens_unpriced, day.cost_input) == (0, Decimal("0.003"))


def test_a_cost_center_that_is_named_pays(meter: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")
    assert send(meter, event(1, cost_center="search"), event(2)).status_code == 202
    day = AT.date()
    asked = f"usage/?start={day}&end={day + timedelta(days=1)}&group_by=cost_center"
    assert {row["cost_center"] for row in meter.get(asked).json()["rows"]} == {"search", None}


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"data": {**event()["data"], "total_tokens": 5}}, "events.1.data.total_tokens", "unknown_field"),
        ({"extension": "x"}, "events.1.extension", "unknown_field"),
        ({"data": {**event()["data"], "input_tokens": -1}}, "events.1.data.input_tokens", "min_value"),
        ({"data": {**event()["data"], "provider": "acme"}}, "events.1.data.provider", "invalid_choice"),
        ({"data": {**event()["data"], "cost_center": "none"}}, "events.1.data.cost_center", "unknown_cost_center"),
        ({"specversion": "0.3"}, "events.1.specversion", "invalid_choice"),
        ({"time": "2020-01-01T00:00:00Z"}, "events.1.time", "event_out_of_time"),
        ({"time": "2120-01-01T00:00:00Z"}, "events.1.time", "event_out_of_time"),
        ({"id": ""}, "events.1.id", "blank"),
    ],
)
def test_one_wrong_event_is_named_and_the_whole_batch_is_refused(
    meter: Api, cast: Cast, wrong: dict[str, Any], field: str, code: str
) -> None:
    answer = send(meter, event(1), {**event(2), **wrong})
    assert answer.status_code == 400, answer.content
    told = answer.json()
    errors = told.get("errors") or [told]
    assert (errors[0]["field"], errors[0]["code"]) == (field, code)
    with inside(cast.acme):
        assert not UsageEvent.objects.exists()


def test_a_batch_has_at_most_a_thousand_events_and_needs_the_right(meter: Api, cast: Cast, make_api: KeyMaker) -> None:
    assert send(meter, *(event(number) for number in range(1001))).status_code == 400
    assert send(meter).status_code == 400
    reader = make_api(cast.acme, [Permission.VIEW_SPEND])
    assert send(reader, event()).status_code == 403


def test_the_content_type_of_cloud_events_is_taken(meter: Api) -> None:
    content_type = "application/cloudevents-batch+json; charset=utf-8"
    answer = meter.send("post", "usage-events/", [event()], content_type)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "repeated": 0})


@pytest.mark.parametrize("time", ["2026-11-20", "2026-11-20T09:00:00", "2026-11-20T09:00Z"])
def test_the_time_of_an_event_has_its_offset(meter: Api, time: str) -> None:
    answer = send(meter, {**event(1), "time": time})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["events.0.time"]
