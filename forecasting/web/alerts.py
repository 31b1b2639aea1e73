"""Alerts: what was crossed, and what became of each message."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access.pages import next_cursor, read_after
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from forecasting.domain.channels import DeliveryState
from forecasting.domain.thresholds import is_heard
from forecasting.queries.alerts import (
    AlertEventValue,
    find_evaluation,
    get_alert_event,
    list_alert_events,
    list_thresholds,
)
from forecasting.queries.budgets import get_budget, list_budgets, measure, month_of
from forecasting.queries.channels import list_channels, list_deliveries_of_events
from forecasting.queries.forecasts import find_forecast
from forecasting.web.deliveries import DeliveryRow, delivery_rows
from forecasting.web.series import alert_chart

ALERTS_PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert with its deliveries."""

    event: AlertEventValue
    deliveries: tuple[DeliveryRow, ...]

    @property
    def failed(self) -> tuple[DeliveryRow, ...]:
        return tuple(row for row in self.deliveries if row.delivery.state is DeliveryState.FAILED)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def alert_list(request: OrganizationRequest) -> HttpResponse:
    """Show the alerts: newest month first, in it most money at stake first."""
    page = list_alert_events(after=read_after(request), limit=ALERTS_PER_PAGE)
    deliveries = list_deliveries_of_events(event.id for event in page.rows)
    rows = [AlertRow(event=event, deliveries=delivery_rows(deliveries.get(event.id, ()))) for event in page.rows]
    budgets = list_budgets()
    thresholds = list_thresholds(budget.id for budget in budgets)
    active = {channel.id for channel in list_channels(disabled=False)}
    month = month_of(request.now)
    current = [row for row in rows if row.event.snapshot.month == month]
    context = {
        "rows": rows,
        "month": month,
        "current": current,
        "dearest": max(current, key=lambda row: row.event.snapshot.at_stake_usd, default=None),
        "next": next_cursor(request, page.next),
        "evaluation": find_evaluation(),
        "unheard": [budget for budget in budgets if not is_heard(thresholds.get(budget.id, ()), active)],
    }
    return render(request, "forecasting/alerts/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def alert_detail(request: OrganizationRequest, alert_id: int) -> HttpResponse:
    """Show one alert: the finding, the figures it rests on, who owns it, and what became of each message."""
    event = get_alert_event(alert_id)
    deliveries = list_deliveries_of_events([event.id]).get(event.id, ())
    budget, alert = get_budget(event.budget_id), event.snapshot
    known = next(iter(measure([budget], month=alert.month, as_of=alert.evaluated_at)), None)
    published = find_forecast(budget.scope, month=alert.month, as_of=alert.evaluated_at)
    context = {
        "event": event,
        "alert": alert,
        "budget": budget,
        "deliveries": delivery_rows(deliveries),
        "chart": alert_chart(alert, known, published) if known else None,
    }
    return render(request, "forecasting/alerts/detail.html", context)
