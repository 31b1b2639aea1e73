"""Organization, members, cost centers and audit log over REST, and the description of the whole API."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from drf_spectacular.validation import validate_schema

from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import AuditEvent, CostCenter
from accounts.operations.api_keys import issue_api_key
from accounts.queries.cost_centers import list_placements
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center

API = "/api/v1"


def client_of(cast: Cast, *scopes: Permission) -> Client:
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=permissions_of(Role.OWNER),
            name="Chargeback",
            scopes=scopes or permissions_of(Role.OWNER),
            expires_at=None,
            now=timezone.now(),
        )
    return Client(headers={"Authorization": f"Bearer {issued.text}"})


def send(client: Client, method: str, address: str, body: object) -> Any:
    return getattr(client, method)(f"{API}{address}", json.dumps(body), content_type="application/json")


def test_a_key_learns_what_it_opens(cast: Cast) -> None:
    assert client_of(cast, Permission.VIEW_SPEND).get(f"{API}/organization/").json() == {
        "slug": "acme",
        "name": "Acme",
        "time_zone": "Asia/Tokyo",
        "currency": "USD",
        "fiscal_year_start_month": 4,
        "rights": ["VIEW_SPEND"],
    }


def test_members_are_listed_page_by_page(cast: Cast) -> None:
    client = client_of(cast)
    first = client.get(f"{API}/members/", {"limit": "3"}).json()
    second = client.get(f"{API}/members/", {"limit": "3", "after": first["next"]}).json()

    ada = first["rows"][0]
    assert (ada["id"], ada["email"], ada["name"], ada["role"]) == (cast.ada.pk, "ada@acme.test", "Ada", "OWNER")
    assert [row["name"] for row in [*first["rows"], *second["rows"]]] == ["Ada", "Ben", "Fay", "Max"]
    assert second["next"] is None


def test_a_cost_center_is_created_changed_and_retired(cast: Cast) -> None:
    client = client_of(cast)
    top = send(client, "post", "/cost-centers/", {"code": "engineering", "name": "Engineering"}).json()
    created = send(client, "post", "/cost-centers/", {"code": "search", "name": "Search", "parent_id": top["id"]})
    address = f"/cost-centers/{created.json()['id']}/"
    changed = send(client, "patch", address, {"name": "Ranking"})
    retired = client.post(f"{API}{address}retirement/", content_type="application/json")

    assert created.status_code == HTTPStatus.CREATED
    assert created.json()["path"] == ["engineering", "search"]
    assert (changed.json()["name"], changed.json()["parent_id"]) == ("Ranking", top["id"])
    assert retired.json()["retired_at"] is not None
    assert [row["code"] for row in client.get(f"{API}/cost-centers/").json()["rows"]] == ["engineering"]
    everything = client.get(f"{API}/cost-centers/", {"retired": "true"}).json()
    assert [row["code"] for row in everything["rows"]] == ["engineering", "search"]


def test_a_cost_center_is_moved_from_a_day(cast: Cast) -> None:
    with inside(cast.acme):
        top, center = make_cost_center(code="engineering"), make_cost_center(code="search")
    client = client_of(cast)
    address = f"/cost-centers/{center.pk}/moves/"
    moved = send(client, "post", address, {"parent_id": top.pk, "from_date": "2026-11-01"})

    assert moved.status_code == HTTPStatus.CREATED
    assert (moved.json()["parent_id"], moved.json()["path"]) == (top.pk, ["engineering", "search"])
    with inside(cast.acme):
        assert [one.parent_id for one in list_placements(center.pk)] == [None, top.pk]
    for body, status, field in (
        ({"parent_id": top.pk}, HTTPStatus.BAD_REQUEST, "from_date"),
        ({"from_date": "2026-11-01"}, HTTPStatus.BAD_REQUEST, "parent_id"),
        ({"parent_id": top.pk, "from_date": "9999-12-31"}, HTTPStatus.BAD_REQUEST, "from_date"),
        ({"parent_id": 987654321, "from_date": "2026-11-01"}, HTTPStatus.BAD_REQUEST, "parent_id"),
        ({"parent_id": center.pk, "from_date": "2026-11-01"}, HTTPStatus.CONFLICT, "parent_id"),
    ):
        refused = send(client, "post", address, body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (status, field)


def test_cost_centers_are_walked_page_by_page(cast: Cast) -> None:
    with inside(cast.acme):
        for code in ("c", "a", "b"):
            make_cost_center(code=code)
    client = client_of(cast)
    first = client.get(f"{API}/cost-centers/", {"limit": "2"}).json()
    second = client.get(f"{API}/cost-centers/", {"limit": "2", "after": first["next"]}).json()

    assert [row["code"] for row in [*first["rows"], *second["rows"]]] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"code": "search"}, HTTPStatus.BAD_REQUEST, "name"),
        ({"code": "search", "name": "x" * 10_000}, HTTPStatus.BAD_REQUEST, "name"),
        ({"code": "a,b", "name": "Search"}, HTTPStatus.BAD_REQUEST, "code"),
        ({"code": "search", "name": "Search", "parent_id": 10**30}, HTTPStatus.BAD_REQUEST, "parent_id"),
        ({"code": "search", "name": "Search", "parent_id": "x"}, HTTPStatus.BAD_REQUEST, "parent_id"),
        ({"code": "search", "name": "Search", "parent": 1}, HTTPStatus.BAD_REQUEST, "parent"),
        ({"code": "search", "name": "Search", "aws_account_id": "12"}, HTTPStatus.BAD_REQUEST, "aws_account_id"),
        ({"code": "TAKEN", "name": "Search"}, HTTPStatus.CONFLICT, "code"),
    ],
)
def test_what_breaks_a_rule_is_named_and_changes_nothing(
    cast: Cast, body: dict[str, object], status: HTTPStatus, field: str
) -> None:
    with inside(cast.acme):
        make_cost_center(code="taken")
    response = send(client_of(cast), "post", "/cost-centers/", body)

    assert response.status_code == status
    assert [entry["field"] for entry in response.json()["errors"]] == [field]
    with inside(cast.acme):
        assert CostCenter.objects.count() == 1


@pytest.mark.parametrize("cost_center_id", ["0", "987654321", str(10**30)])
def test_a_cost_center_that_is_not_there_is_not_found(cast: Cast, cost_center_id: str) -> None:
    client = client_of(cast)

    for response in (
        client.get(f"{API}/cost-centers/{cost_center_id}/"),
        send(client, "patch", f"/cost-centers/{cost_center_id}/", {"name": "Search"}),
        client.post(f"{API}/cost-centers/{cost_center_id}/retirement/", content_type="application/json"),
        send(
            client,
            "post",
            f"/cost-centers/{cost_center_id}/moves/",
            {"parent_id": None, "from_date": "2026-11-01"},
        ),
    ):
        assert response.status_code == HTTPStatus.NOT_FOUND
        assert response["Content-Type"] == "application/problem+json"


def test_a_cost_center_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_cost_center(code="foreign")
    client = client_of(cast)
    theirs, nobodys = (client.get(f"{API}/cost-centers/{number}/").json() for number in (foreign.pk, 987654321))

    assert {**theirs, "request_id": ""} == {**nobodys, "request_id": ""}
    assert client.get(f"{API}/cost-centers/").json()["rows"] == []


def test_what_a_key_did_stands_in_the_log_with_the_request(cast: Cast) -> None:
    client = client_of(cast)
    created = send(client, "post", "/cost-centers/", {"code": "search", "name": "Search"})
    row = client.get(f"{API}/audit-events/", {"verb": "cost_center.created"}).json()["rows"][0]

    assert (row["actor_kind"], row["actor"]) == ("API_KEY", "Chargeback")
    assert row["target"] == f"cost_center:{created.json()['id']}"
    assert row["request_id"] == created["X-Request-ID"]
    with inside(cast.acme):
        assert AuditEvent.objects.get(id=row["id"]).verb == "cost_center.created"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "yesterday"}, "start"),
        ({"end": "2026-02-30T00:00:00Z"}, "end"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"actor": "x" * 10_000}, "actor"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(cast: Cast, query: dict[str, str], field: str) -> None:
    response = client_of(cast).get(f"{API}/audit-events/", query)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["errors"][0]["field"] == field


def test_times_at_the_ends_of_the_calendar_are_taken(cast: Cast) -> None:
    query = {"start": "0001-01-02T00:00:00Z", "end": "9999-12-30T23:59:59Z"}

    assert client_of(cast).get(f"{API}/audit-events/", query).status_code == HTTPStatus.OK


# The description.


def description() -> dict[str, Any]:
    schema: dict[str, Any] = Client().get(f"{API}/schema/").json()
    return schema


def test_the_description_is_open_and_keeps_the_standard() -> None:
    schema = description()

    validate_schema(schema)  # type: ignore[no-untyped-call] # the library's
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_a_parameter_of_the_description_is_unknown_too() -> None:
    response = Client().get(f"{API}/schema/", {"lang": "\x00"})

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["errors"][0]["field"] == "lang"


def test_every_operation_says_what_it_takes_answers_and_needs() -> None:
    schema = description()
    operations = [
        (method, operation)
        for methods in schema["paths"].values()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]

    assert operations
    for method, operation in operations:
        assert "Needs the right" in operation["description"], operation["operationId"]
        assert operation["security"] == [{"apiKey": []}]
        assert "application/problem+json" in operation["responses"]["400"]["content"]
        names = {parameter["name"] for parameter in operation["parameters"]} if "parameters" in operation else set()
        assert ("Idempotency-Key" in names) == (method != "get")
    identities = [operation["operationId"] for _, operation in operations]
    assert len(identities) == len(set(identities))


def test_a_list_describes_its_page() -> None:
    schema = description()

    page = schema["components"]["schemas"]["CostCenterPage"]
    assert set(page["properties"]) == {"rows", "next"}
    assert page["properties"]["rows"]["items"] == {"$ref": "#/components/schemas/CostCenterOutput"}
