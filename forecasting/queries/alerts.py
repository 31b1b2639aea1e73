"""Alert rules, alert events, and when the rules were last looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from accounts.domain.errors import NotFound
from accounts.domain.pages import Page
from accounts.domain.text import gettext_noop
from forecasting.domain.alerts import AlertSnapshot, CrossingKey
from forecasting.domain.payloads import read_snapshot
from forecasting.domain.thresholds import AlertKind, Threshold
from forecasting.models import AlertEvaluation, AlertEvent, AlertRule, AlertRuleChannel


class AlertNotFound(NotFound):
    """No such alert in this organization."""

    code = "alert_not_found"
    message = gettext_noop("There is no such alert.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEventValue:
    """A threshold that was crossed; `snapshot` is what was known then."""

    id: int
    budget_id: int
    raised_at: datetime
    snapshot: AlertSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationValue:
    """When the rules were last looked at, on data until when, and how many budgets were watched."""

    evaluated_at: datetime
    data_until: datetime | None
    budgets: int


def list_thresholds(budget_ids: Iterable[int]) -> Mapping[int, tuple[Threshold, ...]]:
    """Return the alert rules of each budget, by percent and kind; budgets without any are absent."""
    rules = list(AlertRule.objects.filter(budget_id__in=list(budget_ids)).order_by("threshold_percent", "kind"))
    channels: defaultdict[int, list[int]] = defaultdict(list)
    links = AlertRuleChannel.objects.filter(rule__in=rules).order_by("channel_id")
    for rule_id, channel_id in links.values_list("rule_id", "channel_id"):
        channels[rule_id].append(channel_id)
    found: defaultdict[int, list[Threshold]] = defaultdict(list)
    for rule in rules:
        threshold = Threshold(
            kind=AlertKind(rule.kind), percent=rule.threshold_percent, channel_ids=tuple(channels[rule.pk])
        )
        found[rule.budget_id].append(threshold)
    return {budget_id: tuple(thresholds) for budget_id, thresholds in found.items()}


def list_alert_events(
    *, budget_id: int | None = None, after: str | None = None, limit: int = 50
) -> Page[AlertEventValue]:
    """Return alerts: the newest month first, in it most money at stake first, ties by id; of one budget if asked."""
    rows = AlertEvent.objects.order_by("-period_start", "-at_stake_usd", "-id")
    if budget_id is not None:
        rows = rows.filter(budget_id=budget_id)
    if after is not None:
        rows = rows.filter(_behind(after))
    found = list(rows[: limit + 1])
    page = found[:limit]
    return Page(rows=tuple(_event_value(row) for row in page), next=_position(page[-1]) if len(found) > limit else None)


def get_alert_event(event_id: int) -> AlertEventValue:
    """Return one alert. Raises AlertNotFound."""
    row = AlertEvent.objects.filter(pk=event_id).first()
    if row is None:
        raise AlertNotFound
    return _event_value(row)


def list_crossed(period_starts: Iterable[date]) -> frozenset[CrossingKey]:
    """Return what has already been raised in the periods that begin on these days."""
    rows = AlertEvent.objects.filter(period_start__in=list(period_starts))
    return frozenset(
        CrossingKey(
            budget_id=row.budget_id,
            percent=row.threshold_percent,
            kind=AlertKind(row.kind),
            period_start=row.period_start,
        )
        for row in rows.only("budget_id", "threshold_percent", "kind", "period_start")
    )


def find_evaluation() -> EvaluationValue | None:
    """Return when the rules were last looked at, or None if never."""
    row = AlertEvaluation.objects.first()
    if row is None:
        return None
    return EvaluationValue(evaluated_at=row.evaluated_at, data_until=row.data_until, budgets=row.budgets)


def _event_value(row: AlertEvent) -> AlertEventValue:
    return AlertEventValue(
        id=row.pk, budget_id=row.budget_id, raised_at=row.raised_at, snapshot=read_snapshot(row.payload)
    )


def _position(row: AlertEvent) -> str:
    return f"{row.period_start.isoformat()}|{row.at_stake_usd}|{row.pk}"


def _behind(position: str) -> Q:
    period, stake, event_id = position.split("|")
    start, at_stake = date.fromisoformat(period), Decimal(stake)
    return (
        Q(period_start__lt=start)
        | Q(period_start=start, at_stake_usd__lt=at_stake)
        | Q(period_start=start, at_stake_usd=at_stake, id__lt=int(event_id))
    )
