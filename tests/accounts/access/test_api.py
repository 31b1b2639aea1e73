"""The door for API keys: who gets in, and what a page is."""

from __future__ import annotations

import logging
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import Permission
from accounts.models import ApiKey, Organization
from tests.accounts.access.probes import PROBES, client_of, codes, issue, post, problem
from tests.cast import Cast, inside

pytestmark = [pytest.mark.urls("tests.accounts.access.probes"), pytest.mark.django_db]


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


@pytest.mark.parametrize(("language", "first"), [("ja", "このAPIキー"), ("en", "This API key"), ("de", "This API key")])
def test_sentences_are_in_the_language_that_is_asked_for(cast: Cast, language: str, first: str) -> None:
    client = client_of(issue(cast, Permission.VIEW_SPEND))
    answer = client.post(PROBES, {}, content_type="application/json", headers={"Accept-Language": language})

    assert problem(answer, HTTPStatus.FORBIDDEN, "scope_missing")["detail"].startswith(first)
    assert answer["Content-Language"] == ("ja" if language == "ja" else "en")


def test_another_site_may_not_read_answers(cast: Cast) -> None:
    client = client_of(issue(cast))
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answers = [client.options(PROBES, headers=asked), client.get(PROBES, headers=asked)]

    assert answers[0].status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert not [name for answer in answers for name in answer.headers if name.startswith("Access-Control")]


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
