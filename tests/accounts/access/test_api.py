"""The door for API keys: who gets in, what is refused, what a page and a repeated write are."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import CommaSeparated, PageParameters
from accounts.domain.errors import Conflict
from accounts.domain.pages import Page
from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import ApiKey, CostCenter, IdempotencyRecord, Organization
from accounts.operations.api_keys import issue_api_key
from accounts.operations.cost_centers import create_cost_center
from config import web
from tests.cast import Cast, inside

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Part(serializers.Serializer[Any]):
    percent = serializers.IntegerField()


class ProbeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=64)
    parts = Part(many=True, default=list)
    then_fail = serializers.ChoiceField(choices=["conflict", "crash"], required=False)


class ProbeParameters(PageParameters):
    color = serializers.CharField(default="")
    group_by = CommaSeparated(child=serializers.ChoiceField(choices=["model", "region"]), default=list)


class ProbeConflict(Conflict):
    code = "probe_conflict"
    message = "The probe says %(word)s."


class ProbeList(OrganizationApiView):
    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    Parameters = ProbeParameters
    Input = ProbeInput

    def get(self, request: OrganizationApiRequest) -> Response:
        asked = self.read_parameters()
        begin = int(asked["after"] or 0)
        rows = tuple(range(begin, begin + asked["limit"]))
        page = Page(rows=rows, next=str(begin + asked["limit"]) if begin + asked["limit"] < 6 else None)
        return self.page(page, str, group_by=asked["group_by"], organization=request.organization.slug)

    def post(self, request: OrganizationApiRequest) -> Response:
        given = self.read_input()
        created = create_cost_center(actor=request.actor, code=given["code"], name=given["code"])
        if given.get("then_fail") == "conflict":
            raise ProbeConflict(field="code", word="no")
        if given.get("then_fail") == "crash":
            raise ZeroDivisionError
        return Response({"id": created, "actor": request.actor.label}, status=HTTPStatus.CREATED)


class ProbeDetail(OrganizationApiView):
    permissions = {"POST": Permission.EDIT_COST_CENTERS, "DELETE": Permission.EDIT_COST_CENTERS}

    def post(self, request: OrganizationApiRequest) -> Response:
        return Response({"done": request.organization.slug})

    def delete(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        return Response(status=HTTPStatus.NO_CONTENT)


urlpatterns = [path("api/v1/probes/", ProbeList.as_view()), path("api/v1/probes/one/", ProbeDetail.as_view())]
handler404, handler500 = web.page_not_found, web.server_error
PROBES, ONE = "/api/v1/probes/", "/api/v1/probes/one/"


@pytest.fixture(autouse=True)
def forget_failures() -> Iterator[None]:
    yield
    cache.clear()


def issue(cast: Cast, *scopes: Permission, organization: Organization | None = None, **changed: Any) -> str:
    with inside(organization or cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=permissions_of(Role.OWNER),
            name="Probe",
            scopes=scopes or permissions_of(Role.OWNER),
            expires_at=None,
            now=timezone.now(),
        )
        ApiKey.objects.filter(id=issued.id).update(**changed) if changed else None
    return issued.text


def client_of(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def post(client: Client, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(PROBES, text, content_type="application/json", headers=headers)


def problem(response: Any, status: HTTPStatus, code: str) -> dict[str, Any]:
    """Check that an answer is problem details of this status and code, and return them."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:yosan:problem:{code}")
    assert body["request_id"] == response["X-Request-ID"]
    return body


def codes() -> set[str]:
    return set(CostCenter.objects.values_list("code", flat=True))


# Who gets in.


def test_a_key_opens_its_own_organization(cast: Cast) -> None:
    response = client_of(issue(cast, organization=cast.globex)).get(PROBES)

    assert response.status_code == HTTPStatus.OK
    assert response.json()["organization"] == "globex"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_scheme_is_read_without_regard_to_case(cast: Cast, scheme: str) -> None:
    response = Client().get(PROBES, headers={"Authorization": f"{scheme} {issue(cast)}"})

    assert response.status_code == HTTPStatus.OK


def test_without_a_key_the_answer_says_how_to_send_one() -> None:
    response = Client().get(PROBES)

    assert "Bearer" in problem(response, HTTPStatus.UNAUTHORIZED, "api_key_missing")["detail"]
    assert response["WWW-Authenticate"] == 'Bearer realm="Yosan API"'


def test_a_session_opens_nothing_here(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ada, backend="allauth.account.auth_backends.AuthenticationBackend")

    problem(client.get(PROBES), HTTPStatus.UNAUTHORIZED, "api_key_missing")


