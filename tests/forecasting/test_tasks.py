"""The background timetable of the upper floor: who is asked to look, and what follows from what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from forecasting import tasks
from forecasting.models import AlertEvent, Delivery
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_alert_rule, make_budget, make_channel, make_data_until, make_spend

pytestmark = pytest.mark.django_db(databases=["default"])

Nudges = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> Nudges:
    """What was asked of a worker, instead of asking."""
    asked: Nudges = []
    monkeypatch.setattr(tasks, "nudge", lambda name, **kwargs: asked.append((name.rpartition(".")[2], kwargs)))
    return asked


@pytest.fixture
def exceeded(cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=1))
        make_spend({NOW - timedelta(hours=5): 1200})
        make_alert_rule(make_budget(), make_channel(), percent=100)


@pytest.mark.parametrize(
    ("task", "asked_for"),
    [
        (tasks.evaluate_alerts, "evaluate_organization_alerts"),
        (tasks.deliver_due_notifications, "deliver_organization_notifications"),
        (tasks.forecast_due_organizations, "make_forecasts"),
    ],
)
def test_the_clock_asks_every_organization(cast: Cast, nudges: Nudges, task: Any, asked_for: str) -> None:
    task()

    assert {(name, kwargs["organization_id"]) for name, kwargs in nudges} == {
        (asked_for, cast.acme.id),
        (asked_for, cast.globex.id),
    }


@pytest.mark.usefixtures("exceeded")
def test_from_crossing_to_mail_without_waiting_for_the_clock(cast: Cast, nudges: Nudges) -> None:
    acme = str(cast.acme.id)
    with time_machine.travel(NOW, tick=False):
        tasks.evaluate_organization_alerts(organization_id=acme)
        assert nudges.pop() == ("deliver_organization_notifications", {"organization_id": cast.acme.id})

        tasks.deliver_organization_notifications(organization_id=acme)
        name, kwargs = nudges.pop()
        assert name == "deliver_notification"

        tasks.deliver_notification(organization_id=acme, delivery_id=kwargs["delivery_id"])
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("exceeded")
def test_every_task_may_run_twice(cast: Cast, nudges: Nudges) -> None:
    acme = str(cast.acme.id)
    with time_machine.travel(NOW, tick=False):
        for _ in range(2):
            tasks.evaluate_organization_alerts(organization_id=acme)
            tasks.deliver_organization_notifications(organization_id=acme)
        sent = [kwargs["delivery_id"] for name, kwargs in nudges if name == "deliver_notification"]
        for delivery_id in sent:
            tasks.deliver_notification(organization_id=acme, delivery_id=delivery_id)

    assert len(mail.outbox) == 1
    with inside(cast.acme):
        assert AlertEvent.objects.count() == 1
        assert Delivery.objects.count() == 1


def test_a_forecast_that_is_not_due_asks_for_nothing(cast: Cast, nudges: Nudges) -> None:
    tasks.make_forecasts(organization_id=str(cast.acme.id))

    assert nudges == []


def test_a_new_forecast_has_the_rules_looked_at(cast: Cast, nudges: Nudges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "forecast_organization_if_due", lambda **_fields: object())
    tasks.make_forecasts(organization_id=str(cast.acme.id))

    assert nudges == [("evaluate_organization_alerts", {"organization_id": cast.acme.id})]
