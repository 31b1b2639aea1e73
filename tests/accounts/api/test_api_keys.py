"""API keys over REST: issued with rights that the asking key holds, told once, revoked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import ApiKey, IdempotencyRecord
from accounts.operations.api_keys import issue_api_key
from tests.cast import Cast, inside
from tests.factories.accounts import make_api_key

KEYS = "/api/v1/api-keys/"
RIGHT = {"name": "Job", "scopes": ["VIEW_SPEND"], "expires_at": None}


def client_of(cast: Cast, *scopes: Permission, expires_at: datetime | None = None) -> Client:
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=permissions_of(Role.OWNER),
            name="Chargeback",
            scopes=scopes or permissions_of(Role.OWNER),
            expires_at=expires_at,
            now=timezone.now(),
        )
    return Client(headers={"Authorization": f"Bearer {issued.text}"})


def post(client: Client, body: object, address: str = KEYS, **headers: str) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers)


def test_a_key_is_issued_told_once_and_opens_what_it_says(cast: Cast) -> None:
    client = client_of(cast)
    first = post(client, RIGHT, **{"Idempotency-Key": "once"})
    again = post(client, RIGHT, **{"Idempotency-Key": "once"})

    assert first.status_code == HTTPStatus.CREATED
    assert (first.json()["state"], first.json()["scopes"]) == ("IN_FORCE", ["VIEW_SPEND"])
    assert first.json()["secret_was_shown"] is False
    assert (again.json()["id"], again.json()["secret"], again.json()["secret_was_shown"]) == (
        first.json()["id"],
        None,
        True,
    )
    answer = Client(headers={"Authorization": f"Bearer {first.json()['secret']}"}).get("/api/v1/organization/")
    assert answer.json()["rights"] == ["VIEW_SPEND"]
    secret = first.json()["secret"].rpartition("_")[2]
    with inside(cast.acme):
        assert not any(secret in str(record.response_body) for record in IdempotencyRecord.objects.all())
    listed = client.get(KEYS).json()["rows"]
    assert [row["name"] for row in listed] == ["Job", "Chargeback"]
    assert secret not in str(listed)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"scopes": ["VIEW_SPEND", "EDIT_BUDGETS"]}, "api_key_scopes_beyond_issuer"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "api_key_expiry_in_past"),
        ({"name": " "}, None),
        ({"scopes": []}, None),
        ({"scopes": ["FLY"]}, None),
        ({"expires_at": "soon"}, None),
    ],
)
def test_a_key_issues_none_with_more_than_it_has(cast: Cast, changed: dict[str, object], code: str | None) -> None:
    client = client_of(cast, Permission.EDIT_API_KEYS, Permission.VIEW_SPEND)
    refused = post(client, {**RIGHT, **changed})

    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert code is None or refused.json()["code"] == code
    with inside(cast.acme):
        assert ApiKey.objects.count() == 1


def test_a_key_issues_none_that_outlives_it(cast: Cast) -> None:
    end = timezone.now() + timedelta(days=10)
    client = client_of(cast, expires_at=end)

    for expires_at in (None, (end + timedelta(days=1)).isoformat()):
        refused = post(client, {**RIGHT, "expires_at": expires_at})
        assert (refused.status_code, refused.json()["code"]) == (
            HTTPStatus.BAD_REQUEST,
            "api_key_expiry_beyond_issuer",
        )
    issued = post(client, {**RIGHT, "expires_at": (end - timedelta(days=1)).isoformat()})
    assert issued.status_code == HTTPStatus.CREATED


def test_a_revoked_and_an_expired_key_open_nothing(cast: Cast) -> None:
    client = client_of(cast)
    issued = post(client, RIGHT).json()
    other = Client(headers={"Authorization": f"Bearer {issued['secret']}"})
    assert other.get("/api/v1/organization/").status_code == HTTPStatus.OK

    revoked = post(client, {}, f"{KEYS}{issued['id']}/revocation/")
    assert (revoked.status_code, revoked.json()["state"]) == (HTTPStatus.CREATED, "REVOKED")
    assert other.get("/api/v1/organization/").status_code == HTTPStatus.UNAUTHORIZED
    short = post(client, RIGHT).json()
    with inside(cast.acme):
        ApiKey.objects.filter(pk=short["id"]).update(expires_at=timezone.now())
    answer = Client(headers={"Authorization": f"Bearer {short['secret']}"}).get("/api/v1/organization/")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    states = {row["id"]: row["state"] for row in client.get(KEYS).json()["rows"]}
    assert (states[issued["id"]], states[short["id"]]) == ("REVOKED", "EXPIRED")


def test_a_key_of_another_organization_is_neither_listed_nor_revoked(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_api_key(name="Foreign")
    client = client_of(cast)

    assert [row["name"] for row in client.get(KEYS).json()["rows"]] == ["Chargeback"]
    assert post(client, {}, f"{KEYS}{foreign.pk}/revocation/").status_code == HTTPStatus.NOT_FOUND
    assert client_of(cast, Permission.VIEW_SPEND).get(KEYS).status_code == HTTPStatus.FORBIDDEN
    with inside(cast.globex):
        assert ApiKey.objects.get().revoked_at is None


def test_keys_are_walked_page_by_page(cast: Cast) -> None:
    client = client_of(cast)
    with inside(cast.acme):
        for name in ("a", "b"):
            make_api_key(name=name)
    first = client.get(KEYS, {"limit": "2"}).json()
    second = client.get(KEYS, {"limit": "2", "after": first["next"]}).json()

    assert [row["name"] for row in [*first["rows"], *second["rows"]]] == ["b", "a", "Chargeback"]
