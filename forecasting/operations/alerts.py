"""Evaluate alert rules: event and deliveries in one transaction, once for each crossing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.urls import reverse

from accounts.domain.audit import Json
from accounts.domain.organizations import OrganizationValue
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.queries.collection import find_last_stored_at, get_data_until
from forecasting.domain.alerts import (
    LATE_DATA,
    AlertSnapshot,
    Crossing,
    CrossingKey,
    alerting_forecast,
    crossings,
    snapshot_of,
)
from forecasting.domain.budgets import BudgetForecast, BudgetStatus
from forecasting.domain.channels import ChannelState, MessageKind
from forecasting.domain.payloads import SMALLEST_AMOUNT, snapshot_payload
from forecasting.domain.thresholds import Threshold
from forecasting.models import AlertEvaluation, AlertEvent, Budget, Delivery, NotificationChannel
from forecasting.operations.channels import channel_path
from forecasting.queries.alerts import find_evaluation, list_crossed, list_thresholds
from forecasting.queries.budgets import find_driver, list_budgets, measure, month_of
from forecasting.queries.forecasts import find_newest_forecast

# Makes the id of an alert's messages out of what was crossed: the same crossing has the same id, whoever finds it.
MESSAGE_IDS = UUID("6f2b8d57-64c0-4a55-9a0e-3c9f4b8f3f1d")
# What was stored in a transaction that was still open at the last look carries a time before that look.
LONGEST_TRANSACTION = timedelta(minutes=2)
# Prices, rates and the calendar change without anything being stored.
LONGEST_SILENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlert:
    """An alert that this evaluation raised, and the messages it wrote."""

    event_id: int
    key: CrossingKey
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came of looking at every rule: budgets watched, thresholds found crossed, and what was new among them."""

    budgets: int
    crossed: tuple[CrossingKey, ...]
    raised: tuple[RaisedAlert, ...]
    data_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A crossing with everything that was known at it."""

    crossing: Crossing
    threshold: Threshold
    status: BudgetStatus
    forecast: BudgetForecast | None


def evaluate_alert_rules(*, now: datetime) -> Evaluation:
    """Look at every rule of every open budget and raise what is newly crossed; a second look writes nothing.

    The present month is held against spend and forecast; the one before, while late hours of it can still arrive,
    against spend.
    """
    with tenant_transaction():
        found, budgets = _find_crossed(now)
        organization = get_organization(current_organization_id())
        data_until = get_data_until(now=now).rated
        known = list_crossed({item.crossing.key.period_start for item in found})
    new = [item for item in found if item.crossing.key not in known]
    # In one order everywhere: workers that raise the same alerts at once wait for one another and never in a circle.
    raised = [_raise(item, organization, now) for item in sorted(new, key=lambda item: item.crossing.key)]
    with tenant_transaction():
        AlertEvaluation.objects.update_or_create(
            defaults={"evaluated_at": now, "data_until": data_until, "budgets": budgets}
        )
    return Evaluation(
        budgets=budgets,
        crossed=tuple(sorted(item.crossing.key for item in found)),
        raised=tuple(alert for alert in raised if alert is not None),
        data_until=data_until,
    )


def evaluate_alert_rules_if_news(*, now: datetime) -> Evaluation | None:
    """Evaluate when something that rules depend on may have changed since the last look; None when nothing has."""
    with tenant_transaction():
        has_news = _has_news(now)
    return evaluate_alert_rules(now=now) if has_news else None


def _has_news(now: datetime) -> bool:
    last = find_evaluation()
    if last is None or last.evaluated_at <= now - LONGEST_SILENCE:
        return True
    forecast = find_newest_forecast()
    changed = (
        find_last_stored_at(),
        forecast.made_at if forecast else None,
        Budget.objects.order_by("-changed_at").values_list("changed_at", flat=True).first(),
    )
    return any(moment is not None and moment > last.evaluated_at - LONGEST_TRANSACTION for moment in changed)


def _find_crossed(now: datetime) -> tuple[list[_Found], int]:
    budgets = list_budgets()
    thresholds = list_thresholds(budget.id for budget in budgets)
    watched = tuple(budget for budget in budgets if budget.id in thresholds)
    month = month_of(now)
    before = month_of(now - LATE_DATA)
    months = (month,) if before == month else (before, month)
    found = [
        _Found(crossing=crossing, threshold=rule, status=status, forecast=forecast)
        for looked_at in months
        for status in measure(watched, month=looked_at, as_of=now)
        for forecast in [alerting_forecast(status, is_current=looked_at == month)]
        for rule in thresholds[status.budget.id]
        for crossing in crossings(rule, status, forecast)
    ]
    return found, len(watched)


def _raise(found: _Found, organization: OrganizationValue, now: datetime) -> RaisedAlert | None:
    """Write the event and one delivery for each channel; None when another worker was quicker."""
    key = found.crossing.key
    with tenant_transaction():
        snapshot = snapshot_of(
            found.crossing,
            found.status,
            found.forecast,
            organization_slug=organization.slug,
            organization_name=organization.name,
            time_zone=organization.time_zone,
            driver=find_driver(found.status),
        )
        event, is_new = AlertEvent.objects.get_or_create(
            budget_id=key.budget_id,
            threshold_percent=key.percent,
            kind=key.kind,
            period_start=key.period_start,
            defaults={
                "payload": snapshot_payload(snapshot),
                "at_stake_usd": snapshot.at_stake_usd.quantize(SMALLEST_AMOUNT),
                "raised_at": now,
            },
        )
        if not is_new:
            return None
        deliveries = _write_deliveries(event, snapshot, organization, found.threshold.channel_ids, now)
    return RaisedAlert(event_id=event.pk, key=key, deliveries=deliveries)


def _write_deliveries(
    event: AlertEvent,
    snapshot: AlertSnapshot,
    organization: OrganizationValue,
    channel_ids: Iterable[int],
    now: datetime,
) -> int:
    channels = NotificationChannel.objects.filter(pk__in=list(channel_ids), state=ChannelState.ACTIVE).order_by("pk")
    rows = [
        Delivery(
            event=event,
            channel=channel,
            message_kind=MessageKind.BUDGET_ALERT,
            message_id=_message_id(organization, event),
            payload={"alert": snapshot_payload(snapshot), "paths": _paths(organization.slug, event, channel.pk)},
            next_attempt_at=now,
            created_at=now,
        )
        for channel in channels
    ]
    Delivery.objects.bulk_create(rows)
    return len(rows)


def _message_id(organization: OrganizationValue, event: AlertEvent) -> str:
    key = f"{organization.id}/{event.budget_id}/{event.threshold_percent}/{event.kind}/{event.period_start}"
    return f"alert_{uuid5(MESSAGE_IDS, key)}"


def _paths(slug: str, event: AlertEvent, channel_id: int) -> dict[str, Json]:
    return {
        "alert": reverse("forecasting:alert_detail", kwargs={"org_slug": slug, "alert_id": event.pk}),
        "budget": reverse("forecasting:budget_detail", kwargs={"org_slug": slug, "budget_id": event.budget_id}),
        "channel": channel_path(slug, channel_id),
    }
