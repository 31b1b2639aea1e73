"""The manager that refuses any query on tenant data outside a tenant transaction."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from accounts.tenancy.context import organization_in_transaction, user_in_transaction

Row = TypeVar("Row", bound=models.Model, covariant=True)  # noqa: PLC0105 - Django's managers are covariant in the model


class TenantManager(models.Manager[Row]):
    """Rows of the organization whose transaction is open.

    The filter stands besides the policy so that the planner has a plain condition and an index to use.
    """

    def get_queryset(self) -> models.QuerySet[Row, Row]:
        return super().get_queryset().filter(organization_id=organization_in_transaction())


class OwnRowsManager(models.Manager[Row]):
    """Rows of the user whose transaction is open, of every organization; to read only, as the policy says."""

    def get_queryset(self) -> models.QuerySet[Row, Row]:
        return super().get_queryset().filter(user_id=user_in_transaction())


def tenant_manager(queryset: type[models.QuerySet[Any, Any]]) -> Any:
    """Return a tenant manager with a query set's own methods."""
    return TenantManager.from_queryset(queryset)()
