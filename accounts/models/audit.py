"""`AuditEvent`, append-only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.domain.audit import ActorKind
from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class AuditEvent(TenantModel):
    """Who did what to what, written in the transaction that it describes."""

    # The application's role can add lines and read them, never change or take them away (tenancy/grants.py).
    application_rights = "SELECT, INSERT"

    recorded_at = models.DateTimeField(auto_now_add=True)
    actor_kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ActorKind])
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254)
    verb = models.CharField(max_length=64)
    target = models.CharField(max_length=128)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects: ClassVar[TenantManager[AuditEvent]] = TenantManager()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="audit_event_newest_first")]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
