"""`UsageEvent`: what another meter told, as it came; `UsageEventDay`: the days whose hours were added up from events."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import TOKEN_CLASSES, Provider


class UsageEvent(TenantModel):
    """One event, once for its source and id: the database refuses it a second time."""

    source = models.CharField(max_length=255)
    event_id = models.CharField(max_length=255)
    time = models.DateTimeField()
    provider = models.CharField(max_length=24, choices=[(provider.value, provider.value) for provider in Provider])
    model = models.CharField(max_length=128)
    aws_region = models.CharField(max_length=32, blank=True)
    cost_center = models.CharField(max_length=64, blank=True)
    requests = models.BigIntegerField(default=0)
    tokens_input = models.BigIntegerField(default=0)
    tokens_output = models.BigIntegerField(default=0)
    tokens_cache_read = models.BigIntegerField(default=0)
    tokens_cache_write = models.BigIntegerField(default=0)
    tokens_cache_write_5m = models.BigIntegerField(default=0)
    tokens_cache_write_1h = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()

    objects: ClassVar[TenantManager[UsageEvent]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "source", "event_id"], name="usage_event_once"),
            models.CheckConstraint(
                condition=models.Q(requests__gte=0, **{f"tokens_{name.value}__gte": 0 for name in TOKEN_CLASSES}),
                name="usage_event_counts_up",
            ),
        ]
        indexes = [models.Index(fields=["organization", "aws_region", "time"], name="usage_event_time")]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


class UsageEventDay(TenantModel):
    """One UTC day of one region that has events: what is to be added up, and rated, again as a whole."""

    aws_region = models.CharField(max_length=32, blank=True)
    date = models.DateField()
    is_rating_due = models.BooleanField(default=False)
    # When the hours were last added up and rated.
    stored_at = models.DateTimeField()

    objects: ClassVar[TenantManager[UsageEventDay]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "aws_region", "date"], name="usage_event_day_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.aws_region} {self.date:%Y-%m-%d}"
