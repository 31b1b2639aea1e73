"""`CostSource`, `BilledSeries` and `BilledCost`: what a provider put on the bill, day by day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.usage_types import UnitProof
from billing.models.usage import PlainOrganization


class CostSource(TenantModel):
    """Where bill lines come from that no connection reads: files of one provider, uploaded, posted, or fetched from S3."""

    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=24, choices=[(provider.value, provider.value) for provider in Provider])
    created_at = models.DateTimeField()

    objects: ClassVar[TenantManager[CostSource]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "name"], name="cost_source_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class BilledSeries(TenantModel):
    """A line of the bill: one usage type of one service in one account, as one bill shows it.

    The columns up to `tags` are its identity and stay as the bill said them (empty: the bill does not tell). What follows
    is read out of them by `domain/parsing`, and may be read better later: `reading` is the version of the reader.
    """

    # Of an AWS account that we read, or of files: exactly one of the two.
    connection = models.ForeignKey(
        "billing.AwsConnection", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    cost_source = models.ForeignKey(CostSource, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    provider = models.CharField(
        max_length=24,
        choices=[(provider.value, provider.value) for provider in Provider],
        default=Provider.AWS_BEDROCK.value,
        db_default=Provider.AWS_BEDROCK.value,
    )
    # Of other clouds their subscription or project: FOCUS's SubAccountId.
    aws_account_id = models.CharField(max_length=128)
    service = models.CharField(max_length=255)
    # Of other clouds their meter: FOCUS's SkuMeter.
    usage_type = models.CharField(max_length=255)
    unit = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    charge_category = models.CharField(
        max_length=16,
        choices=[(category.value, category.value) for category in ChargeCategory],
        default=ChargeCategory.USAGE.value,
        db_default=ChargeCategory.USAGE.value,
    )
    region_told = models.CharField(max_length=64, blank=True, default="", db_default="")
    resource_id = models.CharField(max_length=512, blank=True, default="", db_default="")
    principal_arn = models.CharField(max_length=512, blank=True, default="", db_default="")
    # SHA-256 of the tags, so that they can be part of the identity; empty without tags.
    tags_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    tags = models.JSONField(default=dict, db_default={})

    # What Cost Explorer's product attributes tell of the usage type, which names what its string does not.
    model_told = models.CharField(max_length=255, blank=True, default="", db_default="")
    feature_told = models.CharField(max_length=255, blank=True, default="", db_default="")

    aws_region = models.CharField(max_length=64, blank=True, default="", db_default="")
    model_id = models.CharField(max_length=128, blank=True, default="", db_default="")
    publisher = models.CharField(max_length=64, blank=True, default="", db_default="")
    token_class = models.CharField(max_length=32, blank=True, default="", db_default="")
    tier = models.CharField(max_length=24, blank=True, default="", db_default="")
    routing_class = models.CharField(max_length=16, blank=True, default="", db_default="")
    context_band = models.CharField(max_length=16, blank=True, default="", db_default="")
    heading = models.CharField(
        max_length=32, choices=[(item.value, item.value) for item in CostHeading], blank=True, default="", db_default=""
    )
    # How many tokens one unit of the quantity is; empty: the line does not count tokens, or nothing proves the unit.
    tokens_per_unit = models.PositiveIntegerField(null=True, blank=True)
    # How that is known (domain/usage_types.py: UnitProof); empty: the line does not count tokens.
    unit_proof = models.CharField(
        max_length=16,
        choices=[(proof.value, proof.value) for proof in UnitProof],
        blank=True,
        default="",
        db_default="",
    )
    reading = models.PositiveSmallIntegerField(default=0, db_default=0)
    first_seen_at = models.DateTimeField()

    objects: ClassVar[TenantManager[BilledSeries]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "connection",
                    "cost_source",
                    "aws_account_id",
                    "service",
                    "usage_type",
                    "unit",
                    "currency",
                    "provider",
                    "charge_category",
                    "region_told",
                    "resource_id",
                    "principal_arn",
                    "tags_digest",
                ],
                name="billed_series_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(connection__isnull=True) ^ Q(cost_source__isnull=True), name="billed_series_of_one_bill"
            ),
        ]
        indexes = [models.Index(fields=["organization", "model_id"], name="billed_series_model")]

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
