"""A copy of the whole organization, for its owner."""

from __future__ import annotations

import csv
import json
from io import BytesIO
from zipfile import ZipFile

from django.test import Client

from accounts.models import AuditEvent, User
from accounts.queries.exports import list_exported_tables
from tests.architecture.rows import make_one_of_each
from tests.cast import Cast, inside
from tests.factories.accounts import make_api_key, make_cost_center

EXPORT = "/o/acme/organization/export/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_says_what_the_copy_holds(cast: Cast) -> None:
    page = client_of(cast.ada).get(EXPORT).content.decode()

    assert "billing_hourlyusage.csv" in page
    with inside(cast.acme):
        assert not AuditEvent.objects.exists()


def test_the_copy_holds_every_row_of_the_organization_and_none_of_another(cast: Cast) -> None:
    with inside(cast.acme):
        make_one_of_each()
        make_cost_center(code="search", name="検索")
    with inside(cast.globex):
        make_cost_center(code="foreign")
    response = client_of(cast.ada).post(EXPORT)
    archive = ZipFile(BytesIO(response.getvalue()))
    about = json.loads(archive.read("about.json"))

    assert archive.testzip() is None
    assert response["Content-Disposition"].startswith('attachment; filename="acme-')
    assert about["organization"]["slug"] == "acme"
    assert {member["email"] for member in about["members"]} >= {"ada@acme.test", "ben@acme.test"}
    assert "cleo@globex.test" not in str(about)
    assert set(archive.namelist()) == {"about.json", *(f"{table.name}.csv" for table in list_exported_tables())}
    for table in list_exported_tables():
        rows = list(csv.DictReader(archive.read(f"{table.name}.csv").decode().splitlines()))
        assert len(rows) == about["rows"][table.name], table.name
        assert {row["organization_id"] for row in rows} <= {str(cast.acme.id)}
    assert sum(about["rows"].values()) > len(about["rows"]) // 2
    centers = archive.read("accounts_costcenter.csv").decode()
    assert "検索" in centers
    assert "foreign" not in centers


def test_no_secret_is_in_the_copy(cast: Cast) -> None:
    with inside(cast.acme):
        make_api_key(secret_hash="f" * 64)
    archive = ZipFile(BytesIO(client_of(cast.ada).post(EXPORT).getvalue()))

    assert b"f" * 64 not in b"".join(archive.read(name) for name in archive.namelist())
    columns = [column for table in list_exported_tables() for column in table.columns]
    assert not [column for column in columns if "secret" in column or "hash" in column or "salt" in column]


def test_the_log_says_who_took_the_copy(cast: Cast) -> None:
    client_of(cast.ada).post(EXPORT).getvalue()

    with inside(cast.acme):
        event = AuditEvent.objects.get()
    assert (event.verb, event.actor_label) == ("organization.exported", "Ada")


def test_only_an_owner_takes_a_copy(cast: Cast) -> None:
    for person, status in ((cast.max, 403), (cast.fay, 403), (cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).post(EXPORT).status_code == status
