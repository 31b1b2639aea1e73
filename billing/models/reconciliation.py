"""`Reconciliation` (a day matched), `Discrepancy` (what exceeds the tolerance) and `ReconciliationTolerance`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.reconciliation import DiscrepancyState, Reason


class ReconciliationTolerance(TenantModel):
    """What an organization does not look at; without a row the usual amounts hold."""

    absolute_usd = models.DecimalField(max_digits=12, decimal_places=2)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    objects: ClassVar[TenantManager[ReconciliationTolerance]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization"], name="reconciliation_tolerance_once"),
            models.CheckConstraint(
                condition=Q(absolute_usd__gte=0, percent__gte=0, percent__lte=100),
                name="reconciliation_tolerance_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.absolute_usd} USD, {self.percent} %"


class Reconciliation(TenantModel):
    """What a UTC day's match came to, in US dollars: rated + explained + unexplained = billed.

    The lines of a day are matched when they are asked for; what a month shows is added up from these rows.
    """

    date = models.DateField()
    rated = models.DecimalField(max_digits=38, decimal_places=18)
    billed = models.DecimalField(max_digits=38, decimal_places=18)
    matched = models.DecimalField(max_digits=38, decimal_places=18)
    # The amount of each reason, as text.
    explained = models.JSONField(default=dict)
    unexplained = models.DecimalField(max_digits=38, decimal_places=18)
    tokens_unpriced = models.BigIntegerField()
    # Bills in other currencies, which nothing is matched with: {"EUR": "12.30"}.
    other_currencies = models.JSONField(default=dict)
    is_closed = models.BooleanField()
    reconciled_at = models.DateTimeField()
    is_due = models.BooleanField(default=False)

    objects: ClassVar[TenantManager[Reconciliation]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "date"], name="reconciliation_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.date}"


class Discrepancy(TenantModel):
    """One reason of one line of one day, larger than is tolerated: an exception that finance answers.

    When a later match no longer finds it, `resolved_at` is set and the row stays.
    """

    date = models.DateField()
    provider = models.CharField(max_length=24)
    aws_account_id = models.CharField(max_length=128)
    aws_region = models.CharField(max_length=64, blank=True)
    model_id = models.CharField(max_length=128, blank=True)
    token_class = models.CharField(max_length=32, blank=True)
    # Empty: unexplained.
    reason = models.CharField(max_length=24, blank=True, choices=[(reason.value, reason.value) for reason in Reason])
    amount = models.DecimalField(max_digits=38, decimal_places=18)
    rated = models.DecimalField(max_digits=38, decimal_places=18)
    billed = models.DecimalField(max_digits=38, decimal_places=18)
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in DiscrepancyState])
    note = models.CharField(max_length=500, blank=True)
    changed_by = models.CharField(max_length=254, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[Discrepancy]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "date",
                    "provider",
                    "aws_account_id",
                    "aws_region",
                    "model_id",
                    "token_class",
                    "reason",
                ],
                name="discrepancy_once_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.reason}"
