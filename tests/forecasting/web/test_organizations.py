"""Closing the organization, after a page that says what ends."""

from __future__ import annotations

from django.test import Client

from accounts.models import Organization, User
from tests.cast import Cast, inside
from tests.factories.accounts import make_api_key
from tests.factories.forecasting import make_budget

CLOSE = "/o/acme/organization/close/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_says_in_numbers_what_ends(cast: Cast) -> None:
    with inside(cast.acme):
        make_api_key()
        make_budget()
        make_budget()
    page = client_of(cast.ada).get(CLOSE).content.decode()

    for text in ("4 members, you among them", "1 API key is revoked", "2 budgets alert nobody", "and then erased"):
        assert text in page


def test_only_the_typed_name_closes(cast: Cast) -> None:
    client = client_of(cast.ada)
    for typed in ("", "acme", "x" * 10_000):
        refused = client.post(CLOSE, {"name": typed})
        assert refused.status_code == 422
        assert "name" in refused.context["form"].errors
    closed = client.post(CLOSE, {"name": "Acme"})

    assert (closed.status_code, closed["Location"]) == (302, "/organizations/")
    assert Organization.objects.get(slug="acme").closed_at is not None
    for person in (cast.ada, cast.ben):
        assert client_of(person).get("/o/acme/").status_code == 404


def test_only_an_owner_closes(cast: Cast) -> None:
    for person, status in ((cast.max, 403), (cast.fay, 403), (cast.ben, 403), (cast.cleo, 404)):
        client = client_of(person)
        assert client.get(CLOSE).status_code == status
        assert client.post(CLOSE, {"name": "Acme"}).status_code == status
    assert "organization/close" not in client_of(cast.max).get("/o/acme/organization/").content.decode()
    assert "organization/close" in client_of(cast.ada).get("/o/acme/organization/").content.decode()
