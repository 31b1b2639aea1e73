"""`AllocationRule` with its versions, `SeriesEvidence` beside it, `AllocationRun` (the work a change makes), splits, metrics."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q
from django.db.models.functions import Lower

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.allocation import Origin
from billing.domain.allocation_runs import RunState
from billing.domain.shared_costs import SplitMethod
from billing.models.usage import day_range


class AllocationRule(TenantModel):
    """A rule by its name and rank; the order holds for every day, what the rule says stands in its versions."""

    name = models.CharField(max_length=120)
    rank = models.PositiveIntegerField()
    version = models.PositiveIntegerField(default=1)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField()

    objects: ClassVar[TenantManager[AllocationRule]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("organization", Lower("name"), name="allocation_rule_name_unique"),
            # Deferred: two rules that change places have the same rank for a moment.
            models.UniqueConstraint(
                fields=["organization", "rank"], name="allocation_rule_rank_unique", deferrable=Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AllocationRuleVersion(TenantModel):
    """What a rule says from a UTC day up to, but not including, another; empty: always, until further notice."""

    rule = models.ForeignKey(AllocationRule, on_delete=models.CASCADE, related_name="versions")
    cost_center = models.ForeignKey("accounts.CostCenter", on_delete=models.PROTECT, related_name="+")
    # A list of {"field", "comparison", "values", "tag_key"}, checked by domain/allocation.py.
    conditions = models.JSONField()
    effective_from = models.DateField(null=True, blank=True)
    effective_to = models.DateField(null=True, blank=True)

    objects: ClassVar[TenantManager[AllocationRuleVersion]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="allocation_rule_says_one_thing",
                expressions=[
                    ("rule", RangeOperators.EQUAL),
                    (day_range("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(effective_from__isnull=True)
                | Q(effective_to__isnull=True)
                | Q(effective_to__gt=F("effective_from")),
                name="allocation_rule_version_has_a_length",
            ),
        ]


class SeriesEvidence(TenantModel):
    """What a series' tags were from a UTC day up to another, and who paid by them or by its account, rules left aside.

    Kept so that a tag or a claim that changes does not move the past, whatever rules come and go above it.
    """

    usage_series = models.ForeignKey(
        "billing.UsageSeries", on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    billed_series = models.ForeignKey(
        "billing.BilledSeries", on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    told_from = models.DateField(null=True, blank=True)
    told_to = models.DateField(null=True, blank=True)
    tags = models.JSONField(default=dict)
    cost_center = models.ForeignKey(
        "accounts.CostCenter", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    origin = models.CharField(max_length=16, blank=True, choices=[(origin.value, origin.value) for origin in Origin])

    objects: ClassVar[TenantManager[SeriesEvidence]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="usage_series_evidence_once",
                expressions=[
                    ("usage_series", RangeOperators.EQUAL),
                    (day_range("told_from", "told_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(usage_series__isnull=False),
            ),
            ExclusionConstraint(
                name="billed_series_evidence_once",
                expressions=[
                    ("billed_series", RangeOperators.EQUAL),
                    (day_range("told_from", "told_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(billed_series__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(usage_series__isnull=True) ^ Q(billed_series__isnull=True),
                name="series_evidence_of_one_series",
            ),
        ]


class AllocationRun(TenantModel):
    """Work that a changed rule makes: every series is allocated again, in steps. The row is the queue."""

    requested_by = models.CharField(max_length=254)
    requested_at = models.DateTimeField()
    # The first day that may change: for people; every series is allocated whole.
    from_day = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in RunState])
    lease_until = models.DateTimeField(null=True, blank=True)
    series_total = models.PositiveIntegerField(default=0)
    series_done = models.PositiveIntegerField(default=0)
    # Up to which series it has come: usage series first, then those of the bill.
    last_usage_series_id = models.BigIntegerField(default=0)
    last_billed_series_id = models.BigIntegerField(default=0)
    changes = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[AllocationRun]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            # What is changed while a run waits is done by the same run; what is changed while one is under way, by a next.
            models.UniqueConstraint(
                fields=["organization"], condition=Q(state=RunState.DUE.value), name="allocation_run_waits_once"
            ),
        ]


class UnallocatedOwner(TenantModel):
    """Who looks after what nobody pays for: one member an organization."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    set_by = models.CharField(max_length=254)
    set_at = models.DateTimeField()

    objects: ClassVar[TenantManager[UnallocatedOwner]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization"], name="unallocated_has_one_owner"),
        ]


class SharedCostSplit(TenantModel):
    """How a statement distributes the cost of one cost center (or what nobody pays for) to others, by whole months."""

    name = models.CharField(max_length=120)
    # Empty: what nobody pays for.
    pool = models.ForeignKey("accounts.CostCenter", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    method = models.CharField(max_length=16, choices=[(method.value, method.value) for method in SplitMethod])
    metric = models.CharField(max_length=120, blank=True)
    first_month = models.DateField(null=True, blank=True)
    last_month = models.DateField(null=True, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    objects: ClassVar[TenantManager[SharedCostSplit]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("organization", Lower("name"), name="shared_cost_split_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class SharedCostShare(TenantModel):
    """A cost center that a split gives a part to; the percentage where the method is fixed."""

    split = models.ForeignKey(SharedCostSplit, on_delete=models.CASCADE, related_name="shares")
    cost_center = models.ForeignKey("accounts.CostCenter", on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)

    objects: ClassVar[TenantManager[SharedCostShare]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["split", "cost_center"], name="shared_cost_share_once"),
        ]


class BusinessMetric(TenantModel):
    """What a cost center's business came to in a month, such as its orders: what a split may go by."""

    name = models.CharField(max_length=120)
    month_date = models.DateField()
    cost_center = models.ForeignKey("accounts.CostCenter", on_delete=models.PROTECT, related_name="+")
    value = models.DecimalField(max_digits=24, decimal_places=6)
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    objects: ClassVar[TenantManager[BusinessMetric]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "name", "month_date", "cost_center"], name="business_metric_once"
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="business_metric_not_negative"),
        ]
