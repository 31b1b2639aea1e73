"""`IdempotencyRecord`, the answer that a repeated API write gets again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class IdempotencyRecord(TenantModel):
    """One write by one API key under one Idempotency-Key. A status of NULL means: under way."""

    api_key = models.ForeignKey("accounts.ApiKey", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_body = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[TenantManager[IdempotencyRecord]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "api_key", "key"], name="idempotency_key_unique"),
        ]
