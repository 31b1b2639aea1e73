"""`Invitation`."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.domain.roles import ROLE_LABELS, Role
from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class Invitation(TenantModel):
    """A letter that lets its reader in, once. The row is also the queue of its mail: `mail_due_at` says when to send."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=16, choices=[(role.value, ROLE_LABELS[role]) for role in Role])
    language = models.CharField(max_length=8, default="en")
    # Who invited: the person, where it was one, and the name for every reader.
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    invited_by = models.CharField(max_length=254)
    # The link's secret is made from the salt and the installation's own key (operations/invitations.py): neither this
    # table nor a dump of it holds it, and the worker can write the mail again.
    secret_salt = models.CharField(max_length=64)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_failure = models.CharField(max_length=120, blank=True, default="")

    objects: ClassVar[TenantManager[Invitation]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "secret_hash"], name="invitation_secret_unique"),
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="invitation_role_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False),
                name="invitation_mail_due",
            ),
            models.Index(fields=["organization", "-id"], name="invitation_newest_first"),
        ]
