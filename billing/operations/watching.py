"""Writes down what was asked of AWS for a connection, and what watching it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F

from accounts.domain.audit import Actor
from accounts.operations.audit import record_event
from billing.domain.connections import Charge, Purpose, charge_usd
from billing.domain.watching import WatchPlan, check_limit
from billing.models import AwsConnection, MeteredCall, UsageSeries
from billing.queries.connections import ConnectionNotFound
from billing.queries.watching import get_watch_plan

GET_METRIC_DATA = "cloudwatch:GetMetricData"
COST_EXPLORER = "ce:"
EXPECTED = Decimal("0.0001")
SERVICES_KEPT = timedelta(days=7)


def note_charge(connection_id: int, *, source: str, purpose: Purpose, charge: Charge, now: datetime) -> None:
    """Add what a piece of work asked of AWS to the month's meter, operation by operation; inside its transaction."""
    month = now.date().replace(day=1)
    for operation, requests in sorted(charge.requests.items()):
        key = {
            "connection_id": connection_id,
            "month": month,
            "source": source,
            "purpose": purpose,
            "operation": operation,
        }
        metrics = charge.metrics if operation == GET_METRIC_DATA else 0
        calls = requests if operation.startswith(COST_EXPLORER) else 0
        MeteredCall.objects.bulk_create([MeteredCall(**key)], ignore_conflicts=True)
        MeteredCall.objects.filter(**key).update(
            requests=F("requests") + requests,
            metrics=F("metrics") + metrics,
            charge_usd=F("charge_usd") + charge_usd(metrics=metrics, cost_explorer_calls=calls),
        )


def list_known_services(connection_id: int, *, now: datetime) -> tuple[str, ...]:
    """Return the services that a bill was found to have; none when it is time to look again.

    That is after a week, or when usage of something new has appeared, which may be billed as a service of its own.
    """
    row = AwsConnection.objects.get(id=connection_id)
    looked_at = row.bill_looked_up_at
    if looked_at is None or now - looked_at >= SERVICES_KEPT:
        return ()
    if UsageSeries.objects.filter(first_seen_at__gt=looked_at).exists():
        return ()
    return tuple(row.bill_services)


def remember_services(connection_id: int, services: Sequence[str], *, now: datetime) -> None:
    """Write down which services a bill has."""
    AwsConnection.objects.filter(id=connection_id).update(bill_services=sorted(services), bill_looked_up_at=now)


def note_plan(connection: AwsConnection, plan: WatchPlan) -> None:
    """Write down how often a connection is read by now, for whoever asks how late its figures may be."""
    expected = plan.expected_usd.quantize(EXPECTED)
    if (connection.reads_every_hours, connection.expected_usd_this_month) == (plan.every_hours, expected):
        return
    connection.reads_every_hours, connection.expected_usd_this_month = plan.every_hours, expected
    connection.save(update_fields=["reads_every_hours", "expected_usd_this_month"])


def change_watching_limit(*, actor: Actor, connection_id: int, limit_usd: Decimal, now: datetime) -> None:
    """Say what watching a connection may cost a month. Raises ConnectionNotFound and WatchingLimitOutOfRange."""
    limit_usd = check_limit(limit_usd)
    row = AwsConnection.objects.select_for_update().filter(id=connection_id).first()
    if row is None:
        raise ConnectionNotFound
    if row.watching_limit_usd == limit_usd:
        return
    before, row.watching_limit_usd = row.watching_limit_usd, limit_usd
    row.save(update_fields=["watching_limit_usd"])
    note_plan(row, get_watch_plan(row.pk, now=now))
    record_event(
        actor=actor,
        verb="connection.watching_limit_changed",
        target=f"connection:{row.pk}",
        before={"watching_limit_usd": str(before)},
        after={"watching_limit_usd": str(limit_usd)},
    )