def test_every_key_that_opens_nothing_gets_the_same_answer(cast: Cast) -> None:
    now = timezone.now()
    right = issue(cast)
    refused = [
        "nonsense",
        right[:-1] + ("a" if right[-1] != "a" else "b"),
        right.replace(cast.acme.pk.hex, cast.globex.pk.hex),
        right.replace(cast.acme.pk.hex, "0" * 32),
        issue(cast, revoked_at=now),
        issue(cast, expires_at=now),
        "\N{SNOWMAN}".encode().decode("latin-1"),
    ]
    closed = issue(cast, organization=cast.globex)
    Organization.objects.filter(id=cast.globex.pk).update(closed_at=now)

    answers = [client_of(key).get(PROBES) for key in [*refused, closed]]

    details = {problem(answer, HTTPStatus.UNAUTHORIZED, "api_key_refused")["detail"] for answer in answers}
    assert len(details) == 1
    assert all(answer["WWW-Authenticate"].startswith("Bearer") for answer in answers)


def test_another_scheme_is_no_key() -> None:
    response = Client().get(PROBES, headers={"Authorization": "Basic YWRhOnNlY3JldA=="})

    problem(response, HTTPStatus.UNAUTHORIZED, "api_key_refused")


def test_a_key_that_keeps_being_wrong_is_slowed_and_a_right_one_is_not(cast: Cast) -> None:
    right, wrong = client_of(issue(cast)), client_of("wrong")
    statuses = [wrong.get(PROBES).status_code for _ in range(21)]
    slowed = wrong.get(PROBES)

    assert statuses == [HTTPStatus.UNAUTHORIZED] * 20 + [HTTPStatus.TOO_MANY_REQUESTS]
    problem(slowed, HTTPStatus.TOO_MANY_REQUESTS, "too_many_refused_keys")
    assert slowed["Retry-After"] == "60"
    assert right.get(PROBES).status_code == HTTPStatus.OK


def test_a_missing_right_is_named(cast: Cast) -> None:
    client = client_of(issue(cast, Permission.VIEW_SPEND))

    body = problem(post(client, {"code": "search"}), HTTPStatus.FORBIDDEN, "scope_missing")

    assert "EDIT_COST_CENTERS" in body["detail"]
    with inside(cast.acme):
        assert not codes()


def test_a_right_is_asked_for_before_the_input_is_looked_at(cast: Cast) -> None:
    client = client_of(issue(cast, Permission.VIEW_SPEND))

    problem(post(client, "not json"), HTTPStatus.FORBIDDEN, "scope_missing")


def test_use_is_noted_even_when_the_request_fails(cast: Cast) -> None:
    client_of(issue(cast)).get(PROBES, {"nonsense": "1"})

    with inside(cast.acme):
        assert ApiKey.objects.get().last_used_at is not None


def test_head_is_answered_as_get(cast: Cast) -> None:
    assert client_of(issue(cast)).head(PROBES).status_code == HTTPStatus.OK


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_is_not_there_is_405(cast: Cast, method: str) -> None:
    response = getattr(client_of(issue(cast)), method)(PROBES)

    problem(response, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, POST"


def test_an_address_that_leads_nowhere_is_problem_details_too(cast: Cast) -> None:
    problem(client_of(issue(cast)).get("/api/v1/nowhere/"), HTTPStatus.NOT_FOUND, "not_found")


def test_no_key_is_logged_whether_it_opens_or_not(
    cast: Cast, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    right = issue(cast)
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    with caplog.at_level(logging.DEBUG):
        client = client_of(right)
        client.raise_request_exception = False
        post(client, {"code": "search", "then_fail": "crash"}, **{"Idempotency-Key": "one"})
        client_of(wrong).get(PROBES)

    written = caplog.text + "".join(capfd.readouterr())
    assert written
    for key in (right, wrong):
        assert key[-41:] not in written


# What is refused.


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("?colour=red", "colour", "unknown_parameter"),
        ("?color=red&color=blue", "color", "repeated"),
        ("?format=csv", "format", "unknown_parameter"),
        ("?limit=0", "limit", "min_value"),
        ("?limit=1001", "limit", "max_value"),
        ("?limit=many", "limit", "invalid"),
        ("?group_by=model,color", "group_by.1", "invalid_choice"),
        ("?after=tampered", "after", "cursor_unreadable"),
        ("?after=", "after", "blank"),
        ("?color=%00", "color", "null_characters_not_allowed"),
        ("?" + "x" * 3000 + "=1", "x" * 500, "unknown_parameter"),
    ],
)
def test_a_parameter_that_is_unknown_or_wrong_is_named(cast: Cast, query: str, field: str, code: str) -> None:
    body = problem(client_of(issue(cast)).get(PROBES + query), HTTPStatus.BAD_REQUEST, code)

    assert [entry["field"] for entry in body["errors"]] == [field]
    assert body["errors"][0]["message"]


