"""`CostCenter`, what money is charged to, and `CostCenterPlacement`, where it stands in the tree from which day on."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class CostCenter(TenantModel):
    """What money is charged to; `code` is what tags and files call it. One AWS account may be claimed by one center."""

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    aws_account_id = models.CharField(max_length=12, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[CostCenter]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("organization", Lower("code"), name="cost_center_code_unique"),
            models.UniqueConstraint(
                fields=["organization", "aws_account_id"],
                condition=Q(retired_at__isnull=True),
                name="cost_center_account_claimed_once",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CostCenterPlacement(TenantModel):
    """A center below a parent, or at the top, from an organization day up to, but not including, another.

    `valid_from` empty: from the beginning; `valid_to` empty: until further notice. A move ends one and begins another,
    so that history before it stays.
    """

    cost_center = models.ForeignKey(CostCenter, on_delete=models.CASCADE, related_name="placements")
    parent = models.ForeignKey(CostCenter, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    # When the center's last move was told: forecasts made before it count it in the old place.
    moved_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[CostCenterPlacement]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="cost_center_stands_in_one_place",
                expressions=[
                    ("cost_center", RangeOperators.EQUAL),
                    (
                        Func(
                            F("valid_from"),
                            F("valid_to"),
                            RangeBoundary(),
                            function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(condition=~Q(parent=F("cost_center")), name="cost_center_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="cost_center_placement_has_a_length",
            ),
        ]
        indexes = [models.Index(fields=["organization", "cost_center"], name="cost_center_placement")]
