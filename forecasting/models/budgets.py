"""`Budget`."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from forecasting.domain.budgets import BudgetBasis, PeriodKind
from forecasting.domain.series import BUDGET_KINDS, ScopeKind


class Budget(TenantModel):
    """An amount that a part of the organization may spend in a period. Closed, never deleted: alerts point at it."""

    name = models.CharField(max_length=100)
    scope_kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in BUDGET_KINDS])
    scope_key = models.CharField(max_length=255, blank=True, default="")
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3)
    basis = models.CharField(
        max_length=20,
        choices=[(basis.value, basis.value) for basis in BudgetBasis],
        default=BudgetBasis.RATED.value,
    )
    period_kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in PeriodKind], default=PeriodKind.MONTH.value
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Kept beside the reference: who has left the organization is still named in its alerts.
    owner_label = models.CharField(max_length=254, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[Budget]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                "organization", Lower("name"), condition=models.Q(closed_at__isnull=True), name="budget_name_unique"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="budget_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(scope_kind=ScopeKind.ORGANIZATION.value, scope_key="")
                | (~models.Q(scope_kind=ScopeKind.ORGANIZATION.value) & ~models.Q(scope_key="")),
                name="budget_scope_has_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name
