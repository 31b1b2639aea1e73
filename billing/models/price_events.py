"""`PriceEvent`: the day on which a rate became another one, on the organization's bill or in a published list."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.price_events import EventKind


class PriceEvent(TenantModel):
    """A move of one rate. Found again, it is the same row; what a restated bill no longer shows is withdrawn and stays."""

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in EventKind])
    model_id = models.CharField(max_length=128)
    # A region, or of a published price a pattern of regions: `*`, `us-*`.
    aws_region = models.CharField(max_length=64)
    routing_class = models.CharField(max_length=16)
    tier = models.CharField(max_length=24)
    token_class = models.CharField(max_length=32)
    context_band = models.CharField(max_length=16)
    # US dollars per million tokens.
    rate_before = models.DecimalField(max_digits=24, decimal_places=12)
    rate_after = models.DecimalField(max_digits=24, decimal_places=12)
    # A UTC day, as bills have them.
    first_day = models.DateField()
    source = models.CharField(max_length=255, blank=True)
    found_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[PriceEvent]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "kind",
                    "model_id",
                    "aws_region",
                    "routing_class",
                    "tier",
                    "token_class",
                    "context_band",
                    "first_day",
                ],
                name="price_event_unique",
            ),
            models.CheckConstraint(
                condition=Q(rate_before__gte=0) & Q(rate_after__gte=0), name="price_event_rates_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.token_class} {self.rate_before} to {self.rate_after} on {self.first_day}"
