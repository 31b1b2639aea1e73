"""`BilledCostVersion` and `Restatement`: what a day said before it was told otherwise."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import Basis
from billing.models.usage import PlainOrganization


class BilledCostVersion(PlainOrganization):
    """A line of the bill as it was until `replaced_at`; of zeros where there was none. Partitioned by month.

    Kept only of days that had been told whole: what grows on the way there is no restatement.
    """

    # Added and read, never changed; deleted with the connection whose bill it was.
    application_rights = "SELECT, INSERT, DELETE"

    pk = models.CompositePrimaryKey("organization_id", "date", "series_id", "replaced_at")
    date = models.DateField()
    series_id = models.BigIntegerField()
    replaced_at = models.DateTimeField()
    cost_unblended = models.DecimalField(max_digits=38, decimal_places=18)
    cost_net_unblended = models.DecimalField(max_digits=38, decimal_places=18)
    cost_amortized = models.DecimalField(max_digits=38, decimal_places=18)
    quantity = models.DecimalField(max_digits=38, decimal_places=18)

    objects: ClassVar[TenantManager[BilledCostVersion]] = TenantManager()

    class Meta(PlainOrganization.Meta):
        pass


class Restatement(TenantModel):
    """A day whose amount became another one: which basis, when, from what to what, and what changed in it.

    The versions of a day are counted from 1: each restatement ends one.
    """

    application_rights = "SELECT, INSERT, DELETE"

    date = models.DateField()
    basis = models.CharField(max_length=8, choices=[(basis.value, basis.value) for basis in Basis])
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()
    cost_before = models.DecimalField(max_digits=38, decimal_places=18)
    cost_after = models.DecimalField(max_digits=38, decimal_places=18)
    # [{"name": …, "before": "1.20", "after": "1.32"}]: the lines that moved most, the most first.
    changes = models.JSONField(default=list)

    objects: ClassVar[TenantManager[Restatement]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "date", "basis", "currency", "recorded_at"], name="restatement_once_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.basis} {self.date}"
