"""`CostCenter`, the tree that money is charged to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class CostCenter(TenantModel):
    """A place in the tree; `code` is what tags and files call it. One AWS account may be claimed by one center."""

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
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
                condition=models.Q(retired_at__isnull=True),
                name="cost_center_account_claimed_once",
            ),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="cost_center_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.code
