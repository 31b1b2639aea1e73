"""`CostImport` (a file of a bill and what came of it), `ImportedPeriod` (what stands of it), `CostExport` (where to fetch)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.imports import (
    FILE_NAME_LENGTH,
    OPEN_STATES,
    CostFormat,
    ImportFailure,
    ImportOrigin,
    ImportState,
)


class CostExport(TenantModel):
    """An export that a connected AWS account delivers into a bucket: its manifests say when there is something new."""

    connection = models.ForeignKey("billing.AwsConnection", on_delete=models.PROTECT, related_name="+")
    cost_source = models.ForeignKey("billing.CostSource", on_delete=models.PROTECT, related_name="+")
    bucket = models.CharField(max_length=63)
    bucket_region = models.CharField(max_length=32)
    prefix = models.CharField(max_length=255, blank=True)
    export_name = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    # Billing period ("2026-10") to the ETag of the manifest that was read last.
    manifests = models.JSONField(default=dict)
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=64, blank=True)
    last_error_detail = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[CostExport]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "bucket", "prefix", "export_name"],
                condition=Q(ended_at__isnull=True),
                name="cost_export_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}/{self.export_name}"


class CostImport(TenantModel):
    """A file, or the files of one delivery, and what came of reading it.

    `attempt` only ever grows: who stores must hold the attempt with which it claimed the import.
    """

    cost_source = models.ForeignKey("billing.CostSource", on_delete=models.PROTECT, related_name="+")
    cost_export = models.ForeignKey(CostExport, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    origin = models.CharField(max_length=8, choices=[(item.value, item.value) for item in ImportOrigin])
    format = models.CharField(max_length=8, choices=[(item.value, item.value) for item in CostFormat], blank=True)
    file_name = models.CharField(max_length=FILE_NAME_LENGTH)
    file_bytes = models.BigIntegerField(default=0)
    # SHA-256 of what was sent; of an export the ETag of its manifest.
    file_digest = models.CharField(max_length=80)
    # The file in the folder for files, until it has been read; of an export the keys in its bucket.
    kept_as = models.CharField(max_length=64, blank=True)
    keys = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254, blank=True)

    state = models.CharField(max_length=8, choices=[(item.value, item.value) for item in ImportState])
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    progress_percent = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=24, choices=[(item.value, item.value) for item in ImportFailure], blank=True)
    failure_detail = models.CharField(max_length=300, blank=True)

    rows = models.BigIntegerField(default=0)
    rows_kept = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    # The first hundred, as the page shows them.
    rejected = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    # By currency: billed in the file, kept as AI, left out; decimals as text.
    amounts = models.JSONField(default=list)
    # What was left out, by provider and service, largest first.
    left_out = models.JSONField(default=list)
    # Start and end of each period that it told, and which imports told them before.
    periods = models.JSONField(default=list)

    objects: ClassVar[TenantManager[CostImport]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(state__in=[item.value for item in ImportState]), name="cost_import_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "created_at"],
                condition=Q(state__in=[item.value for item in OPEN_STATES]),
                name="cost_import_open",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportedPeriod(TenantModel):
    """A billing period of a cost source as its newest file told it: replaced as a whole, never added to."""

    cost_source = models.ForeignKey("billing.CostSource", on_delete=models.PROTECT, related_name="+")
    cost_import = models.ForeignKey(CostImport, on_delete=models.PROTECT, related_name="+")
    period_start = models.DateField()
    period_end = models.DateField()
    # Days before this one are told in full; later ones may have been cut off.
    complete_until = models.DateField()
    rows = models.BigIntegerField()
    # By currency, as in CostImport.
    amounts = models.JSONField(default=list)
    # Invoice id, issuer, currency, amount of the whole invoice in the file and of its AI lines.
    invoices = models.JSONField(default=list)
    stored_at = models.DateTimeField()

    objects: ClassVar[TenantManager[ImportedPeriod]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "cost_source", "period_start"], name="imported_period_unique"
            ),
            models.CheckConstraint(condition=Q(period_end__gt=F("period_start")), name="imported_period_has_a_length"),
        ]

    def __str__(self) -> str:
        return f"{self.period_start} to {self.period_end}"