def test_a_write_takes_no_parameters(cast: Cast) -> None:
    response = client_of(issue(cast)).post(f"{PROBES}?color=red", {"code": "search"}, content_type="application/json")

    problem(response, HTTPStatus.BAD_REQUEST, "unknown_parameter")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"code": "search", "colour": "red"}, "colour", "unknown_field"),
        ({"code": "search", "parts": [{"percent": 1}, {"percnt": 2}]}, "parts.1.percnt", "unknown_field"),
        ({"code": "search", "parts": [{"percent": "x"}]}, "parts.0.percent", "invalid"),
        ({}, "code", "required"),
        ({"code": "x" * 10_000}, "code", "max_length"),
        ({"code": "a\x00b"}, "code", "null_characters_not_allowed"),
        ({"code": "a\ud800b"}, "code", "surrogate_characters_not_allowed"),
        ({"code": "search", "then_fail": "\ud800"}, "then_fail", "invalid_choice"),
        ({"code": "search", "\ud800": 1}, "?", "unknown_field"),
        ({"code": "a,b"}, "code", "cost_center_code_malformed"),
        ([], "", "invalid"),
        ([{"code": "search"}], "", "invalid"),
        ("null", "", "null"),
    ],
)
def test_a_field_that_is_unknown_or_wrong_is_named_and_nothing_changes(
    cast: Cast, body: object, field: str, code: str
) -> None:
    told = problem(post(client_of(issue(cast)), body), HTTPStatus.BAD_REQUEST, code)

    assert [entry["field"] for entry in told["errors"]] == [field]
    with inside(cast.acme):
        assert not codes()


@pytest.mark.parametrize(
    "body", ["", "code,name\nsearch,Search\n", '{"code": ', "[" * 100_000, b"\xff\xfe", '{"a": NaN}']
)
def test_what_is_no_json_is_refused(cast: Cast, body: str | bytes) -> None:
    response = post(client_of(issue(cast)), body)

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json()["code"] in ("parse_error", "required")


