"""System checks: no tenant model without its wall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error
from django.db import models

from accounts.tenancy.isolation import TenantIsolation
from accounts.tenancy.models import TenantModel


def tenant_models() -> list[type[TenantModel]]:
    """Return every concrete tenant model."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def check_walls(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Return an error for each tenant model that PostgreSQL or the manager would not protect."""
    return [message for model in tenant_models() for message in _faults(model)]


def _faults(model: type[TenantModel]) -> Iterator[CheckMessage]:
    meta = model._meta  # noqa: SLF001 - Django's documented escape hatch
    # A table that a migration writes by hand (partitions) carries its wall in that migration; test_walls.py looks.
    if not any(isinstance(constraint, TenantIsolation) for constraint in meta.constraints):
        yield Error(
            f"{meta.label} has no wall.", hint="Let its Meta inherit TenantModel.Meta.", obj=model, id="accounts.E001"
        )
    if meta.base_manager_name != "objects" or meta.default_manager_name != "objects":
        yield Error(f"{meta.label} can be read past the tenant manager.", obj=model, id="accounts.E002")
    for field in meta.local_many_to_many:
        through = field.remote_field.through
        if not (isinstance(through, type) and issubclass(through, models.Model) and issubclass(through, TenantModel)):
            yield Error(
                f"{meta.label}.{field.name} joins through a table without a wall.", obj=model, id="accounts.E003"
            )
