"""`UsageSeries` (the dictionary of dimensions), `SeriesAssignment` (who pays), `HourlyUsage` and `DailyUsage` (facts)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import TOKEN_CLASSES, Namespace, Provider, Routing, Tier


def day_range(start: str, end: str) -> Func:
    """Return two columns as one half-open range of days, for an exclusion constraint; an empty end is open."""
    return Func(F(start), F(end), RangeBoundary(), function="DATERANGE", output_field=DateRangeField())


class UsageSeries(TenantModel):
    """A line of usage: what its source said, once, for all its hours.

    The raw columns are its identity. `model_id`, `publisher` and `routing` are read out of them and may be read better
    later, when the catalog has learnt a name or a profile was resolved.
    """

    aws_account_id = models.CharField(max_length=12)
    aws_region = models.CharField(max_length=32)
    # Who bills for it: events say it, and what CloudWatch counts is Bedrock's.
    provider = models.CharField(
        max_length=24,
        choices=[(provider.value, provider.value) for provider in Provider],
        default=Provider.AWS_BEDROCK.value,
        db_default=Provider.AWS_BEDROCK.value,
    )
    namespace = models.CharField(max_length=64, choices=[(name.value, name.value) for name in Namespace])
    aws_model_id = models.CharField(max_length=512)
    tier = models.CharField(max_length=24, choices=[(tier.value, tier.value) for tier in Tier])
    inference_profile_id = models.CharField(max_length=128, blank=True)
    project = models.CharField(max_length=128, blank=True)
    model_id = models.CharField(max_length=128, blank=True)
    publisher = models.CharField(max_length=64, blank=True)
    routing = models.CharField(max_length=16, choices=[(routing.value, routing.value) for routing in Routing])
    tags = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    # When the model was last read differently than at first: what was rated before is rated again.
    named_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[UsageSeries]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "aws_account_id",
                    "aws_region",
                    "namespace",
                    "aws_model_id",
                    "tier",
                    "inference_profile_id",
                    "project",
                ],
                name="usage_series_unique",
            ),
        ]
        indexes = [models.Index(fields=["organization", "model_id"], name="usage_series_model")]

    def __str__(self) -> str:
        return f"{self.aws_model_id} {self.aws_region}"


class SeriesAssignment(TenantModel):
    """Who pays for a series, from a UTC day up to, but not including, another; joined when asked, never stored in facts.

    `assigned_from` empty: from the series' first hour. `origin` says which rule wrote the row.
    """

    usage_series = models.ForeignKey(
        UsageSeries, on_delete=models.CASCADE, related_name="assignments", null=True, blank=True
    )
    billed_series = models.ForeignKey(
        "billing.BilledSeries", on_delete=models.CASCADE, related_name="assignments", null=True, blank=True
    )
    cost_center = models.ForeignKey("accounts.CostCenter", on_delete=models.PROTECT, related_name="+")
    assigned_from = models.DateField(null=True, blank=True)
    assigned_to = models.DateField(null=True, blank=True)
    origin = models.CharField(max_length=16)
    # The rule, where one wrote the row; it may be gone since.
    rule_id = models.BigIntegerField(null=True, blank=True)

    objects: ClassVar[TenantManager[SeriesAssignment]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="usage_series_has_one_payer",
                expressions=[
                    ("usage_series", RangeOperators.EQUAL),
                    (day_range("assigned_from", "assigned_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(usage_series__isnull=False),
            ),
            ExclusionConstraint(
                name="billed_series_has_one_payer",
                expressions=[
                    ("billed_series", RangeOperators.EQUAL),
                    (day_range("assigned_from", "assigned_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(billed_series__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(usage_series__isnull=True) ^ Q(billed_series__isnull=True),
                name="series_assignment_of_one_series",
            ),
            models.CheckConstraint(
                condition=Q(assigned_from__isnull=True)
                | Q(assigned_to__isnull=True)
                | Q(assigned_to__gt=F("assigned_from")),
                name="series_assignment_has_a_length",
            ),
        ]


class PlainOrganization(TenantModel):
    """A fact's organization: a plain column, since no foreign key points from a fact."""

    organization = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.DO_NOTHING,
        related_name="+",
        editable=False,
        db_constraint=False,
        db_index=False,
        db_default=TenantModel._meta.get_field("organization").db_default,  # noqa: SLF001 - Django's documented hatch
    )

    class Meta(TenantModel.Meta):
        abstract = True


