"""Errors change nothing, and a repeated write changes nothing more."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from django.db import connection

from accounts.models import IdempotencyRecord
from tests.accounts.access.probes import ONE, PROBES, SECRET, client_of, codes, issue, post, problem
from tests.cast import Cast, inside

pytestmark = [pytest.mark.urls("tests.accounts.access.probes"), pytest.mark.django_db]


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


def test_a_secret_is_told_once_and_kept_nowhere(cast: Cast) -> None:
    client = client_of(issue(cast))
    first, second = (
        client.post(SECRET, content_type="application/json", headers={"Idempotency-Key": "one"}) for _ in range(2)
    )

    assert first.json()["secret"].endswith("_open_sesame")
    assert first.json()["secret_was_shown"] is False
    assert second.json() == {**first.json(), "secret": None, "secret_was_shown": True}
    assert second["Idempotency-Replayed"] == "true"
    with inside(cast.acme):
        assert "sesame" not in str(list(IdempotencyRecord.objects.values_list("response_body")))


def test_a_secret_is_told_without_an_idempotency_key_too(cast: Cast) -> None:
    told = client_of(issue(cast)).post(SECRET, content_type="application/json").json()

    assert told["secret"].endswith("_open_sesame")
    assert told["secret_was_shown"] is False


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
