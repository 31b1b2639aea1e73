"""Exports that AWS delivers into a bucket: register one, look for new deliveries, fetch what a manifest names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.domain.audit import SYSTEM, Actor
from accounts.domain.errors import Conflict, Invalid, NotFound
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.errors import AwsError
from billing.adapters.aws.exports import Bucket, Manifest, fetch_file, list_manifests, read_manifest
from billing.domain.connections import COLLECTING_STATES, check_regions
from billing.domain.imports import RAW_LENGTH, ImportOrigin, ImportState
from billing.models import AwsConnection, CostExport, CostImport, CostSource
from billing.operations.windows import role_of

# AWS delivers up to three times a day; looking costs a listing.
CHECKED_EVERY = timedelta(hours=2)
CHECK_LEASE = timedelta(minutes=5)
# What may still change: the running month and the one before. The rest is read once.
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
EXPORT_NAME = re.compile(r"[\w.-]{1,128}", re.ASCII)
PREFIX = re.compile(r"[\w!.*'()/=-]{0,255}", re.ASCII)


class MalformedExport(Invalid):
    """The text cannot be where an export lies."""

    code: ClassVar[str] = "malformed_export"
    message: ClassVar[str] = gettext_noop(
        "Give the bucket, the prefix and the name of the export exactly as AWS Data Exports shows them."
    )


class ExportConnectionMissing(Invalid):
    """An export is read through the role of a connected account."""

    code: ClassVar[str] = "export_connection_missing"
    message: ClassVar[str] = gettext_noop("Choose a connected AWS account whose role may read the bucket.")


class ExportExists(Conflict):
    """The same export is read already."""

    code: ClassVar[str] = "export_exists"
    message: ClassVar[str] = gettext_noop("This export is read already.")


class CostExportNotFound(NotFound):
    """There is no export with this number."""

    code: ClassVar[str] = "cost_export_not_found"
    message: ClassVar[str] = gettext_noop("There is no such export.")


def add_export(
    *,
    actor: Actor,
    source: CostSource,
    connection_id: int,
    bucket: str,
    bucket_region: str,
    prefix: str,
    export_name: str,
    now: datetime,
) -> int:
    """Register an export to be read, now and whenever its manifests change. Raises Invalid, ExportExists."""
    told = (bucket.strip(), prefix.strip().strip("/"), export_name.strip())
    if not (BUCKET.fullmatch(told[0]) and PREFIX.fullmatch(told[1]) and EXPORT_NAME.fullmatch(told[2])):
        raise MalformedExport(field="bucket")
    regions = check_regions([bucket_region.strip()])
    connection = AwsConnection.objects.filter(id=connection_id, state__in=COLLECTING_STATES).first()
    if connection is None:
        raise ExportConnectionMissing(field="connection")
    try:
        with transaction.atomic():
            row = CostExport.objects.create(
                connection=connection,
                cost_source=source,
                bucket=told[0],
                bucket_region=regions[0],
                prefix=told[1],
                export_name=told[2],
                created_at=now,
                next_check_at=now,
            )
    except IntegrityError as error:
        raise ExportExists from error
    record_event(
        actor=actor,
        verb="cost_export.added",
        target=f"cost_export:{row.pk}",
        after={"location": str(row), "connection": connection_id},
    )
    return row.pk


def end_export(*, actor: Actor, export_id: int, now: datetime) -> None:
    """Stop reading an export; what was imported stays. Raises CostExportNotFound."""
    row = CostExport.objects.select_for_update().filter(id=export_id, ended_at__isnull=True).first()
    if row is None:
        raise CostExportNotFound
    row.ended_at, row.next_check_at = now, None
    row.save(update_fields=["ended_at", "next_check_at"])
    record_event(actor=actor, verb="cost_export.ended", target=f"cost_export:{row.pk}", before={"location": str(row)})


def list_exports_due(*, now: datetime) -> list[int]:
    """Return the exports to look at now."""
    with tenant_transaction():
        due = CostExport.objects.filter(
            ended_at__isnull=True, next_check_at__lte=now, connection__state__in=COLLECTING_STATES
        )
        return list(due.order_by("id").values_list("id", flat=True))


def check_export(*, export_id: int, clock: Callable[[], datetime]) -> list[int]:
    """Look for manifests that have changed, and write down an import for each; returns the imports.

    A delivery that is there already becomes no second import. What AWS denies stands in the export's row.
    """
    now = clock()
    with tenant_transaction():
        due = CostExport.objects.filter(id=export_id, ended_at__isnull=True, next_check_at__lte=now)
        if not due.update(next_check_at=now + CHECK_LEASE):
            return []
        row = CostExport.objects.select_related("connection").get(id=export_id)
        bucket = _bucket(row)
    try:
        manifests = list_manifests(bucket, prefix=row.prefix, export_name=row.export_name)
        changed = [manifest for manifest in manifests if row.manifests.get(manifest.period) != manifest.etag]
        told = [(manifest, read_manifest(bucket, manifest.key)) for manifest in changed]
    except AwsError as error:
        with tenant_transaction():
            CostExport.objects.filter(id=export_id).update(
                last_error=error.code[:64],
                last_error_detail=f"{error.action} {error.detail}".strip()[:RAW_LENGTH],
                checked_at=now,
                next_check_at=now + CHECKED_EVERY,
            )
        return []
    with tenant_transaction():
        locked = CostExport.objects.select_for_update().get(id=export_id)
        added = [_add_import(locked, manifest, keys, now) for manifest, keys in told if keys]
        locked.manifests = {**locked.manifests, **{manifest.period: manifest.etag for manifest, _ in told}}
        locked.last_error = locked.last_error_detail = ""
        locked.checked_at, locked.next_check_at = now, now + CHECKED_EVERY
        locked.save()
    return added


def fetch_delivery(import_id: int, folder: Path, *, tick: Callable[[], None], now: datetime) -> list[Path]:
    """Fetch the files of an import that came from S3 into a folder. Raises AwsError."""
    del now
    with tenant_transaction():
        row = CostImport.objects.select_related("cost_export__connection").get(id=import_id)
        assert row.cost_export is not None
        bucket, keys = _bucket(row.cost_export), list(row.keys)
    paths, size = [], 0
    for number, key in enumerate(keys):
        path = folder / f"{number:05d}-{Path(key).name[-80:]}"
        size += fetch_file(bucket, key, path, tick=tick)
        paths.append(path)
    with tenant_transaction():
        CostImport.objects.filter(id=import_id).update(file_bytes=size)
    return paths


def _add_import(row: CostExport, manifest: Manifest, keys: tuple[str, ...], now: datetime) -> int:
    """A delivery of a period that waits unread makes way for the newer one."""
    CostImport.objects.filter(
        Q(cost_export=row, state=ImportState.DUE), file_name__startswith=f"{manifest.period} "
    ).update(state=ImportState.REMOVED)
    made = CostImport.objects.create(
        cost_source_id=row.cost_source_id,
        cost_export=row,
        origin=ImportOrigin.S3,
        file_name=f"{manifest.period} {row.export_name}",
        file_digest=manifest.etag[:80],
        keys=list(keys),
        created_at=now,
        created_by=SYSTEM.label,
        state=ImportState.DUE,
    )
    return made.pk


def _bucket(row: CostExport) -> Bucket:
    return Bucket(role=role_of(row.connection, "exports"), name=row.bucket, aws_region=row.bucket_region)
