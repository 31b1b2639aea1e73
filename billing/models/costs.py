"""`BilledSeries` and `BilledCost`: what AWS put on the bill, day by day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.models.usage import PlainOrganization


class BilledSeries(TenantModel):
    """A line of the bill: one usage type of one service in one account, as one payer's bill shows it."""

    connection = models.ForeignKey("billing.AwsConnection", on_delete=models.PROTECT, related_name="+")
    aws_account_id = models.CharField(max_length=12)
    service = models.CharField(max_length=255)
    usage_type = models.CharField(max_length=255)
    unit = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    first_seen_at = models.DateTimeField()

    objects: ClassVar[TenantManager[BilledSeries]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "connection", "aws_account_id", "service", "usage_type", "unit", "currency"],
                name="billed_series_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.usage_type}"


class BilledCost(PlainOrganization):
    """One line of the bill on one UTC day, in the bill's currency. Partitioned by month (migration 0001)."""

    pk = models.CompositePrimaryKey("organization_id", "date", "series_id")
    date = models.DateField()
    series_id = models.BigIntegerField()
    cost_unblended = models.DecimalField(max_digits=38, decimal_places=18)
    cost_net_unblended = models.DecimalField(max_digits=38, decimal_places=18)
    cost_amortized = models.DecimalField(max_digits=38, decimal_places=18)
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    # AWS may still change the day's figures.
    is_estimated = models.BooleanField()

    objects: ClassVar[TenantManager[BilledCost]] = TenantManager()

    class Meta(PlainOrganization.Meta):
        pass
