"""Issuing and revoking API keys in the browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import Permission
from accounts.models import ApiKey, User
from tests.cast import Cast, inside
from tests.factories.accounts import make_api_key

LIST = "/o/acme/api-keys/"
CREATE = f"{LIST}new/"
RIGHT = {"name": "Chargeback", "scopes": ["VIEW_SPEND"], "expires_in_days": "30"}
KEY = re.compile(r"yosan_[0-9a-f]{32}_\w{8}_\w{40}")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_key_is_shown_once_and_opens_the_api(cast: Cast) -> None:
    client = client_of(cast.ada)
    response = client.post(CREATE, RIGHT)
    found = KEY.search(response.content.decode())

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert found is not None
    assert KEY.search(client.get(LIST).content.decode()) is None
    answer = Client().get("/api/v1/organization/", headers={"Authorization": f"Bearer {found[0]}"})
    assert answer.json()["slug"] == "acme"
    assert answer.json()["rights"] == ["VIEW_SPEND"]


def test_a_key_expires_when_the_form_said(cast: Cast) -> None:
    client = client_of(cast.ada)
    client.post(CREATE, RIGHT)
    client.post(CREATE, {**RIGHT, "expires_in_days": "0"})

    with inside(cast.acme):
        first, second = ApiKey.objects.order_by("id")
    assert first.expires_at is not None
    assert abs(first.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert second.expires_at is None


def test_a_key_that_expires_on_a_date_opens_the_api_all_that_day(cast: Cast) -> None:
    client_of(cast.ada).post(CREATE, {**RIGHT, "expires_in_days": "-1", "expires_at": "2099-03-31"})

    with inside(cast.acme):
        assert ApiKey.objects.get().expires_at == datetime(2099, 4, 1, tzinfo=ZoneInfo("Asia/Tokyo"))


def test_rights_are_chosen_and_shown_in_words(cast: Cast) -> None:
    client = client_of(cast.ada)
    form = client.get(CREATE).content.decode()
    issued = client.post(CREATE, {**RIGHT, "scopes": ["VIEW_SPEND", "EDIT_BUDGETS"]}).content.decode()

    assert form.index("Plan and control") < form.index("Edit budgets") < form.index("Administer")
    assert form.count('name="scopes"') == len(set(Permission) - {Permission.CLOSE_ORGANIZATION})
    assert "Edit budgets" in issued
    assert "Edit budgets" in client.get(LIST).content.decode()


def test_the_list_says_which_keys_nobody_misses_and_which_run_out(cast: Cast) -> None:
    now = timezone.now()
    with inside(cast.acme):
        idle = make_api_key(name="Idle", last_used_at=now - timedelta(days=100))
        make_api_key(name="Short", expires_at=now + timedelta(days=3), last_used_at=now)
        make_api_key(name="Over", expires_at=now - timedelta(days=3))
        ApiKey.objects.filter(pk=idle.pk).update(created_at=now - timedelta(days=200))
    page = client_of(cast.ada).get(LIST).content.decode()

    for text in ("2 keys open this organization", "1 has not been used for 90 days", "1 expires within 14 days"):
        assert text in page
    assert "expired" in page


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["FLY"]}, "scopes"),
        ({"expires_in_days": "-2"}, "expires_in_days"),
        ({"expires_in_days": "-1"}, "expires_at"),
        ({"expires_in_days": "-1", "expires_at": "2020-01-01"}, "expires_at"),
        ({"expires_in_days": "-1", "expires_at": "9999-12-31"}, "expires_at"),
        ({"expires_in_days": "-1", "expires_at": "soon"}, "expires_at"),
        ({"expires_in_days": "soon"}, "expires_in_days"),
    ],
)
def test_what_breaks_a_rule_is_named_and_issues_nothing(cast: Cast, changed: dict[str, object], field: str) -> None:
    response = client_of(cast.ada).post(CREATE, {**RIGHT, **changed})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    with inside(cast.acme):
        assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_page_that_says_what_will_stop(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key(name="Old job")
    client = client_of(cast.max)
    address = f"{LIST}{key.pk}/revoke/"
    assert "is refused from now on" in client.get(address).content.decode()

    assert client.post(address).status_code == 302
    assert client.post(address).status_code == 302

    with inside(cast.acme):
        assert ApiKey.objects.get().revoked_at is not None
    assert "revoked" in client.get(LIST).content.decode()
    assert "opens nothing" in client.get(address).content.decode()


def test_a_key_of_another_organization_is_neither_seen_nor_revoked(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_api_key(name="Foreign job")
    client = client_of(cast.ada)

    assert "Foreign job" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{foreign.pk}/revoke/").status_code == 404
    assert client.post(f"{LIST}{foreign.pk}/revoke/").status_code == 404
    with inside(cast.globex):
        assert ApiKey.objects.get().revoked_at is None


def test_only_those_with_the_right_see_or_issue_keys(cast: Cast) -> None:
    for person, status in ((cast.fay, 403), (cast.ben, 403), (cast.cleo, 404)):
        client = client_of(person)
        assert client.get(LIST).status_code == status
        assert client.get(CREATE).status_code == status
        assert client.post(CREATE, RIGHT).status_code == status
