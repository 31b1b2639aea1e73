"""Members and roles in the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.domain.roles import Role
from accounts.models import User
from accounts.queries.memberships import find_role
from tests.cast import Cast, inside

LIST = "/o/acme/members/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def role_of(cast: Cast, user: User) -> Role | None:
    with inside(cast.acme):
        return find_role(user.pk)


def test_every_member_sees_who_else_is_there_and_what_roles_mean(cast: Cast) -> None:
    page = client_of(cast.ben).get(LIST).content.decode()

    assert "ada@acme.test" in page
    assert "cleo@globex.test" not in page
    assert "What each role may do" in page
    assert "/edit/" not in page


def test_an_owner_gives_a_member_another_role(cast: Cast) -> None:
    client = client_of(cast.ada)
    assert client.get(f"{LIST}{cast.ben.pk}/edit/").status_code == 200

    response = client.post(f"{LIST}{cast.ben.pk}/edit/", {"role": "FINANCE"})

    assert (response.status_code, response["Location"]) == (302, LIST)
    assert role_of(cast, cast.ben) is Role.FINANCE


@pytest.mark.parametrize("role", ["", "KING", "x" * 10_000])
def test_a_role_that_does_not_exist_is_named(cast: Cast, role: str) -> None:
    response = client_of(cast.ada).post(f"{LIST}{cast.ben.pk}/edit/", {"role": role})

    assert response.status_code == 422
    assert "role" in response.context["form"].errors
    assert role_of(cast, cast.ben) is Role.VIEWER


def test_the_last_owner_is_told_why_he_stays(cast: Cast) -> None:
    client = client_of(cast.ada)
    change = client.post(f"{LIST}{cast.ada.pk}/edit/", {"role": "VIEWER"})
    leave = client.post(f"{LIST}{cast.ada.pk}/remove/")

    for response in (change, leave):
        assert response.status_code == 422
        assert "The last owner stays" in response.content.decode()
    assert role_of(cast, cast.ada) is Role.OWNER


def test_an_admin_cannot_make_himself_an_owner(cast: Cast) -> None:
    response = client_of(cast.max).post(f"{LIST}{cast.max.pk}/edit/", {"role": "OWNER"})

    assert response.status_code == 422
    assert "Only an owner" in response.content.decode()
    assert role_of(cast, cast.max) is Role.ADMIN


def test_a_member_is_removed_after_a_page_that_says_what_it_means(cast: Cast) -> None:
    client = client_of(cast.max)
    assert "can no longer open Acme" in client.get(f"{LIST}{cast.ben.pk}/remove/").content.decode()

    assert client.post(f"{LIST}{cast.ben.pk}/remove/").status_code == 302

    assert role_of(cast, cast.ben) is None
    assert client_of(cast.ben).get(LIST).status_code == 404


def test_an_admin_cannot_remove_an_owner(cast: Cast) -> None:
    response = client_of(cast.max).post(f"{LIST}{cast.ada.pk}/remove/")

    assert response.status_code == 403
    assert role_of(cast, cast.ada) is Role.OWNER


def test_who_leaves_comes_out_where_he_can_stay(cast: Cast) -> None:
    response = client_of(cast.max).post(f"{LIST}{cast.max.pk}/remove/")

    assert response["Location"] == "/organizations/"


def test_a_member_of_another_organization_is_not_found(cast: Cast) -> None:
    client = client_of(cast.ada)

    for address in (f"{LIST}{cast.cleo.pk}/edit/", f"{LIST}{cast.cleo.pk}/remove/", f"{LIST}{10**30}/edit/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"role": "VIEWER"}).status_code == 404


def test_only_those_with_the_right_change_roles(cast: Cast) -> None:
    address = f"{LIST}{cast.ben.pk}/edit/"

    for person, status in ((cast.fay, 403), (cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).post(address, {"role": "ADMIN"}).status_code == status
    assert role_of(cast, cast.ben) is Role.VIEWER
