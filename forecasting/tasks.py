"""The background timetable: forecast, evaluate alerts, deliver notifications."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.access.celery import OrganizationTask, nudge
from accounts.queries.organizations import list_active_organization_ids
from accounts.tenancy.context import current_organization_id, tenant_transaction
from forecasting.operations.alerts import evaluate_alert_rules_if_news
from forecasting.operations.deliveries import deliver
from forecasting.operations.forecasts import forecast_organization_if_due
from forecasting.queries.channels import list_due_delivery_ids


@shared_task(acks_late=True, time_limit=60)
def forecast_due_organizations() -> None:
    """Ask for a forecast of every organization; each looks for itself whether it is due."""
    for organization_id in list_active_organization_ids():
        nudge("forecasting.tasks.make_forecasts", organization_id=organization_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=600)
def make_forecasts() -> None:
    """Forecast the organization if new data make it worth while, and have the alert rules looked at."""
    if forecast_organization_if_due(now=timezone.now()) is not None:
        nudge("forecasting.tasks.evaluate_organization_alerts", organization_id=current_organization_id())


@shared_task(acks_late=True, time_limit=60)
def evaluate_alerts() -> None:
    """Ask for a look at the alert rules of every organization."""
    for organization_id in list_active_organization_ids():
        nudge("forecasting.tasks.evaluate_organization_alerts", organization_id=organization_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=120)
def evaluate_organization_alerts() -> None:
    """Evaluate the alert rules if there is news, and have new alerts delivered without waiting for the clock."""
    evaluation = evaluate_alert_rules_if_news(now=timezone.now())
    if evaluation is not None and evaluation.raised:
        nudge("forecasting.tasks.deliver_organization_notifications", organization_id=current_organization_id())


@shared_task(acks_late=True, time_limit=60)
def deliver_due_notifications() -> None:
    """Ask every organization for its due deliveries."""
    for organization_id in list_active_organization_ids():
        nudge("forecasting.tasks.deliver_organization_notifications", organization_id=organization_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=60)
def deliver_organization_notifications() -> None:
    """Hand out each due delivery of the organization: one that is slow must not hold up the others."""
    with tenant_transaction():
        delivery_ids = list_due_delivery_ids(now=timezone.now())
    for delivery_id in delivery_ids:
        nudge(
            "forecasting.tasks.deliver_notification", organization_id=current_organization_id(), delivery_id=delivery_id
        )


@shared_task(base=OrganizationTask, acks_late=True, time_limit=60)
def deliver_notification(*, delivery_id: int) -> None:
    """Send one message, if nobody else has done so meanwhile."""
    deliver(delivery_id=delivery_id, now=timezone.now())
