"""The staff's view: global tables only, behind the same throttled log-in."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import Organization, User
from accounts.tenancy.models import TenantModel
from tests.cast import Cast
from tests.factories.accounts import make_user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_staff_log_in_by_the_door_of_everybody() -> None:
    assert Client().get("/staff/login/?next=/staff/")["Location"].startswith("/account/login/")


def test_staff_see_people_and_organizations(cast: Cast) -> None:
    client = client_of(make_user(is_staff=True, is_superuser=True))

    assert "acme" in client.get("/staff/accounts/organization/").content.decode()
    assert client.get(f"/staff/accounts/organization/{cast.acme.pk}/change/").status_code == 200
    response = client.get(f"/staff/accounts/user/{cast.ada.pk}/change/")
    assert "ada@acme.test" in response.content.decode()
    assert "password" not in response.context["adminform"].form.fields


def test_a_member_is_no_staff(cast: Cast) -> None:
    assert client_of(cast.ada).get("/staff/accounts/user/").status_code in (302, 403)


def test_nothing_behind_the_wall_is_shown_to_staff() -> None:
    assert not [model for model in admin.site._registry if issubclass(model, TenantModel)]
    assert {User, Organization} <= set(admin.site._registry)
