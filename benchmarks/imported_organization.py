"""The organization that a measured file is imported into; loaded once Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Sum

from accounts.domain.audit import SYSTEM, Actor
from accounts.models import Organization
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.imports import ImportOrigin
from billing.operations.catalog import sync_price_table
from billing.operations.imports import add_import
from billing.operations.kept_files import KeptFile

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def clock() -> datetime:
    """The same moment always."""
    return NOW


@contextmanager
def organization(folder: Path) -> Iterator[Actor]:
    """Make an organization with the committed models and name it."""
    settings.MEDIA_ROOT = folder / "media"
    sync_price_table(now=NOW)
    made = Organization.objects.create(slug="bench", name="Bench", created_at=NOW)
    with organization_scope(made.id):
        yield SYSTEM


def add(actor: Actor, kept: KeptFile) -> int:
    """Take the file in."""
    with tenant_transaction():
        return add_import(
            actor=actor,
            source_name="CUR",
            file_name="cur.parquet",
            file=kept,
            origin=ImportOrigin.UPLOAD,
            now=NOW,
        ).import_id


def read(models: Any, import_id: int) -> tuple[Any, int, Decimal]:
    """Return the import, how many facts there are, and what they add up to."""
    with tenant_transaction():
        row = models.CostImport.objects.get(id=import_id)
        facts = models.BilledCost.objects.all()
        return row, facts.count(), facts.aggregate(whole=Sum("cost_unblended"))["whole"] or Decimal(0)
