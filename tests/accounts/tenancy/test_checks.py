"""The system check finds what would be without a wall."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from accounts.tenancy.checks import check_walls
from accounts.tenancy.isolation import ReadableByUser, TenantIsolation
from accounts.tenancy.models import TenantModel


def codes_of(model: type[models.Model], monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    monkeypatch.setattr("accounts.tenancy.checks.apps", type("Apps", (), {"get_models": staticmethod(lambda: [model])}))
    return [message.id for message in check_walls(None)]


def test_every_tenant_model_of_the_product_has_its_wall() -> None:
    assert check_walls(list(apps.get_app_configs())) == []


@isolate_apps("accounts")
def test_a_meta_of_its_own_loses_the_wall_and_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unwalled(TenantModel):
        class Meta:
            app_label = "accounts"

    assert codes_of(Unwalled, monkeypatch) == ["accounts.E001", "accounts.E002"]


@isolate_apps("accounts")
def test_a_join_table_without_a_wall_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(TenantModel):
        rights: ClassVar[Any] = models.ManyToManyField("self")

        class Meta(TenantModel.Meta):
            app_label = "accounts"

    assert codes_of(Left, monkeypatch) == ["accounts.E003"]


def test_a_wall_is_equal_to_itself_only() -> None:
    wall = TenantIsolation(name="a")

    assert wall == TenantIsolation(name="a")
    assert hash(wall) == hash(TenantIsolation(name="a"))
    assert wall != TenantIsolation(name="b")
    assert wall != ReadableByUser(name="a")
