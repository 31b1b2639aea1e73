"""`ExchangeRate`: what one US dollar bought in a month, as the organization entered it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class ExchangeRate(TenantModel):
    """One rate of one month, entered by hand, with its origin."""

    month_date = models.DateField()
    currency = models.CharField(max_length=3)
    units_per_usd = models.DecimalField(max_digits=20, decimal_places=8)
    source = models.CharField(max_length=120, blank=True)
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    objects: ClassVar[TenantManager[ExchangeRate]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "month_date", "currency"], name="exchange_rate_once_a_month"
            ),
            models.CheckConstraint(condition=models.Q(units_per_usd__gt=0), name="exchange_rate_above_zero"),
            models.CheckConstraint(condition=models.Q(month_date__day=1), name="exchange_rate_of_a_whole_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month_date:%Y-%m} {self.currency}"
