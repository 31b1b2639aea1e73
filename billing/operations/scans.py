"""Looks once a day for Bedrock traffic in regions that had none when the connection was verified."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import Q, QuerySet

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.errors import AwsError
from billing.adapters.aws.meter import metered
from billing.domain.connections import COLLECTING_STATES, Charge, Purpose
from billing.models import AwsConnection
from billing.operations.verification import find_traffic_regions
from billing.operations.watching import note_charge
from billing.operations.windows import Clock, role_of

log = structlog.get_logger()

SCANNED_EVERY = timedelta(days=1)


def list_scans_due(*, now: datetime) -> list[int]:
    """Return the connections to scan: those whose customer left it to us to find the regions."""
    with tenant_transaction():
        return list(_due(now).order_by("id").values_list("id", flat=True))


def scan_regions(*, connection_id: int, clock: Clock) -> tuple[str, ...]:
    """Add the regions that have traffic by now to those that are read; returns the new ones. None is ever taken away.

    ListMetrics lies in AWS's free tier. When AWS is out of reach, tomorrow is soon enough.
    """
    now = clock()
    with tenant_transaction():
        if not _due(now).filter(id=connection_id).update(scanned_at=now):
            return ()
        role = role_of(AwsConnection.objects.get(id=connection_id), "scan")
    charge = Charge()
    try:
        with metered(charge):
            found = find_traffic_regions(role)
    except AwsError as error:
        log.warning("regions_not_scanned", connection=connection_id, code=error.code)
        return ()
    with tenant_transaction():
        note_charge(connection_id, source="", purpose=Purpose.CHECK, charge=charge, now=now)
        row = AwsConnection.objects.select_for_update().get(id=connection_id)
        new = tuple(sorted(set(found) - set(row.aws_regions)))
        if new:
            row.aws_regions = sorted({*row.aws_regions, *new})
            row.save(update_fields=["aws_regions"])
        return new


def _due(now: datetime) -> QuerySet[AwsConnection, AwsConnection]:
    is_old = Q(scanned_at__isnull=True) | Q(scanned_at__lte=now - SCANNED_EVERY)
    return AwsConnection.objects.filter(is_old, state__in=COLLECTING_STATES, aws_regions_asked=[])
