"""`NotificationChannel`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from forecasting.domain.channels import ChannelKind, ChannelState


class NotificationChannel(TenantModel):
    """An address that messages go to. Disabled, never deleted: its deliveries are the log of what was sent."""

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ChannelKind])
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=1000)
    language = models.CharField(max_length=8, default="en")
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in ChannelState],
        default=ChannelState.ACTIVE.value,
    )
    # A webhook's signing secret is derived from this and the installation's own key (operations/channels.py), so that
    # neither this table nor a dump of it holds a secret. Empty for e-mail.
    secret_salt = models.CharField(max_length=64, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    failing_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects: ClassVar[TenantManager[NotificationChannel]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("organization", Lower("name"), name="channel_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name