def cost_field() -> models.DecimalField[Decimal | None, Decimal | None]:
    """Money as stored: rounded only to be shown. NULL in an hourly fact: unpriced."""
    return models.DecimalField(max_digits=38, decimal_places=18, null=True)


class HourlyUsage(PlainOrganization):
    """What one series did in one UTC hour and what it cost by the price book. Partitioned by month (migration 0001)."""

    pk = models.CompositePrimaryKey("organization_id", "hour", "series_id")
    hour = models.DateTimeField()
    series_id = models.BigIntegerField()
    rate_card_id = models.BigIntegerField(null=True)
    invocations = models.BigIntegerField()
    client_errors = models.BigIntegerField()
    server_errors = models.BigIntegerField()
    throttles = models.BigIntegerField()
    tokens_input = models.BigIntegerField()
    tokens_output = models.BigIntegerField()
    tokens_cache_read = models.BigIntegerField()
    tokens_cache_write = models.BigIntegerField()
    tokens_cache_write_5m = models.BigIntegerField()
    tokens_cache_write_1h = models.BigIntegerField()
    cost_input = cost_field()
    cost_output = cost_field()
    cost_cache_read = cost_field()
    cost_cache_write = cost_field()
    cost_cache_write_5m = cost_field()
    cost_cache_write_1h = cost_field()

    objects: ClassVar[TenantManager[HourlyUsage]] = TenantManager()

    class Meta(PlainOrganization.Meta):
        pass


def sum_of_classes(measure: str, kind: models.Field[Any, Any]) -> models.GeneratedField:
    """A sum over the classes of tokens, kept by the database; a class without a value adds nothing."""
    expression: Expression = Coalesce(F(f"{measure}_{TOKEN_CLASSES[0].value}"), Value(0))
    for name in TOKEN_CLASSES[1:]:
        expression = expression + Coalesce(F(f"{measure}_{name.value}"), Value(0))
    return models.GeneratedField(expression=expression, output_field=kind, db_persist=True)


class DailyUsage(PlainOrganization):
    """Hourly facts added up into UTC days. `unpriced_…` are the tokens and `assumed_…` the cost, out of the sums beside
    them, that had no price or one that rests on an assumption; `cost`, `tokens_unpriced` and `cost_assumed` are the same
    over all classes, kept by the database in the key's index, so that most questions read nothing else.

    `…_moved` is the part of each from `moved_from` to `moved_to`: the hours that, in the organization's time zone when
    this was rolled up, belong to another local day than most of the day. Whoever expects other hours reads hours.
    """

    pk = models.CompositePrimaryKey("organization_id", "date", "series_id")
    date = models.DateField()
    series_id = models.BigIntegerField()
    invocations = models.BigIntegerField()
    client_errors = models.BigIntegerField()
    server_errors = models.BigIntegerField()
    throttles = models.BigIntegerField()
    tokens_input = models.BigIntegerField()
    tokens_output = models.BigIntegerField()
    tokens_cache_read = models.BigIntegerField()
    tokens_cache_write = models.BigIntegerField()
    tokens_cache_write_5m = models.BigIntegerField()
    tokens_cache_write_1h = models.BigIntegerField()
    cost_input = cost_field()
    cost_output = cost_field()
    cost_cache_read = cost_field()
    cost_cache_write = cost_field()
    cost_cache_write_5m = cost_field()
    cost_cache_write_1h = cost_field()
    unpriced_input = models.BigIntegerField(null=True)
    unpriced_output = models.BigIntegerField(null=True)
    unpriced_cache_read = models.BigIntegerField(null=True)
    unpriced_cache_write = models.BigIntegerField(null=True)
    unpriced_cache_write_5m = models.BigIntegerField(null=True)
    unpriced_cache_write_1h = models.BigIntegerField(null=True)
    assumed_input = cost_field()
    assumed_output = cost_field()
    assumed_cache_read = cost_field()
    assumed_cache_write = cost_field()
    assumed_cache_write_5m = cost_field()
    assumed_cache_write_1h = cost_field()
    moved_from = models.DateTimeField(null=True)
    moved_to = models.DateTimeField(null=True)
    cost_moved = cost_field()
    tokens_unpriced_moved = models.BigIntegerField(null=True)
    cost_assumed_moved = cost_field()
    cost = sum_of_classes("cost", cost_field())
    tokens_unpriced = sum_of_classes("unpriced", models.BigIntegerField(null=True))
    cost_assumed = sum_of_classes("assumed", cost_field())

    objects: ClassVar[TenantManager[DailyUsage]] = TenantManager()

    class Meta(PlainOrganization.Meta):
        pass
