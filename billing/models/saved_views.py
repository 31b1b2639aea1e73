"""`SavedView`: a question that somebody keeps, for themselves or for everybody."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.domain.audit import ActorKind
from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class SavedView(TenantModel):
    """One question by its texts. A name stands once among the shared ones, and once among those of each owner."""

    name = models.CharField(max_length=120)
    is_shared = models.BooleanField()
    owner_kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ActorKind])
    owner_id = models.CharField(max_length=64)
    owner_label = models.CharField(max_length=254)
    question = models.JSONField()
    saved_at = models.DateTimeField()

    objects: ClassVar[TenantManager[SavedView]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                "organization", Lower("name"), condition=Q(is_shared=True), name="shared_view_name_unique"
            ),
            models.UniqueConstraint(
                "organization",
                "owner_kind",
                "owner_id",
                Lower("name"),
                condition=Q(is_shared=False),
                name="private_view_name_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name
