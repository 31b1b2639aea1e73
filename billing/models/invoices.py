"""`Invoice`: what a provider asks to be paid for a month, the last of the three numbers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import Provider


class Invoice(TenantModel):
    """One invoice: entered by finance, or known from an export that carries its id."""

    provider = models.CharField(max_length=24, choices=[(provider.value, provider.value) for provider in Provider])
    invoice_id = models.CharField(max_length=64)
    month_date = models.DateField()
    amount = models.DecimalField(max_digits=38, decimal_places=18)
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=200, blank=True)
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    objects: ClassVar[TenantManager[Invoice]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "provider", "invoice_id"], name="invoice_unique"),
        ]
        indexes = [models.Index(fields=["organization", "month_date"], name="invoice_month")]

    def __str__(self) -> str:
        return self.invoice_id
