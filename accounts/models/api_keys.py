"""`ApiKey`: prefix and hash only."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class ApiKey(TenantModel):
    """A key of one organization; its text is shown once and only its hash is kept."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=32))
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[ApiKey]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "prefix"], name="api_key_prefix_unique"),
        ]

    def __str__(self) -> str:
        return self.prefix
