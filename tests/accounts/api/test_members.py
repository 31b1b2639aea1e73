"""Members and invitations over REST."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import AuditEvent, Invitation
from accounts.operations.api_keys import issue_api_key
from accounts.queries.memberships import find_role
from tests.cast import Cast, inside
from tests.factories.accounts import make_invitation, make_membership

API = "/api/v1"
GIVEN = {"email": "dora@acme.test", "role": "FINANCE"}


def client_of(cast: Cast, *scopes: Permission) -> Client:
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=permissions_of(Role.OWNER),
            name="Onboarding",
            scopes=scopes or permissions_of(Role.OWNER),
            expires_at=None,
            now=timezone.now(),
        )
    return Client(headers={"Authorization": f"Bearer {issued.text}"})


def send(client: Client, method: str, address: str, body: object, **headers: str) -> Any:
    return getattr(client, method)(
        f"{API}{address}", json.dumps(body), content_type="application/json", headers=headers
    )


def role_of(cast: Cast, user_id: int) -> Role | None:
    with inside(cast.acme):
        return find_role(user_id)


# Members.


def test_a_member_gets_another_role(cast: Cast) -> None:
    client = client_of(cast)
    changed = send(client, "patch", f"/members/{cast.ben.pk}/", {"role": "FINANCE"})

    assert (changed.status_code, changed.json()["role"]) == (HTTPStatus.OK, "FINANCE")
    assert client.get(f"{API}/members/{cast.ben.pk}/").json() == changed.json()
    with inside(cast.acme):
        event = AuditEvent.objects.get(verb="member.role_changed")
        assert (event.actor_kind, event.actor_label) == ("API_KEY", "Onboarding")


def test_a_member_is_removed_once(cast: Cast) -> None:
    client = client_of(cast)

    assert client.delete(f"{API}/members/{cast.ben.pk}/").status_code == HTTPStatus.NO_CONTENT
    assert role_of(cast, cast.ben.pk) is None
    assert client.delete(f"{API}/members/{cast.ben.pk}/").json()["code"] == "member_not_found"


@pytest.mark.parametrize("role", ["OWNER", "VIEWER"])
def test_a_key_neither_makes_nor_unmakes_owners(cast: Cast, role: str) -> None:
    client = client_of(cast)
    person = cast.ben if role == "OWNER" else cast.ada
    refused = [send(client, "patch", f"/members/{person.pk}/", {"role": role})]
    if role != "OWNER":
        refused.append(client.delete(f"{API}/members/{person.pk}/"))

    for response in refused:
        assert (response.status_code, response.json()["code"]) == (403, "only_owners_make_owners")
    assert role_of(cast, cast.ada.pk) is Role.OWNER


@pytest.mark.parametrize("body", [{"role": "KING"}, {"role": None}, {"roles": "OWNER"}, {"name": "Eve"}])
def test_what_is_no_change_of_a_member_is_named(cast: Cast, body: dict[str, object]) -> None:
    response = send(client_of(cast), "patch", f"/members/{cast.ben.pk}/", body)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert [entry["field"] for entry in response.json()["errors"]] == list(body)


def test_a_member_of_another_organization_is_not_found(cast: Cast) -> None:
    client = client_of(cast)

    for number in (cast.cleo.pk, 987654321, 10**30):
        for response in (
            client.get(f"{API}/members/{number}/"),
            send(client, "patch", f"/members/{number}/", {"role": "VIEWER"}),
            client.delete(f"{API}/members/{number}/"),
        ):
            assert response.status_code == HTTPStatus.NOT_FOUND


def test_second_factors_are_told_to_keys_that_may_edit_members(cast: Cast) -> None:
    address = f"{API}/members/{cast.ada.pk}/"

    assert client_of(cast).get(address).json()["has_second_factor"] is False
    assert client_of(cast, Permission.VIEW_MEMBERS).get(address).json()["has_second_factor"] is None


# Invitations.


def test_somebody_is_invited_and_the_invitation_revoked(cast: Cast) -> None:
    client = client_of(cast)
    created = send(client, "post", "/invitations/", {**GIVEN, "language": "ja"})
    row = created.json()
    assert (created.status_code, row["state"], row["language"]) == (HTTPStatus.CREATED, "OPEN", "ja")
    assert row["invited_by"] == "Onboarding"
    assert client.get(f"{API}/invitations/{row['id']}/").json() == row
    assert client.get(f"{API}/invitations/", {"state": "OPEN"}).json()["rows"] == [row]

    for _ in range(2):
        assert client.delete(f"{API}/invitations/{row['id']}/").status_code == HTTPStatus.NO_CONTENT
    assert client.get(f"{API}/invitations/{row['id']}/").json()["state"] == "REVOKED"
    assert client.get(f"{API}/invitations/", {"state": "OPEN"}).json()["rows"] == []


def test_no_answer_tells_the_link(cast: Cast) -> None:
    created = send(client_of(cast), "post", "/invitations/", GIVEN).content.decode()
    with inside(cast.acme):
        row = Invitation.objects.get()

    assert row.secret_hash not in created
    assert row.secret_salt not in created


def test_a_repeated_call_invites_once(cast: Cast) -> None:
    client = client_of(cast)
    first, second = (send(client, "post", "/invitations/", GIVEN, **{"Idempotency-Key": "one"}) for _ in range(2))

    assert first.json() == second.json()
    with inside(cast.acme):
        assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**GIVEN, "email": "ben@acme.test"}, HTTPStatus.CONFLICT, "already_member"),
        ({**GIVEN, "email": "TAKEN@acme.test"}, HTTPStatus.CONFLICT, "invitation_open"),
        ({**GIVEN, "role": "OWNER"}, HTTPStatus.FORBIDDEN, "only_owners_make_owners"),
    ],
)
def test_a_conflict_is_told_by_its_code(cast: Cast, body: dict[str, str], status: HTTPStatus, code: str) -> None:
    with inside(cast.acme):
        make_invitation(email="taken@acme.test", created_at=timezone.now())
    response = send(client_of(cast), "post", "/invitations/", body)

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "dora"}, "email"),
        ({"email": "x" * 10_000 + "@acme.test"}, "email"),
        ({"email": "a\x00@acme.test"}, "email"),
        ({"role": "KING"}, "role"),
        ({"language": "tlh"}, "language"),
        ({"note": "hello"}, "note"),
    ],
)
def test_what_breaks_a_rule_is_named_and_invites_nobody(cast: Cast, changed: dict[str, str], field: str) -> None:
    response = send(client_of(cast), "post", "/invitations/", {**GIVEN, **changed})

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert {entry["field"] for entry in response.json()["errors"]} == {field}
    with inside(cast.acme):
        assert not Invitation.objects.exists()


def test_invitations_are_walked_page_by_page_newest_first(cast: Cast) -> None:
    with inside(cast.acme):
        numbers = [make_invitation().pk for _ in range(3)]
    with inside(cast.globex):
        make_invitation()
    client = client_of(cast)
    first = client.get(f"{API}/invitations/", {"limit": "2"}).json()
    second = client.get(f"{API}/invitations/", {"limit": "2", "after": first["next"]}).json()

    assert [row["id"] for row in [*first["rows"], *second["rows"]]] == numbers[::-1]


def test_what_was_accepted_cannot_be_revoked(cast: Cast) -> None:
    with inside(cast.acme):
        row = make_invitation(accepted_at=timezone.now(), accepted_by=cast.ben)
    response = client_of(cast).delete(f"{API}/invitations/{row.pk}/")

    assert (response.status_code, response.json()["code"]) == (HTTPStatus.CONFLICT, "invitation_spent")


def test_an_invitation_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        make_membership()
        foreign = make_invitation()
    client = client_of(cast)

    for number in (foreign.pk, 987654321, 10**30):
        assert client.get(f"{API}/invitations/{number}/").status_code == HTTPStatus.NOT_FOUND
        assert client.delete(f"{API}/invitations/{number}/").status_code == HTTPStatus.NOT_FOUND