def test_a_table_in_place_of_json_is_named(cast: Cast) -> None:
    client = client_of(issue(cast))
    response = client.post(PROBES, "code,name\nsearch,Search\n", content_type="text/csv")

    body = problem(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
    assert "text/csv" in body["detail"]
    with inside(cast.acme):
        assert not codes()


def test_a_body_beyond_the_limit_is_refused(cast: Cast) -> None:
    response = post(client_of(issue(cast)), {"code": "x" * 1_100_000})

    problem(response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large")


def test_a_body_that_nobody_would_read_is_refused(cast: Cast) -> None:
    client = client_of(issue(cast))
    response = client.post(ONE, json.dumps({"force": True}), content_type="application/json")

    assert problem(response, HTTPStatus.BAD_REQUEST, "unknown_field")["errors"][0]["field"] == "force"
    assert client.post(ONE, content_type="application/json").json() == {"done": "acme"}


def test_an_answer_in_another_format_is_not_to_be_had(cast: Cast) -> None:
    response = client_of(issue(cast)).get(PROBES, headers={"Accept": "text/csv"})

    problem(response, HTTPStatus.NOT_ACCEPTABLE, "not_acceptable")


# Errors change nothing.


def test_an_error_after_the_write_takes_the_write_back(cast: Cast) -> None:
    response = post(client_of(issue(cast)), {"code": "search", "then_fail": "conflict"})

    body = problem(response, HTTPStatus.CONFLICT, "probe_conflict")
    assert body["detail"] == "The probe says no."
    assert body["errors"] == [{"field": "code", "code": "probe_conflict", "message": "The probe says no."}]
    with inside(cast.acme):
        assert not codes()


def test_a_failure_of_ours_is_problem_details_without_the_reason(cast: Cast) -> None:
    client = client_of(issue(cast))
    client.raise_request_exception = False

    response = post(client, {"code": "search", "then_fail": "crash"})

    problem(response, HTTPStatus.INTERNAL_SERVER_ERROR, "server_error")
    assert b"ZeroDivision" not in response.content
    with inside(cast.acme):
        assert not codes()


# Pages.


def test_a_list_is_walked_by_its_cursors(cast: Cast) -> None:
    client = client_of(issue(cast))
    rows: list[str] = []
    after = None
    for _ in range(3):
        body = client.get(PROBES, {"limit": 2, **({"after": after} if after else {})}).json()
        rows, after = [*rows, *body["rows"]], body["next"]

    assert rows == ["0", "1", "2", "3", "4", "5"]
    assert after is None


def test_a_cursor_serves_its_own_list_only(cast: Cast) -> None:
    client, other = client_of(issue(cast)), client_of(issue(cast, organization=cast.globex))
    after = client.get(PROBES, {"limit": 2}).json()["next"]

    problem(other.get(PROBES, {"after": after}), HTTPStatus.BAD_REQUEST, "cursor_unreadable")
    problem(client.get(PROBES, {"after": after, "color": "red"}), HTTPStatus.BAD_REQUEST, "cursor_unreadable")
    assert client.get(PROBES, {"after": after, "limit": 3}).json()["rows"] == ["2", "3", "4"]


def test_a_parameter_with_commas_is_a_list(cast: Cast) -> None:
    body = client_of(issue(cast)).get(PROBES, {"group_by": "model, region", "limit": "1"}).json()

    assert body["group_by"] == ["model", "region"]


# Repeated writes.


def test_a_repeated_write_gets_the_first_answer_and_changes_nothing(cast: Cast) -> None:
    client = client_of(issue(cast))
    first = post(client, {"code": "search"}, **{"Idempotency-Key": "one"})
    second = post(client, {"code": "search"}, **{"Idempotency-Key": "one"})

    assert (first.status_code, second.status_code) == (HTTPStatus.CREATED, HTTPStatus.CREATED)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    with inside(cast.acme):
        assert codes() == {"search"}


def test_a_key_that_was_used_for_another_body_is_refused(cast: Cast) -> None:
    client = client_of(issue(cast))
    post(client, {"code": "search"}, **{"Idempotency-Key": "one"})

    response = post(client, {"code": "support"}, **{"Idempotency-Key": "one"})

    problem(response, HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused")
    with inside(cast.acme):
        assert codes() == {"search"}


def test_a_refused_write_leaves_its_key_free(cast: Cast) -> None:
    client = client_of(issue(cast))
    headers = {"Idempotency-Key": "one"}
    problem(post(client, {"code": "a", "then_fail": "conflict"}, **headers), HTTPStatus.CONFLICT, "probe_conflict")
    client.raise_request_exception = False
    assert post(client, {"code": "a", "then_fail": "crash"}, **headers).status_code == HTTPStatus.INTERNAL_SERVER_ERROR

    assert post(client, {"code": "a"}, **headers).status_code == HTTPStatus.CREATED


def test_a_write_under_way_is_not_begun_a_second_time(cast: Cast) -> None:
    client = client_of(issue(cast))
    headers = {"Idempotency-Key": "one"}
    post(client, {"code": "search"}, **headers)
    with inside(cast.acme):
        IdempotencyRecord.objects.update(response_status=None, response_body=None)

    problem(post(client, {"code": "search"}, **headers), HTTPStatus.CONFLICT, "idempotent_request_under_way")


def test_an_answer_without_a_body_is_repeated_too(cast: Cast) -> None:
    client = client_of(issue(cast))
    answers = [client.delete(ONE, headers={"Idempotency-Key": "one"}) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(HTTPStatus.NO_CONTENT, b"")] * 2
    assert answers[1]["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_what_is_no_idempotency_key_is_named(cast: Cast, key: str) -> None:
    response = post(client_of(issue(cast)), {"code": "search"}, **{"Idempotency-Key": key})

    body = problem(response, HTTPStatus.BAD_REQUEST, "idempotency_key_malformed")
    assert body["errors"][0]["field"] == "Idempotency-Key"


def test_reading_needs_no_idempotency(cast: Cast) -> None:
    client = client_of(issue(cast))
    answers = [client.get(PROBES, headers={"Idempotency-Key": "one"}) for _ in range(2)]

    assert all(answer.status_code == HTTPStatus.OK for answer in answers)
    assert "Idempotency-Replayed" not in answers[1]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_of_two_writes_at_the_same_moment_one_happens(cast: Cast) -> None:
    key = issue(cast)
    together = threading.Barrier(2)

    def write(_number: int) -> int:
        try:
            together.wait(timeout=10)
            return int(post(client_of(key), {"code": "search"}, **{"Idempotency-Key": "one"}).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as threads:
        statuses = sorted(threads.map(write, range(2)))

    # The slower one either finds the answer already or is told to come back for it.
    assert statuses in ([HTTPStatus.CREATED] * 2, [HTTPStatus.CREATED, HTTPStatus.CONFLICT])
    with inside(cast.acme):
        assert codes() == {"search"}
