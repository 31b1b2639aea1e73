"""Deletes what was stored of a disconnected account, when its owner asked for that."""

from __future__ import annotations

from datetime import datetime

from accounts.domain.audit import SYSTEM
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from billing.domain.connections import ConnectionState
from billing.models import AwsConnection, BilledSeries, CollectionWindow, InferenceProfile, ObservedMetric, UsageSeries
from billing.operations.learnt_rates import mark_learning_due
from billing.sql import execute


def list_erasures_due() -> list[int]:
    """Return the disconnected connections whose data are still to be deleted."""
    with tenant_transaction():
        due = AwsConnection.objects.filter(
            state=ConnectionState.DISCONNECTED, deletion_asked_at__isnull=False, data_deleted_at__isnull=True
        )
        return list(due.order_by("id").values_list("id", flat=True))


def erase_connection_data(*, connection_id: int, now: datetime) -> bool:
    """Delete the facts, series, profiles and windows of a connection, all or nothing; the connection's row stays.

    What another connection of the organization reads from the same account stays too. Doing it twice deletes nothing more.
    """
    with tenant_transaction():
        row = (
            AwsConnection.objects.select_for_update(skip_locked=True)
            .filter(id=connection_id, deletion_asked_at__isnull=False, data_deleted_at__isnull=True)
            .first()
        )
        if row is None:
            return False
        execute("delete_connection_cost", connection_id=row.pk)
        BilledSeries.objects.filter(connection=row).delete()
        mark_learning_due()
        CollectionWindow.objects.filter(connection=row).delete()
        if not _is_read_by_another(row):
            _erase_usage(row.aws_account_id)
        row.data_deleted_at = now
        row.save(update_fields=["data_deleted_at"])
        record_event(actor=SYSTEM, verb="connection.data_deleted", target=f"connection:{row.pk}")
        return True


def _is_read_by_another(row: AwsConnection) -> bool:
    others = AwsConnection.objects.filter(aws_account_id=row.aws_account_id, holds_role=True)
    return others.exclude(id=row.pk).exists()


def _erase_usage(aws_account_id: str) -> None:
    execute("delete_account_hourly_usage", aws_account_id=aws_account_id)
    execute("delete_account_daily_usage", aws_account_id=aws_account_id)
    for model in (UsageSeries, InferenceProfile, ObservedMetric):
        model.objects.filter(aws_account_id=aws_account_id).delete()
