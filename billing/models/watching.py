"""`MeteredCall`: what was asked of AWS for a connection in a month, operation by operation, and what AWS charges for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.collection import Source
from billing.domain.connections import Purpose


class MeteredCall(TenantModel):
    """One operation's requests of a UTC month, for one source and purpose; only ever counted up."""

    connection = models.ForeignKey("billing.AwsConnection", on_delete=models.CASCADE, related_name="metered")
    month = models.DateField()
    # Empty for what no source needs: the trying of a role, the search for regions.
    source = models.CharField(max_length=16, blank=True, choices=[(source.value, source.value) for source in Source])
    purpose = models.CharField(max_length=8, choices=[(purpose.value, purpose.value) for purpose in Purpose])
    operation = models.CharField(max_length=64)
    # Every page is a request.
    requests = models.PositiveBigIntegerField(default=0)
    metrics = models.PositiveBigIntegerField(default=0)
    charge_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    objects: ClassVar[TenantManager[MeteredCall]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "connection", "month", "source", "purpose", "operation"],
                name="metered_call_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.operation}"
