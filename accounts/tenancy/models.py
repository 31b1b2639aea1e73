"""`TenantModel`, the abstract base of every organization-owned row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.isolation import NamedOrganization, TenantIsolation
from accounts.tenancy.managers import TenantManager


class TenantModel(models.Model):
    """A row behind the wall. A subclass's Meta must inherit this one: otherwise its table has no wall (checks.py)."""

    organization = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        # Every tenant table has an index or key of its own that begins with the organization.
        db_index=False,
        db_default=NamedOrganization(),
    )

    objects: ClassVar[TenantManager[TenantModel]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"
        constraints = [TenantIsolation(name="%(class)s_isolation")]

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"
