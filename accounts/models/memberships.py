"""`Membership`: user, organization, role."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.domain.roles import ROLE_LABELS, Role
from accounts.tenancy.isolation import ReadableByUser
from accounts.tenancy.managers import OwnRowsManager, TenantManager
from accounts.tenancy.models import TenantModel


class Membership(TenantModel):
    """What a user is in an organization. The one tenant table with a second policy: users read their own rows."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=16, choices=[(role.value, ROLE_LABELS[role]) for role in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TenantManager[Membership]] = TenantManager()
    of_current_user: ClassVar[OwnRowsManager[Membership]] = OwnRowsManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ReadableByUser(name="membership_own_rows"),
            models.UniqueConstraint(fields=["organization", "user"], name="membership_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
        ]
        indexes = [models.Index(fields=["user"], name="membership_user")]
