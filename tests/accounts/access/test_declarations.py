"""What the API refuses: names that are declared nowhere, values that break a rule, bodies that are no JSON."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from tests.accounts.access.probes import ONE, PROBES, client_of, codes, issue, post, problem
from tests.cast import Cast, inside

pytestmark = [pytest.mark.urls("tests.accounts.access.probes"), pytest.mark.django_db]


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
