"""Log lines are JSON, say who and where, and never hold a secret."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.tenancy.context import organization_scope
from config.logging import REDACTED, RequestContextMiddleware, configuration, redact

ACME = UUID("00000000-0000-7000-8000-000000000001")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logging.config.dictConfig(configuration())
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def read(lines: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return line


def test_a_line_of_ours_and_a_line_of_a_library_look_alike(lines: io.StringIO) -> None:
    with organization_scope(ACME):
        structlog.stdlib.get_logger("billing").info("window collected", rows=3)
        ours = read(lines)
        logging.getLogger("some.library").warning("slow %s", "answer")
        theirs = read(lines)
    assert (ours["event"], ours["rows"], ours["level"], ours["organization"]) == (
        "window collected",
        3,
        "info",
        str(ACME),
    )
    assert (theirs["event"], theirs["level"], theirs["organization"]) == ("slow answer", "warning", str(ACME))
    assert ours["timestamp"].endswith("Z")


def test_an_exception_is_one_line(lines: io.StringIO) -> None:
    error = ValueError("AKIAABCDEFGHIJKLMNOP was refused")
    logging.getLogger("some.library").error("it broke", exc_info=error)
    line = read(lines)
    assert "ValueError" in line["exception"]
    assert "AKIAABCDEFGHIJKLMNOP" not in line["exception"]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "secret_key",
        "access_token",
        "SessionToken",
        "api_key",
        "apiKey",
        "Authorization",
        "external_id",
        "cookie",
        "signature",
    ],
)
def test_a_value_under_a_secret_name_is_never_written(name: str) -> None:
    assert redact(None, "info", {"outer": [{name: "open sesame"}]}) == {"outer": [{name: REDACTED}]}


@pytest.mark.parametrize("name", ["tokens", "tokens_input", "token_class", "tokens_unpriced"])
def test_the_tokens_of_a_language_model_are_no_secret(name: str) -> None:
    assert redact(None, "info", {name: "12"}) == {name: "12"}


@pytest.mark.parametrize(
    "text",
    [
        "using ASIAABCDEFGHIJKLMNOP",
        "Authorization failed for Bearer yk_live_abcdefghijkl",
        "could not connect to postgresql://yosan_app:hunter2@db/yosan",
    ],
)
def test_a_secret_is_known_by_its_shape_wherever_it_stands(text: str) -> None:
    written = str(redact(None, "info", {"event": text})["event"])
    assert REDACTED in written
    assert "hunter2" not in written
    assert "abcdefghijkl" not in written.lower()


@pytest.mark.parametrize(("given", "kept"), [("req-12345678", True), ("x", False), ("a\nforged: line", False)])
def test_every_answer_carries_a_request_id(given: str, kept: bool) -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": given})
    answer = RequestContextMiddleware(lambda _request: HttpResponse("ok"))(request)
    assert (answer["X-Request-ID"] == given) is kept
    assert len(answer["X-Request-ID"]) >= 8


def test_a_request_is_one_line_without_its_query(lines: io.StringIO) -> None:
    request = RequestFactory().get("/anything/?key=open-sesame")
    RequestContextMiddleware(lambda _request: HttpResponse("ok", status=204))(request)
    line = read(lines)
    assert (line["event"], line["method"], line["status"]) == ("request answered", "GET", 204)
    assert "open-sesame" not in lines.getvalue()


def test_a_request_leaves_no_name_to_the_next_one_of_its_thread(lines: io.StringIO) -> None:
    def door(_request: HttpRequest) -> HttpResponse:
        structlog.contextvars.bind_contextvars(actor="user:1", organization="acme")
        return HttpResponse("ok")

    RequestContextMiddleware(door)(RequestFactory().get("/"))
    logging.getLogger("some.library").warning("between two requests")
    line = read(lines)
    assert not {"actor", "organization", "request_id"} & set(line)
