"""`Delivery`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from forecasting.domain.channels import DeliveryState, Failure, MessageKind
from forecasting.models.alerts import AlertEvent
from forecasting.models.channels import NotificationChannel


class Delivery(TenantModel):
    """One message on its way to one channel; the row is the queue. An event, or none for a test message."""

    event = models.ForeignKey(AlertEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    channel = models.ForeignKey(NotificationChannel, on_delete=models.PROTECT, related_name="deliveries")
    message_kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in MessageKind])
    # The same for every attempt, and for every channel of one event: what a receiver knows a repeated message by.
    message_id = models.CharField(max_length=64)
    payload = models.JSONField()
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in DeliveryState],
        default=DeliveryState.PENDING.value,
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(
        max_length=24, choices=[(failure.value, failure.value) for failure in Failure], blank=True, default=""
    )
    failure_detail = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    attempted_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[Delivery]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "event", "channel"],
                condition=models.Q(event__isnull=False),
                name="delivery_once_per_event_and_channel",
            ),
            models.CheckConstraint(
                condition=models.Q(state=DeliveryState.PENDING.value, next_attempt_at__isnull=False)
                | ~models.Q(state=DeliveryState.PENDING.value),
                name="delivery_pending_has_next_attempt",
            ),
            models.CheckConstraint(
                condition=models.Q(state=DeliveryState.SENDING.value, lease_until__isnull=False)
                | ~models.Q(state=DeliveryState.SENDING.value),
                name="delivery_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "next_attempt_at"],
                condition=models.Q(state=DeliveryState.PENDING.value),
                name="delivery_due",
            ),
            models.Index(
                fields=["organization", "lease_until"],
                condition=models.Q(state=DeliveryState.SENDING.value),
                name="delivery_leased",
            ),
            models.Index(fields=["organization", "channel", "-id"], name="delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to channel {self.channel_id}"
